"""The doors of a lane's cabinets, and a switch of theirs that makes and breaks.  Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from edge_agent.judgement.faults import FaultBook
from edge_agent.words.event import Event, Tamper
from edge_agent.words.language import worded
from edge_agent.words.reading import Condition, Health

OPENINGS = 6                    # within an hour: who works at a cabinet opens it a few times
HOUR_NS = 3600 * 10**9


class Door:
    """Of one lane: whether a cabinet is open, and how often it was opened of late."""

    def __init__(self, lane: str, faults: FaultBook) -> None:
        self._lane, self._faults = lane, faults
        self.open: bool | None = None               # None: not told yet
        self._opened_ns: deque[int] = deque(maxlen=OPENINGS)

    def take(self, health: Health) -> Iterator[Event]:
        if self.open is health.present:
            return
        self.open = health.present
        yield Tamper(health.at_ns, self._lane, health.present)
        if not health.present:
            return
        self._opened_ns.append(health.at_ns)
        if len(self._opened_ns) == OPENINGS and health.at_ns - self._opened_ns[0] <= HOUR_NS:
            why = worded("a door opened {n} times within an hour or less: its switch or wire, or somebody does it", n=OPENINGS)
            yield from self._faults.begin(health.at_ns, Condition.TAMPER_BOUNCES.value, why, fades=True, fades_ns=HOUR_NS)
