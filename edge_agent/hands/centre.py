"""HTTPS to the centre with mutual TLS: one request at a time over one kept connection.  Standard library only."""

from __future__ import annotations

import gzip
import http.client
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edge_agent.doors.deadline import within
from edge_agent.doors.tls import client_context
from edge_agent.words.delivery import Reply, entries_body, log_id
from edge_agent.words.errors import PeerError

CONNECT_S = 3.0         # with a new try every 2 to 4 s the first record is there within 5 s of the link's return
ANSWER_S = 60.0         # a full batch over 32 kbit/s takes longer than this: batches grow only as the link allows
EXCHANGE_S = 300.0      # a whole exchange: 4 MiB over a slow line, and no longer for a peer that drips bytes
RETRY_AFTER_MAX_S = 3600.0
ANSWER_MAX = 64 * 1024  # bytes; receipts and reasons are far shorter
GZIP_FROM = 2048        # bytes; below, packing costs more than it saves


class Centre:
    """The centre's receiver as the uplink sees it."""

    def __init__(self, url: str, ca: Path, certificate: Path, key: Path) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 443
        self._context = client_context(ca, certificate, key)
        self._connection: http.client.HTTPSConnection | None = None

    def entries(self, origin: str, lines: list[str], checkpoint: str) -> Reply:
        body = entries_body(lines, checkpoint)
        return self._send("POST", f"/v1/logs/{log_id(origin)}/entries", body, "text/plain; charset=utf-8")

    def express(self, origin: str, parts: dict[str, Any]) -> Reply:
        return self._send("POST", f"/v1/logs/{log_id(origin)}/express", json.dumps(parts).encode(), "application/json")

    def register(self, origin: str, public: dict[str, Any]) -> Reply:
        """Tell the centre of a continuation log."""
        return self._send("PUT", f"/v1/logs/{log_id(origin)}", json.dumps(public).encode(), "application/json")

    def checkpoint(self, origin: str) -> Reply:
        """The newest receipt the centre gave for the log, signed by it."""
        return self._send("GET", f"/v1/logs/{log_id(origin)}/checkpoint", b"", "text/plain")

    def _send(self, method: str, path: str, body: bytes, kind: str) -> Reply:
        headers = {"Content-Type": kind}
        if len(body) >= GZIP_FROM:
            body, headers["Content-Encoding"] = gzip.compress(body, 6), "gzip"
        try:
            with within(EXCHANGE_S):
                return self._exchange(method, path, body, headers)
        except (OSError, http.client.HTTPException) as problem:
            self.close()
            raise PeerError(f"{self.host}:{self.port}: {_reason(problem)}") from None

    def _exchange(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        connection = self._connected()
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        data = answer.read(ANSWER_MAX + 1)
        if len(data) > ANSWER_MAX:
            raise PeerError(f"{self.host}:{self.port}: an answer of more than {ANSWER_MAX} bytes; is this the centre?")
        if answer.will_close:
            self.close()
        return Reply(answer.status, data, _seconds(answer.getheader("Retry-After")))

    def _connected(self) -> http.client.HTTPSConnection:
        if self._connection is None:
            self._connection = http.client.HTTPSConnection(self.host, self.port, timeout=CONNECT_S, context=self._context)
            self._connection.connect()
            self._connection.sock.settimeout(ANSWER_S)
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _reason(problem: Exception) -> str:
    """What went wrong on the way, for a technician."""
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not the one we trust ({problem.verify_message}); compare centre.ca with the centre's card"
    if isinstance(problem, ssl.SSLError):
        return f"TLS refused ({problem.reason}); is this portal's certificate enrolled at the centre?"
    if isinstance(problem, TimeoutError):
        return "no answer in time"
    return str(problem) or type(problem).__name__


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; a date or nonsense is left alone, and nobody makes us wait longer than an hour."""
    return min(float(text), RETRY_AFTER_MAX_S) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
