"""Thresholds from a budget of false alarms per passage, not from a sigma someone liked (detection.md 3.5).

The tail of T^2 of clean passages is taken as exponential above the 90 % quantile and fitted by maximum likelihood,
truncated at the present threshold: a passage that alarmed is left out whatever anyone called it later, so cargo that
alarms cannot raise the threshold.  What stays below the threshold can, a little: see tests/learning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_agent.judgement.learning import Floats, LearningRefused
from edge_agent.words.language import worded

QUANTILE = 0.90                 # the tail begins here (detection.md 3.5)
LEAST_IN_TAIL = 100             # exceedances: the scale is then known to 10 %
GLRT_SHARE = 0.9                # of the budget; the rest is FOCuS (docs/decisions/0010)
SCALE_MAX_RANGES = 50.0         # a tail this flat over the range it is seen in cannot be told from a uniform one
FLATTEST = 0.49                 # of the range: the mean of an exponential cut there; 0.5 is a uniform one
FLAT_BEGINS = 0.05              # the flat part EM begins with
BEYOND = 0.1                    # of the rate: where the model's own passages cross less often, ten sites of 10 000 have one;
                                # what lies there at a first lesson is cargo (docs/decisions/0004)
CLEAN_LEAST = 0.5               # of what lies in the tail; below it nothing is known of clean passages
ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Tail:
    """P(T > t) = share exp(-(t^2 - begins^2) / scale) for t above `begins`."""

    begins: float
    share: float
    scale: float
    passages: int
    in_tail: int

    def threshold(self, rate: float) -> float:
        """Where clean passages cross with this rate."""
        if not 0.0 < rate < self.share:
            raise LearningRefused(worded(
                "a rate between 0 and {share:.3g} per passage is needed, not {rate}", share=self.share, rate=rate))
        return math.sqrt(self.begins**2 + self.scale * math.log(self.share / rate))

    def surely(self, rate: float) -> float:
        """The threshold less the error of its scale, 1/sqrt(in_tail) of it: what so many passages do tell."""
        scale = self.scale * (1.0 - 1.0 / math.sqrt(self.in_tail))
        return math.sqrt(self.begins**2 + scale * (self.threshold(rate) ** 2 - self.begins**2) / self.scale)

    def rate(self, threshold: float) -> float:
        """Clean crossings per passage at a threshold in the tail."""
        return self.share * math.exp(-max(0.0, threshold**2 - self.begins**2) / self.scale)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a budget asks for.  `threshold` is for use; `less_sensitive` needs a person's signature (detection.md 3.5)."""

    rate: float                 # of this rule's part of the budget, per passage
    measured: float             # from the site's own passages
    floor: float                # what the null distribution of this lane's geometry is sure to ask for
    threshold: float            # the larger of the two
    present: float
    less_sensitive: bool
    rate_at_present: float      # false alarms per passage if nothing is changed
    tail: Tail


def tail(statistics: Floats | Sequence[float], present: float = math.inf) -> Tail:
    """The tail of passages that did not alarm at `present`; values at or above it are left out."""
    t = np.asarray(statistics, float)
    if t.ndim != 1 or not np.all(np.isfinite(t)):
        raise LearningRefused(worded("statistics are finite numbers, one per passage"))
    clean = t[t < present]
    if len(clean) * (1.0 - QUANTILE) < LEAST_IN_TAIL:
        raise LearningRefused(worded(
            "{clean} passages without an alarm; {ceil} are needed",
            clean=len(clean), ceil=math.ceil(LEAST_IN_TAIL / (1.0 - QUANTILE))))
    begins = float(np.quantile(clean, QUANTILE))
    if not begins > 0:
        raise LearningRefused(worded("nine of ten statistics are not above zero: they are not of this rule"))
    excess = clean[clean > begins] ** 2 - begins**2
    if len(excess) < LEAST_IN_TAIL or not excess.max() > 0:
        raise LearningRefused(worded("the statistics do not vary: they are not of passages"))
    scale, part = _fit(clean[clean > begins], begins, present)
    share = _share(part * len(excess) / len(clean), present**2 - begins**2, scale)
    return Tail(begins, share, scale, len(clean), len(excess))


def calibrate(
    statistics: Floats | Sequence[float], null: Floats | Sequence[float], present: float, rate: float
) -> Calibration:
    """`null`: the statistic of simulated passages without any source, for this lane's geometry and model.

    A rule that was not in force alarmed of nothing, so all cargo is among its statistics.  Where the model's own passages
    hardly ever are they are cut, as an alarm would have; not where a lane's tail is too flat to be fitted below that.
    """
    clean = tail(null)
    seen = _below(statistics, present, clean.threshold(BEYOND * rate))
    measured, floor = seen.threshold(rate), clean.surely(rate)
    threshold = max(measured, floor)
    return Calibration(
        rate, measured, floor, threshold, present, threshold > present, seen.rate(present), seen
    )


def _below(statistics: Floats | Sequence[float], present: float, cut: float) -> Tail:
    if cut < present:
        try:
            return tail(statistics, cut)
        except LearningRefused:
            pass                        # as far as it was seen, then: without a cut all that can be wrong is too careful
    return tail(statistics, present)


def split(budget: float, glrt_armed: bool) -> tuple[float, float]:
    """The budget's parts for GLRT and FOCuS; all of it is FOCuS's where there is no GLRT."""
    if not 0.0 < budget <= 0.1:
        raise LearningRefused(worded(
            "a budget of false alarms per passage is above 0 and at most 0.1, not {budget}", budget=budget))
    return (GLRT_SHARE * budget, (1.0 - GLRT_SHARE) * budget) if glrt_armed else (0.0, budget)


def _fit(t: Floats, begins: float, present: float) -> tuple[float, float]:
    """(scale, part that is clean) of statistics between `begins` and `present`.

    Cargo that does not alarm lies among them, strengths of any size: a part that is flat in T beside the exponential
    in T^2.  Both are fitted (EM); without it 2 % of NORM in the passages make the threshold a tenth of the budget.
    """
    excess = t**2 - begins**2
    if math.isinf(present):
        return float(excess.mean()), 1.0
    cut, flat = present**2 - begins**2, 1.0 / (2.0 * t * (present - begins))
    scale, clean = _scale(min(float(excess.mean()), FLATTEST * cut), cut), 1.0 - FLAT_BEGINS
    for _ in range(ROUNDS):
        exponential = np.exp(-excess / scale) / (scale * -math.expm1(-cut / scale))
        weight = clean * exponential / (clean * exponential + (1.0 - clean) * flat)
        clean = float(weight.mean())
        scale = _scale(min(float(weight @ excess / weight.sum()), FLATTEST * cut), cut)
    if clean < CLEAN_LEAST or scale > cut:          # it does not fall by e over the range it is seen in
        raise LearningRefused(worded(
            "the statistics do not thin out towards the present threshold: it is too low to fit a tail below it, or what "
            "passes is not clean"))
    return scale, clean


def _scale(mean: float, cut: float) -> float:
    """Maximum likelihood of an exponential seen only below `cut`: mean = scale - cut / (exp(cut / scale) - 1)."""
    low, high = mean, SCALE_MAX_RANGES * cut
    for _ in range(60):
        scale = math.sqrt(low * high)
        expected = scale - cut / math.expm1(min(cut / scale, 700.0))
        low, high = (scale, high) if expected < mean else (low, scale)
    return math.sqrt(low * high)


def _share(seen: float, cut: float, scale: float) -> float:
    """The part of all clean passages above the tail's beginning, those above the cut (left out) included."""
    above = 0.0 if math.isinf(cut) else math.exp(-cut / scale)
    return seen / (1.0 - above + seen * above)
