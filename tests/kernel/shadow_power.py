"""Is the shadow test worth its place?  Weakest source seen by FOCuS and by the learned shadow test, on one simple road.

    python -m tests.kernel.shadow_power [PASSAGES]            clean passages for thresholds; default 10000, two minutes
    python -m tests.kernel.shadow_power neutrons [PASSAGES]   the same of the neutron template and the neutron windows

A sketch to see that the kernel does what it should, not the power study: that is benchmarks/detection.  Four panels on
pillars 5 m apart, 0.8-1.5 kcps, 8 km/h, 0.2 s, 120 s of vacancy; cars, vans and trucks whose shadow is a soft box with an
engine, a load and a side of their own (not the basis of the kernel); source 1.5 m high on the middle line, anywhere along.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import numpy as np

from edge_agent.tools.kernel import Geometry, KernelSettings, Lane, ShadowClass, ShadowModel
from edge_agent.words.reading import Radiation

PLACE = Geometry((0.0,) * 4, (-2.5, -2.5, 2.5, 2.5), (0.8, 2.2, 0.8, 2.2), (1.0,) * 4)
SPEED, INTERVAL_S, EXPOSURE_S = 8 / 3.6, 0.2, 118.0
LENGTHS = ((3.6, 5.4, 0.02, 0.12, 0.6), (6.0, 8.5, 0.05, 0.18, 0.2), (10.0, 17.0, 0.10, 0.25, 0.2))   # depth, share
LEARN, ROUNDS, FAR = 800, 12, 1e-3
SETTINGS = KernelSettings(4, focus_threshold=900.0, ksigma_n=900.0)
_erf = np.vectorize(math.erf)


@dataclass
class Drive:
    """One passage: what the panels count, and what the lane is told."""

    rates: np.ndarray
    known: np.ndarray
    on: int                     # sample in which the beam breaks, and first one after it is clear
    off: int
    speed: float
    counts: np.ndarray          # samples x panels


def drive(rng: np.random.Generator, kind: int | None = None, source: float = 0.0) -> Drive:
    kind = int(rng.choice(3, p=[row[4] for row in LENGTHS])) if kind is None else kind
    low, high, thin, thick, _ = LENGTHS[kind]
    length, depth, rates = rng.uniform(low, high), rng.uniform(thin, thick), rng.uniform(800, 1500, 4)
    speed = SPEED * rng.normal(1, 0.1)
    on, off = 15, 15 + max(2, round(length / speed / INTERVAL_S))
    t = (np.arange(off + 10) - on + 0.5) * INTERVAL_S
    x = speed * t
    box = (_erf(x / 1.5) - _erf((x - length) / 1.5)) / 2
    engine = rng.uniform(0, 0.6) * np.exp(-(((x - 0.2 * length) / 1.2) ** 2))
    load = rng.normal(0, 0.25) * (x / length - 0.5) + rng.normal(0, 0.15) * np.cos(2 * np.pi * x / length)
    sides = rng.normal(1, 0.1, 4) * np.array([1.15, 0.85, 1.1, 0.9])
    shadow = depth * sides * (box * (0.8 + engine + load))[:, None]
    mean = rates * INTERVAL_S * (1 - np.clip(shadow, 0, 0.6))
    nearest2 = np.array(PLACE.across_m) ** 2 + (1.5 - np.array(PLACE.height_m)) ** 2
    r2 = (x - rng.uniform(0, length))[:, None] ** 2 + nearest2
    mean = mean + source / (1 / nearest2).sum() / r2 * INTERVAL_S
    known = rng.poisson(rates * EXPOSURE_S) / EXPOSURE_S
    return Drive(rates, known, on, off, speed * rng.normal(1, 0.03), rng.poisson(mean))


def told(lane: Lane, seen: Drive, begin_s: float = 100.0) -> float:
    """The passage told to a new lane; FOCuS's largest statistic."""
    lane.put_background(Radiation.GAMMA, begin_s, 1.0, EXPOSURE_S, seen.known.tolist())
    most = 0.0
    for i, counts in enumerate(seen.counts.tolist()):
        if i in (seen.on, seen.off):
            lane.beam(begin_s + i * INTERVAL_S, i == seen.on)
        look = lane.gamma(begin_s + (i + 1) * INTERVAL_S, INTERVAL_S, counts)
        if i >= seen.on and i < seen.off + 10:
            most = max(most, look.focus.statistic)
    lane.speed(begin_s + len(seen.counts) * INTERVAL_S, seen.speed)
    return most


def learned(rng: np.random.Generator, kind: int) -> ShadowClass:
    """Mean and covariance of the coefficients by EM, from clean passages."""
    grams, pulls = [], []
    for _ in range(LEARN):
        lane = Lane(SETTINGS)
        told(lane, drive(rng, kind))
        d = lane.design(PLACE)
        gram, pull = np.zeros((28, 28)), np.zeros(28)
        for p in range(4):
            flat, phi = d.background_cps[p] * np.array(d.exposure_s), np.array(d.basis[p])
            gram[7 * p : 7 * p + 7, 7 * p : 7 * p + 7] = (phi * flat[:, None]).T @ phi
            pull[7 * p : 7 * p + 7] = phi.T @ (flat - np.array(d.counts[p]))
        grams.append(gram)
        pulls.append(pull)
    g, h = np.array(grams), np.array(pulls)
    mean, sigma = np.zeros(28), np.eye(28) * 0.01
    for _ in range(ROUNDS):
        inverse = np.linalg.inv(sigma)
        spread = np.linalg.inv(inverse + g)
        c = np.einsum("nij,nj->ni", spread, h + inverse @ mean)
        mean = c.mean(axis=0)
        sigma = (spread + np.einsum("ni,nj->nij", c - mean, c - mean)).mean(axis=0)
    return ShadowClass(LEARN, sum(LENGTHS[kind][:2]) / 2, tuple(mean.tolist()), tuple(map(tuple, sigma.tolist())))


def both(rng: np.random.Generator, model: ShadowModel, passages: int, source: float) -> np.ndarray:
    """FOCuS and shadow test, largest of each passage; the shadow test at its end, and with looks each second too."""
    out = np.empty((passages, 3))
    for i in range(passages):
        lane, seen = Lane(SETTINGS), drive(rng, source=source)
        lane.learned(model)
        out[i, 0] = told(lane, seen)
        out[i, 1] = out[i, 2] = lane.shadow().statistic
        out[i, 2] = max(out[i, 2], inside(model, seen))
    return out


def inside(model: ShadowModel, seen: Drive) -> float:
    """The same passage with a look after each further second of it; the speed is known from the beginning."""
    lane, most = Lane(SETTINGS), -np.inf
    lane.learned(model)
    lane.put_background(Radiation.GAMMA, 100.0, 1.0, EXPOSURE_S, seen.known.tolist())
    for i, counts in enumerate(seen.counts.tolist()):
        if i in (seen.on, seen.off):
            lane.beam(100.0 + i * INTERVAL_S, i == seen.on)
        lane.gamma(100.0 + (i + 1) * INTERVAL_S, INTERVAL_S, counts)
        if i == seen.on:
            lane.speed(100.0 + i * INTERVAL_S, seen.speed)
        if i > seen.on and (i - seen.on) % 5 == 0:
            look = lane.shadow()
            most = max(most, look.statistic if not look.why else -np.inf)
    return most


def neutrons(rng: np.random.Generator, passages: int, source: float) -> np.ndarray:
    """Windows and template, largest of each passage: 2 cps over two tubes, 0.2 s, 300 s of vacancy, cars."""
    out, tops = np.empty((passages, 2)), 1 / (np.array(PLACE.across_m) ** 2 + (1.5 - np.array(PLACE.height_m)) ** 2)
    for i in range(passages):
        lane, seen = Lane(KernelSettings(4, 2)), drive(rng, 0)
        lane.put_background(Radiation.NEUTRON, 100.0, 1.0, 300.0, (rng.poisson(300, 2) / 300).tolist())
        t = (np.arange(len(seen.counts)) - rng.uniform(seen.on, seen.off)) * INTERVAL_S * seen.speed
        shape = (1 / (t[:, None] ** 2 + 1 / tops)).sum(axis=1) / tops.sum()
        most = 0.0
        for k, counts in enumerate(rng.poisson((1 + source * shape / 2)[:, None] * INTERVAL_S, (len(t), 2)).tolist()):
            if k in (seen.on, seen.off):
                lane.beam(100.0 + k * INTERVAL_S, k == seen.on)
            look = lane.neutron(100.0 + (k + 1) * INTERVAL_S, INTERVAL_S, counts)
            most = max(most, look.neutron.statistic if k >= seen.on else 0.0)
        lane.speed(200.0, seen.speed)
        out[i] = most, lane.neutron_source(PLACE).statistic
    return out


def neutron_table(passages: int) -> None:
    rng, strengths = np.random.default_rng(1), np.arange(4.0, 17.0)
    limit = np.quantile(neutrons(rng, passages, 0.0), 1 - FAR, axis=0)
    seen = np.array([(neutrons(rng, max(400, passages // 10), a) > limit).mean(axis=0) for a in strengths])
    for name, t, column in zip(("windows", "template"), limit, seen.T, strict=True):
        a95 = float(np.interp(0.95, np.maximum.accumulate(column), strengths))
        print(f"neutron {name:9s} threshold {t:5.2f} at {FAR:g} per passage   A95 {a95:5.1f} cps")


def main() -> None:
    passages, rng = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, np.random.default_rng(1)
    print(f"4 panels, 0.8-1.5 kcps, pillars 5 m apart, 8 km/h +-10 %, known to 3 %; {LEARN} learned passages a class")
    model = ShadowModel(PLACE, (learned(rng, 0), learned(rng, 1), learned(rng, 2)))
    clean = both(rng, model, passages, 0.0)
    limit = np.quantile(clean, 1 - FAR, axis=0)
    names = ("FOCuS", "shadow, end", "shadow, looks")
    print(f"{passages} clean passages; thresholds at {FAR:g} per passage; quantiles of T")
    for name, row, t in zip(names, clean.T, limit, strict=True):
        middle = "   ".join(f"{100 * q:.0f} % {np.quantile(row, q):5.2f}" for q in (0.5, 0.9, 0.99))
        print(f"  {name:14s} {middle}   threshold {t:5.2f}")
    strengths = np.array([150.0, 250, 350, 450, 550, 700, 850, 1000, 1200])
    seen = np.array([(both(rng, model, max(400, passages // 10), a) >= limit).mean(axis=0) for a in strengths])
    a95 = [float(np.interp(0.95, np.maximum.accumulate(column), strengths)) for column in seen.T]
    print(f"seen, of {max(400, passages // 10)} with a source of  {' '.join(f'{a:5.0f}' for a in strengths)} cps")
    for name, a, column in zip(names, a95, seen.T, strict=True):
        print(f"  {name:14s} A95 {a:5.0f} cps  {' '.join(f'{100 * share:4.0f}%' for share in column)}")
    print(f"  A95 of the shadow test / of FOCuS: {a95[1] / a95[0]:.2f}, with looks {a95[2] / a95[0]:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["neutrons"]:
        neutron_table(int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
    else:
        main()
