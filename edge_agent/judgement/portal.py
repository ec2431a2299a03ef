"""One portal judged: readings in, events out.  Pure: the same readings give the same events, live or replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from edge_agent.judgement.agreement import Agreement
from edge_agent.judgement.alarm_book import AlarmBook
from edge_agent.judgement.cadence import Cadence
from edge_agent.judgement.door import Door
from edge_agent.judgement.dose import Dose
from edge_agent.judgement.faults import FaultBook
from edge_agent.judgement.gate import by_gate
from edge_agent.judgement.health import Health as StateOfHealth
from edge_agent.judgement.looks import Looks
from edge_agent.judgement.modes import CONTINUOUS
from edge_agent.judgement.passage import Passage, less_judged
from edge_agent.judgement.rules import Rules
from edge_agent.judgement.scrutiny import Scrutiny
from edge_agent.judgement.speeds import Speeds, usable
from edge_agent.judgement.tally import Tally
from edge_agent.tools.model_file import ModelFile
from edge_agent.tools.occupancy import TABLE, Input, Move, State
from edge_agent.words.event import Event, Judgement
from edge_agent.words.language import mark, worded
from edge_agent.words.reading import (
    Condition,
    DoseRate,
    Health,
    Missed,
    OccupancyEnd,
    Radiation,
    Reading,
    Sample,
    Setup,
    Speed,
    Unchanged,
    Unreadable,
    VacantRate,
)
from edge_agent.words.settings import LaneSettings, Profile

STUCK = mark("occupied for {seconds:.0f} s: beam stuck or lane blocked; judged in continuous mode until it clears, where only a "
             "rise by a quarter is seen")
FADING = {Condition.LATE, Condition.COUNTER_GAP, Condition.POWER_CYCLE, Condition.UNREADABLE, Condition.PROFILE}


class Portal:
    """State of one lane.  `new_id` names alarms and occupancies, unique for ever under one log."""

    def __init__(
        self, lane: LaneSettings, profile: Profile, new_id: Callable[[], str], model: ModelFile | None = None
    ) -> None:
        self.lane, self.profile = lane, profile
        self.rules = Rules(lane, profile, model)
        self.tally = Tally()
        self.faults = FaultBook(lane.name)
        self.health = StateOfHealth(lane, profile, self.rules, self.faults)
        self.speeds = Speeds(self.faults)
        self.agreement = Agreement(profile, self.faults)
        self.scrutiny = Scrutiny(profile, self.rules, self.tally, self.faults)
        self.state = State.UNKNOWN
        self.passage: Passage | None = None
        self.cadence = Cadence(profile)
        self.door = Door(lane.name, self.faults)
        self.setup: dict[str, tuple[str, ...]] = {}
        self.last_counts: dict[Radiation, Sample | VacantRate] = {}
        self._new_id = new_id
        self._counter: int | None = None
        self.alarms = AlarmBook(lane, self.rules, self.health, self.tally, new_id, model)
        self.dose = Dose(profile, self.faults, self.alarms)
        self.looks = Looks(lane, self.rules, self.faults, self.alarms, self.tally, model)

    def observe(self, reading: Reading) -> Iterator[Event]:
        """Events that follow from one reading."""
        if isinstance(reading, Missed | Unchanged):         # nothing was heard, or nothing new
            self.tally.missed += isinstance(reading, Missed)
            self.cadence.asked(reading)
            return
        if self.lane.occupancy is None or not by_gate(reading):         # its own wire may be dead while vehicles pass
            self.cadence.heard(reading.at_ns, getattr(reading, "radiation", None), not isinstance(reading, Unreadable))
        self.alarms.pace.heard(reading.at_ns)
        yield from self._silence(reading.at_ns)
        match reading:
            case Sample():
                yield from self._sample(reading)
            case VacantRate():
                yield from self._vacant_rate(reading)
            case DoseRate():
                yield from self.dose.observe(reading)
            case Speed():
                if self.passage:
                    yield from self._speed(self.passage, reading)
            case OccupancyEnd():
                yield from self._step(reading.at_ns, Input.END, reading.counter)
                yield from self._count_on(reading)
            case Health():
                yield from self._health(reading)
            case Setup():
                yield from self._setup(reading)
            case Unreadable():
                self.tally.unreadable += 1
                self.scrutiny.unreadable(reading.at_ns)
                self.tally.line.update([reading.kind] if reading.kind else [])
                yield from self.faults.begin(reading.at_ns, Condition.UNREADABLE.value, self.cadence.spoiled(reading), fades=True)
        yield from self._look_after(reading.at_ns)

    def tick(self, at_ns: int) -> Iterator[Event]:
        """Events that follow from time alone: silence, an occupancy that does not end."""
        yield from self.faults.fade(at_ns)
        yield from self._silence(at_ns)
        yield from self._look_after(at_ns)
        if self.cadence.gone(at_ns):
            yield from self._step(at_ns, Input.LOST, None)
        if self.passage and at_ns - self.passage.begin_ns > self.profile.overdue_s * 1e9:
            yield from self._close(at_ns, "overdue", None)
            self.rules.relearn(at_ns, stuck=True)
            yield from self.faults.begin(at_ns, Condition.OVERDUE.value, worded(STUCK, seconds=self.profile.overdue_s))

    def _silence(self, at_ns: int) -> Iterator[Event]:
        """Silence on a wire that is open; a wire that is not is a fault of its own."""
        broken = self.faults.holds(Condition.LINK.value)
        for condition, detail, present in self.cadence.overdue(at_ns, self._occupied_ns(at_ns)):
            if present and not broken:
                yield from self.faults.begin(at_ns, condition, detail)
            elif not present:
                yield from self.faults.end(at_ns, condition)

    def _occupied_ns(self, at_ns: int) -> int | None:
        """Since when a vehicle is known to be here; one overdue: 0."""
        if self.state is not State.OCCUPIED:
            return None
        return self.passage.begin_ns if self.passage else 0

    def knows(self, radiation: Radiation) -> bool:
        """Whether what was last heard of a radiation may be shown as live."""
        return not any(map(self.faults.holds, (Condition.SILENCE.value, Condition.LINK.value, f"{radiation.value}-silence")))

    def lost(self, at_ns: int, why: str) -> Iterator[Event]:
        """The wire broke, or could not be opened."""
        yield from self.faults.begin(at_ns, Condition.LINK.value, why)
        yield from self._look_after(at_ns, lost=True)       # before what is in the lane is given up
        yield from self._step(at_ns, Input.LOST, None)

    def opened(self, at_ns: int) -> Iterator[Event]:
        """The wire is open; silence is counted from here."""
        self.cadence.opened(at_ns)
        yield from self.faults.end(at_ns, Condition.LINK.value)

    def stop(self, at_ns: int) -> Iterator[Event]:
        """The agent ends: an occupancy in the lane is written as far as it was seen."""
        if self.passage:
            yield from self._close(at_ns, "stopped", None)

    # --- occupancy

    def _step(self, at_ns: int, what: Input, counter: int | None, radiation: Radiation | None = None) -> Iterator[Event]:
        if self.lane.mode == CONTINUOUS:        # no passages: whatever the wire calls it
            return
        step = TABLE[self.state, what]
        self.state = step.state
        if step.move is not Move.NOTHING:
            self.scrutiny.restart()
        if step.move in (Move.BEGIN, Move.JOIN, Move.EMPTY):
            self.passage = Passage(self._new_id(), at_ns, step.move is Move.JOIN)
            self.speeds.begin()
            self.passage.backgrounds = self.rules.backgrounds(at_ns)
            self.rules.begin(at_ns, radiation if step.move is Move.BEGIN else None)
        if step.move is Move.CLOSE and self.passage is None:    # it was overdue, and written
            self.rules.relearn(at_ns, stuck=False)
            yield from self.faults.end(at_ns, Condition.OVERDUE.value)
        elif step.move in (Move.CLOSE, Move.EMPTY):
            yield from self._close(at_ns, step.reason, counter)

    def _close(self, at_ns: int, reason: str, counter: int | None) -> Iterator[Event]:
        assert self.passage is not None
        self.rules.end(at_ns)
        yield from self.looks.at_end(at_ns, self.passage, self.last_counts)
        occupancy = self.passage.close(at_ns, self.lane.name, reason, counter, self.health.out_of_service)
        ours = {radiation for rule, radiation in self.passage.fired if rule != "vendor"}
        vendor = {radiation for rule, radiation in self.passage.fired if rule == "vendor"}
        self.tally.disagreements += ours != vendor
        self.tally.occupancies += 1
        closed, self.passage = self.passage, None
        self.alarms.closed(closed, at_ns)
        yield occupancy
        yield from self.agreement.closed(at_ns, closed)
        for condition, why in less_judged(occupancy):
            yield from self.faults.begin(at_ns, condition, why, fades=True)
        yield from self.faults.end(at_ns, Condition.OVERDUE.value)

    def _speed(self, passage: Passage, reading: Speed) -> Iterator[Event]:
        yield from self.speeds.take(reading)
        if usable(reading):
            passage.speed_mps, passage.reverse = reading.speed_mps, reading.reverse
            self.rules.speed(reading.at_ns, reading.speed_mps)

    def _count_on(self, end: OccupancyEnd) -> Iterator[Event]:
        """A jump of the portal's counter is occupancies we did not see; it starts again daily and at power-up."""
        previous, self._counter = self._counter, end.counter
        if previous is not None and end.counter > previous + 1:
            missed = end.counter - previous - 1
            self.tally.missed_occupancies += missed
            why = worded("the portal counted {n} occupancies that did not reach us", n=missed)
            yield from self.faults.begin(end.at_ns, Condition.COUNTER_GAP.value, why, fades=True)

    # --- counts

    def _sample(self, sample: Sample) -> Iterator[Event]:
        if not self.scrutiny.fits(sample):
            yield from self.scrutiny.refuse(sample)
            if sample.vendor_alarm:     # ours can add, never veto
                yield from self._alarm(sample, self.rules.vendor(sample))
            return
        self.tally.samples += 1
        self.alarms.pace.took(sample)
        self.last_counts[sample.radiation] = sample
        yield from self.scrutiny.doubt(sample)
        yield from self.scrutiny.look(sample)
        yield from self._step(
            sample.at_ns, Input.SCAN if sample.occupied else Input.BACKGROUND, None, sample.radiation
        )
        if self.passage:
            names, doubted = self.rules.detectors[sample.radiation], self.rules.doubted(sample.radiation)
            self.passage.add(sample, names, self.health.out_of_service, doubted)
        if sample.vendor_alarm:
            yield from self._alarm(sample, self.rules.vendor(sample))
        for judgement, crossed in self.rules.judge(sample):
            self.tally.judged += sample.radiation is Radiation.GAMMA
            if self.passage:
                self.passage.saw(judgement)
            if crossed:
                yield from self._alarm(sample, judgement)
        if self.passage:
            yield from self.looks.inside(sample, self.passage, self.last_counts)

    def _alarm(self, sample: Sample, judgement: Judgement) -> Iterator[Event]:
        yield from self.alarms.crossed(sample, judgement, self.passage)

    def _vacant_rate(self, rate: VacantRate) -> Iterator[Event]:
        yield from self._step(rate.at_ns, Input.BACKGROUND, None)
        yield from self._limits(rate)
        if len(rate.rates_cps) != len(self.rules.detectors[rate.radiation]):
            yield from self.scrutiny.refuse_rate(rate)
            return
        self.last_counts[rate.radiation] = rate
        yield from self.scrutiny.doubt(rate)
        for judgement, crossed in self.rules.learn(rate):
            self.tally.judged += rate.radiation is Radiation.GAMMA
            if crossed:
                yield from self._alarm(self.rules.as_sample(rate), judgement)

    def _limits(self, rate: VacantRate) -> Iterator[Event]:
        for limit in (Condition.HIGH_BACKGROUND, Condition.LOW_BACKGROUND):
            name = f"{rate.radiation.value}-{limit.value}"
            if rate.limit is limit:
                why = worded("the portal reports it: {rates} counts/s", rates=str(rate.rates_cps))
                yield from self.faults.begin(rate.at_ns, name, why)
            else:
                yield from self.faults.end(rate.at_ns, name)

    # --- health

    def _look_after(self, at_ns: int, *, lost: bool = False) -> Iterator[Event]:
        """State of health; an over-range is an alarm too, once for the vehicle it came with."""
        yield from self.health.look(at_ns, lost=lost)
        for radiation in self.health.overloaded:
            sample = self.last_counts.get(radiation)
            judgement = self.health.overload(sample) if isinstance(sample, Sample) else None
            if isinstance(sample, Sample) and judgement is not None:
                yield from self._alarm(sample, judgement)

    def _health(self, health: Health) -> Iterator[Event]:
        if health.condition is Condition.TAMPER:
            yield from self.door.take(health)
            return
        name = f"{health.part}-{health.condition.value}" if health.part else health.condition.value
        if health.condition is Condition.OCCUPANCY:
            yield from self._unknown(health)
        if health.present and health.condition is Condition.ALARM:
            yield from self.dose.vendor(health)
        if health.present:
            yield from self.faults.begin(health.at_ns, name, health.detail, fades=health.condition in FADING)
        else:
            yield from self.faults.end(health.at_ns, name, health.detail)

    def _unknown(self, health: Health) -> Iterator[Event]:
        """Nobody knows what is in the lane, or it is known again: as of a stuck beam, the background is learned anew."""
        if health.present:
            yield from self._step(health.at_ns, Input.LOST, None)
        self.rules.relearn(health.at_ns, stuck=health.present)

    def _setup(self, setup: Setup) -> Iterator[Event]:
        """The portal's settings.  After counts they mean power-up or a change by someone; before any, a greeting."""
        self.setup[setup.tag] = setup.fields
        if self.last_counts:
            why = worded("the portal sent its settings: power-up, or changed by someone")
            yield from self.faults.begin(setup.at_ns, Condition.POWER_CYCLE.value, why, fades=True)
        yield from self._step(setup.at_ns, Input.RESTART, None)
