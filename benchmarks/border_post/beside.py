"""What stands at the post beside its instruments: a module with lamps, a handheld's inbox, a GPS receiver."""

from __future__ import annotations

import asyncio
import collections
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.border_post.judged import Judged
from benchmarks.border_post.post import COILS
from edge_agent.hands.links.mailbox import Mailbox
from edge_agent.words.clock import Clock
from hardware_mocks import n42_stream, nmea

SPEED_MPS = 1.0             # so that each position is another
TROUBLES = ("lamps", "gps", "inbox", "inbox-refused")
SETTLES_S = 120.0           # from a document in the inbox to its record at the centre; and lamps to the first green


class Moves:
    """A GPS receiver in memory: one position a second."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name, self._clock = name, clock
        self._mailbox = Mailbox(clock)
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._mailbox = Mailbox(self._clock)
        self._task = asyncio.create_task(self._play())

    async def _play(self) -> None:
        north_m = 0.0
        while True:
            at = datetime.fromtimestamp(self._clock.wall_ns() / 1e9, UTC)
            self._mailbox.put(nmea.second(at, north_m, SPEED_MPS))
            north_m += SPEED_MPS
            await asyncio.sleep(1.0)

    async def next(self, timeout_s: float) -> Any:
        return await self._mailbox.next(timeout_s)

    def write(self, data: bytes) -> None:
        raise AssertionError("a receiver is never written to")

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None


class Watched(dict[tuple[str, int], int]):
    """What a module holds, and how often each coil was lit."""

    def __init__(self, held: dict[tuple[str, int], int]) -> None:
        super().__init__(held)
        self.lit: collections.Counter[int] = collections.Counter()
        self.written = 0

    def __setitem__(self, key: tuple[str, int], value: int) -> None:
        if key[0] == "coil":
            self.written += 1
            self.lit[key[1]] += value and not self.get(key)
        super().__setitem__(key, value)


    def told(self) -> Lit:
        return Lit(self.written, {name: self.lit[coil] for name, coil in COILS.items()},
                   bool(self.get(("coil", COILS["fault"]))), bool(self.get(("coil", COILS["ready"]))))


@dataclass(frozen=True)
class Lit:
    """What became of a module's outputs."""

    written: int
    times: dict[str, int]       # each was lit
    fault: bool                 # now
    ready: bool


class Beside:
    """`every_s`: from document to document in the inbox."""

    def __init__(self, inbox: Path, clock: Clock, every_s: float) -> None:
        self._inbox, self._clock, self._every_s = inbox, clock, every_s
        inbox.mkdir()
        self._dropped: dict[str, float] = {}        # hash -> when

    def step(self, gone_s: float) -> None:
        """A handheld drops a document now and then."""
        if gone_s < len(self._dropped) * self._every_s:
            return
        at = datetime.fromtimestamp(self._clock.wall_ns() / 1e9, UTC)
        data = n42_stream.document(1000 + len(self._dropped), at, 1.0, "Cs-137" if len(self._dropped) % 2 else "")
        (self._inbox / f"find-{len(self._dropped)}.n42").write_bytes(data)
        self._dropped[hashlib.sha256(data).hexdigest()] = gone_s

    def judge(self, records: list[dict[str, Any]], stored: set[str], found: Judged, lit: Lit, due_s: float) -> None:
        """Each document dropped before `due_s` at the centre, its record there once; each alarm with its position; lamps that
        followed."""
        read = collections.Counter(record["blob"]["sha256"] for record in records if record["kind"] == "instrument")
        due = [name for name, at_s in self._dropped.items() if at_s < due_s]
        late = [name for name in due if not read[name] or name not in stored]
        placed = [record["position"]["fix"] == "gps" for record in records if record["kind"] == "alarm"]
        failed = [record for record in records if record.get("condition") in TROUBLES]
        found.rows.append(f"inbox {len(self._dropped)} documents, {sum(read.values())} records, {len(stored)} stored; "
                          f"position in {sum(placed)} of {len(placed)} alarms; lamps {lit.written} writes, lit: {lit.times}")
        checks: list[tuple[object, Callable[[], str]]] = [
            (late, lambda: f"{len(late)} documents of the inbox are not at the centre"),
            (any(times > 1 for times in read.values()), lambda: "a document of the inbox is there twice"),
            (not all(placed), lambda: f"{len(placed) - sum(placed)} alarms without position"),
            (failed, lambda: f"{len(failed)} faults of lamps, gps or inbox: {failed[0]}"),
            (placed and not (lit.times["gamma"] and lit.times["horn"]), lambda: f"alarms, and no red lamp or horn: {lit.times}"),
            (not lit.times["ready"], lambda: "never green"),
        ]
        found.bad += [told() for is_bad, told in checks if is_bad]


def judge_end(lit: Lit, found: Judged) -> None:
    """The core has ended: the fault lamp, and no green."""
    if not lit.fault or lit.ready:
        found.bad.append("the core has ended, and the lamp is not the fault lamp")
