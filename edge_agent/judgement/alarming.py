"""Alarms of one lane: one per rule, radiation and occupancy; what each deserves to say beside its numbers.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from edge_agent.judgement.health import Health
from edge_agent.judgement.passage import Passage
from edge_agent.judgement.rules import Rules
from edge_agent.judgement.tally import Tally
from edge_agent.words.event import Alarm, Judgement
from edge_agent.words.reading import Radiation, Sample
from edge_agent.words.settings import LaneSettings

VACANT_LATCH_NS = 60 * 10**9     # in a vacant lane a rule that stays up is one alarm until it was down for a minute


class Alarms:
    """Makes the alarms; `new_id` names them, unique for ever under one log."""

    def __init__(self, lane: LaneSettings, rules: Rules, health: Health, tally: Tally, new_id: Callable[[], str]) -> None:
        self._lane, self._rules, self._health, self._tally, self._new_id = lane, rules, health, tally, new_id
        self._vacant_up: dict[tuple[str, Radiation], int] = {}      # rule alarmed in the vacant lane -> last seen up

    def of(self, sample: Sample, judgement: Judgement, passage: Passage | None) -> Iterator[Alarm]:
        """The alarm, where this crossing is the first of its rule."""
        if not self._first(judgement.rule, sample, passage):
            return
        alarm = Alarm(
            sample.at_ns, self._lane.name, self._new_id(), sample.radiation, judgement,
            dict(zip(self._rules.detectors[sample.radiation], sample.counts, strict=False)),
            self._rules.background_cps(sample.radiation, sample.at_ns),
            passage.id if passage else None,
            passage.speed_mps if passage else None,
            self._notes(sample),
        )
        self._tally.alarms[judgement.rule] += 1
        if passage:
            passage.alarms.append(alarm.id)
        yield alarm

    def _first(self, rule: str, sample: Sample, passage: Passage | None) -> bool:
        """One alarm per rule, radiation and occupancy; in the vacant lane, one until the rule was down for a while."""
        key = (rule, sample.radiation)
        if passage:
            first = key not in passage.fired
            passage.fired.add(key)
            return first
        last = self._vacant_up.get(key)
        self._vacant_up[key] = sample.at_ns
        return last is None or sample.at_ns - last > VACANT_LATCH_NS

    def _notes(self, sample: Sample) -> tuple[str, ...]:
        notes = ["late delivery"] if sample.late else []
        if not self._lane.panels_verified:
            notes.append("panels unverified")
        return (*notes, *self._health.notes(sample))
