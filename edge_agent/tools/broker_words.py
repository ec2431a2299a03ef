"""What a broker's reason codes (MQTT 5.0, 2.4) mean to a technician: what happened and the next step.  Pure."""

from __future__ import annotations

import ssl

from edge_agent.tools import peer_words

NO_SUBSCRIBER = 0x10            # in PUBACK: taken, and nobody listens
REFUSED_FROM = 0x80
NOT_AUTHORIZED, SPECIFIC, BUSY, TAKEN_OVER, TOO_LARGE, QUOTA = 0x87, 0x83, 0x89, 0x8E, 0x95, 0x97
TAKES_LESS = (SPECIFIC, TOO_LARGE)      # mosquitto's manual says 0x83 for its message_size_limit, 2.0.11 sends 0x95
COMES_LATER = (BUSY, QUOTA)

_CONNECT = {
    0x84: "it does not speak MQTT 5; the broker must (mosquitto 1.6 or newer)",
    0x85: "it does not take our client id, 23 letters and digits; its administrator must allow it",
    0x86: "it does not take the user name or password; compare the file centre.credentials names with the broker's",
    0x87: "it does not let this portal in: user name, password or certificate are not known there; "
          "compare centre.credentials and centre.cert with what its administrator registered",
    0x88: "it is not available now", 0x89: "it is busy",
    0x8A: "it has banned this portal; ask its administrator why",
    0x9C: "it points to another server; ask its administrator and correct centre.url",
    0x9D: "it has moved to another server; ask its administrator and correct centre.url",
    0x9F: "it sees too many new connections",
}
_DISCONNECT = {
    0x87: "its administrator has taken this portal's rights away", 0x8B: "it is shutting down",
    0x8D: "it heard nothing from us for too long",
    0x8E: "another client came with this portal's identity and took its place: a second controller with the same card?  "
          "Find it before anything else",
    0x95: "a message was larger than it takes", 0x98: "its administrator cut the connection",
}


def reaching(problem: OSError, host: str, wall_ns: int) -> str:
    """What went wrong before MQTT began."""
    match problem:
        case ssl.SSLCertVerificationError() if problem.verify_code not in (peer_words.NOT_YET_VALID, peer_words.HAS_EXPIRED):
            return f"its certificate is not the one we trust ({problem.verify_message}); compare centre.ca and the name in " \
                   "centre.url with what the broker's administrator has, by telephone"
        case ssl.SSLError() if (problem.reason or "").upper().partition("_ALERT_")[2] in peer_words.UNKNOWN:
            return f"the broker does not know this portal's certificate ({(problem.reason or '').lower()}); its administrator " \
                   "must add it, <state>/uplink/tls.crt, or the authority it comes from"
        case ConnectionRefusedError():
            return "it refuses connections: the broker is not running there, or the port in centre.url is another"
    return peer_words.reason(problem, host, wall_ns)


def connecting(code: int) -> str:
    """CONNACK."""
    return f"the broker refuses: {_CONNECT.get(code, f'reason {code:#04x}')}"


def disconnected(code: int | None) -> str:
    """DISCONNECT by the broker; None where the connection merely ended."""
    if code is None:
        return "the broker's connection was cut; is the network up, is the broker running?"
    return f"the broker ended the connection: {_DISCONNECT.get(code, f'reason {code:#04x}')}"


def subscribing(code: int, topic: str) -> str:
    """SUBACK."""
    return f"the broker does not let this portal read {topic} (reason {code:#04x}); its access list must, see docs/wire-format.md"


def publishing(code: int, topic: str) -> str:
    """PUBACK."""
    if code == NO_SUBSCRIBER:
        return "the broker takes our messages, the centre does not answer: none listens there"
    if code == NOT_AUTHORIZED:
        return f"the broker does not let this portal write to {topic}; its access list must, see docs/wire-format.md"
    return f"the broker refuses a message on {topic}: reason {code:#04x}"
