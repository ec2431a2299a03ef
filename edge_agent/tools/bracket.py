"""When a record was signed, by the centre's clock: after the receipt that a heartbeat at or before it names, before the first
receipt that covers it.  Whatever the portal's own clock said.

A wall clock outside is a question for people, never a proof: batteries die, technicians mistype.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from edge_agent.tools.base64url import encode
from edge_agent.tools.notes import Receipt
from edge_agent.words.language import tr, trn

SLACK_MS = 2000                     # receipts have whole seconds, and both clocks are read around a disk's fsync
UNCERTAIN_MAX_MS = 60_000           # a clock that admits more than this is a question all the same
RUNS_MAX = 20                       # runs of records told one by one


@dataclass(frozen=True, slots=True)
class Bracket:
    """UTC seconds of the centre; None: open on that side."""

    after_s: int | None
    before_s: int | None

    def text(self) -> str:
        """For people; "" where nothing is known."""
        if self.after_s is None and self.before_s is None:
            return ""
        if self.before_s is None:
            return tr("signed after {after} by the centre's clock; no receipt covers it yet", after=utc(self.after_s or 0))
        if self.after_s is None:
            return tr("signed before {before} by the centre's clock", before=utc(self.before_s))
        return tr("signed between {after} and {before} by the centre's clock", after=utc(self.after_s), before=utc(self.before_s))

    def outside_ms(self, wall_ms: int, unc_ms: int = 0) -> int:
        """How far a portal's clock lay outside, signed: below 0 before, above 0 after, 0 inside."""
        slack = SLACK_MS + min(max(unc_ms, 0), UNCERTAIN_MAX_MS)
        if self.after_s is not None and wall_ms < self.after_s * 1000 - slack:
            return wall_ms - self.after_s * 1000
        if self.before_s is not None and wall_ms > self.before_s * 1000 + slack:
            return wall_ms - self.before_s * 1000
        return 0

    def question(self, payload: Mapping[str, Any]) -> str:
        """What is odd about the record's own clock; "" where nothing is."""
        wall_ms, unc_ms = clock_of(payload)
        away = 0 if wall_ms is None else self.outside_ms(wall_ms, unc_ms)
        if not away:
            return ""
        wall, seconds = payload["t"]["wall"], abs(away) / 1000
        return tr("its own clock said {wall}: {seconds:.0f} s too late", wall=wall, seconds=seconds) if away > 0 else tr(
            "its own clock said {wall}: {seconds:.0f} s too early", wall=wall, seconds=seconds)


def utc(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock_of(payload: Mapping[str, Any]) -> tuple[int | None, int]:
    """(wall clock at signing, ms; its admitted error, ms), read defensively."""
    stamp = payload.get("t")
    wall, unc = (stamp.get("wall"), stamp.get("unc_ms")) if isinstance(stamp, dict) else (None, None)
    try:
        moment = datetime.fromisoformat(wall) if isinstance(wall, str) else None
        wall_ms = None if moment is None or moment.tzinfo is None else int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        wall_ms = None
    return wall_ms, unc if type(unc) is int else 0


def named_receipt(payload: Mapping[str, Any]) -> tuple[int, str] | None:
    """(size, base64url SHA-256 of its line) of the receipt a heartbeat names."""
    named = payload.get("receipt")
    if not isinstance(named, dict):
        return None
    size, digest = named.get("size"), named.get("sha256")
    return (size, digest) if type(size) is int and isinstance(digest, str) else None


class Brackets:
    """Collects from records in order; then, with verified receipts, says when each can have been signed."""

    def __init__(self) -> None:
        self._named: list[tuple[int, str]] = []                # seq of a heartbeat, digest of the receipt it names
        self._seq, self._wall_ms, self._unc_ms = array("q"), array("q"), array("q")
        self._from: list[int] = []                              # seq from which each time in _after_s holds
        self._after_s: list[int] = []
        self._covers: list[tuple[int, int]] = []                # (size, earliest time of a receipt of that size or larger)

    def take(self, seq: int, kind: str, payload: Mapping[str, Any]) -> None:
        named = named_receipt(payload) if kind == "heartbeat" else None
        if named and (not self._named or self._named[-1][1] != named[1]):
            self._named.append((seq, named[1]))
        wall_ms, unc_ms = clock_of(payload)
        if wall_ms is not None:
            for column, value in ((self._seq, seq), (self._wall_ms, wall_ms), (self._unc_ms, min(max(unc_ms, 0), 2**40))):
                column.append(value)

    def know(self, receipts: Sequence[Receipt]) -> None:
        """The receipts that were verified; called once, after the records."""
        times = {encode(receipt.sha256): receipt.time_s for receipt in receipts}
        for seq, digest in self._named:
            if digest in times and (not self._after_s or times[digest] > self._after_s[-1]):
                self._from.append(seq)
                self._after_s.append(times[digest])
        earliest = None
        for receipt in sorted(receipts, key=lambda found: -found.checkpoint.size):
            earliest = receipt.time_s if earliest is None else min(earliest, receipt.time_s)
            self._covers.append((receipt.checkpoint.size, earliest))
        self._covers.reverse()

    def of(self, seq: int) -> Bracket:
        before = bisect_right(self._covers, (seq, 2**62))       # the first of a size beyond seq
        after = bisect_right(self._from, seq) - 1
        return Bracket(self._after_s[after] if after >= 0 else None,
                       self._covers[before][1] if before < len(self._covers) else None)

    def questions(self) -> list[str]:
        """Runs of records whose clock lay outside, in words."""
        runs: list[tuple[int, int, int]] = []                   # first, last, furthest away in ms
        for seq, wall_ms, unc_ms in zip(self._seq, self._wall_ms, self._unc_ms, strict=True):
            away = self.of(seq).outside_ms(wall_ms, unc_ms)
            if not away:
                continue
            if runs and runs[-1][1] == seq - 1 and (runs[-1][2] > 0) == (away > 0):
                runs[-1] = (runs[-1][0], seq, max(runs[-1][2], away, key=abs))
            else:
                runs.append((seq, seq, away))
        told = [
            tr("records {first} to {last}: the portal's clock was up to {seconds:.0f} s too late for the centre's",
               first=first, last=last, seconds=away / 1000) if away > 0 else
            tr("records {first} to {last}: the portal's clock was up to {seconds:.0f} s too early for the centre's",
               first=first, last=last, seconds=-away / 1000) for first, last, away in runs[:RUNS_MAX]]
        more = len(runs) - RUNS_MAX
        return told + ([trn("and {n} more run of records", "and {n} more runs of records", more)] if more > 0 else [])
