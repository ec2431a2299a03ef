"""A batch against what is held: what to store, or why not.  Pure; reads stored lines and nodes, writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge_agent.center.body import Batch
from edge_agent.center.values import BeginsLater, Commitment, Fork, Held, NewLine, Plan, Refusal
from edge_agent.tools import jws, merkle, notes
from edge_agent.tools.base64url import decode_standard, encode
from edge_agent.words.errors import EvidenceError
from edge_agent.words.record import Checkpoint, Head, Record

Mark = Callable[[str, dict[str, Any]], str | None]      # (kind, payload) -> what is odd about the body


class Growth:
    """The tree with lines not stored yet."""

    def __init__(self, size: int, node: merkle.Node) -> None:
        self.size = size
        self.new: dict[tuple[int, int], bytes] = {}
        self._stored = node

    def node(self, level: int, index: int) -> bytes:
        found = self.new.get((level, index))
        return self._stored(level, index) if found is None else found

    def add(self, line: bytes) -> None:
        for level, index, value in merkle.completed(self.size, merkle.leaf(line), self.node):
            self.new[level, index] = value
        self.size += 1

    def root(self, size: int) -> bytes:
        return merkle.root(size, self.node)


def judge(batch: Batch, held: Held, mark: Mark) -> Plan:
    """The plan of a good batch; Refusal, or BeginsLater."""
    head = held.log.head
    checkpoint, first = _checkpoint(batch, held), _first_seq(batch, held)
    if first > head.seq or (not batch.lines and checkpoint.size > head.seq):
        raise BeginsLater(f"the next line here is {head.seq}")
    end = first + len(batch.lines)
    if batch.lines and checkpoint.size != end:
        raise Refusal(first, f"the checkpoint is of size {checkpoint.size}, the batch ends at {end}")
    overlap = batch.lines[: head.seq - first]
    for seq, line in enumerate(overlap, first):
        _expect_stored(seq, line, held, batch.note)
    return _append(batch.lines[len(overlap):], checkpoint, bare(batch.note, held.log.log_key), held, mark)


def bare(note: bytes, key: notes.VerifierKey) -> bytes:
    """A verified note without the signature lines of others."""
    text, _, block = note.partition(b"\n\n")
    for line in block.decode().splitlines():
        _, name, signature = line.split(" ")
        if name == key.name and decode_standard(signature)[:4] == key.id:
            return text + b"\n\n" + line.encode() + b"\n"
    raise EvidenceError(f"the note has no signature of {key.name}")


def stored_head(seq: int, held: Held) -> Head:
    """The head before stored line `seq`."""
    log = held.log
    if seq == 0:
        return Head(log.origin, 0, None, log.record_key)
    before = held.line(seq - 1)
    return Head(log.origin, seq, jws.line_hash(before), jws.next_key(jws.take_apart(before).payload))


def check_root(checkpoint: Checkpoint, note: bytes, root: bytes) -> None:
    """The portal signed a tree that is not that of its own lines: kept as a fork, ours being the true root."""
    if checkpoint.root != root:
        ours = Checkpoint(checkpoint.origin, checkpoint.size, root).text().encode()
        fork = Fork(checkpoint.size, "tree", ours, note, note)
        raise Refusal(checkpoint.size, f"the checkpoint of size {checkpoint.size} is not of these lines", fork)


def _checkpoint(batch: Batch, held: Held) -> Checkpoint:
    try:
        return notes.open_checkpoint(batch.note, held.log.log_key)
    except EvidenceError as problem:
        raise Refusal(held.log.head.seq, f"checkpoint: {problem}") from None


def _first_seq(batch: Batch, held: Held) -> int:
    """What the first line says its seq is; the chain then holds every line to it."""
    expected = held.log.head.seq
    if not batch.lines:
        return expected
    try:
        payload = jws.take_apart(batch.lines[0]).payload
    except EvidenceError as problem:
        raise Refusal(expected, f"first line of the batch: {problem}") from None
    seq = payload.get("seq")
    if type(seq) is not int or seq < 0 or payload.get("log") != held.log.origin:
        raise Refusal(expected, "the first line of the batch has no seq of this log")
    return seq


def _expect_stored(seq: int, line: bytes, held: Held, note: bytes) -> None:
    ours = held.line(seq)
    if line == ours:
        return
    try:
        jws.verify_next(line, stored_head(seq, held))
    except EvidenceError as problem:
        raise Refusal(seq, f"not the line stored here, and not a good one: {problem}") from None
    raise Refusal(seq, "two different lines signed for this place", Fork(seq, "line", ours, line, note))


def _append(lines: tuple[bytes, ...], checkpoint: Checkpoint, note: bytes, held: Held, mark: Mark) -> Plan:
    head, growth, new = held.log.head, Growth(held.log.head.seq, held.node), []
    for line in lines:
        try:
            record, after = jws.verify_next(line, head)
        except EvidenceError as problem:
            raise Refusal(head.seq, str(problem)) from None
        _meet_express(record, held, note)
        odd = _odd_tree(record, growth) or mark(record.kind, record.payload)
        growth.add(line)
        new.append(NewLine(record.seq, line, jws.line_hash(line), record.kind, record.payload, odd))
        head = after
    check_root(checkpoint, note, growth.root(checkpoint.size))
    for commitment in held.commitments:
        if commitment.size <= growth.size:
            _meet_commitment(commitment, growth, lines, note)
    nodes = tuple((level, index, value) for (level, index), value in growth.new.items() if level)
    return Plan(tuple(new), nodes, head, checkpoint, note)


def _meet_express(record: Record, held: Held, note: bytes) -> None:
    early = held.ahead(record.seq)
    if early is not None and early != record.line:
        fork = Fork(record.seq, "line", early, record.line, note)
        raise Refusal(record.seq, "another line was sent express for this place", fork)


def _meet_commitment(commitment: Commitment, growth: Growth, lines: tuple[bytes, ...], note: bytes) -> None:
    if growth.root(commitment.size) == commitment.root:
        return
    # theirs holds the refused lines, so the other root can be computed again from what is stored before them
    fork = Fork(commitment.size, "tree", commitment.note, b"".join(line + b"\n" for line in lines), note)
    raise Refusal(commitment.size, f"these lines contradict the express checkpoint of size {commitment.size}", fork)


def _odd_tree(record: Record, growth: Growth) -> str | None:
    """A heartbeat signs the tree before it; one that is not this tree is stored, marked and shown."""
    tree = record.payload.get("tree")
    if record.kind != "heartbeat" or not isinstance(tree, dict):
        return None
    size, root = tree.get("size"), tree.get("root")
    if type(size) is not int or not 0 <= size <= growth.size or root != encode(growth.root(size)):
        return "the heartbeat names a tree that is not this log's"
    return None
