"""The kernel's statistics again, plainly: numpy, lists that only grow, brute force over all windows.

Written from detection.md 3 and the contract, not from the C.  Slow on purpose: every sum is taken anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal, getcontext
from statistics import NormalDist

import numpy as np

getcontext().prec = 50

BIN_S, FULL_BINS = 1.0, 150.0
SPARSE_MAX_S, OLD, ENOUGH = 10.0, 3.0, 0.25
CALM_S = 5.0
HOLE_S = 5.0
WINDOWS_S = (0.6, 1.0, 1.6, 2.4, 3.6, 5.4, 8.0)
TINY_S = 1e-6


def focus_statistic(n, b, variance):
    """detection.md 3.2, arrays welcome.  y is taken as its distance from 1: written out, the formula cancels."""
    n, b = np.asarray(n, float), np.asarray(b, float)
    k = 1 + b * variance
    excess = np.maximum(n - b, 0.0)
    shift = 2 * excess * variance / (k + np.sqrt(k * k + 4 * excess * variance))       # y - 1
    mean = b * (1 + shift)
    u = 2 * excess / (k + np.sqrt(k * k + 4 * excess * variance)) / b                  # (n - mean) / mean
    fit = 2 * mean * ((1 + u) * np.log1p(u) - u)
    prior = shift * 2 * excess / (k + np.sqrt(k * k + 4 * excess * variance))
    return np.sqrt(fit + prior)


def focus_statistic_as_written(n, b, variance):
    """The formula of detection.md 3.2 in 50 digits, to judge the two stable forms by."""
    n, b, s2 = Decimal(n), Decimal(b), Decimal(variance)
    if n <= b:
        return 0.0
    y = (1 - b * s2 + ((b * s2 - 1) ** 2 + 4 * n * s2).sqrt()) / 2
    prior = (y - 1) ** 2 / (2 * s2) if s2 else Decimal(0)
    return float((2 * (n * (n / (b * y)).ln() - (n - b * y) + prior)).sqrt())


def best_window(counts, expected, variance):
    """Over all windows ending at the last sample: (statistic, length in samples)."""
    n, b = np.cumsum(counts[::-1]), np.cumsum(expected[::-1])
    t = np.where(n > b, focus_statistic(n, b, variance), 0.0)
    best = int(np.argmax(t))
    return float(t[best]), best + 1


def tail(n: int, m: float, odds: float) -> Decimal:
    """Chance of n or more counts in a window, given m in a background 1/odds times as long: I_p(n, m+1)."""
    p = Decimal(odds) / (1 + Decimal(odds))
    term = (1 - p) ** (Decimal(m) + 1)
    for i in range(1, n + 1):
        term *= (Decimal(m) + i) / i * p
    total, i = term, n
    while True:
        i += 1
        term *= (Decimal(m) + i) / i * p
        total += term
        if term < total * Decimal("1e-25"):
            return total


def quantile(p: Decimal) -> float:
    return -NormalDist().inv_cdf(float(p)) if p < Decimal("0.5") else 0.0


def poisson_clip(mean: float, interval_s: float) -> int:
    """Smallest c with P(N >= c) below 0.5 % (1e-4 for samples over 0.25 s); no clip above 50 expected."""
    if mean > 50:
        return 2**32 - 1
    limit = 5e-3 if interval_s <= 0.25 + TINY_S else 1e-4
    c = 1
    while -math.expm1(math.log(math.fsum(mean**k / math.factorial(k) for k in range(c))) - mean) >= limit:
        c += 1
    return c


@dataclass
class Bin:
    end_s: float
    parts: list = field(default_factory=list)             # (mid_s, exposure_s, span_s, counts)

    @property
    def span_s(self):
        return sum(part[2] for part in self.parts)


class Ring:
    """Vacant background of one radiation."""

    def __init__(self, length_s, guard_s, arm_s, level_sd, level_sd_per_min, slope_sd_per_min, suspect_s, channels, least):
        self.length_s, self.guard_s, self.arm_s = length_s, guard_s, arm_s
        self.level_sd, self.per_s, self.slope_sd = level_sd, level_sd_per_min / 60, slope_sd_per_min / 60
        self.suspect_s = suspect_s
        self.least = least                 # counts to be armed
        self.bin_s = max(BIN_S, length_s / FULL_BINS)
        self.bins: list[Bin] = []
        self.used = 0
        self.serving = np.ones(channels, bool)
        self.free_s = self.since_s = -math.inf
        self.suspect_since = None
        self.calm = []

    def add(self, t_s, exposure_s, counts):
        most = SPARSE_MAX_S if self.bins else exposure_s
        span = max(exposure_s, min(t_s - self.since_s, most))
        is_open = self.bins and (self.used < len(self.bins) or len(self.bins) == 1)
        if not is_open or self.bins[-1].span_s >= self.bin_s - TINY_S:
            self.bins.append(Bin(t_s))
        self.bins[-1].end_s = t_s
        self.bins[-1].parts.append((t_s - exposure_s / 2, exposure_s, span, np.array(counts, float)))
        self.since_s = t_s
        self.used = max(1, self.used)
        past_guard = sum(b.end_s <= t_s - self.guard_s + TINY_S for b in self.bins[:-1])
        if past_guard > self.used or len(self.bins) == 1:
            self.used = max(self.used, past_guard)
            self.evict()

    def evict(self):
        while self.used >= 2:
            rest = sum(b.span_s for b in self.bins[1 : self.used])
            full = rest + self.bins[0].span_s > self.length_s + TINY_S
            old = self.bins[0].end_s < self.bins[-1].end_s - OLD * self.length_s and rest >= ENOUGH * self.length_s
            if not (full or old):
                return
            self.bins.pop(0)
            self.used -= 1

    def takes(self, start_s, end_s):
        newest = self.bins[-1].end_s if self.bins else -math.inf
        return self.suspect_since is None and start_s >= self.free_s - TINY_S and end_s >= newest

    def begin(self, t_s):
        while len(self.bins) > 1 and self.bins[-1].end_s > t_s - self.guard_s:
            self.bins.pop()
        self.used = len(self.bins)
        self.evict()

    def end(self, t_s):
        self.free_s = t_s + self.guard_s
        self.since_s = max(self.since_s, self.free_s)

    def fit(self):
        """(totals, exposure, served counts, mid, end, slope per s, its variance), or None."""
        if not self.used:
            return None
        whole = [b.parts for b in self.bins[: self.used]]
        e = np.array([sum(p[1] for p in parts) for parts in whole])
        mid = np.array([sum(p[0] * p[1] for p in parts) for parts in whole]) / e
        x = np.array([sum(p[3] for p in parts) for parts in whole])
        served = x[:, self.serving].sum(axis=1)
        center = np.average(mid, weights=e)
        d, rate = mid - center, served.sum() / e.sum()
        slope = variance = 0.0
        if self.slope_sd > 0:
            variance = 1 / (rate * (e * d * d).sum() + self.slope_sd**-2)
            slope = (d * (served - rate * e)).sum() * variance
        return x.sum(axis=0), e.sum(), served.sum(), center, self.bins[self.used - 1].end_s, slope, variance

    def present(self, t_s):
        """(served rate, factor, relative variance, armed) at a moment."""
        got = self.fit()
        if got is None:
            return 0.0, 0.0, 0.0, False
        _, exposure, counts, mid, end_s, slope, slope_var = got
        ahead = min(t_s, end_s + self.length_s) - mid
        factor = min(2.0, max(0.5, 1 + slope * ahead))
        age = max(0.0, t_s - end_s)
        variance = self.level_sd**2 + (self.per_s * age) ** 2 + 1 / max(1.0, counts) + ahead**2 * slope_var
        return counts / exposure * factor, factor, variance, exposure >= self.arm_s - TINY_S and counts >= self.least

    def suspect(self, t_s, interval_s, counts, expected, crossed):
        """True where FOCuS has to begin anew."""
        if self.suspect_since is None:
            if crossed:
                self.suspect_since, self.calm = t_s, []
                self.begin(t_s)
            return False
        if t_s - self.suspect_since >= self.suspect_s:
            self.suspect_since, self.bins, self.used = None, [], 0
            return True
        self.calm.append((interval_s, counts, expected))
        seconds, counts, expected = map(sum, zip(*self.calm, strict=True))
        if seconds < CALM_S:
            return False
        self.calm = []
        if counts <= expected:
            self.suspect_since = None
        return self.suspect_since is None


class ReferenceLane:
    def __init__(self, s):
        self.s = s
        level = (s.level_sd, s.level_sd_per_min)
        self.gamma_ring = Ring(
            s.background_s, s.guard_s, s.arm_exposure_s, *level, s.slope_sd_per_min, s.suspect_s, s.panels, 1)
        self.neutron_ring = Ring(s.neutron_background_s, s.guard_s, s.neutron_arm_s, *level, 0.0, s.suspect_s, s.tubes, 0)
        self.groups = s.groups or ((1 << s.panels) - 1,)
        self.occupied_until = None         # None vacant, inf occupied, else end of hold-in
        self.window: list = []             # ksigma: (interval, counts)
        self.scan: list = []               # FOCuS: (start, interval, counts, expected)
        self.short_scan = True             # no window left out for its age
        self.tubes: list = []              # neutrons: (interval, clipped)
        self.records: list = []            # FOCuS over vacant rates, as scan
        self.short_records = True
        self.rate_tubes: list = []         # neutron windows over them, as tubes
        self.begun_s = math.inf
        self.last = [None, None]
        self.last_rate = [None, None]

    def beam(self, t_s, occupied):
        change = self.clock(t_s)
        if occupied:
            if self.occupied_until is None:
                change |= 1
                self.begun_s = t_s
                self.forget()
                self.gamma_ring.begin(t_s)
                self.neutron_ring.begin(t_s)
            self.occupied_until = math.inf
        elif self.occupied_until == math.inf:
            self.occupied_until = t_s + self.s.hold_in_s
            change |= self.clock(t_s)
        return change

    def clock(self, t_s):
        if self.occupied_until is None or t_s < self.occupied_until:
            return 0
        self.occupied_until = None
        self.forget()
        self.gamma_ring.end(t_s)
        self.neutron_ring.end(t_s)
        return 2

    def forget(self, radiations=(0, 1)):
        """Vacant records gathered so far stand in no later window; gamma samples neither."""
        if 0 in radiations:
            self.scan, self.short_scan, self.records, self.short_records = [], True, [], True
        if 1 in radiations:
            self.rate_tubes = []

    def rarer(self, t_s):
        """How many times rarer a crossing has to be in a stand: (u / stand_s)^2."""
        if self.occupied_until is None:
            return 1.0
        return max(1.0, (t_s - self.begun_s) / self.s.stand_s) ** 2

    def focus_threshold(self, t_s):
        """exp(-h^2/2) falls by that factor."""
        if self.occupied_until is None:
            return self.s.focus_vacant_threshold
        return math.sqrt(self.s.focus_threshold**2 + 2 * math.log(self.rarer(t_s)))

    def neutron_p(self, t_s):
        return self.s.neutron_vacant_p if self.occupied_until is None else self.s.neutron_p / self.rarer(t_s)

    def gap(self, radiation, t_s):
        """Seconds since the sample before; 0 before the first."""
        last = self.last[radiation]
        self.last[radiation] = t_s
        return 0.0 if last is None else t_s - last

    def ksigma(self, interval_s, counts):
        """(statistic, counts, expected) of the largest group, or None."""
        self.window = [*self.window, (interval_s, np.array(counts))][-self.s.ksigma_intervals :]
        fit = self.gamma_ring.fit()
        if fit is None or fit[2] <= 0 or len(self.window) < self.s.ksigma_intervals:
            return None
        seconds = sum(part[0] for part in self.window)
        total = sum(part[1] for part in self.window)
        scores = []
        for mask in self.groups:
            chosen = np.array([bool(mask >> i & 1) for i in range(self.s.panels)]) & self.gamma_ring.serving
            n, b = total[chosen].sum(), fit[0][chosen].sum() * seconds / fit[1]
            if b > 0:
                scores.append(((n - b) / math.sqrt(b), n, b))
        return max(scores, key=lambda score: score[0]) if scores else None

    def gamma(self, t_s, interval_s, counts):
        """(ksigma triple or None, FOCuS (statistic, armed, exact))."""
        gap = self.gap(0, t_s)
        if gap > 3 * interval_s + 0.25:
            self.window = []
        if gap > max(3 * interval_s + 0.25, HOLE_S):
            self.scan, self.short_scan = [], True
        ring = self.gamma_ring
        rate, _, variance, armed = ring.present(t_s)
        old = self.ksigma(interval_s, counts)
        n, b = float(np.array(counts)[ring.serving].sum()), rate * interval_s
        best = 0.0
        vacant = self.occupied_until is None
        if armed:
            self.scan.append((t_s - interval_s, interval_s, n, b))
            if vacant:
                kept = [w for w in self.scan if w[0] >= t_s - min(ring.length_s, self.s.focus_window_s)]
                self.short_scan &= len(kept) == len(self.scan)
                self.scan = kept
            best, _ = best_window(np.array([w[2] for w in self.scan]), np.array([w[3] for w in self.scan]), variance)
        else:
            self.scan, self.short_scan = [], True
        exact = self.short_scan
        if vacant:
            if ring.suspect(t_s, interval_s, n, b, best >= self.focus_threshold(t_s)):
                self.forget([0])
            if ring.takes(t_s - interval_s, t_s):
                ring.add(t_s, interval_s, counts)
        return old, (best, armed, exact)

    def neutron(self, t_s, interval_s, counts):
        """(statistic, armed)."""
        if self.gap(1, t_s) > 3 * interval_s + 0.25:
            self.tubes = []
        ring = self.neutron_ring
        n = int(np.array(counts)[ring.serving].sum())
        fit = ring.fit()
        clipped = min(n, poisson_clip((fit[2] + 1) / fit[1] * interval_s, interval_s)) if fit else n
        self.tubes = [*self.tubes, (interval_s, clipped)][-160:]
        rate, _, _, armed = ring.present(t_s)
        least = self.least_tail(fit, self.tubes) if armed else Decimal(1)
        if self.occupied_until is None:
            ring.suspect(t_s, interval_s, n, rate * interval_s, least < Decimal(self.neutron_p(t_s)))
            if ring.takes(t_s - interval_s, t_s):
                ring.add(t_s, interval_s, counts)
        return quantile(least), armed

    def least_tail(self, fit, tubes):
        least, seconds, counts, done = Decimal(1), 0.0, 0, 0.0
        for interval_s, clipped in reversed(tubes):
            seconds += interval_s
            counts += clipped
            targets = [w for w in WINDOWS_S if done < w <= seconds + TINY_S]
            if not targets:
                continue
            done = targets[-1]
            mean = (fit[2] + 1) * seconds / fit[1]
            if counts > mean and (counts - mean) ** 2 > 0.999999 * mean:
                least = min(least, tail(counts, fit[2], seconds / fit[1]))
        return least

    def vacant_rate(self, radiation, t_s, exposure_s, rates):
        """(the statistic of the record, whether no window was left out for its age), or None where it is not judged."""
        ring, counts = (self.gamma_ring, self.neutron_ring)[radiation], np.array(rates) * exposure_s
        newest = ring.bins[-1].end_s if ring.bins else -math.inf
        self.rated(radiation, t_s, exposure_s)
        if self.occupied_until is not None or t_s < ring.free_s or t_s < newest:
            return None
        n, (rate, _, variance, armed) = float(counts[ring.serving].sum()), ring.present(t_s)
        judge = (self.gamma_record, self.neutron_record)[radiation]
        statistic, crossed = judge(ring, t_s, exposure_s, n, rate * exposure_s, variance, armed)
        exact = self.short_records or radiation == 1        # of this record, before anything is forgotten
        if armed and ring.suspect(t_s, exposure_s, n, rate * exposure_s, crossed):
            self.forget([radiation])
        if ring.takes(t_s, t_s):
            ring.add(t_s, exposure_s, counts)
        return statistic, exact

    def rated(self, radiation, t_s, exposure_s):
        last, self.last_rate[radiation] = self.last_rate[radiation], t_s
        if last is None or t_s - last <= max(3 * exposure_s + 0.25, HOLE_S):
            return
        if radiation == 0:
            self.records, self.short_records = [], True
        else:
            self.rate_tubes = []

    def gamma_record(self, ring, t_s, exposure_s, n, b, variance, armed):
        if not armed:
            self.records, self.short_records = [], True
            return 0.0, False
        oldest = t_s - min(ring.length_s, self.s.focus_window_s)
        kept = [w for w in self.records if w[0] >= oldest]
        self.short_records &= len(kept) == len(self.records)
        self.records = [*kept, (t_s - exposure_s, n, b)]
        best, _ = best_window(np.array([w[1] for w in self.records]), np.array([w[2] for w in self.records]), variance)
        return best, best >= self.focus_threshold(t_s)

    def neutron_record(self, ring, t_s, exposure_s, n, b, variance, armed):
        fit = ring.fit()
        clip = poisson_clip((fit[2] + 1) / fit[1] * exposure_s, exposure_s) if fit else n
        self.rate_tubes = [*self.rate_tubes, (exposure_s, round(min(n, clip)))][-160:]
        least = self.least_tail(fit, self.rate_tubes) if armed else Decimal(1)
        return quantile(least), least < Decimal(self.neutron_p(t_s))

    def in_service(self, radiation, mask):
        ring = (self.gamma_ring, self.neutron_ring)[radiation]
        serving = np.array([bool(mask >> i & 1) for i in range(len(ring.serving))])
        if (serving == ring.serving).all():
            return
        ring.serving = serving
        self.forget([radiation])
        if radiation == 1:
            self.tubes = []
