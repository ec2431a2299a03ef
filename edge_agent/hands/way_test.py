"""The way to the centre tried step by step, so that the first step that fails is where it breaks.

name -> connection -> TLS (their certificate) -> this portal's certificate -> clock -> log -> receipt.  Nothing is sent but
one question for the log's newest receipt; nothing here moves the log or what the uplink does.
"""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from edge_agent.doors.deadline import within
from edge_agent.doors.dialling import Proxy, at, dial
from edge_agent.doors.own_certificates import OwnCertificates
from edge_agent.tools.notes import VerifierKey, open_cosigned
from edge_agent.tools.peer_words import reason
from edge_agent.words.delivery import log_id
from edge_agent.words.errors import EvidenceError, PeerError, SettingsError
from edge_agent.words.language import tr, trn

PATIENCE_S = 20.0           # a queue of a modem can hold a whole 3 s (hands/centre.py); a person waits here, once
WHOLE_S = 60.0
ANSWER_MAX = 64 * 1024      # bytes, as in hands/centre.py
CLOCK_S = 5.0               # the Date of an answer has whole seconds, and it was a second on the way


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way: good, bad, or None where nothing could be said; `found` tells a technician what and what next."""

    name: str
    good: bool | None
    found: str


class WayTest:
    """The steps to one centre, each tried only while those before it were good."""

    def __init__(
        self, url: str, own: Callable[[], OwnCertificates], origin: str, centre: VerifierKey, proxy: Proxy | None,
        wall_ns: Callable[[], int],
    ) -> None:
        parts = urlsplit(url)
        self._https = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._https else 8883)
        self._own, self._origin, self._centre, self._proxy, self._wall_ns = own, origin, centre, proxy, wall_ns

    def steps(self) -> Iterator[Step]:
        """Each step as soon as it is known, the first bad one last."""
        with within(WHOLE_S), contextlib.ExitStack() as held:
            try:
                yield self._name()
                wire = held.enter_context(self._dial())
                yield Step("connection", True, self._connection(wire))
                tls = held.enter_context(self._tls(wire))
                yield Step("TLS", True, tr("{tls}; the certificate is the one in centre.ca", tls=tls.version()))
                if self._https:
                    yield from self._ask(tls)
            except _Broken as broken:
                yield broken.step
            except TimeoutError as problem:         # the whole took too long
                yield self._bad("connection", problem)

    def _name(self) -> Step:
        """Names are looked up by whoever dials: here, or the proxy."""
        host, port = (self._proxy.host, self._proxy.port) if self._proxy else (self._host, self._port)
        try:
            found = sorted({str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})
        except OSError as problem:
            raise _Broken(self._bad("name", problem, host)) from None
        told = host if found == [host] else tr("{name} is {addresses}", name=host, addresses=", ".join(found))
        return Step("name", True, tr("the proxy {told}", told=told) if self._proxy else told)

    def _dial(self) -> socket.socket:
        try:
            return dial(self._host, self._port, PATIENCE_S, self._proxy)
        except PeerError as problem:
            raise _Broken(Step("connection", False, str(problem))) from None
        except OSError as problem:
            raise _Broken(self._bad("connection", problem, self._proxy.host if self._proxy else self._host)) from None

    def _tls(self, wire: socket.socket) -> ssl.SSLSocket:
        try:
            return self._own().context().wrap_socket(wire, server_hostname=self._host)
        except SettingsError as problem:
            raise _Broken(Step("this portal", False, str(problem))) from None
        except OSError as problem:
            raise _Broken(self._bad("TLS", problem)) from None

    def _connection(self, wire: socket.socket) -> str:
        ours = wire.getsockname()
        ends = {"ours": at(ours[0], ours[1]), "theirs": at(self._host, self._port)}
        return tr("from {ours} to {theirs} through the proxy {proxy}", **ends, proxy=self._proxy.name) if self._proxy else tr(
            "from {ours} to {theirs}", **ends)

    def _ask(self, tls: ssl.SSLSocket) -> Iterator[Step]:
        """One question; TLS 1.3 tells of a refused certificate only when the first answer is read."""
        tls.settimeout(PATIENCE_S)
        connection = http.client.HTTPConnection(self._host, self._port)
        connection.sock = tls
        try:
            connection.request("GET", f"/v1/logs/{log_id(self._origin)}/checkpoint")     # stays English
            answer = connection.getresponse()
            body = answer.read(ANSWER_MAX)
        except (OSError, http.client.HTTPException) as problem:
            raise _Broken(self._bad("this portal", problem)) from None      # a name of --json: stays English
        if answer.status == 403:
            raise _Broken(Step("this portal", False, tr(        # a name of --json: stays English
                "the centre does not accept this portal's certificate; enrol it there: edge-agent enrol --out FILE, then "
                "edge-agent center enrol DIR FILE")))
        yield Step("this portal", True, tr("the centre takes our certificate"))      # a name of --json: stays English
        yield self._clock(answer.getheader("Date"))
        yield self._log(answer.status, body)

    def _clock(self, date: str | None) -> Step:
        try:
            off_s = self._wall_ns() / 1e9 - email.utils.parsedate_to_datetime(date or "").timestamp()
        except (ValueError, OverflowError):
            return Step("clock", None, tr("the centre does not say what time it has"))
        if abs(off_s) > CLOCK_S:
            return Step("clock", None, tr(
                "{seconds:.0f} s ahead of the centre's; set it: timedatectl. Records count all the same, the centre's receipts "
                "give them their times", seconds=off_s) if off_s > 0 else tr(
                "{seconds:.0f} s behind the centre's; set it: timedatectl. Records count all the same, the centre's receipts "
                "give them their times", seconds=-off_s))
        return Step("clock", True, tr("as the centre's, to {seconds:.0f} s", seconds=CLOCK_S))

    def _log(self, status: int, body: bytes) -> Step:
        if status == 404:
            return Step("log", None, tr("the centre holds nothing of {log} yet; where records wait: is it enrolled there?",
                                        log=self._origin))
        if status != 200:
            return Step("log", False, tr("the centre answered {status}; is something between us and it?", status=status))
        try:
            found = open_cosigned(body, self._centre)
        except EvidenceError as problem:
            return Step("receipt", False, tr("{problem}; compare centre.vkey with the centre's card, by telephone",
                                             problem=problem))
        if found.checkpoint.origin != self._origin:
            return Step("receipt", False, tr("the centre showed a receipt of {log}; tell the centre",
                                             log=found.checkpoint.origin))
        return Step("receipt", True, trn("signed by {centre} for {n} record", "signed by {centre} for {n} records",
                                         found.checkpoint.size, centre=found.centre))

    def _bad(self, step: str, problem: Exception, host: str = "") -> Step:
        return Step(step, False, reason(problem, host or self._host, self._wall_ns()))


class _Broken(Exception):
    """The way ends at this step."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.found)
        self.step = step
