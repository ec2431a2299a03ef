"""Why a peer cannot be reached, in words for a technician: what happened and the next step.  Pure."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from datetime import UTC, datetime

# Codes of OpenSSL's verification (x509_vfy.h) that a wrong clock can cause.
NOT_YET_VALID, HAS_EXPIRED = 9, 10
OTHER_NAME = {62, 64}           # host name, IP address mismatch
REVOKED = 23
# Alerts by which a peer refuses our certificate (RFC 8446 6.2), as OpenSSL names them after "..._ALERT_".
UNKNOWN = {"UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "ACCESS_DENIED", "UNSUPPORTED_CERTIFICATE",
           "CERTIFICATE_REQUIRED", "DECRYPT_ERROR", "HANDSHAKE_FAILURE"}
NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "UNEXPECTED_MESSAGE", "RECORD_LAYER_FAILURE"}
NEW_CARD = "compare centre.ca with the centre's card, by telephone"
# What many servers do instead of an alert; Python's asyncio closes before the alert has left (3.11).
CUT = "once is nothing; every time: is this portal enrolled there (edge-agent enrol), or does a firewall between cut it?"
RENEW = "make a new one: edge-agent enrol --renew-tls, and enrol it there"


def reason(problem: Exception, host: str, wall_ns: int) -> str:
    """The sentence for an error of connecting to `host` or asking it; `wall_ns` is our clock, which may be the culprit."""
    match problem:
        case ssl.SSLCertVerificationError():
            return _their_certificate(problem, datetime.fromtimestamp(wall_ns / 1e9, UTC))
        case ssl.SSLError():
            return _tls(problem)
        case socket.gaierror():
            return _name(problem, host)
        case TimeoutError():
            return "no answer in time; is the network up on both sides, does a firewall swallow it?"
        case ConnectionRefusedError():
            return "it refuses connections: the centre's program is not running there, or the port in centre.url is another"
        case http.client.RemoteDisconnected() | ConnectionError():
            return f"the connection was cut ({_plain(problem)}); {CUT}"
        case http.client.HTTPException() | ValueError():
            return f"it does not answer as a centre does ({_plain(problem)}); is something between us and it?"
        case OSError() if problem.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL):
            return f"no way there ({problem.strerror}); cable, address and route of this controller: ip address, ip route"
    return _plain(problem)


def _their_certificate(problem: ssl.SSLCertVerificationError, now: datetime) -> str:
    code, today = problem.verify_code, f"{now:%Y-%m-%d %H:%M} UTC"
    if code in (NOT_YET_VALID, HAS_EXPIRED):
        state = "is not valid yet" if code == NOT_YET_VALID else "has ended"
        return f"its certificate {state} by this controller's clock, {today}; is the clock right (timedatectl)? " \
               "If it is, ask the centre for a new card"
    if code in OTHER_NAME:
        return f"its certificate is for another name ({problem.verify_message}); use the name on the centre's card in centre.url"
    if code == REVOKED:
        return f"its certificate has been revoked; {NEW_CARD}"
    return f"its certificate is not the one we trust ({problem.verify_message}): another server answers, a box on the way " \
           f"opens TLS, or the centre has a new one; do not override, {NEW_CARD}"


def _tls(problem: ssl.SSLError) -> str:
    name = (problem.reason or "").upper()
    alert = name.partition("_ALERT_")[2]
    if alert == "CERTIFICATE_EXPIRED":
        return f"the centre says this portal's certificate has ended; {RENEW}"
    if alert == "CERTIFICATE_REVOKED":
        return f"the centre says this portal's certificate was revoked; ask why before you {RENEW}"
    if alert in UNKNOWN:
        return f"the centre does not know this portal's certificate ({alert.lower()}); enrol it there: edge-agent enrol"
    if name in NO_TLS:
        return "what answers does not speak TLS: a login page of the network, a proxy, or the wrong port in centre.url"
    if isinstance(problem, ssl.SSLEOFError):
        return f"the connection was cut while TLS began; {CUT}"
    return f"TLS failed ({name.lower() or _plain(problem)}); is something between us and it?"


def _name(problem: socket.gaierror, host: str) -> str:
    if problem.errno == socket.EAI_AGAIN:
        return f"no DNS server answers for {host}; is the network up, is the server in /etc/resolv.conf right?"
    return f"the name {host} is not known here; ask DNS: getent hosts {host}, or write the address on the card into centre.url"


def _plain(problem: Exception) -> str:
    return ascii(str(problem)[:120])[1:-1] or type(problem).__name__
