"""From a crossing to an alarm: one per rule, radiation and occupancy, named, explained, with what else had fired."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from edge_agent.judgement.explain import Explainer
from edge_agent.judgement.health import Health
from edge_agent.judgement.passage import Passage
from edge_agent.judgement.rules import Rules
from edge_agent.judgement.tally import Tally
from edge_agent.tools.model_file import ModelFile
from edge_agent.words.event import Alarm, Judgement, MeasuredDose
from edge_agent.words.reading import Radiation, Sample
from edge_agent.words.settings import LaneSettings

VACANT_LATCH_NS = 60 * 10**9     # in a vacant lane a rule that stays up is one alarm until it was down for a minute


class AlarmBook:
    """What has alarmed in one lane."""

    def __init__(
        self, lane: LaneSettings, rules: Rules, health: Health, tally: Tally, new_id: Callable[[], str],
        model: ModelFile | None,
    ) -> None:
        self._lane, self._rules, self._health, self._tally, self._new_id = lane, rules, health, tally, new_id
        self._explainer = Explainer(model, rules.sums, bool(lane.alarm.shadow_threshold))
        self.pace = self._explainer.pace
        self._vacant_up: dict[tuple[str, Radiation], int] = {}      # rule alarmed in the vacant lane -> last seen up

    def crossed(self, sample: Sample, judgement: Judgement, passage: Passage | None) -> Iterator[Alarm]:
        """The alarm of a crossing; nothing where the same rule has alarmed already."""
        also = tuple(sorted((rule, radiation.value) for rule, radiation in self._up(sample.at_ns, passage)))
        if not self._first(judgement.rule, sample, passage):
            return
        background = self._rules.background(sample.radiation, sample.at_ns)
        explanation = self._explainer.explain(
            judgement, sample, self._tally.occupancies + 1 if passage else 0, background.exposure_s if background else 0.0
        )
        alarm = Alarm(
            sample.at_ns, self._lane.name, self._new_id(), sample.radiation, judgement,
            dict(zip(self._rules.detectors[sample.radiation], sample.counts, strict=False)),
            self._rules.background_cps(sample.radiation, sample.at_ns),
            passage.id if passage else None, passage.speed_mps if passage else None, self._notes(sample),
            explanation, also,
        )
        self._tally.alarms[judgement.rule] += 1
        if passage:
            passage.alarms.append(alarm.id)
        yield alarm

    def dosed(self, at_ns: int, rule: str, dose: MeasuredDose, note: str = "") -> Iterator[Alarm]:
        """The alarm of an instrument that gives a dose rate and no counts: its statistic and threshold are in its own unit."""
        key = (f"{rule} {note}", Radiation.GAMMA)
        if not self._newly_up(key, at_ns):
            return
        statistic = dose.value if dose.limit is not None else None
        self._tally.alarms[rule] += 1
        judgement = Judgement(rule, statistic, dose.limit, 0.0, 0, None, None, ())
        yield Alarm(
            at_ns, self._lane.name, self._new_id(), Radiation.GAMMA, judgement, {}, {}, None, None, (note,) if note else (),
            dose=dose,
        )

    def _first(self, rule: str, sample: Sample, passage: Passage | None) -> bool:
        """One alarm per rule, radiation and occupancy; in the vacant lane, one until the rule was down for a while."""
        key = (rule, sample.radiation)
        if passage:
            first = key not in passage.fired
            passage.fired.add(key)
            return first
        return self._newly_up(key, sample.at_ns)

    def _newly_up(self, key: tuple[str, Radiation], at_ns: int) -> bool:
        last = self._vacant_up.get(key)
        self._vacant_up[key] = at_ns
        return last is None or at_ns - last > VACANT_LATCH_NS

    def _up(self, at_ns: int, passage: Passage | None) -> set[tuple[str, Radiation]]:
        """Rules that have alarmed in this occupancy, or stand in the vacant lane."""
        if passage:
            return set(passage.fired)
        return {key for key, last_ns in self._vacant_up.items() if at_ns - last_ns <= VACANT_LATCH_NS}

    def _notes(self, sample: Sample) -> tuple[str, ...]:
        notes = ["late delivery"] if sample.late else []
        if not self._lane.panels_verified:
            notes.append("panels unverified")
        return (*notes, *self._health.notes(sample))
