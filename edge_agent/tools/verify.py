"""A log checked from first to last, by whoever has its lines and the public keys.  Pure: bytes in, findings out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge_agent.tools import ed25519, jws, notes, strict_json, stump
from edge_agent.tools.base64url import decode, encode
from edge_agent.tools.bracket import Brackets
from edge_agent.tools.merkle import Tree
from edge_agent.tools.stump import Stump
from edge_agent.words.errors import EvidenceError
from edge_agent.words.language import worded
from edge_agent.words.record import Checkpoint, Head, Record


@dataclass(slots=True)
class Report:
    """What holds, and the first thing that does not."""

    origin: str
    records: int = 0                # verified: those after the cut, where the log was pruned
    cut: int = 0                    # records before it are pruned, under a checkpoint of this size
    kinds: Counter[str] = field(default_factory=Counter)
    root: bytes = b""
    checkpoint: Checkpoint | None = None
    receipts: list[notes.Receipt] = field(default_factory=list)
    earlier: list[notes.Receipt] = field(default_factory=list)  # over records that are pruned: both signatures hold
    witnessed: dict[str, notes.Receipt] = field(default_factory=dict)      # the last receipt each witness cosigned
    problems: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)          # for people to ask; nothing is refused for them
    brackets: Brackets = field(default_factory=Brackets)

    @property
    def size(self) -> int:
        return self.cut + self.records

    @property
    def whole(self) -> bool:
        return not self.problems


class LogCheck:
    """Takes lines one by one; keeps the tree."""

    def __init__(self, head: Head, tree: Tree) -> None:
        self.head, self.tree = head, tree
        self.kinds: Counter[str] = Counter()
        self.brackets = Brackets()
        self.findings: list[str] = []       # what is wrong inside records that are genuine
        self._announced = {head.next_key}   # each key signs once

    def take(self, line: bytes) -> Record:
        """The record of the next line; EvidenceError when it is not the next line of this log."""
        record, head = jws.verify_next(line, self.head)
        if record.kind == "heartbeat":
            self._check_heartbeat(record.payload)
        if head.next_key in self._announced:
            self.findings.append(worded("record {seq}: it announces a key a second time; each key signs once", seq=record.seq))
        self._announced.add(head.next_key)
        self.tree.add(line)
        self.head = head
        self.kinds[record.kind] += 1
        self.brackets.take(record.seq, record.kind, record.payload)
        return record

    def _check_heartbeat(self, payload: dict[str, Any]) -> None:
        """A heartbeat signs the tree before it: that must be this tree."""
        tree = payload.get("tree")
        if isinstance(tree, dict):
            size, root = tree.get("size"), tree.get("root")
            if type(size) is not int or not 0 <= size <= self.tree.size or root != encode(self.tree.root(size)):
                self.findings.append(worded(
                    "record {seq}: the heartbeat names a tree that is not this log's", seq=self.head.seq))


def read_jwk(data: bytes) -> bytes:
    """The raw public key of an Ed25519 JWK (RFC 8037); EvidenceError otherwise."""
    jwk = strict_json.load_object(data)
    x = jwk.get("x")
    if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519" or jwk.get("alg", "Ed25519") != "Ed25519" or not isinstance(x, str):
        raise EvidenceError(worded("not an Ed25519 public key as JWK (kty OKP, crv Ed25519, x)"))
    key = decode(x)
    if len(key) != ed25519.PUBLIC_BYTES or jwk.get("kid", ed25519.thumbprint(key)) != ed25519.thumbprint(key):
        raise EvidenceError(worded("the JWK's kid is not the thumbprint of its key"))
    return key


def origin_of(line: bytes) -> str:
    """The log a line says it belongs to; the chain then holds every line to it."""
    origin = jws.take_apart(line).payload.get("log")
    if not isinstance(origin, str) or not origin.isprintable():     # it will be shown on a terminal
        raise EvidenceError(worded("record 0 names no log"))
    return origin


def verify_log(
    lines: Iterable[bytes],
    first_key: bytes,
    *,
    pruned: Stump | None = None,
    checkpoint: bytes | None = None,
    receipts: Iterable[bytes] = (),
    log_key: notes.VerifierKey | None = None,
    centre_key: notes.VerifierKey | None = None,
    witness_keys: Sequence[notes.VerifierKey] = (),
    elsewhere: Iterable[bytes] = (),
) -> Report:
    """Check every line, then the checkpoint and each receipt against the tree of the lines.  `pruned`: what the lines follow.
    `elsewhere`: notes that others keep (a centre, a witness); the log's own signature on one is what it can be held to."""
    check: LogCheck | None = None
    report = Report("")
    if pruned is not None:
        try:
            check = _after(pruned, report, log_key, centre_key)
        except EvidenceError as problem:
            report.problems.append(worded("the stump: {problem}", problem=problem))
            return report
    for number, line in enumerate(lines, report.cut):
        try:
            if check is None:
                report.origin = log_key.name if log_key else origin_of(line)
                check = LogCheck(Head(report.origin, 0, None, first_key), Tree())
            check.take(line)
        except EvidenceError as problem:
            report.problems.append(worded("record {number}: {problem}", number=number, problem=problem))
            return report
        report.records += 1
    if check is None:
        report.problems.append(worded("there is no record"))
        return report
    report.kinds, report.root = check.kinds, check.tree.root()
    report.problems += check.findings
    if checkpoint is not None:
        report.checkpoint = _check_note(worded("the checkpoint"), checkpoint, check, report, log_key, centre_key)
    for number, receipt in enumerate(receipts):
        name = worded("receipt {number}", number=number)
        if _check_note(name, receipt, check, report, log_key, centre_key) and log_key:
            _check_witnesses(name, receipt, report, log_key, witness_keys)
    for number, note in enumerate(elsewhere):
        found = _check_note(worded("note {number} from elsewhere", number=number), note, check, report, log_key, None)
        report.checkpoint = found or report.checkpoint
    report.brackets = check.brackets
    report.brackets.know([*report.earlier, *report.receipts])
    report.questions = report.brackets.questions()
    return report


def _after(
    pruned: Stump, report: Report, log_key: notes.VerifierKey | None, centre_key: notes.VerifierKey | None
) -> LogCheck:
    """Where the lines after a cut begin: nothing but the stump's checkpoint vouches for what is gone."""
    if log_key is None:
        raise EvidenceError(worded("the log's verifier key is needed: --log-key FILE"))
    report.origin = log_key.name
    stump.check(pruned, log_key, centre_key)
    report.cut = pruned.size
    return LogCheck(pruned.head(log_key.name), pruned.tree())


def _check_witnesses(
    name: str, note: bytes, report: Report, log_key: notes.VerifierKey, witness_keys: Sequence[notes.VerifierKey]
) -> None:
    """Who else cosigned the checkpoint of a receipt that holds."""
    for key in witness_keys:
        if key.line_begin() in note:
            try:
                report.witnessed[key.name] = notes.open_receipt(note, log_key, key)
            except EvidenceError as problem:
                report.problems.append(worded("{name}: {problem}", name=name, problem=problem))


def _check_note(
    name: str, note: bytes, check: LogCheck, report: Report,
    log_key: notes.VerifierKey | None, centre_key: notes.VerifierKey | None,
) -> Checkpoint | None:
    """The checkpoint of the note when it is of this log; else a problem in the report."""
    try:
        if log_key is None:
            raise EvidenceError(worded("the log's verifier key is needed: --log-key FILE"))
        found = notes.open_checkpoint(note, log_key)
        receipt = notes.open_receipt(note, log_key, centre_key) if centre_key is not None else None
        if found.size > check.tree.size:
            raise EvidenceError(worded(
                "it is over {size} records, the log has {held}: records are missing at the end",
                size=found.size, held=check.tree.size))
        if found.size < report.cut:
            report.earlier += [receipt] if receipt else []
            return found
        if found.root != check.tree.root(found.size):
            raise EvidenceError(worded("its root is not that of the first {size} records", size=found.size))
    except EvidenceError as problem:
        report.problems.append(worded("{name}: {problem}", name=name, problem=problem))
        return None
    if receipt is not None:
        report.receipts.append(receipt)
    return found
