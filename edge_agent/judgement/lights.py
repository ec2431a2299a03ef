"""What lamps and horn at a lane show, from the events of its lanes: pure, by the time it is given.

    gamma     one long flash a second              horn: the same
    neutron   two short flashes, a pause           horn: the same
    both      a long flash and two short ones      horn: the same
    distance  steady: a very strong source, keep away      horn: steady
    fault     steady: a lane does not measure as it should
    exercise  a short flash every two seconds
    ready     steady: every lane is heard, none has a fault, nothing alarms

At most three flashes in a second (people with epilepsy: WCAG 2.2, 2.3.1).  Radiations differ by rhythm as well as by lamp,
so one red lamp can stand for all, and nobody needs to tell colours apart.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from edge_agent.words.event import Alarm, Event, Fault, Occupancy
from edge_agent.words.reading import Condition, Radiation

TICK_NS = 100 * 10**6
ROUND = 20                              # ticks until a rhythm begins again: 2 s
GAMMA = frozenset((*range(5), *range(10, 15)))
NEUTRON = frozenset((0, 1, 4, 5))
BOTH = frozenset((*range(8), 10, 11, 14, 15))
STEADY = frozenset(range(ROUND))
EXERCISE = frozenset((0, 1))
DARK: frozenset[int] = frozenset()
AFTER_END = {"fault": True}             # what stands when the agent has gone: fault, and nothing else
BUTTON_STUCK_NS = 30 * 10**9            # nobody presses so long; a wire is shorted, or something leans on it


@dataclass(slots=True)
class _Lit:
    """An alarm whose lamp is on."""

    lane: str
    radiation: Radiation
    occupancy: str | None
    at_ns: int
    until_ns: int | None                # None: its vehicle is still in the lane
    acknowledged: bool = False


class Lights:
    """The lamps of some lanes.  An alarm's lamp stands until its vehicle has gone and `hold_s` more, whoever acknowledges;
    its horn sounds until somebody does, at most `horn_s`."""

    def __init__(self, lanes: Sequence[str], hold_s: float, horn_s: float) -> None:
        self._lanes = frozenset(lanes)
        self._hold_ns, self._horn_ns = round(hold_s * 1e9), round(horn_s * 1e9)
        self._lit: dict[str, _Lit] = {}
        self._faults: set[tuple[str, str]] = set()
        self._distance: dict[str, bool] = {}        # lane: whether its horn was silenced

    def show(self, event: Event) -> None:
        if event.lane not in self._lanes:
            return
        match event:
            case Alarm():
                until_ns = None if event.occupancy else event.at_ns + self._hold_ns
                self._lit[event.id] = _Lit(event.lane, event.radiation, event.occupancy, event.at_ns, until_ns)
            case Occupancy() if event.ended != "overdue":       # that one stands in the lane until the fault ends
                for lit in self._lit.values():
                    if lit.lane == event.lane and lit.occupancy == event.id:
                        lit.until_ns = event.end_ns + self._hold_ns
            case Fault():
                self._fault(str(event.lane), event)

    def _fault(self, lane: str, event: Fault) -> None:
        if event.condition == Condition.OVERDUE.value and not event.present:
            for lit in self._lit.values():
                if lit.lane == lane and lit.until_ns is None:
                    lit.until_ns = event.at_ns + self._hold_ns
        if event.condition == "overload":
            if event.present:
                self._distance.setdefault(lane, False)
            else:
                self._distance.pop(lane, None)
        elif event.present:
            self._faults.add((lane, event.condition))
        else:
            self._faults.discard((lane, event.condition))

    def acknowledge(self) -> list[tuple[str, str]]:
        """Silence the horn; (lane, alarm) of each that was not acknowledged yet."""
        waiting = [(lit.lane, name) for name, lit in self._lit.items() if not lit.acknowledged]
        for _, name in waiting:
            self._lit[name].acknowledged = True
        self._distance = dict.fromkeys(self._distance, True)
        return waiting

    def outputs(self, now_ns: int, heard: bool, exercise: bool) -> dict[str, bool]:
        """Each output by name; `heard`: every lane is heard now; `exercise`: one is under way, or maintenance."""
        self._lit = {name: lit for name, lit in self._lit.items() if lit.until_ns is None or now_ns < lit.until_ns}
        now_lit = {lit.radiation for lit in self._lit.values()}
        rhythm = _rhythm(now_lit)
        fault = bool(self._faults) or not heard
        rhythms = {
            "gamma": rhythm if Radiation.GAMMA in now_lit else DARK,
            "neutron": rhythm if Radiation.NEUTRON in now_lit else DARK,
            "distance": STEADY if self._distance else DARK,
            "fault": STEADY if fault else DARK,
            "exercise": EXERCISE if exercise else DARK,
            "ready": DARK if fault or now_lit or self._distance else STEADY,
            "horn": self._horn(now_ns),
            "heartbeat": frozenset(range(ROUND // 2)),      # one second on, one off
        }
        tick = now_ns // TICK_NS % ROUND
        return {name: tick in on for name, on in rhythms.items()}

    def _horn(self, now_ns: int) -> frozenset[int]:
        if False in self._distance.values():
            return STEADY
        return _rhythm({
            lit.radiation for lit in self._lit.values() if not lit.acknowledged and now_ns - lit.at_ns < self._horn_ns
        })


def _rhythm(radiations: Set[Radiation]) -> frozenset[int]:
    if len(radiations) > 1:
        return BOTH
    return NEUTRON if Radiation.NEUTRON in radiations else GAMMA if radiations else DARK


class Button:
    """A press is two looks alike (0.1 s apart: contacts bounce for some 10 ms) after the button was seen released."""

    def __init__(self) -> None:
        self._last, self._down = True, True         # one that is down when first seen was not pressed now
        self._since_ns: int | None = None

    def look(self, now_ns: int, down: bool) -> bool:
        """Whether it was pressed just now."""
        settled, self._last = down is self._last, down
        if not settled or down is self._down:
            if down and self._since_ns is None:
                self._since_ns = now_ns
            return False
        self._down, self._since_ns = down, now_ns if down else None
        return down

    def stuck(self, now_ns: int) -> bool:
        return self._down and self._since_ns is not None and now_ns - self._since_ns > BUTTON_STUCK_NS
