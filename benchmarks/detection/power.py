"""Thresholds at a false-alarm rate, detection against strength, and the strength seen in 95 % of passages, with errors.

Thresholds are quantiles of clean passages.  Where fewer than RANK_LEAST of them would lie above, the tail of T^2 above
the quantile with RANK_TAIL passages is taken as exponential, and the table says so (~).  Intervals: bootstrap over
source passages, and the threshold drawn anew with the scatter its rank has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

RANK_LEAST, RANK_TAIL = 15, 60
DRAWS = 200
NORMAL = NormalDist()


def grid(low: float = 60.0, high: float = 3600.0, steps: int = 20) -> np.ndarray:
    return np.geomspace(low, high, steps)


@dataclass(frozen=True)
class Measured:
    value: float
    low: float                          # 95 % interval
    high: float
    extrapolated: bool = False          # its threshold

    def __str__(self) -> str:
        if not math.isfinite(self.value):
            return "-"
        return f"{'~' if self.extrapolated else ''}{self.value:.0f} ({self.low:.0f}-{self.high:.0f})"


def threshold(clean: np.ndarray, rate: float) -> tuple[float, bool]:
    """Statistic that `rate` of clean passages exceed; True: from the tail's form."""
    return _quantile(_ordered(clean), rate)


def _ordered(clean: np.ndarray) -> np.ndarray:
    """Below 0 nothing is seen; a tail is of squares."""
    return np.sort(np.maximum(np.nan_to_num(clean, nan=0.0), 0.0))


def _quantile(t: np.ndarray, rate: float) -> tuple[float, bool]:
    rank = rate * len(t)
    if rank >= RANK_LEAST:
        below = min(int(len(t) - rank), len(t) - 2)
        return float(t[below] + (len(t) - rank - below) * (t[below + 1] - t[below])), False
    above = t[-RANK_TAIL:] ** 2
    begins = float(t[-RANK_TAIL - 1] ** 2)
    scale = float(above.mean() - begins)
    return math.sqrt(begins + scale * math.log(RANK_TAIL / rank)), True


def strength(cps: np.ndarray, detected: np.ndarray, wanted: float) -> float:
    """Where the detected share reaches `wanted`: straight in (log strength, normal quantile) between grid points."""
    share = np.maximum.accumulate(detected)
    if share[-1] < wanted:
        return math.inf
    j = int(np.argmax(share >= wanted))
    if j == 0:
        return float(cps[0])
    n = 20000.0                          # keeps 0 and 1 off the quantile's poles
    low, high = (NORMAL.inv_cdf(min(max(float(p), 0.5 / n), 1 - 0.5 / n)) for p in share[j - 1:j + 1])
    part = (NORMAL.inv_cdf(wanted) - low) / (high - low) if high > low else 1.0
    return float(math.exp(math.log(cps[j - 1]) + part * math.log(cps[j] / cps[j - 1])))


class Rule:
    """One rule, or several with the budget split between them, in one scene."""

    def __init__(self, name: str, clean: list[np.ndarray], source: list[np.ndarray], shares: list[float]) -> None:
        self.name, self.source, self.shares = name, source, shares           # source: passages x grid
        self.clean = [_ordered(t) for t in clean]

    def thresholds(self, rate: float) -> tuple[list[float], bool]:
        found = [_quantile(t, rate * share) for t, share in zip(self.clean, self.shares, strict=True)]
        return [t for t, _ in found], any(far for _, far in found)

    def detected(self, thresholds: list[float]) -> np.ndarray:
        hits = [np.nan_to_num(t, nan=0.0) >= level for t, level in zip(self.source, thresholds, strict=True)]
        out: np.ndarray = np.logical_or.reduce(hits)
        return out

    def at_strength(self, cps: np.ndarray, rate: float, wanted: float, rng: np.random.Generator) -> Measured:
        levels, far = self.thresholds(rate)
        value = strength(cps, self.detected(levels).mean(0), wanted)
        draws = []
        for _ in range(DRAWS):
            drawn = [self._scattered(t, rate * share, rng) for t, share in zip(self.clean, self.shares, strict=True)]
            rows = rng.integers(0, len(self.source[0]), len(self.source[0]))
            draws.append(strength(cps, self.detected(drawn)[rows].mean(0), wanted))
        return Measured(value, *(float(q) for q in np.quantile(draws, (0.025, 0.975), method="nearest")), far)

    @staticmethod
    def _scattered(clean: np.ndarray, rate: float, rng: np.random.Generator) -> float:
        rank = max(rate * len(clean), RANK_TAIL if rate * len(clean) < RANK_LEAST else 1.0)
        return _quantile(clean, min(0.5, rate * rng.gamma(rank) / rank))[0]


def fixed(cps: np.ndarray, source: np.ndarray, level: float, wanted: float, rng: np.random.Generator) -> Measured:
    """The same at a threshold nobody chose from a rate."""
    hit = source >= level
    draws = [strength(cps, hit[rng.integers(0, len(hit), len(hit))].mean(0), wanted) for _ in range(DRAWS)]
    low, high = (float(q) for q in np.quantile(draws, (0.025, 0.975), method="nearest"))
    return Measured(strength(cps, hit.mean(0), wanted), low, high)


def binomial_interval(hits: int, n: int) -> tuple[float, float]:
    """Wilson, 95 %."""
    z, p = 1.959964, hits / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
