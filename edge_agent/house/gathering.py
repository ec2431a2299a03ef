"""What an exhibit is made of: the alarm, what it refers to, receipts around it; from a ledger or a copied log.  Reads only."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.doors.files import reading_uri
from edge_agent.house import looking_back
from edge_agent.tools import ed25519, jws, merkle, notes
from edge_agent.tools.base64url import encode
from edge_agent.tools.exhibit import ALARM, ANNOUNCES, BOOT, CONFIG, HEARTBEAT, OCCUPANCY, Exhibit, Row, check
from edge_agent.words.errors import EvidenceError, SettingsError, StorageError
from edge_agent.words.language import Worded, worded
from edge_agent.words.record import Checkpoint

MENDING = worded("Check the log: edge-agent verify")
Receipts = list[tuple[notes.Receipt, notes.VerifierKey]]
Held = tuple[bytes, Receipts]       # a note, the receipts in it with their keys
BEFORE = "SELECT seq, line FROM record WHERE kind = ? AND seq < ? ORDER BY seq DESC"
SCHEMA = ("CREATE TABLE record (seq INTEGER PRIMARY KEY, kind TEXT, line BLOB)",
          "CREATE TABLE node (level INTEGER, idx INTEGER, hash BLOB, PRIMARY KEY (level, idx))",
          "CREATE TABLE receipt (size INTEGER, note BLOB)")


@dataclass(frozen=True, slots=True)
class Keys:
    """Who may have signed what is found."""

    log: notes.VerifierKey
    record_0: bytes | None                          # raw
    centres: tuple[notes.VerifierKey, ...]
    signer: ed25519.Signer | None                   # of the log, where we may sign a checkpoint of our own


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A ledger read only, or a file of lines in memory in the same form."""
    try:
        with path.open("rb") as file:
            is_ledger = file.read(len(looking_back.SQLITE)) == looking_back.SQLITE
    except OSError as problem:
        raise SettingsError(worded(
            "cannot read {path}: {strerror}.\n"
            "  The ledger belongs to the agent: sudo -u edge-agent edge-agent alarms export ID --exhibit FILE.html",
            path=path, strerror=problem.strerror)) from None
    try:
        database = sqlite3.connect(reading_uri(path) if is_ledger else ":memory:", uri=True)
        try:
            database.execute("BEGIN")               # one view of the ledger, also while the core writes
            if not is_ledger:
                _fill(database, looking_back.lines_in(path))
            yield database
        finally:
            database.close()
    except sqlite3.Error as problem:
        raise StorageError(worded(
            "cannot read {path}: {problem}.\n  Copy it together with its -wal file, or stop the core first.",
            path=path, problem=problem)) from None


def _fill(database: sqlite3.Connection, lines: Iterable[bytes]) -> None:
    for statement in SCHEMA:
        database.execute(statement)
    nodes: dict[tuple[int, int], bytes] = {}
    for number, line in enumerate(lines):
        parts = jws.take_apart(line)
        seq = parts.payload.get("seq")
        if seq != number:
            raise EvidenceError(worded(
                "line {number} is record {seq}: an exhibit needs the log from record 0 on", number=number + 1, seq=str(seq)[:40]))
        database.execute("INSERT INTO record VALUES (?, ?, ?)", (number, parts.kind, line))
        for level, index, value in merkle.completed(number, merkle.leaf(line), lambda level, index: nodes[level, index]):
            nodes[level, index] = value
            database.execute("INSERT INTO node VALUES (?, ?, ?)", (level, index, value))


def names_alarm(database: sqlite3.Connection, name: str) -> bool:
    return any(looking_back.is_named(body, name) for kind, body in _of_kinds(database, ALARM) if kind == ALARM)


def gather(
    database: sqlite3.Connection, name: str, keys: Keys, given: Iterable[bytes] = ()
) -> tuple[Exhibit, looking_back.Found]:
    """The exhibit of one alarm, verified.  `given`: receipt notes from elsewhere."""
    found = looking_back.choose(_of_kinds(database, ALARM, OCCUPANCY), name)
    return _Gatherer(database, keys, given).exhibit(found), found


def _of_kinds(database: sqlite3.Connection, *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    marks = ", ".join("?" * len(kinds))
    for row in database.execute(f"SELECT line FROM record WHERE kind IN ({marks}) ORDER BY seq", kinds):  # noqa: S608 (marks)
        parts = jws.take_apart(bytes(row[0]))
        yield parts.kind, parts.payload


def _size(held: Held) -> int:
    return held[1][0][0].checkpoint.size


class _Gatherer:
    def __init__(self, database: sqlite3.Connection, keys: Keys, given: Iterable[bytes]) -> None:
        self._database, self._keys = database, keys
        self._size = int(database.execute("SELECT coalesce(max(seq) + 1, 0) FROM record").fetchone()[0])
        self._given = sorted((self._open(note) for note in given), key=_size)

    def exhibit(self, found: looking_back.Found) -> Exhibit:
        alarm, keys = int(found.alarm["seq"]), self._keys
        occupancy = int(found.occupancy["seq"]) if found.occupancy else None
        note, point, receipts = self._vouching(alarm, occupancy)
        heartbeat, earlier = self._earlier(alarm)
        roles = {
            alarm: ALARM, heartbeat: HEARTBEAT, self._before(alarm, CONFIG, "cfg", found.alarm.get("cfg")): CONFIG,
            self._start(alarm, found.alarm): BOOT,
            (occupancy if occupancy is not None and occupancy < point.size else None): OCCUPANCY,
        }
        seqs = {seq for seq in roles if seq is not None}
        rows = [self._row(seq, roles.get(seq, ANNOUNCES), point.size) for seq in sorted(seqs | {seq - 1 for seq in seqs if seq})]
        exhibit = Exhibit(
            keys.log, keys.record_0 if 0 in seqs else None, point, note, tuple(receipt for receipt, _ in receipts),
            tuple(key for _, key in receipts), earlier, tuple(rows),
        )
        try:
            check(exhibit)
        except EvidenceError as problem:
            raise EvidenceError(worded(
                "{problem}.\n  This is no evidence.\n  {mending}", problem=problem, mending=MENDING)) from None
        return exhibit

    # --- who vouches for it, and when

    def _open(self, note: bytes) -> Held:
        """The receipts in a note, by the keys we know; EvidenceError when there is none."""
        held: Receipts = []
        why: Worded | EvidenceError = worded("the key of the centre is not known: --centre-key FILE")
        for key in self._keys.centres:
            try:
                held.append((notes.open_receipt(note, self._keys.log, key), key))
            except EvidenceError as problem:
                why = problem
        if not held:
            raise EvidenceError(worded("a receipt that does not hold: {why}", why=why))
        return note, held

    def _kept(self, where: str, value: int) -> Iterator[Held]:
        """Receipts of the ledger that hold, smallest first."""
        if self._has("receipt"):
            for row in self._database.execute(f"SELECT note FROM receipt WHERE {where} ORDER BY size", (value,)):  # noqa: S608
                with contextlib.suppress(EvidenceError):        # of another centre than we know
                    yield self._open(bytes(row[0]))

    def _vouching(self, alarm: int, occupancy: int | None) -> tuple[bytes, Checkpoint, Receipts]:
        """The first receipt over alarm and occupancy, else over the alarm, else a checkpoint of our own."""
        for needed in (max(alarm, occupancy or 0), alarm):
            kept = next((each for each in self._kept("size > ?", needed) if _size(each) <= self._size), None)
            beside = next((each for each in self._given if needed < _size(each) <= self._size), None)
            over = min((each for each in (kept, beside) if each), key=_size, default=None)
            if over:
                return over[0], over[1][0][0].checkpoint, over[1]
        if self._keys.signer is None:
            raise EvidenceError(worded(
                "no receipt covers record {alarm} yet, so nothing in this copy vouches for it.\n"
                "  Give a receipt of the centre (--receipt FILE; there: edge-agent center export ... --note FILE) and its key\n"
                "  (--centre-key FILE), or export on the portal itself: sudo -u edge-agent edge-agent alarms export ...",
                alarm=alarm))
        point = Checkpoint(self._keys.log.name, self._size, merkle.root(self._size, self._node))
        return notes.sign_checkpoint(point, self._keys.signer), point, []

    def _earlier(self, alarm: int) -> tuple[int | None, tuple[bytes, notes.Receipt] | None]:
        """The last heartbeat before the alarm that names a receipt we hold, and that receipt."""
        rows = self._database.execute(BEFORE, (HEARTBEAT, alarm))
        for seq, line in rows if self._keys.centres else ():
            named = jws.take_apart(bytes(line)).payload.get("receipt")
            if not isinstance(named, dict) or type(named.get("size")) is not int or not self._checkable(seq):
                continue
            for note, held in (*self._kept("size = ?", named["size"]), *self._given):
                receipt, key = held[0]
                if encode(receipt.sha256) == named.get("sha256") and key == self._keys.centres[0]:
                    return int(seq), (note, receipt)
        return None, None

    # --- records

    def _before(self, alarm: int, kind: str, name: str, value: object) -> int | None:
        """The last record of a kind before the alarm that holds this value."""
        rows = self._database.execute(BEFORE, (kind, alarm))
        for seq, line in rows if value is not None else ():
            if jws.take_apart(bytes(line)).payload.get(name) == value and self._checkable(seq):
                return int(seq)
        return None

    def _start(self, alarm: int, body: dict[str, Any]) -> int | None:
        """The start of the program in which the alarm was signed."""
        boot = body["t"].get("boot") if isinstance(body.get("t"), dict) else None
        rows = self._database.execute(BEFORE + " LIMIT 1", (BOOT, alarm))
        for seq, line in rows:
            t = jws.take_apart(bytes(line)).payload.get("t")
            if isinstance(t, dict) and boot is not None and t.get("boot") == boot and self._checkable(seq):
                return int(seq)
        return None

    def _row(self, seq: int, part: str, size: int) -> Row:
        line = self._line(seq)
        if line is None:
            raise EvidenceError(worded(
                "record {seq} is not here: records before it were pruned, or are missing.\n  {mending}",
                seq=seq, mending=MENDING))
        return Row(seq, part, line, merkle.inclusion(seq, size, self._node))

    def _checkable(self, seq: int) -> bool:
        """Whether the key that signed this record is known: by the line before it, or of record 0."""
        return self._line(seq - 1) is not None if seq else self._keys.record_0 is not None

    def _line(self, seq: int) -> bytes | None:
        row = self._database.execute("SELECT line FROM record WHERE seq = ?", (seq,)).fetchone()
        return bytes(row[0]) if row else None

    def _node(self, level: int, index: int) -> bytes:
        if level == 0 and (line := self._line(index)) is not None:
            return merkle.leaf(line)
        row = self._database.execute("SELECT hash FROM node WHERE level = ? AND idx = ?", (level, index)).fetchone()
        if row is None:
            raise EvidenceError(worded(
                "tree node {level}/{index} is missing.\n  {mending}", level=level, index=index, mending=MENDING))
        return bytes(row[0])

    def _has(self, table: str) -> bool:
        return self._database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None
