"""Whether a lane's traffic is still the traffic its shadow model was learned on.

Three tests of each passage that did not alarm, each a CUSUM:

* depth     how much deeper than the model's mean it shadows, in the model's own sigmas, up or down.  New kinds of vehicles
            and another geometry show here within tens of passages, long before they alarm.
* misfit    chi-square of what shadow and source leave: other shapes than the model knows, counts that scatter.
* tail      the statistic itself: one in ten clean passages lay above the tail's beginning when it was learned.

A CUSUM of log likelihood ratios crosses ln(n) by chance less than once in n passages (Lorden 1971).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from edge_agent.tools.kernel_values import Shadow
from edge_agent.words.language import joined, mark, worded

ONCE_IN = 1_000_000             # passages without a change: with 1000 a day, one false flag in three years
RAISED_AT = math.log(ONCE_IN)
BEFORE, AFTER = 0.10, 0.20      # share of passages in the tail as learned (its 90 % quantile), and what must be found
UP, DOWN = math.log(AFTER / BEFORE), math.log((1 - AFTER) / (1 - BEFORE))
SHIFT = 0.5                     # sigmas of the mean: half a sigma deeper costs false alarms within their own scatter
FAR = 4.0                       # one passage counts as so many sigmas at most: a truck among cars is no change

CHANGED = (mark("deeper"), mark("shallower"), mark("other shapes"), mark("the test is high too often"))


class Traffic:
    """Fed with the shadow test of each passage that did not alarm.  `learned`: the model file's own figures of it."""

    def __init__(self, learned: Mapping[str, float]) -> None:
        self._learned = learned
        self._sums = dict.fromkeys(CHANGED, 0.0)

    def passed(self, seen: Shadow) -> str:
        """Take one passage; what has changed, "" for nothing."""
        depth, misfit = self._sigmas("depth", seen.depth), self._sigmas("misfit", seen.misfit)
        gains = {
            "deeper": SHIFT * (depth - SHIFT / 2), "shallower": SHIFT * (-depth - SHIFT / 2),
            "other shapes": SHIFT * (misfit - SHIFT / 2),
            "the test is high too often": UP if seen.statistic > self._learned["tail"] else DOWN,
        }
        for what, gain in gains.items():
            self._sums[what] = max(0.0, self._sums[what] + gain)
        return joined(", ", (worded(what) for what, total in self._sums.items() if total >= RAISED_AT))

    def _sigmas(self, name: str, value: float) -> float:
        found = (value - self._learned[f"{name}_mean"]) / max(1e-6, self._learned[f"{name}_sd"])
        return min(FAR, max(-FAR, found))
