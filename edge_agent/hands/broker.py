"""The centre behind an MQTT 5 broker: the same questions and answers as over HTTPS, one at a time.

The broker is let do one thing, carry.  Every request is signed by this portal's TLS key, every answer by the centre's
receipt key over that very request (tools.envelope), so an answer that is late, foreign, kept or made up is passed over,
and a PUBACK says only that the broker has the message.
"""

from __future__ import annotations

import gzip
import json
import secrets
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

from edge_agent.doors.deadline import within
from edge_agent.doors.dialling import Proxy, at, dial
from edge_agent.doors.mqtt import Lost, Message, Nonsense, Refused, Session
from edge_agent.doors.own_certificates import OwnCertificates, refuses_ours
from edge_agent.doors.tls_key import TlsKey
from edge_agent.tools import broker_words as words
from edge_agent.tools import envelope
from edge_agent.tools.piece import Piece
from edge_agent.words.delivery import Reply, entries_body, log_id
from edge_agent.words.errors import EvidenceError, PeerError

CONNECT_S = 3.0         # one wait for TCP, TLS or the broker's word; as over HTTPS
TAKEN_S = 60.0          # to the PUBACK: a large message over a slow link
ANSWER_S = 15.0         # from there to the centre's answer, which takes it under a second: a centre that died meanwhile must
                        # not hold up an alarm for long.  The broker drops what nobody took in that time
EXCHANGE_S = 150.0      # all of it; the unit's watchdog waits 180 s
ANSWER_MAX = 64 * 1024  # bytes; receipts and reasons are far shorter
RETRY_AFTER_MAX_S = 3600.0
GZIP_FROM = 2048        # bytes; below, packing costs more than it saves


class Broker:
    """The centre's receiver as the uplink sees it, through a broker."""

    def __init__(
        self, url: str, origin: str, centre_key: bytes, own: OwnCertificates, login: tuple[str, str] | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        parts = urlsplit(url)
        self.host, self.port, self._proxy = parts.hostname or "", parts.port or 8883, proxy
        self._portal, self._centre_key = log_id(origin), centre_key
        self._own, self._key, self._login = own, TlsKey(*own.files), login
        # 23 characters every broker takes; random, so that nobody else on the broker can name our session and take it over
        self._name = f"{self._portal[:10]}-{secrets.token_hex(6)}"
        self._session: Session | None = None

    def entries(self, origin: str, lines: list[str], checkpoint: str) -> Reply:
        return self._ask(envelope.ENTRIES, origin, entries_body(lines, checkpoint))

    def express(self, origin: str, parts: dict[str, Any]) -> Reply:
        return self._ask(envelope.EXPRESS, origin, json.dumps(parts).encode())

    def register(self, origin: str, public: dict[str, Any]) -> Reply:
        """Tell the centre of a continuation log."""
        return self._ask(envelope.LOG, origin, json.dumps(public).encode())

    def rejoin(self, origin: str, stump: dict[str, Any]) -> Reply:
        """Tell a centre that lost records we have pruned where the log goes on."""
        return self._ask(envelope.STUMP, origin, json.dumps(stump).encode())

    def blob(self, piece: Piece) -> Reply:
        return self._ask(envelope.BLOB, "", piece.letter())

    def checkpoint(self, origin: str) -> Reply:
        """The newest receipt the centre gave for the log, signed by it."""
        return self._ask(envelope.CHECKPOINT, origin, b"")

    def _ask(self, kind: str, origin: str, body: bytes) -> Reply:
        encoding = "identity"
        if len(body) >= GZIP_FROM:
            body, encoding = gzip.compress(body, 6), "gzip"
        try:
            with within(EXCHANGE_S):
                reply = self._exchange(kind, log_id(origin) if origin else self._portal, encoding, body)
            if reply.status == 403:
                self._refused()
            return reply
        except PeerError as problem:
            raise PeerError(f"{at(self.host, self.port)}: {problem}") from None
        except OSError as problem:
            self.close()
            if refuses_ours(problem):
                self._refused()
            raise PeerError(f"{at(self.host, self.port)}: {self._reason(problem)}") from None

    def _exchange(self, kind: str, log: str, encoding: str, body: bytes) -> Reply:
        size, largest = len(body) + envelope.OVERHEAD, self._ready().largest
        if size > largest:
            return Reply(413, f"the broker takes messages of at most {largest} bytes".encode(), None)
        request = envelope.Request(
            self._portal, kind, log, secrets.token_bytes(envelope.CORRELATION_BYTES), self._key.certificate, encoding, body,
        )
        signature = self._key.sign(request.text())
        code = self._publish(request.topic, Message(request.correlation, request.user(signature), body))
        if code in words.TAKES_LESS:
            return Reply(413, f"the broker takes no message of {size} bytes: reason {code:#04x}".encode(), None)
        if code in words.COMES_LATER:
            return Reply(503, b"the broker is busy", None)
        if code:
            raise PeerError(words.publishing(code, request.topic))
        return self._answer(request, envelope.name_of(request, signature))

    def _publish(self, topic: str, message: Message) -> int:
        """The broker's reason code.  Where a kept session died unseen, once more over a new one: a request may come twice."""
        answers = envelope.topic(self._portal, envelope.RECEIPT)
        try:
            return self._ready().publish(topic, message, answers, round(ANSWER_S), TAKEN_S)
        except OSError as problem:
            self.close()
            if _final(problem):
                raise
            return self._opened().publish(topic, message, answers, round(ANSWER_S), TAKEN_S)

    def _answer(self, request: envelope.Request, name: bytes) -> Reply:
        """Wait for it; where the link breaks meanwhile the broker keeps it for our session, so once more."""
        ends = time.monotonic() + ANSWER_S
        try:
            return self._listen(request, name, ends)
        except OSError as problem:
            self.close()
            if _final(problem):
                raise
            return self._listen(request, name, ends)

    def _listen(self, request: envelope.Request, name: bytes, ends: float) -> Reply:
        session, forged = self._session or self._opened(), 0
        while True:
            try:
                message = session.receive(ends - time.monotonic())
            except TimeoutError as problem:
                if problem.errno:
                    raise           # the link, not the centre
                raise PeerError(_silence(forged)) from None
            if message.correlation != request.correlation:
                continue            # an answer to what we no longer ask, or to nobody
            try:
                answered = envelope.read_answer(message.user, message.body, name, self._centre_key)
            except EvidenceError:
                forged += 1
                continue
            wait = answered.retry_after_s
            return Reply(answered.status, answered.body, None if wait is None else min(wait, RETRY_AFTER_MAX_S))

    def _ready(self) -> Session:
        """The session at hand where it still lives, else a new one."""
        if self._own.newest_is_due():
            self.close()
        if self._session is not None:
            try:
                self._session.check()
                return self._session
            except OSError as problem:
                self.close()
                if _taken_over(problem):
                    raise
        return self._opened()

    def _opened(self) -> Session:
        listen, context = envelope.topic(self._portal, envelope.RECEIPT), self._own.context()
        self._key = TlsKey(*self._own.files)
        session = Session(lambda: self._dial(context), self._name, self._login, listen, ANSWER_MAX + envelope.OVERHEAD)
        try:
            session.open(CONNECT_S)
        except BaseException:
            session.close()
            raise
        self._session = session
        return session

    def _dial(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        wire = dial(self.host, self.port, CONNECT_S, self._proxy)
        try:
            return context.wrap_socket(wire, server_hostname=self.host)
        except BaseException:
            wire.close()
            raise

    def _refused(self) -> None:
        self._own.refused()
        self.close()

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _reason(self, problem: OSError) -> str:
        match problem:
            case Refused(step="connect"):
                return words.connecting(problem.code)
            case Refused():
                return words.subscribing(problem.code, envelope.topic(self._portal, envelope.RECEIPT))
            case Lost():
                return words.disconnected(problem.code)
            case Nonsense():
                return f"{problem}; is the port in centre.url the broker's?"
        return words.reaching(problem, self.host, time.time_ns())


def _taken_over(problem: OSError) -> bool:
    """Never mended in silence: someone must look for the other one."""
    return isinstance(problem, Lost) and problem.code == words.TAKEN_OVER


def _final(problem: OSError) -> bool:
    """Not to be tried again at once: our own patience is over (TCP's has an errno), or someone took our place."""
    return (isinstance(problem, TimeoutError) and problem.errno is None) or isinstance(problem, Refused) or _taken_over(problem)


def _silence(forged: int) -> str:
    told = "the broker takes our messages, the centre does not answer"
    if forged:
        told += f"; {forged} answers came that the key in centre.vkey did not sign: is it this centre's key, or does someone " \
                "else write to our topic?"
    return told
