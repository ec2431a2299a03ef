"""Counts looked at before they are judged: whether they fit the profile, and what they say of the wire they came by."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.judgement.faults import FaultBook
from edge_agent.judgement.flow import Flow
from edge_agent.judgement.plausible import Plausible
from edge_agent.judgement.rules import Rules
from edge_agent.judgement.tally import Tally
from edge_agent.words.event import Event
from edge_agent.words.language import worded
from edge_agent.words.reading import Condition, Sample, VacantRate
from edge_agent.words.settings import Profile

MIN_S, MAX_S = 0.01, 600.0      # interval of a sample that the kernel takes (native/ea_lane.h)
SPOILED = worded("no detector counts so, and the line has unreadable records: a digit turned over on it. Mend the line; every "
                 "count stays in every sum, so an alarm stands until a survey meter has shown that nothing is there")
OVER = worded("a very strong source, KEEP DISTANCE, measure with a survey meter from afar")


class Scrutiny:
    """Of one lane.  Nothing here stops a count that fits: it only tells."""

    def __init__(self, profile: Profile, rules: Rules, tally: Tally, faults: FaultBook) -> None:
        self._profile, self._rules, self._tally, self._faults = profile, rules, tally, faults
        self._flow = Flow()
        self._plausible = Plausible()

    def restart(self) -> None:
        """A vehicle came or went, the wire was opened: the cadence of samples begins anew."""
        self._flow.restart()

    def fits(self, sample: Sample) -> bool:
        """Whether the profile allows these counts."""
        expected = len(self._rules.detectors[sample.radiation])
        within = max(sample.counts, default=0) <= self._profile.count_max and MIN_S <= sample.interval_s <= MAX_S
        return len(sample.counts) == expected and within

    def refuse(self, sample: Sample) -> Iterator[Event]:
        """Counted and told."""
        self._tally.refused += 1
        yield from self._faults.begin(
            sample.at_ns, Condition.PROFILE.value,
            worded("{radiation} counts {counts} in {seconds:g} s do not fit the profile {title!r}",
                   radiation=worded(sample.radiation.value), counts=str(sample.counts), seconds=sample.interval_s,
                   title=self._profile.title),
            fades=True,
        )

    def refuse_rate(self, rate: VacantRate) -> Iterator[Event]:
        """A vacant rate of another number of detectors."""
        self._tally.refused += 1
        why = worded("{n} {radiation} rates", n=len(rate.rates_cps), radiation=worded(rate.radiation.value))
        yield from self._faults.begin(rate.at_ns, Condition.PROFILE.value, why, fades=True)

    def unreadable(self, at_ns: int) -> None:
        """A line came that is none."""
        self._plausible.unreadable(at_ns)

    def doubt(self, reading: Sample | VacantRate) -> Iterator[Event]:
        """Counts that the line may have spoiled: said, and passed over by the state of health; every rule takes them."""
        suspects = self._plausible.suspects(reading)
        self._rules.doubt(reading.radiation, suspects)
        if not suspects:
            return
        self._tally.suspect += 1
        counts = reading.counts if isinstance(reading, Sample) else reading.rates_cps
        names = self._rules.detectors[reading.radiation]
        told = ", ".join(f"{names[at]} {counts[at]}" for at in suspects)
        why = worded("{told}: {why}", told=told, why=SPOILED)
        yield from self._faults.begin(reading.at_ns, Condition.SPOILED.value, why, fades=True)

    def look(self, sample: Sample) -> Iterator[Event]:
        """What a sample that fits tells of the wire and of the field's end."""
        most = max(sample.counts, default=0)
        if most == self._profile.count_max:         # the end of its field: what is beyond cannot be told
            name = f"{sample.radiation.value}-{Condition.OVER.value}"
            why = worded("{counts} counts, the most that can be told: {over}", counts=most, over=OVER)
            yield from self._faults.begin(sample.at_ns, name, why, fades=True)
        if self._flow.twice(sample):
            self._tally.twice += 1
            why = worded("the same sample came twice at once")
            yield from self._faults.begin(sample.at_ns, Condition.TWICE.value, why, fades=True)
        if missing := self._flow.missing(sample):
            self._tally.missing += missing
            why = worded("{n} {radiation} samples that were due never came", n=missing, radiation=worded(sample.radiation.value))
            yield from self._faults.begin(sample.at_ns, Condition.MISSING.value, why, fades=True)
        if sample.late:
            self._tally.late += 1
            why = worded("records came in a burst; they are back-spaced")
            yield from self._faults.begin(sample.at_ns, Condition.LATE.value, why, fades=True)
