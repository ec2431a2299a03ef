"""Whether a lane's traffic is still the traffic its shadow model was learned on.

Deeper shadows, new panels or rain the model never saw make the shadow test high too often, and its false alarms with it.
One in ten clean passages lay above the tail's beginning when it was learned; a binomial CUSUM looks for two in ten.
"""

from __future__ import annotations

import math

BEFORE, AFTER = 0.10, 0.20      # share of passages in the tail as learned (its 90 % quantile), and what must be found
UP, DOWN = math.log(AFTER / BEFORE), math.log((1 - AFTER) / (1 - BEFORE))
# A CUSUM of log likelihood ratios crosses ln(n) by chance less than once in n passages (Lorden 1971): here once in
# 100 000, and after a doubling it needs about 11.5 / 0.044 = 260 passages.
RAISED_AT = math.log(100_000)


class Traffic:
    """Fed with the shadow test's statistic of each passage that did not alarm."""

    def __init__(self, tail_begins: float) -> None:
        self._begins = tail_begins
        self._sum = 0.0

    def passed(self, statistic: float) -> bool:
        """Take one passage; whether the traffic has changed."""
        self._sum = max(0.0, self._sum + (UP if statistic > self._begins else DOWN))
        return self.changed

    @property
    def changed(self) -> bool:
        return self._sum >= RAISED_AT
