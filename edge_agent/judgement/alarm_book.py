"""From a crossing to an alarm: one per rule, radiation and occupancy, named, explained, with what else had fired."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from edge_agent.judgement.explain import Explainer
from edge_agent.judgement.health import Health
from edge_agent.judgement.passage import Passage
from edge_agent.judgement.rules import Rules
from edge_agent.judgement.tally import Tally
from edge_agent.tools.model_file import ModelFile
from edge_agent.words.event import Alarm, Judgement, MeasuredDose
from edge_agent.words.reading import Radiation, Sample
from edge_agent.words.settings import LaneSettings

# A rule that stays up is one alarm, in a vacant lane and in an occupancy: of a stuck beam many pass.  It is another one
LATCH_NS = 60 * 10**9           # after a minute in which it was down: near its threshold a rule flickers;
CLEAR_NS = 15 * 10**9           # where it is far above, after the time of three records of the slowest wire (5 s);
FAR = 1.5                       # times the threshold: no flicker comes there (7.6 sigma at 5.1);
LOUDER = 2.0                    # in the vacant lane, or this many times as strong as what alarmed, CLEAR_NS ago or longer
OF_A_MOMENT = ("ksigma/", "focus/", "neutron/", "vendor")       # rules that say what is there now
JITTER = 0.5                    # of an interval: an answer on a shared line comes up to 45 ms of 200 late (the post of docs/
                                # instruments.md), and its interval does not say so; a sample more in a window is a whole one
TAIL_NS = 2 * 10**9             # a vehicle is still seen so long after the beam is free: 4 m at 8 km/h; a strong or slow one for
                                # CLEAR_NS at most (8 m at 2 km/h), never again FAR above the least it came down to;
RISEN = 1.25                    # then a window that began with it only falls: at 2 km/h it had risen to 1.19 times (simulated)


@dataclass(slots=True)
class _Up:
    """A rule that crossed in the vacant lane.  Strength: statistic over threshold; 0: not known."""

    seen_ns: int
    alarmed_ns: int
    strength: float

    def goes_on(self, at_ns: int, strength: float) -> bool:
        """Whether this crossing is still the same alarm."""
        if _was_over(self.seen_ns, at_ns, strength):
            return False
        if at_ns - self.alarmed_ns <= CLEAR_NS:                 # it may still rise to its height
            self.strength = max(self.strength, strength)
        return strength < LOUDER * self.strength or not self.strength


@dataclass(frozen=True, slots=True)
class _Gone:
    """The vehicle that left last; of each rule that still sees it, when it did so last and the least strength since."""

    id: str
    end_ns: int
    fired: set[tuple[str, Radiation]]
    fading: dict[tuple[str, Radiation], tuple[int, float]] = field(default_factory=dict)

    def is_seen(self, sample: Sample, judgement: Judgement) -> bool:
        """Whether a crossing is still this vehicle: its window holds a sample of it in the beam, or it fades.  What stays or
        rises in a window that begins when the beam was free is not."""
        key, strength = (judgement.rule, sample.radiation), _strength(judgement.statistic, judgement.threshold)
        interval_ns = round(sample.interval_s * 1e9)
        from_ns, left_ns = sample.at_ns - interval_ns, self.end_ns + TAIL_NS
        begins_ns = sample.at_ns - round(judgement.window_s * 1e9)
        holds = begins_ns + interval_ns < self.end_ns - JITTER * interval_ns
        seen_ns, least = self.fading.get(key, (left_ns if from_ns <= self.end_ns + CLEAR_NS else 0, strength))
        if from_ns > left_ns:
            in_sight = from_ns <= min(self.end_ns + CLEAR_NS, seen_ns + TAIL_NS)
            risen = FAR if from_ns <= self.end_ns + CLEAR_NS else RISEN
            if not holds and (not (in_sight or (seen_ns and begins_ns < left_ns)) or strength >= risen * least):
                return False
            strength = min(strength, least)
        self.fading[key] = sample.at_ns, strength
        return True


class AlarmBook:
    """What has alarmed in one lane."""

    def __init__(
        self, lane: LaneSettings, rules: Rules, health: Health, tally: Tally, new_id: Callable[[], str],
        model: ModelFile | None,
    ) -> None:
        self._lane, self._rules, self._health, self._tally, self._new_id = lane, rules, health, tally, new_id
        self._explainer = Explainer(model, rules.sums, bool(lane.alarm.shadow_threshold))
        self.pace = self._explainer.pace
        self._vacant_up: dict[tuple[str, Radiation], _Up] = {}
        self._gone: _Gone | None = None

    def crossed(self, sample: Sample, judgement: Judgement, passage: Passage | None) -> Iterator[Alarm]:
        """The alarm of a crossing; nothing where the same rule has alarmed already."""
        also = tuple(sorted((rule, radiation.value) for rule, radiation in self._up(sample.at_ns, passage)))
        left = None if passage else self._left_by(sample, judgement)
        if not self._first(judgement, sample, passage, left):
            return
        background = self._rules.background(sample.radiation, sample.at_ns)
        explanation = self._explainer.explain(
            judgement, sample, self._tally.occupancies + 1 if passage else 0, background.exposure_s if background else 0.0
        )
        alarm = Alarm(
            sample.at_ns, self._lane.name, self._new_id(), sample.radiation, judgement,
            dict(zip(self._rules.detectors[sample.radiation], sample.counts, strict=False)),
            self._rules.background_cps(sample.radiation, sample.at_ns),
            passage.id if passage else None, passage.speed_mps if passage else None,
            self._notes(sample, left), explanation, also,
        )
        self._tally.alarms[judgement.rule] += 1
        if passage:
            passage.alarms.append(alarm.id)
        yield alarm

    def dosed(self, at_ns: int, rule: str, dose: MeasuredDose, note: str = "") -> Iterator[Alarm]:
        """The alarm of an instrument that gives a dose rate and no counts: its statistic and threshold are in its own unit."""
        key = (f"{rule} {note}", Radiation.GAMMA)
        if not self._newly_up(key, at_ns, _strength(dose.value, dose.limit)):
            return
        statistic = dose.value if dose.limit is not None else None
        self._tally.alarms[rule] += 1
        judgement = Judgement(rule, statistic, dose.limit, 0.0, 0, None, None, ())
        yield Alarm(
            at_ns, self._lane.name, self._new_id(), Radiation.GAMMA, judgement, {}, {}, None, None, (note,) if note else (),
            dose=dose,
        )

    def closed(self, passage: Passage, at_ns: int) -> None:
        """The vehicle has left: what its counts still make cross is its own."""
        self._gone = _Gone(passage.id, at_ns, set(passage.fired))

    def _left_by(self, sample: Sample, judgement: Judgement) -> _Gone | None:
        """The vehicle that has just left, where the window still holds counts of it in the beam, or it is still seen."""
        return self._gone if self._gone is not None and self._gone.is_seen(sample, judgement) else None

    def _first(self, judgement: Judgement, sample: Sample, passage: Passage | None, left: _Gone | None) -> bool:
        """One alarm per rule and radiation for as long as it goes on; what tests a whole vehicle, one per occupancy."""
        key = (judgement.rule, sample.radiation)
        fired = passage.fired if passage else left.fired if left else None
        if fired is not None:
            first = key not in fired
            fired.add(key)
            again = passage is not None and self._again(passage, key, sample.at_ns, judgement)
            return first or again
        return self._newly_up(key, sample.at_ns, _strength(judgement.statistic, judgement.threshold))

    def _again(self, passage: Passage, key: tuple[str, Radiation], at_ns: int, judgement: Judgement) -> bool:
        """Whether it had alarmed in this occupancy, and what made it was gone: in a stuck beam the next vehicle's source."""
        seen_ns, passage.crossed_ns[key] = passage.crossed_ns.get(key), at_ns
        strength = _strength(judgement.statistic, judgement.threshold)
        return seen_ns is not None and judgement.rule.startswith(OF_A_MOMENT) and _was_over(seen_ns, at_ns, strength)

    def _newly_up(self, key: tuple[str, Radiation], at_ns: int, strength: float) -> bool:
        up = self._vacant_up.get(key)
        if up is not None and up.goes_on(at_ns, strength):
            up.seen_ns = at_ns
            return False
        self._vacant_up[key] = _Up(at_ns, at_ns, strength)
        return True

    def _up(self, at_ns: int, passage: Passage | None) -> set[tuple[str, Radiation]]:
        """Rules that have alarmed in this occupancy, or stand in the vacant lane since the last one left."""
        if passage:
            return set(passage.fired)
        since_ns = max(at_ns - LATCH_NS, self._gone.end_ns if self._gone else 0)
        return {key for key, up in self._vacant_up.items() if up.seen_ns >= since_ns}

    def _notes(self, sample: Sample, left: _Gone | None) -> tuple[str, ...]:
        notes = ["late delivery"] if sample.late else []
        if left:
            notes.append(f"counts of the vehicle that has just left are in it ({left.id})")
        if not self._lane.panels_verified:
            notes.append("panels unverified")
        return (*notes, *self._health.notes(sample))


def _was_over(seen_ns: int, at_ns: int, strength: float) -> bool:
    """Whether a rule that crosses now was down for long enough since it crossed last."""
    return at_ns - seen_ns > (CLEAR_NS if strength >= FAR else LATCH_NS)


def _strength(statistic: float | None, threshold: float | None) -> float:
    return statistic / threshold if statistic is not None and threshold else 0.0
