"""Why a peer cannot be reached, in words for a technician: what happened and the next step.  Pure."""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from datetime import UTC, datetime

from edge_agent.words.language import mark, tr

# Codes of OpenSSL's verification (x509_vfy.h) that a wrong clock can cause.
NOT_YET_VALID, HAS_EXPIRED = 9, 10
OTHER_NAME = {62, 64}           # host name, IP address mismatch
REVOKED = 23
# Alerts by which a peer refuses our certificate (RFC 8446 6.2), as OpenSSL names them after "..._ALERT_".
UNKNOWN = {"UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "ACCESS_DENIED", "UNSUPPORTED_CERTIFICATE",
           "CERTIFICATE_REQUIRED", "DECRYPT_ERROR", "HANDSHAKE_FAILURE"}
NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "UNEXPECTED_MESSAGE", "RECORD_LAYER_FAILURE"}
# What many servers do instead of an alert; Python's asyncio closes before the alert has left (3.11).
CUT = mark("the connection was cut ({problem}); once is nothing; every time: is this portal enrolled there (edge-agent enrol), "
           "or does a firewall between cut it?")


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
            return tr("no answer in time; is the network up on both sides, does a firewall swallow it?")
        case ConnectionRefusedError():
            return tr("it refuses connections: the centre's program is not running there, or the port in centre.url is another")
        case http.client.RemoteDisconnected() | ConnectionError():
            return tr(CUT, problem=_plain(problem))
        case http.client.HTTPException() | ValueError():
            return tr("it does not answer as a centre does ({problem}); is something between us and it?", problem=_plain(problem))
        case OSError() if problem.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL):
            return tr("no way there ({problem}); cable, address and route of this controller: ip address, ip route",
                      problem=problem.strerror)
    return _plain(problem)


def _their_certificate(problem: ssl.SSLCertVerificationError, now: datetime) -> str:
    code, today = problem.verify_code, now.strftime("%Y-%m-%d %H:%M UTC")
    if code in (NOT_YET_VALID, HAS_EXPIRED):
        return tr("its certificate is not valid yet by this controller's clock, {today}; is the clock right (timedatectl)? If it "
                  "is, ask the centre for a new card", today=today) if code == NOT_YET_VALID else tr(
            "its certificate has ended by this controller's clock, {today}; is the clock right (timedatectl)? If it is, ask the "
            "centre for a new card", today=today)
    if code in OTHER_NAME:
        return tr("its certificate is for another name ({problem}); use the name on the centre's card in centre.url",
                  problem=problem.verify_message)
    if code == REVOKED:
        return tr("its certificate has been revoked; compare centre.ca with the centre's card, by telephone")
    return tr("its certificate is not the one we trust ({problem}): another server answers, a box on the way opens TLS, or the "
              "centre has a new one; do not override, compare centre.ca with the centre's card, by telephone",
              problem=problem.verify_message)


def _tls(problem: ssl.SSLError) -> str:
    name = (problem.reason or "").upper()
    alert = name.partition("_ALERT_")[2]
    if alert == "CERTIFICATE_EXPIRED":
        return tr("the centre says this portal's certificate has ended; make a new one: edge-agent enrol --renew-tls, and enrol "
                  "it there")
    if alert == "CERTIFICATE_REVOKED":
        return tr("the centre says this portal's certificate was revoked; ask why before you make a new one: edge-agent enrol "
                  "--renew-tls, and enrol it there")
    if alert in UNKNOWN:
        return tr("the centre does not know this portal's certificate ({alert}); enrol it there: edge-agent enrol",
                  alert=alert.lower())
    if name in NO_TLS:
        return tr("what answers does not speak TLS: a login page of the network, a proxy, or the wrong port in centre.url")
    if isinstance(problem, ssl.SSLEOFError):
        return tr("the connection was cut while TLS began; once is nothing; every time: is this portal enrolled there "
                  "(edge-agent enrol), or does a firewall between cut it?")
    return tr("TLS failed ({problem}); is something between us and it?", problem=name.lower() or _plain(problem))


def _name(problem: socket.gaierror, host: str) -> str:
    if problem.errno == socket.EAI_AGAIN:
        return tr("no DNS server answers for {host}; is the network up, is the server in /etc/resolv.conf right?", host=host)
    return tr("the name {host} is not known here; ask DNS: getent hosts {host}, or write the address on the card into centre.url",
              host=host)


def _plain(problem: Exception) -> str:
    return ascii(str(problem)[:120])[1:-1] or type(problem).__name__
