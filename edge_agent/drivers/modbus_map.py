"""Any Modbus instrument, described by its profile alone: which register holds what.

    [modbus]
    word_order = "low-first"
    [[modbus.count]]                       # counts of a detector: cumulative, of one interval, or a rate
    detector = "Aa1"
    address = 104
    means = "cumulative"
    [[modbus.state]]                       # yes or no: occupied, tamper, mains-lost, gamma-alarm, ...
    says = "occupied"
    address = 102
    bit = 0

Without an `occupied` bit nothing tells of vehicles: the lane's mode must be continuous.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from edge_agent.doors import modbus
from edge_agent.tools.counting import Changes, Counting, Cumulative, Interval, Now, Pace, PerSecond, Restarted, Swapped
from edge_agent.tools.exchange import Exchange, Exchanges, trouble
from edge_agent.tools.registers import SIZE, Block, Image, blocks
from edge_agent.words.dialect import Outcome
from edge_agent.words.driver import Driver, Poll
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import said_by, worded
from edge_agent.words.reading import (
    Chunk,
    Condition,
    Health,
    Inputs,
    Missed,
    OccupancyEnd,
    Radiation,
    Reading,
    Sample,
    Speed,
    Unchanged,
    Unreadable,
)
from edge_agent.words.register_map import MEANINGS, UNKNOWN, CountRegister, InputBit, RegisterMap, StateBit, ValueRegister
from edge_agent.words.settings import LinkSettings, Profile

G, N = Radiation.GAMMA, Radiation.NEUTRON
#  what a bit says      condition, of which radiation
CONDITIONS = {
    "tamper": (Condition.TAMPER, ""), "mains-lost": (Condition.MAINS, ""), "battery-low": (Condition.BATTERY, ""),
    "portal-error": (Condition.DEVICE, ""),
    **{f"{part}-{name}": (condition, part) for part in ("gamma", "neutron") for name, condition in (
        ("over-range", Condition.OVER), ("not-ready", Condition.NOT_READY),
        ("high-background", Condition.HIGH_BACKGROUND), ("low-background", Condition.LOW_BACKGROUND))},
}  # fmt: skip
UNCHANGED_NS = 2 * 10**9         # below any silence_s; asked thrice as often as it renews, most answers are old
OVER = worded("the instrument says its detector is overloaded: a very strong source, keep away")


@dataclass(slots=True)
class _Detectors:
    """All detectors of one radiation: counted when each has been read anew."""

    fields: list[CountRegister]
    counting: Counting | None                   # None: no detector of this radiation
    fresh: dict[int, float] = field(default_factory=dict)       # by index: read since they were last counted


class MapDecoder:
    def __init__(self, profile: Profile) -> None:
        self._map = _map_of(profile)
        self._exchanges = Exchanges()
        self._of = {
            G: _detectors(profile.gamma, self._map, profile.gamma_interval_s),
            N: _detectors(profile.neutron, self._map, profile.neutron_interval_s),
        }
        self._states: dict[str, bool] = {}
        self._no_ns: dict[str, int] = {}        # state that is not over yet -> since when its contact says no
        self._speed_mps = self._told_mps = 0.0
        self._counter = 0               # ours, where the instrument has none
        self._theirs: int | None = None
        self._time_s: float | None = None
        self._number: int | None = None
        self._changes, self._pace, self._swapped = Changes(), Pace(), 0
        self._refused: set[bytes] = set()
        self._new_ns: int | None = None     # when an answer last told something

    def restart(self) -> None:
        """The wire was reopened.  Counters go on: what was counted meanwhile is one long sample."""
        self._exchanges.restart()
        self._states.clear()
        self._no_ns.clear()

    def feed(self, chunk: Chunk) -> Iterator[Reading]:
        for exchange in self._exchanges.feed(chunk.data):
            if isinstance(exchange, Exchange) and exchange.outcome in (Outcome.ANSWER, Outcome.REFUSED):
                yield from self._told(chunk.at_ns, tuple(self._answer(chunk.at_ns, exchange)))
            else:
                yield trouble(chunk.at_ns, exchange)

    def _told(self, at_ns: int, readings: tuple[Reading, ...]) -> Iterator[Reading]:
        """What an answer told; once in a while, that answers come and tell nothing."""
        if readings or self._new_ns is None:
            self._new_ns = at_ns
        elif at_ns - self._new_ns > UNCHANGED_NS:
            self._new_ns = at_ns
            yield Unchanged(at_ns)
        yield from readings

    def _answer(self, at_ns: int, exchange: Exchange) -> Iterator[Reading]:
        try:
            words = modbus.answer(exchange.question, exchange.answer)
            _, address, _ = modbus.asked(exchange.question)
            if isinstance(words, modbus.Refusal):
                yield from self._refusal(at_ns, exchange, words)
                return
            yield from self._heed(at_ns, Image(modbus.table(exchange.question), address, words))
            if exchange.question in self._refused:
                self._refused.discard(exchange.question)
                yield Health(at_ns, Condition.REFUSED, bool(self._refused))
        except ValueError as problem:
            yield Unreadable(at_ns, exchange.answer, said_by(problem), "value")

    def _refusal(self, at_ns: int, exchange: Exchange, refusal: modbus.Refusal) -> Iterator[Reading]:
        self._refused.add(exchange.question)
        _, address, count = modbus.asked(exchange.question)
        why = worded("{words} ({code}) when asked for {table} {address}, {n} of them; is the map right?", words=refusal.words,
                     code=refusal.code, table=modbus.table(exchange.question), address=address, n=count)
        yield Health(at_ns, Condition.REFUSED, True, why)

    def _heed(self, at_ns: int, image: Image) -> Iterator[Reading]:
        """States first: they say what the counts beside them belong to."""
        order = self._map.word_order
        for value in self._map.value:
            if image.holds(value.table, value.address, SIZE[value.type]):
                yield from self._value(at_ns, value, image.number(value.address, value.type, order))
        yield from self._heed_states(at_ns, image)
        inputs = tuple((each.name, image.bit(each.address, each.bit) is not each.inverted) for each in self._map.input
                       if image.holds(each.table, each.address, 1))
        if inputs:
            yield Inputs(at_ns, inputs)
        first = self._map.count[0] if self._map.count else None
        if first is not None and image.holds(first.table, first.address, 1):
            self._changes.read(at_ns, tuple(
                image.number(c.address, c.type, order) for c in self._map.count if image.holds(c.table, c.address, SIZE[c.type])
            ))
        for radiation, group in self._of.items():
            for index, count in enumerate(group.fields):
                if image.holds(count.table, count.address, SIZE[count.type]):
                    group.fresh[index] = image.number(count.address, count.type, order)
            if group.fields and len(group.fresh) == len(group.fields):
                yield from self._sample(at_ns, radiation, group)

    def _value(self, at_ns: int, about: ValueRegister, value: float) -> Iterator[Reading]:
        if about.says == "speed":
            self._speed_mps = value * about.scale
        elif about.says == "occupancy-counter":
            self._theirs = int(value)
        elif about.says == "time":
            self._time_s = value * about.scale
            if why := self._pace.doubt(at_ns, self._time_s):
                yield Health(at_ns, Condition.PROFILE, True, why)
        else:
            self._number = int(value)

    # --- states

    def _heed_states(self, at_ns: int, image: Image) -> Iterator[Reading]:
        seen: dict[str, bool] = {}
        steady_s: dict[str, float] = {}
        for state in self._map.state:
            if image.holds(state.table, state.address, 1):
                says = image.bit(state.address, state.bit) is not state.inverted
                seen[state.says] = seen.get(state.says, False) or says      # two beams: either one broken
                steady_s[state.says] = max(steady_s.get(state.says, 0.0), state.steady_s)
        for name, says in seen.items():
            before = self._states.get(name)
            if says:
                self._no_ns.pop(name, None)
            elif before and self._bounces(at_ns, name, steady_s[name]):
                continue
            self._states[name] = says
            if says is not before:
                yield from self._changed(at_ns, name, says, before)
        if not self._states.get("occupied"):
            self._told_mps = 0.0
        elif self._speed_mps not in (0.0, self._told_mps):
            self._told_mps = self._speed_mps
            yield Speed(at_ns, self._speed_mps)

    def _bounces(self, at_ns: int, name: str, steady_s: float) -> bool:
        """Whether a no has not stood for long enough to be one."""
        return at_ns - self._no_ns.setdefault(name, at_ns) < steady_s * 1e9

    def _changed(self, at_ns: int, name: str, says: bool, before: bool | None) -> Iterator[Reading]:
        if name in CONDITIONS:
            condition, part = CONDITIONS[name]
            detail = OVER if condition is Condition.OVER else worded("the instrument says {state}", state=name.replace("-", " "))
            yield Health(at_ns, condition, says, detail if says else "", part)
        elif name == "occupied" and before:
            self._counter += 1
            yield OccupancyEnd(at_ns, self._counter if self._theirs is None else self._theirs)

    # --- counts

    def _sample(self, at_ns: int, radiation: Radiation, group: _Detectors) -> Iterator[Reading]:
        values = [group.fresh[index] for index in range(len(group.fields))]
        group.fresh.clear()
        assert group.counting is not None
        try:
            counted = group.counting.take(Now(at_ns, self._time_s, self._number, self._changes.newest), values)
        except (Restarted, Swapped) as problem:
            condition = Condition.PROFILE if isinstance(problem, Swapped) else Condition.POWER_CYCLE
            self._swapped += condition is Condition.PROFILE         # one alone is a bit that turned over
            wrong = condition is Condition.PROFILE and self._swapped > 1
            more = worded(": the profile has the wrong word_order") if wrong else ""
            why = worded("{radiation}: {problem}{more}", radiation=worded(radiation.value), problem=problem, more=more)
            yield Health(at_ns, condition, True, why)
            return
        if counted is not None and (any(counted.counts) or not self._swapped):      # a 0 is a 0 in either order
            self._swapped = 0
            alarm = any(self._states.get(f"{radiation.value}-{name}", False) for name in ("alarm", "over-range"))
            occupied = self._states.get("occupied", False)
            yield Sample(at_ns, radiation, counted.interval_s, counted.counts, occupied, alarm)
            if counted.doubt:
                yield Health(at_ns, Condition.PROFILE, True, counted.doubt)


def polls(profile: Profile, link: LinkSettings) -> tuple[Poll, ...]:
    """Questions for every register of the map: states, then the rest; ValueError when one cannot be asked."""
    found = _map_of(profile)
    yes_or_no: list[StateBit | InputBit] = [*found.state, *found.input]
    bits = blocks((Block(s.table, s.address, 1) for s in yes_or_no if s.table in ("coil", "discrete")), modbus.BITS_MAX)
    others = [Block(s.table, s.address, 1) for s in yes_or_no if s.table in ("holding", "input")]
    others += [Block(c.table, c.address, SIZE[c.type]) for c in found.count]
    others += [Block(v.table, v.address, SIZE[v.type]) for v in found.value]
    asked = bits + blocks(others, modbus.REGISTERS_MAX, found.holes)
    return tuple(Poll(modbus.question(link.unit, b.table, b.address, b.count), found.poll_s) for b in asked)


def record_type(reading: Reading) -> str:
    """The wire has no record names of its own: what was read of it."""
    return "" if isinstance(reading, Unreadable | Missed | Unchanged) else type(reading).__name__.lower()


def _map_of(profile: Profile) -> RegisterMap:
    if profile.modbus is None:
        raise SettingsError(worded("the profile has no [modbus] table: it says which register holds what"))
    return profile.modbus


def _detectors(names: list[str], found: RegisterMap, interval_s: float) -> _Detectors:
    fields = []
    for name in names:
        of_it = [count for count in found.count if count.detector == name]
        if len(of_it) != 1:
            raise SettingsError(worded("modbus.count: {n} registers for detector {name}, expected one", n=len(of_it), name=name))
        fields += of_it
    if not fields:
        return _Detectors([], None)
    means = {count.means for count in fields}
    if len(means) > 1:
        raise SettingsError(worded("counts of {names}: one `means` for all of a radiation is expected", names=", ".join(names)))
    if means == {UNKNOWN}:
        raise SettingsError(worded("what the counts of {names} mean is not known of this instrument.\n"
            "  Watch it (edge-agent probe HOST|PORT --driver DRIVER --unit N), then say so in the lane: count_means, {meanings}",
            names=", ".join(names), meanings=", ".join(MEANINGS)))
    return _Detectors(fields, _counting(means.pop(), [count.type for count in fields], interval_s, found))


def _counting(means: str, kinds: list[str], interval_s: float, found: RegisterMap) -> Counting:
    says = {value.says for value in found.value}
    if means == "per-second":
        return PerSecond(found.poll_s)
    if means == "interval":
        if not says & {"time", "interval-number"}:
            raise SettingsError(worded('counts of an interval need a modbus.value "time" or "interval-number"'))
        return Interval(interval_s)
    if any(kind not in ("u16", "u32") for kind in kinds):
        raise SettingsError(worded("a cumulative count is u16 or u32: a float forgets single counts above 16 million"))
    if found.step_s and "time" not in says and found.poll_s > found.step_s / 3:
        raise SettingsError(worded("poll_s = {s:g}: expected a third of {step:g} s or less", s=found.poll_s, step=found.step_s))
    return Cumulative(kinds, 0.0 if "time" in says else found.step_s, found.poll_s / 2)


DRIVER = Driver(
    title="Modbus instrument described by its profile",
    decoder=MapDecoder,
    status="experimental",
    links=("modbus-tcp", "modbus-rtu", "modbus-rtu-tcp"),
    record_type=record_type,
    polls=polls,
)
