"""What an alarm means in numbers and words: how often chance alone would do it, how sure we are, which side.

False alarms are of clean traffic: no source, no radioactive cargo, no patient.  Every rule has a law of its own:

* shadow test, and FOCuS in a lane that has learned: the tail of the lane's own clean passages (judgement/learning_tail.py,
  in the model file), times its passages a day.
* FOCuS else: crossings per second of counting, measured with steady background (constants below), times the
  lane's seconds of counting a day.
* neutron template: measured with cosmic-ray showers (constants below), times the lane's passages a day.
* compatibility rule and neutrons: the exact probability of such a look by chance, times the lane's looks a day.
  Looks overlap, so this is an upper bound; for neutrons 0.4 to 0.8 of it was measured (docs/decisions/0002).

Pure, no numpy: the daemon explains each alarm as it comes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from edge_agent.tools.model_file import ModelFile, TailLaw
from edge_agent.tools.source_place import side_of
from edge_agent.words.event import Explanation, Judgement
from edge_agent.words.reading import Radiation, Sample

DAY_S = 86_400.0
# Of a lane watched for less than this nothing is known of its day: it is taken as busy (passages as in judgement/traffic.py)
# and as counting all day.  A rate too high makes an alarm look less sure, never surer.
WATCHED_LEAST_S, BUSY_PER_DAY = 600.0, 1000.0
# Crossings of FOCuS per second of counting = RATE exp(-(T^2 - BEGINS^2) / SCALE).  Measured on 400 000 clean passages each
# (native/out/simulate focus 400000 120 1 STAND 0 4300 0, STAND 3, 10, 30 s; also 1 kcps, and sparse rates): at T = 4.0,
# 4.6, 5.1, 5.4 per second 6.2e-4, 5.2e-5, 4.9e-6, 1.1e-6, in proportion to the time; the law gives 6.2e-4, 5.1e-5,
# 4.9e-6, 1.1e-6.  In the vacant lane (simulate vacant 3000 1000) 0.44 a day at 5.1; the law 0.43.
FOCUS_BEGINS, FOCUS_RATE, FOCUS_SCALE = 4.0, 6.2e-4, 2.07
PASSAGE_S = 10.0                # of a passage where a budget is stated per passage: as docs/decisions/0002
NEUTRON_SUMS = 1                # windows of a look overlap so much that one look is one trial (docs/decisions/0002)
# Neutron template: at 4.25 with the showers assumed 2.2e-4 of passages cross (docs/decisions/0005); without them 1.1e-4 at 4.1
# and 6e-5 at 4.25, which fall as exp(-T^2/2) does.  100 000 passages were measured: what is rarer is not known.
TEMPLATE_AT, TEMPLATE_RATE, TEMPLATE_RAREST = 4.25, 2.2e-4, 1e-5
# Tails are known as far as they were measured, about 1e-6 per passage; whatever is rarer is shown as this.
RAREST_PER_DAY = 1e-6
# (at most so many false alarms a day, word): what people mean by rare.  Definition: docs/replay.md, "How sure".
CONFIDENCE = ((1 / 3652.5, "very high"), (1 / 30.4, "high"), (1.0, "medium"), (math.inf, "low"))


@dataclass(slots=True)
class Pace:
    """How busy a lane is, from its own samples.  Times are CLOCK_BOOTTIME ns."""

    first_ns: int | None = None
    samples: dict[Radiation, int] = field(default_factory=lambda: dict.fromkeys(Radiation, 0))
    counting_s: dict[Radiation, float] = field(default_factory=lambda: dict.fromkeys(Radiation, 0.0))

    def heard(self, at_ns: int) -> None:
        """The lane is watched from its first reading on."""
        self.first_ns = at_ns if self.first_ns is None else self.first_ns

    def took(self, sample: Sample) -> None:
        self.samples[sample.radiation] += 1
        self.counting_s[sample.radiation] += sample.interval_s

    def short(self, at_ns: int) -> bool:
        """Watched for too short a time to know the lane's day."""
        return self._watched_s(at_ns) < WATCHED_LEAST_S

    def per_day(self, number: float, at_ns: int) -> float:
        """So many until now, as a day's worth."""
        return number * DAY_S / max(self._watched_s(at_ns), WATCHED_LEAST_S)

    def passages(self, number: int, at_ns: int) -> float:
        """Of so many until now, a day."""
        return max(self.per_day(number, at_ns), BUSY_PER_DAY) if self.short(at_ns) else self.per_day(number, at_ns)

    def counting(self, sample: Sample, vacant: bool) -> tuple[float, float]:
        """(s of counting, looks) a day.  A vacant lane is looked at all day, however it was until now."""
        if vacant or self.short(sample.at_ns):
            return DAY_S, DAY_S / sample.interval_s
        return tuple(self.per_day(held[sample.radiation], sample.at_ns)     # type: ignore[return-value]
                     for held in (self.counting_s, self.samples))

    def _watched_s(self, at_ns: int) -> float:
        return (at_ns - (at_ns if self.first_ns is None else self.first_ns)) / 1e9


class Explainer:
    """Explains alarms of one lane.  `sums`: panel sums of the compatibility rule; `own_shadow`: not the model's threshold."""

    def __init__(self, model: ModelFile | None, sums: int, own_shadow: bool) -> None:
        self._tails = model.tails if model else {}
        self._budgets = model.budgets if model else {}
        self._own_shadow, self._sums = own_shadow, sums
        self.pace = Pace()

    def explain(self, judgement: Judgement, sample: Sample, occupancies: int, exposure_s: float) -> Explanation:
        """`occupancies`: passages until now, this one included, 0 in the vacant lane; `exposure_s`: behind the background."""
        rule = judgement.rule.partition("/")[0]
        side = side_of(judgement.place.get("across_m"))
        if judgement.statistic is None or judgement.threshold is None:
            return Explanation(side=side)
        per_day, basis = self._per_day(rule, judgement, sample, occupancies, exposure_s)
        per_day = None if per_day is None else max(per_day, RAREST_PER_DAY)
        budget = self._budget(rule, judgement.threshold, sample.interval_s) if occupancies else None      # it is per passage
        return Explanation(budget, _short(per_day), confidence(per_day), side, basis)

    def _per_day(
        self, rule: str, judgement: Judgement, sample: Sample, occupancies: int, exposure_s: float
    ) -> tuple[float | None, str]:
        statistic = judgement.statistic or 0.0
        tail = self._tails.get("glrt" if rule == "shadow" else rule)
        if tail is not None and occupancies and statistic >= tail.begins:
            passages = self.pace.passages(occupancies, sample.at_ns)
            return tail.rate(statistic) * passages, f"tail of the lane's own clean passages, {passages:.3g} passages a day"
        counting_s, looks = self.pace.counting(sample, not occupancies)
        if rule == "focus":
            return focus_per_s(statistic) * counting_s, f"measured law of FOCuS, {counting_s:.3g} s of counting a day"
        if rule == "ksigma" and judgement.expected is not None:
            chance = predictive_tail(judgement.counts, judgement.expected, exposure_s / judgement.window_s)
            return chance * looks * self._sums, f"exact chance of a look, at most {looks * self._sums:.3g} looks a day"
        if rule == "neutron":
            return normal_tail(statistic) * looks * NEUTRON_SUMS, f"exact chance of a look, at most {looks:.3g} looks a day"
        if rule == "neutron-template":
            passages = self.pace.passages(occupancies, sample.at_ns)
            return max(TEMPLATE_RAREST, template_rate(statistic)) * passages, (
                f"measured law of the neutron template with showers, {passages:.3g} passages a day; known to 1e-5 a passage")
        return None, ""

    def _budget(self, rule: str, threshold: float, interval_s: float) -> float | None:
        """False alarms per passage the threshold stands for; None for the compatibility rule: its N is the site's habit."""
        if rule == "shadow":
            stated = None if self._own_shadow else self._budgets.get("glrt")
            return _short(stated if stated is not None else self._beyond("glrt", threshold))
        if rule == "focus":
            learned = self._beyond("focus", threshold)
            return _short(learned if learned is not None else focus_per_s(threshold) * PASSAGE_S)
        if rule == "neutron-template":
            return _short(template_rate(threshold))
        return _short(normal_tail(threshold) * PASSAGE_S / interval_s) if rule == "neutron" else None

    def _beyond(self, name: str, threshold: float) -> float | None:
        tail: TailLaw | None = self._tails.get(name)
        return tail.rate(threshold) if tail is not None and threshold >= tail.begins else None


def focus_per_s(statistic: float) -> float:
    """Clean crossings per second of counting; at most those at 4.0, below which the law was not measured."""
    return FOCUS_RATE * math.exp(-max(0.0, statistic**2 - FOCUS_BEGINS**2) / FOCUS_SCALE)


def template_rate(statistic: float) -> float:
    """Clean passages whose neutron template is at least so high, showers included."""
    return min(1.0, TEMPLATE_RATE * math.exp((TEMPLATE_AT**2 - statistic**2) / 2.0))


def normal_tail(z: float) -> float:
    """P(a standard normal is above z)."""
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def predictive_tail(counts: int, expected: float, exposure_ratio: float) -> float:
    """P(so many counts or more by chance), the background being known from `expected * exposure_ratio` vacant counts only.

    Poisson counts of a rate with a Gamma posterior: exact, and the background's own error is in it.  `exposure_ratio`:
    vacant counting time over the window's.
    """
    if counts <= 0 or not expected > 0.0 or not exposure_ratio > 0.0:
        return 1.0
    shape, share = expected * exposure_ratio + 1.0, 1.0 / (1.0 + exposure_ratio)
    if counts <= expected:              # no rule alarms there
        return 1.0
    log_first = (
        math.lgamma(shape + counts) - math.lgamma(shape) - math.lgamma(counts + 1.0)
        + shape * math.log1p(-share) + counts * math.log(share)
    )
    total = term = 1.0
    number = counts
    while term > 1e-12 * total:         # terms fall by a factor that is below 1 and falling
        term *= (shape + number) / (number + 1.0) * share
        number += 1
        total += term
    return min(1.0, math.exp(log_first) * total)


def confidence(per_day: float | None) -> str | None:
    """A word for how rarely chance alone would do this in this lane; None where nothing is known."""
    if per_day is None:
        return None
    return next(word for most, word in CONFIDENCE if per_day <= most)


def _short(value: float | None) -> float | None:
    """Two digits: no law of ours is known better."""
    return None if value is None else float(f"{value:.2g}")
