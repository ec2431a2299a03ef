"""HTTPS to the centre with mutual TLS: one request at a time over one kept connection.  Standard library only.

Every request may be sent twice without harm (docs/wire-format.md), so one that fails on a kept connection, which may have
died unseen, goes once more over a new one at once.
"""

from __future__ import annotations

import gzip
import http.client
import io
import json
import socket
import ssl
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edge_agent.doors.deadline import within
from edge_agent.doors.dialling import Proxy, at, dial
from edge_agent.doors.own_certificates import OwnCertificates, refuses_ours
from edge_agent.tools.peer_words import reason
from edge_agent.tools.piece import Piece
from edge_agent.words.delivery import Reply, entries_body, log_id
from edge_agent.words.errors import PeerError

CONNECT_S = 3.0         # with a new try every 2 to 4 s the first record is there within 5 s of the link's return
PATIENT_S, PATIENT_EVERY = 20.0, 5      # every fifth try in a row waits so long: a queue of a modem can hold a whole 3 s
ANSWER_S = 60.0         # from the request to the answer
EXCHANGE_S = 150.0      # a whole exchange, also for a peer that drips bytes; the unit's watchdog waits 180 s
SLOWEST_BPS = 500       # bytes/s of a link worth waiting for: an eighth of 32 kbit/s, three quarters of it lost or shared
RETRY_AFTER_MAX_S = 3600.0
ANSWER_MAX = 64 * 1024  # bytes; receipts and reasons are far shorter
HEAD_MAX = 32 * 1024    # bytes before the body of an answer, interim answers (1xx) included
GZIP_FROM = 2048        # bytes; below, packing costs more than it saves


class Centre:
    """The centre's receiver as the uplink sees it."""

    def __init__(self, url: str, ca: Path, certificate: Path, key: Path, proxy: Proxy | None = None) -> None:
        parts = urlsplit(url)
        self.host, self.port, self._proxy = parts.hostname or "", parts.port or 443, proxy
        self._own = OwnCertificates(ca, certificate, key)
        self._connection: _Connection | None = None
        self._failed = 0                    # tries in a row that did not connect

    def entries(self, origin: str, lines: list[str], checkpoint: str) -> Reply:
        body = entries_body(lines, checkpoint)
        return self._send("POST", f"/v1/logs/{log_id(origin)}/entries", body, "text/plain; charset=utf-8")

    def express(self, origin: str, parts: dict[str, Any]) -> Reply:
        return self._send("POST", f"/v1/logs/{log_id(origin)}/express", json.dumps(parts).encode(), "application/json")

    def register(self, origin: str, public: dict[str, Any]) -> Reply:
        """Tell the centre of a continuation log."""
        return self._send("PUT", f"/v1/logs/{log_id(origin)}", json.dumps(public).encode(), "application/json")

    def rejoin(self, origin: str, stump: dict[str, Any]) -> Reply:
        """Tell a centre that lost records we have pruned where the log goes on."""
        return self._send("PUT", f"/v1/logs/{log_id(origin)}/stump", json.dumps(stump).encode(), "application/json")

    def blob(self, piece: Piece) -> Reply:
        return self._send("PUT", f"/v1/blobs/{piece.sha256}", piece.data, "application/octet-stream", piece.range())

    def checkpoint(self, origin: str) -> Reply:
        """The newest receipt the centre gave for the log, signed by it."""
        return self._send("GET", f"/v1/logs/{log_id(origin)}/checkpoint", b"", "text/plain")

    def _send(self, method: str, path: str, body: bytes, kind: str, part: str = "") -> Reply:
        headers = {"Content-Type": kind, **({"Content-Range": part} if part else {})}
        if len(body) >= GZIP_FROM:
            body, headers["Content-Encoding"] = gzip.compress(body, 6), "gzip"
        try:
            with within(min(EXCHANGE_S, ANSWER_S + len(body) / SLOWEST_BPS)):
                reply = self._twice(method, path, body, headers)
            if reply.status == 403:
                self._refused()
            return reply
        except PeerError:
            self.close()
            raise
        except (OSError, http.client.HTTPException, ValueError) as problem:
            self.close()
            if refuses_ours(problem):
                self._refused()
            raise PeerError(f"{self._name}: {reason(problem, self.host, time.time_ns())}") from None

    @property
    def _name(self) -> str:
        name = at(self.host, self.port)
        return f"{name} through the proxy {self._proxy.name}" if self._proxy else name

    def _twice(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        kept = self._connection is not None
        try:
            return self._exchange(method, path, body, headers)
        except OSError as problem:
            # closed while it idled, or nobody confirmed our bytes (ETIMEDOUT); a wait of ours that ran out has no errno
            if not kept or (isinstance(problem, TimeoutError) and problem.errno is None):
                raise
            self.close()
            return self._exchange(method, path, body, headers)

    def _exchange(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        connection = self._connected()
        try:
            connection.request(method, path, body, headers)
        except ConnectionError:
            if connection.sock is None:
                raise                       # it never was one; else what it said before it closed may be there: 413
        answer = connection.getresponse()
        data = answer.read(ANSWER_MAX + 1)
        if len(data) > ANSWER_MAX:
            raise PeerError(f"{self._name}: an answer of more than {ANSWER_MAX} bytes; is this the centre?")
        if answer.will_close:
            self.close()
        return Reply(
            answer.status, data, _seconds(answer.getheader("Retry-After")), (answer.getheader("Location") or "")[:200]
        )

    def _connected(self) -> _Connection:
        if self._own.newest_is_due():
            self.close()
        if self._connection is None:
            self._failed += 1
            patience = CONNECT_S if self._failed % PATIENT_EVERY else PATIENT_S
            self._connection = _Connection(self.host, self.port, self._own.context(), patience, self._proxy)
            self._connection.connect()
            self._failed = 0
        return self._connection

    def _refused(self) -> None:
        self._own.refused()
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _Answer(http.client.HTTPResponse):
    """A response of which no more is ever read than a receipt can need: heads, interim answers and chunks included."""

    def begin(self) -> None:
        self.fp = io.BufferedReader(_Bounded(self.fp, HEAD_MAX + 2 * ANSWER_MAX))
        super().begin()


class _Bounded(io.RawIOBase):
    def __init__(self, source: io.BufferedReader, most: int) -> None:
        self._source, self._left = source, most

    def readable(self) -> bool:
        return True

    def readinto(self, room: memoryview) -> int:  # type: ignore[override]
        data = self._source.read1(len(room))
        self._left -= len(data)
        if self._left < 0:
            raise http.client.HTTPException("far more bytes than a receipt has")
        room[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._source.close()
        super().close()


class _Connection(http.client.HTTPConnection):
    """TLS over a dialled socket; from end to end also through a proxy."""

    response_class = _Answer
    default_port = http.client.HTTPS_PORT

    def __init__(self, host: str, port: int, context: ssl.SSLContext, patience_s: float, proxy: Proxy | None) -> None:
        super().__init__(host, port)
        self._tls, self._patience_s, self._proxy = context, patience_s, proxy

    def connect(self) -> None:
        wire: socket.socket = dial(self.host, self.port, self._patience_s, self._proxy)
        try:
            self.sock = self._tls.wrap_socket(wire, server_hostname=self.host)
        except BaseException:
            wire.close()
            raise
        self.sock.settimeout(ANSWER_S)


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; a date or nonsense is left alone, and nobody makes us wait longer than an hour."""
    return min(float(text), RETRY_AFTER_MAX_S) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
