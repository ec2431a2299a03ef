"""Tests of a whole vehicle: each second while it is in the lane, and once it has left.  Every look counts in the budget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from edge_agent.judgement.alarm_book import AlarmBook
from edge_agent.judgement.faults import FaultBook
from edge_agent.judgement.modes import shadow_off
from edge_agent.judgement.passage import Passage
from edge_agent.judgement.rules import FOCUS, Rules
from edge_agent.judgement.tally import Tally
from edge_agent.judgement.traffic import Traffic
from edge_agent.tools.model_file import ModelFile
from edge_agent.words.event import Event
from edge_agent.words.language import worded
from edge_agent.words.reading import Condition, Radiation, Sample, VacantRate
from edge_agent.words.settings import LaneSettings

LOOK_EVERY_NS = 10**9            # a look inside a passage costs about a millisecond of CPU; a second of vehicle is 2 m at 8 km/h
# A stand is looked at each 1/64 of its age: looks grow dearer with it (4 ms at 256 bins, 20 on a small ARM board), and what
# moves off again is judged whole at its end.  FOCuS looks at every sample.
RARER_AFTER = 64
LOOK_LATEST_NS = 10 * 10**9
Last = Mapping[Radiation, Sample | VacantRate]      # what was heard last of each radiation


class Looks:
    """Of one lane."""

    def __init__(
        self, lane: LaneSettings, rules: Rules, faults: FaultBook, alarms: AlarmBook, tally: Tally, model: ModelFile | None
    ) -> None:
        self._rules, self._faults, self._alarms, self._tally = rules, faults, alarms, tally
        self.shadow_off = shadow_off(lane, model)       # why, for people; "" where the test is on
        self._traffic = Traffic(model.traffic) if model and model.traffic else None
        self.found: dict[str, object] | None = None     # where the newest vehicle's source is, of its whole passage
        self._next_ns = 0

    def inside(self, sample: Sample, passage: Passage, last: Last) -> Iterator[Event]:
        """After a sample of a vehicle in the lane."""
        if sample.radiation is Radiation.GAMMA and sample.at_ns >= self._next_ns:
            stood_ns = sample.at_ns - passage.begin_ns
            self._next_ns = sample.at_ns + min(max(LOOK_EVERY_NS, stood_ns // RARER_AFTER), LOOK_LATEST_NS)
            yield from self._look(passage, last)

    def at_end(self, at_ns: int, passage: Passage, last: Last) -> Iterator[Event]:
        """The vehicle is whole now: the tests that see most."""
        self._tally.shadow_silent += not self.shadow_off and self._rules.shadow_seen() is None
        yield from self._look(passage, last)
        yield from self._carry(passage, last)
        self.found = {"occupancy": passage.id, "sources": passage.sources()}
        yield from self._compare(at_ns, passage)

    def _look(self, passage: Passage, last: Last) -> Iterator[Event]:
        if not passage.counts:
            return
        for radiation, judgement, crossed in self._rules.looks(passage.counts.get(Radiation.NEUTRON)):
            passage.saw(judgement)
            passage.places[judgement.rule] = judgement.place
            sample = last.get(radiation)
            if crossed and isinstance(sample, Sample):
                yield from self._alarms.crossed(sample, judgement, passage)

    def _carry(self, passage: Passage, last: Last) -> Iterator[Event]:
        """A vehicle the shadow test had nothing to say of (it stood, it pulled a trailer) has the whole budget for FOCuS."""
        found, sample = passage.strongest.get(FOCUS), last.get(Radiation.GAMMA)
        less = self._rules.focus_alone_less
        if not less or found is None or not isinstance(sample, Sample) or self._rules.shadow_seen() is not None:
            return
        threshold = (found.threshold or 0.0) - less
        if (found.statistic or 0.0) >= threshold:
            yield from self._alarms.crossed(sample, replace(found, threshold=threshold), passage)

    def _compare(self, at_ns: int, passage: Passage) -> Iterator[Event]:
        """A model is right only for the traffic it was learned on; a person decides what follows."""
        seen = self._rules.shadow_seen()
        if self._traffic is None or passage.fired or seen is None:
            return
        changed = self._traffic.passed(seen)
        if changed:
            yield from self._faults.begin(
                at_ns, Condition.TRAFFIC.value,
                worded("vehicles no longer shadow as they did when the model was learned ({changed}): learn again",
                       changed=changed),
            )
        else:
            yield from self._faults.end(at_ns, Condition.TRAFFIC.value)
