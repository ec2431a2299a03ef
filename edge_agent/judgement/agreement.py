"""Whether the portal still judges: a load far above any limit, and no alarm of its own, vehicle after vehicle.  Pure."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.judgement.faults import FaultBook
from edge_agent.judgement.passage import Passage
from edge_agent.words.event import HALF, Event
from edge_agent.words.language import worded
from edge_agent.words.reading import Condition
from edge_agent.words.settings import Profile

STRONG = 2.0                # times our threshold of the rule that portals have: theirs may be set higher, not twice (estimate)
IN_A_ROW = 3                # of such vehicles
OVERWHELMING = 5.0          # times: one is enough, no limit is set so high (estimate; loads of potash are at 9 to 20)
DEPLOYED = "ksigma/1"       # the rule that portals have


class Agreement:
    """Of one lane whose portal tells its alarms on the wire.  Our own alarms need none of it."""

    def __init__(self, profile: Profile, faults: FaultBook) -> None:
        self._tells, self._faults = profile.tells_alarms, faults
        self._mute = 0                  # strong vehicles since the portal's last alarm

    def closed(self, at_ns: int, passage: Passage) -> Iterator[Event]:
        """After each vehicle."""
        if not self._tells:
            return
        if any(rule == "vendor" for rule, _ in passage.fired):
            self._mute = 0
            yield from self._faults.end(at_ns, Condition.JUDGES_NOTHING.value)
            return
        spoiled = self._faults.holds(Condition.UNREADABLE.value)        # such a line makes loads, and eats alarms
        strongest = (passage.sound if spoiled else passage.strongest).get(DEPLOYED)
        times = (strongest.statistic or 0.0) / strongest.threshold if strongest and strongest.threshold else 0.0
        if times < STRONG or (spoiled and passage.seen(at_ns) < HALF):
            return
        self._mute += 1
        if self._mute >= IN_A_ROW or (times >= OVERWHELMING and not spoiled):
            why = worded("vehicles far above the limit in a row: {n}, the last one {times:.0f} times, and no alarm of the "
                         "portal's own: its lamp stays dark; this agent alarms as ever", n=self._mute, times=times)
            yield from self._faults.begin(at_ns, Condition.JUDGES_NOTHING.value, why)
