"""Writes on a bus that is also polled: a right of their own, a queue of their own, and a bound.

A write goes before every question that is due, so it waits for one exchange under way at most and never for the next tries of
a dead unit.  All writes together may take a part of the bus's time; beyond it they wait, and the questions go on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from edge_agent.hands.links.turns import Unit
from edge_agent.words.dialect import Outcome
from edge_agent.words.errors import LinkError
from edge_agent.words.language import worded

SHARE = 0.25            # of the bus's time: six coils each 2 s and a rhythm on two (10 changes a second at most, lights.py) are
                        # 13 writes a second; at 38400 baud, 20 ms each, that is a quarter
BURST_S = 0.5           # of it can be saved up: an alarm changes four coils at once, 35 ms each at 9600 baud
LOOK_S = 0.05           # a bus with an outlet looks so often for something to write: half of a rhythm's step
IDLE_S = 1.0            # and one without: so often for lanes that came


@dataclass(slots=True)
class Errand:
    """One thing to write, and who waits for what came of it."""

    unit: Unit
    question: bytes
    done: asyncio.Future[tuple[Outcome, bytes]]


class Errands:
    """Pure but for the futures: times come in as values."""

    def __init__(self) -> None:
        self._writers: list[Unit] = []
        self._waiting: deque[Errand] = deque()
        self._under_way: Errand | None = None
        self._saved_s = BURST_S
        self._counted_ns: int | None = None

    @property
    def look_s(self) -> float:
        return LOOK_S if self._writers else IDLE_S

    def allow(self, unit: Unit) -> None:
        """From now this unit may be written to: an outlet's, never a lane's."""
        self._writers.append(unit)

    def put(self, unit: Unit, question: bytes) -> asyncio.Future[tuple[Outcome, bytes]]:
        """What comes of it; LinkError where the unit is not on the bus, or is not one that may be written to."""
        if not any(unit is writer for writer in self._writers):
            raise LinkError(worded("only an outlet on its open bus may write"))
        done: asyncio.Future[tuple[Outcome, bytes]] = asyncio.get_running_loop().create_future()
        self._waiting.append(Errand(unit, question, done))
        return done

    def next(self, now_ns: int) -> Errand | None:
        """What is to be written now."""
        passed_s = (now_ns - (self._counted_ns if self._counted_ns is not None else now_ns)) / 1e9
        self._saved_s, self._counted_ns = min(BURST_S, self._saved_s + passed_s * SHARE), now_ns
        while self._waiting and self._waiting[0].done.done():       # who wanted it has gone
            self._waiting.popleft()
        self._under_way = self._waiting.popleft() if self._waiting and self._saved_s > 0 else None
        return self._under_way

    def spent(self, seconds: float) -> None:
        self._saved_s -= seconds

    def leave(self, unit: Unit, why: str) -> None:
        """It is off the bus: nothing of it is written any more, and whoever waits for what is under way learns why."""
        self._writers = [writer for writer in self._writers if writer is not unit]
        for errand in (*self._waiting, self._under_way):
            if errand is not None and errand.unit is unit and not errand.done.done():
                errand.done.set_exception(LinkError(why))
