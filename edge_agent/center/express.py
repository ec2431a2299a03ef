"""A line ahead of its backlog, vouched for by the log key: read and verified.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge_agent.center.judge import bare, check_root
from edge_agent.center.values import Commitment, Early, Fork, Held, Refusal, Unreadable
from edge_agent.tools import jws, merkle, notes, strict_json
from edge_agent.tools.base64url import decode_standard
from edge_agent.words.errors import EvidenceError
from edge_agent.words.record import LINE_MAX, Checkpoint

EXPRESS_MAX = 256 * 1024        # one line, two proofs and a note, with room for JSON escapes
_PROOF_MAX = 128                # hashes; a tree of 2^53 lines needs at most 106


@dataclass(frozen=True, slots=True)
class Express:
    line: bytes
    index: int
    size: int
    inclusion: list[bytes]
    note: bytes
    consistency: tuple[int, list[bytes]] | None


def read(data: bytes) -> Express:
    """The parts of the body; Unreadable when it is not this form."""
    try:
        body = strict_json.load_object(data)
        line, note = _text(body, "line").encode(), _text(body, "checkpoint").encode()
        if len(line) > LINE_MAX:
            raise EvidenceError(f"a line longer than {LINE_MAX} bytes")
        inclusion, consistency = _proof(body.get("inclusion")), _consistency(body)
        return Express(line, _number(body, "index"), _number(body, "size"), inclusion, note, consistency)
    except (EvidenceError, UnicodeEncodeError) as problem:      # JSON can spell half a surrogate pair
        raise Unreadable(f"express: {problem}") from None


def judge(sent: Express, held: Held) -> Early:
    """The express line as proven by the log key; Refusal otherwise."""
    checkpoint, parts = _vouched(sent, held)
    chained = sent.index < held.log.head.seq
    stored = held.line(sent.index) if chained else held.ahead(sent.index)
    if stored is not None and stored != sent.line:
        fork = Fork(sent.index, "line", stored, sent.line, sent.note)
        raise Refusal(sent.index, "two different lines vouched for in this place", fork)
    commitment = _commitment(sent, checkpoint, held)
    return Early(sent.index, sent.line, jws.line_hash(sent.line), parts.kind, parts.payload, chained, commitment)


def vouched(sent: Express, held: Held) -> jws.Parts | None:
    """The record the log key vouches for, also where it contradicts what is held; None when it does not."""
    try:
        return _vouched(sent, held)[1]
    except Refusal:
        return None


def _vouched(sent: Express, held: Held) -> tuple[Checkpoint, jws.Parts]:
    try:
        checkpoint = notes.open_checkpoint(sent.note, held.log.log_key)
        parts = jws.take_apart(sent.line)
    except EvidenceError as problem:
        raise Refusal(sent.index, str(problem)) from None
    seq = parts.payload.get("seq")
    if parts.payload.get("log") != held.log.origin or type(seq) is not int or seq != sent.index:
        raise Refusal(sent.index, "the line is not of this place in this log")
    if checkpoint.size != sent.size:
        raise Refusal(sent.index, f"the checkpoint is of size {checkpoint.size}, not {sent.size}")
    if not merkle.included(merkle.leaf(sent.line), sent.index, sent.size, sent.inclusion, checkpoint.root):
        raise Refusal(sent.index, "the inclusion proof does not lead to the checkpoint")
    return checkpoint, parts


def _commitment(sent: Express, checkpoint: Checkpoint, held: Held) -> Commitment | None:
    """The checkpoint to hold later lines to; None when its tree is here already."""
    note, size = bare(sent.note, held.log.log_key), held.log.head.seq
    if checkpoint.size <= size:
        check_root(checkpoint, note, merkle.root(checkpoint.size, held.node))
        return None
    for before in held.commitments:
        if before.size == checkpoint.size and before.root != checkpoint.root:
            fork = Fork(checkpoint.size, "tree", before.note, note, note)
            raise Refusal(checkpoint.size, f"two different checkpoints of size {checkpoint.size}", fork)
    if sent.consistency is not None:
        old, proof = sent.consistency
        root = checkpoint.root
        # A portal may hold a receipt for more than this centre still has (restored from a backup): not its fault,
        # and no reason to turn a fresh alarm away.
        if old <= size and not merkle.consistent(old, merkle.root(old, held.node), checkpoint.size, root, proof):
            raise Refusal(sent.index, f"the checkpoint does not continue the tree of size {old}")
    return Commitment(checkpoint.size, checkpoint.root, note)


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or (name == "line" and not value.isascii()):
        raise EvidenceError(f"{name} is not text")
    return value


def _number(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if type(value) is not int or value < 0:
        raise EvidenceError(f"{name} is not a count")
    return value


def _proof(value: object) -> list[bytes]:
    if not isinstance(value, list) or len(value) > _PROOF_MAX or not all(isinstance(step, str) for step in value):
        raise EvidenceError("a proof is a list of base64 hashes")
    steps = [decode_standard(step) for step in value]
    if any(len(step) != 32 for step in steps):
        raise EvidenceError("a proof is a list of SHA-256 hashes")
    return steps


def _consistency(body: dict[str, Any]) -> tuple[int, list[bytes]] | None:
    value = body.get("consistency")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise EvidenceError("consistency is an object or null")
    return _number(value, "from"), _proof(value.get("proof"))
