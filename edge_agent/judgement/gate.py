"""Whether something is in the lane, from inputs of an I/O module: beams, a loop, a button.  Pure: times come in as values.

One input, or several of which any one counts; or a pair of beams along the lane, which also give direction and speed.
Inputs are asked for, not waited for: an edge is known to one asking, and a speed to two of them.
Where the module is silent the lane's occupancy is *unknown*, never "vacant": the portal is told, and judges without passages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from edge_agent.judgement.beams import Beams
from edge_agent.words.language import worded
from edge_agent.words.reading import Condition, Health, Inputs, OccupancyEnd, Reading, Sample, Speed
from edge_agent.words.settings import OccupancySettings

SILENT_NS = 3 * 10**9       # modules are asked several times a second; a vehicle at 8 km/h is 7 m further by then
SLOWEST_MPS = 0.3           # 1 km/h: how long a vehicle may take from one beam to the other
BETWEEN_MAX_S = 15.0        # the same where the beams stand far apart
HOUR_NS = 3600 * 10**9
AGAIN, AGAIN_NS = 3, 6 * HOUR_NS        # silences: who works at a module makes one or two in an afternoon
OURS = {Condition.OCCUPANCY, Condition.RESTARTS, Condition.BEAM, Condition.STUCK, Condition.FLICKERS, Condition.CROSSED}


def by_gate(reading: Reading) -> bool:
    """Whether a reading of a lane with a gate is the I/O module's word: it says nothing of the lane's own wire."""
    return isinstance(reading, OccupancyEnd) or (isinstance(reading, Health) and reading.condition in OURS)


@dataclass(slots=True)
class Debounced:
    """One input.  A change counts when it has stood for the debounce time; its moment is when it was first seen."""

    debounce_ns: int
    on: bool = False
    _seen: bool = False
    _since_ns: int = 0

    def take(self, at_ns: int, on: bool) -> int | None:
        """The moment of a change that counts now; None: there is none."""
        if on is not self._seen:
            self._seen, self._since_ns = on, at_ns
        if self._seen is self.on or at_ns - self._since_ns < self.debounce_ns:
            return None
        self.on = self._seen
        return self._since_ns


class Gate:
    """Of one lane."""

    def __init__(self, settings: OccupancySettings) -> None:
        self._settings = settings
        self._inputs = self._anew()
        self._pair = settings.spacing_m > 0
        self._heard_ns: dict[str, int] = {}         # each input, when it was last told; without an entry: never
        self._began_ns: int | None = None           # when we began to wait for them
        self._known = True                          # until it is told otherwise
        self._silent_ns: deque[int] = deque(maxlen=AGAIN)       # when it fell silent
        self._restarts = False                      # told
        self._broken_ns: dict[str, int] = {}        # of the passage under way: when each beam was first broken
        self._clear_ns = 0                          # since when nothing is broken
        self._speed: Speed | None = None            # for the portal, once the passage is open there
        self._beams = Beams(settings.inputs, self._pair)
        self._reverse: bool | None = None           # of the passage under way, once both beams were broken
        self.counter = 0
        self.occupied = False

    def _anew(self) -> dict[str, Debounced]:
        """Nothing is known of any input: one that is on at the next answer is a change."""
        return {name: Debounced(round(self._settings.debounce_ms * 1e6)) for name in self._settings.inputs}

    def take(self, inputs: Inputs) -> Iterator[Reading]:
        """What an answer of the module means for the lane.  Inputs that lie apart come in answers of their own."""
        states = {name: on for name, on in inputs.states if name in self._inputs}
        if not states:
            return
        before_ns = max((self._heard_ns.get(name, inputs.at_ns) for name in states), default=inputs.at_ns)
        self._heard_ns |= dict.fromkeys(states, inputs.at_ns)
        if not self._known and self._quiet_ns(inputs.at_ns) <= SILENT_NS:
            self._known = True
            yield from self._again(inputs.at_ns)
            yield Health(inputs.at_ns, Condition.OCCUPANCY, False, worded("{module} answers again", module=self._settings.module))
        for name, on in states.items():
            edge_ns = self._inputs[name].take(inputs.at_ns, on)
            if edge_ns is not None:
                self._edge(name, edge_ns, self._inputs[name].on)
        yield from self._beams.time(inputs.at_ns, before_ns, states)
        yield from self._end(inputs.at_ns)

    def _quiet_ns(self, at_ns: int) -> int:
        """How long ago the input was told that was told longest ago."""
        began_ns = at_ns if self._began_ns is None else self._began_ns
        return at_ns - min(self._heard_ns.get(name, began_ns) for name in self._inputs)

    def look(self, at_ns: int) -> Iterator[Reading]:
        """What time alone means: the module is silent."""
        if self._began_ns is None:
            self._began_ns = at_ns
        if self._restarts and at_ns - self._silent_ns[-1] > AGAIN_NS:
            self._restarts = False
            yield Health(at_ns, Condition.RESTARTS, False, worded("{module} has not fallen silent for {hours} hours",
                                                                  module=self._settings.module, hours=AGAIN_NS // HOUR_NS))
        if self._known and self._quiet_ns(at_ns) > SILENT_NS:
            self._known, self.occupied = False, False
            self._silent_ns.append(at_ns)
            self._broken_ns.clear()
            self._beams.silent()
            self._inputs = self._anew()
            why = worded("{module} is silent, nothing tells of vehicles; judged in continuous mode until it answers, "
                         "where only a rise by a quarter is seen", module=self._settings.module)
            yield Health(at_ns, Condition.OCCUPANCY, True, why)

    def _again(self, at_ns: int) -> Iterator[Reading]:
        """It answers anew: a supply at its limit is well whenever somebody looks."""
        if self._restarts or len(self._silent_ns) < AGAIN or at_ns - self._silent_ns[0] > AGAIN_NS:
            return
        self._restarts = True
        yield Health(at_ns, Condition.RESTARTS, True, worded(
            "{module} fell silent {n} times within {hours} hours and came back: its supply, a loose plug or wire, or somebody "
            "works at it", module=self._settings.module, n=AGAIN, hours=AGAIN_NS // HOUR_NS))

    def mark(self, reading: Reading) -> Iterator[Reading]:
        """A reading of the lane's own instrument with what is in the lane, and the speed once the passage is open.  What it says
        of vehicles itself is passed over: two that tell do not agree to the sample."""
        if isinstance(reading, OccupancyEnd | Speed):
            return
        if not isinstance(reading, Sample):
            yield reading
            return
        yield replace(reading, occupied=self.occupied)
        if self.occupied and self._speed is not None:
            yield replace(self._speed, at_ns=reading.at_ns)
            self._speed = None

    # --- the passage under way

    def _edge(self, name: str, at_ns: int, on: bool) -> None:
        if not on:
            self._clear_ns = at_ns
            return
        first = not self._broken_ns
        self._broken_ns.setdefault(name, at_ns)
        self.occupied = True
        if first:
            self._speed, self._reverse = None, None
        elif self._pair and self._speed is None and len(self._broken_ns) == 2:
            self._measure()

    def _measure(self) -> None:
        """Speed and direction from the moments both beams were first broken."""
        front, rear = (self._broken_ns[name] for name in self._settings.inputs)
        if front != rear:               # both in one asking: faster than can be told
            self._reverse = rear < front
            self._speed = Speed(max(front, rear), self._settings.spacing_m / (abs(rear - front) / 1e9), self._reverse)

    def _end(self, at_ns: int) -> Iterator[Reading]:
        if not self.occupied or any(each.on for each in self._inputs.values()):
            return
        alone = self._pair and len(self._broken_ns) == 1
        wait_s = min(BETWEEN_MAX_S, self._settings.spacing_m / SLOWEST_MPS) if alone else 0.0     # it may be between the two
        if at_ns - self._clear_ns < max(wait_s, self._settings.hold_s) * 1e9:
            return
        yield from self._beams.passed(at_ns, self._broken_ns, self._reverse)
        self.occupied, self._speed, self._reverse = False, None, None
        self._broken_ns.clear()
        self.counter += 1
        yield OccupancyEnd(at_ns, self.counter)
