"""State of health again, plainly: whole arrays of a vacant lane that never saw a vehicle, every sum taken anew.

Written from the head of native/health.c, not from its code.  Rows are samples of equal length, columns channels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

YEAR_S, FALSE_A_YEAR = 31557600.0, 0.1
PENDING, PREPARE = 3, 16
MEMORY_S, KNOWN = 600.0, 30.0
WINDOW_S, WINDOW_PAIRS = 60.0, 100
SLACK, SHIFT, LEARN = 0.025, 0.04, 100_000.0


def repeats(b: float, looks: float) -> int:
    """Smallest k with p(k) * looks below FALSE_A_YEAR, p as in detection.md 3.7."""
    return next(k for k in range(2, 65) if (2 * math.pi * b) ** (-(k - 1) / 2) / math.sqrt(k) * looks <= FALSE_A_YEAR or k == 64)


def scatter_limits(pairs: int, window_s: float, channels: int) -> tuple[float, float]:
    """Lowest and highest mean of (a-b)^2/(a+b) that is chance (Wilson and Hilferty)."""
    z = NormalDist().inv_cdf(1 - 0.5 * FALSE_A_YEAR / (channels * YEAR_S / window_s))
    v = 2 / (9 * pairs)
    return max(0.0, 1 - v - z * math.sqrt(v)) ** 3, (1 - v + z * math.sqrt(v)) ** 3


def seconds(counts: np.ndarray, interval_s: float) -> np.ndarray:
    """Counts of whole seconds, the last PENDING left out: they are still held back."""
    per = round(1 / interval_s)
    whole = counts[: len(counts) // per * per].reshape(-1, per, counts.shape[1]).sum(axis=1)
    return whole[: len(whole) - PENDING] if len(whole) > PENDING else whole[:0]


def rates(counts: np.ndarray, interval_s: float) -> np.ndarray:
    """The reference of each channel: a mean, after MEMORY_S of counting an exponential one."""
    rate = np.zeros(counts.shape[1])
    for n, row in enumerate(seconds(counts, interval_s), 1):
        rate += (row - rate) / min(n, MEMORY_S)
    return rate


def scatter(counts: np.ndarray, interval_s: float) -> np.ndarray:
    """Means of (a-b)^2/(a+b) in the last whole window; a window is of whole seconds and ends with the first of them in
    which there are both WINDOW_S and WINDOW_PAIRS.  Samples of at least ten counts are their own halves."""
    per = round(1 / interval_s)
    done = len(seconds(counts, interval_s)) * per
    a, b = counts[0 : done - 1 : 2].astype(float), counts[1:done:2].astype(float)
    terms = (a - b) ** 2 / (a + b)
    last, begin, n = np.zeros(counts.shape[1]), 0, 0
    for second in range(1, done // per + 1):
        pairs = second * per // 2
        n += 1
        if pairs - begin >= WINDOW_PAIRS and n >= WINDOW_S:
            last, begin, n = terms[begin:pairs].mean(axis=0), pairs, 0
    return last


SHARE_A_DAY, DAY_S, CAP = 1e-6, 86400.0, 2.0


@dataclass
class Shares:
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    aside: set[int]


def shares(counts: np.ndarray, interval_s: float) -> Shares | None:
    """Learned shares, and log likelihood ratios of each channel: q(1 -+ SHIFT) against q(1 -+ SLACK), q of those not set
    aside and itself.  The one that crosses by the most is set aside, and the others begin anew."""
    rows = seconds(counts, interval_s)
    learned = rows.cumsum(axis=0)
    ready = (learned >= LEARN).all(axis=1)
    if not ready.any():
        return None
    first, size = int(ready.argmax()), counts.shape[1]
    taught, limit = learned[first], math.log(4 * size * DAY_S / SHARE_A_DAY)
    found = Shares(taught / taught.sum(), np.zeros(size), np.zeros(size), set())
    for row in rows[first:]:                            # the second that completes the lesson is tested too
        for c in range(size):
            whole = [i for i in range(size) if i == c or i not in found.aside]
            q, n = taught[c] / taught[whole].sum(), row[whole].sum()
            for side, sign in ((found.low, -1), (found.high, 1)):
                q1, q2 = q * (1 + sign * SLACK), q * (1 + sign * SHIFT)
                ratio = row[c] * math.log(q2 / q1) + (n - row[c]) * math.log((1 - q2) / (1 - q1))
                side[c] = min(CAP * limit, max(0.0, side[c] + ratio))
        most = np.maximum(found.low, found.high)
        aside = {c for c in found.aside if most[c] > 0}
        left = [c for c in range(size) if c not in found.aside]
        if len(left) > 2 and most[left].max() >= limit:
            aside.add(max(left, key=lambda c: most[c]))
        if aside != found.aside:
            found.aside = aside
            for c in set(range(size)) - aside:
                found.low[c] = found.high[c] = 0.0
    return found
