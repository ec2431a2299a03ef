"""Requests that came through a broker: who asks is proven by a signature, then the desk is asked as over HTTPS."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.center import tls
from edge_agent.center.body import BODY_MAX, gunzip
from edge_agent.center.desk import Desk
from edge_agent.center.directory import ReceiptKey
from edge_agent.center.enrolment import ENROLMENT_MAX
from edge_agent.center.express import EXPRESS_MAX
from edge_agent.center.reception import RETRY_AFTER_S, Reception
from edge_agent.center.values import Answer, Unreadable
from edge_agent.center.writer import BATCH, URGENT
from edge_agent.tools import envelope, piece
from edge_agent.tools.piece import PIECE_MAX
from edge_agent.tools.stump import STUMP_MAX
from edge_agent.words.errors import EvidenceError, StorageError

_log = logging.getLogger(__name__)
_LONGEST = {
    envelope.ENTRIES: BODY_MAX, envelope.EXPRESS: EXPRESS_MAX, envelope.LOG: ENROLMENT_MAX,
    envelope.STUMP: STUMP_MAX, envelope.BLOB: PIECE_MAX + 128, envelope.CHECKPOINT: 0,
}
# the same line whether the certificate is not registered or its key did not sign: neither is anyone we know
STRANGER = Answer(403, b"no certificate registered here signed this request\n")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message of MQTT 5 as far as it matters here."""

    topic: str
    correlation: bytes
    user: envelope.User
    body: bytes


class Mailroom:
    def __init__(self, reception: Reception, key: ReceiptKey) -> None:
        self._reception = reception
        self._key = key

    async def answer(self, letter: Letter) -> Letter | None:
        """The signed answer; None when the letter is not of the wire page's form: there is nobody to answer."""
        try:
            request, signature = envelope.read_request(letter.topic, letter.correlation, letter.user, letter.body)
        except EvidenceError:
            return None
        answer = await self._answer(request, signature)
        answered = envelope.Answered(answer.status, answer.retry_after_s, answer.body)
        user = answered.user(envelope.name_of(request, signature), self._key.signer)
        # never where the letter's own response topic says: a portal must not make the centre write elsewhere
        return Letter(envelope.topic(request.portal, envelope.RECEIPT), request.correlation, user, answer.body)

    async def _answer(self, request: envelope.Request, signature: bytes) -> Answer:
        try:
            who = await self._who(request, signature)
            return await self._ask(request, who) if who else STRANGER
        except Unreadable as problem:
            return Answer(problem.status, f"{problem}\n".encode())
        except StorageError:
            return Answer(503, b"the centre cannot read now\n", retry_after_s=RETRY_AFTER_S)
        except Exception:
            _log.exception("a request failed: %s", request.topic)
            return Answer(500, b"the centre failed; its log says why\n")

    async def _who(self, request: envelope.Request, signature: bytes) -> bytes | None:
        """DER of the registered certificate whose key signed the request."""
        sha256 = bytes.fromhex(request.certificate)
        der = await self._reception.work.do(lambda desk: desk.certificate(sha256), URGENT)
        return der if der and tls.signed(der, request.text(), signature) else None

    async def _ask(self, request: envelope.Request, who: bytes) -> Answer:
        data = request.body
        if request.encoding == "gzip":
            data = await asyncio.to_thread(gunzip, data, _LONGEST[request.kind])
        if len(data) > _LONGEST[request.kind]:
            return Answer(413, f"more than {_LONGEST[request.kind]} bytes\n".encode())
        job, priority = _job(request, who, data)
        return await self._reception.ask(job, priority)


def _job(request: envelope.Request, who: bytes, data: bytes) -> tuple[Callable[[Desk], Answer], int]:
    match request.kind:
        case envelope.ENTRIES:
            return (lambda desk: desk.entries(request.log, who, data)), BATCH
        case envelope.EXPRESS:
            return (lambda desk: desk.express(request.log, who, data)), URGENT
        case envelope.STUMP:
            return (lambda desk: desk.rejoin(request.log, who, data)), BATCH
        case envelope.BLOB:
            return (lambda desk: desk.blob(who, lambda: piece.read_letter(data))), BATCH
        case envelope.LOG:
            return (lambda desk: desk.begin_continuation(request.log, who, data)), URGENT
    return (lambda desk: desk.checkpoint(request.log, who)), URGENT
