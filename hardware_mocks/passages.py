"""Whole passages by the thousand, for detection studies: counts, occupancy, speed and the truth behind them.

One row is one occupancy: vacancy before it in 1 s records, then samples from `pre` before the beam breaks to the end
of the hold-in.  Means are kept beside the drawn counts, so a study can add a source of any strength to the same
passage (`with_source`).  Seeded: the same settings and seed give the same arrays.

Four panels, 0.85-1.3 kcps each, 4.3 kcps in sum, pillars 5 m apart, panels 0.9 and 2.4 m high.  The sum is chosen so
that a matched filter that knows everything needs 262 cps at 1e-4 (8 km/h, centre line): the oracle of detection.md 2.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hardware_mocks import passage_shadows, shapes
from hardware_mocks.passage_shadows import Shadows
from hardware_mocks.passage_vehicles import TRUCK, Flags, Ints, Traffic, Vehicles, Way
from hardware_mocks.passage_vehicles import draw as draw_vehicles
from hardware_mocks.ways import Floats


@dataclass(frozen=True, slots=True)
class Site:
    """Panels in wire order: pillar A upper, lower, pillar B upper, lower."""

    across_m: tuple[float, ...] = (-2.5, -2.5, 2.5, 2.5)
    height_m: tuple[float, ...] = (2.4, 0.9, 2.4, 0.9)
    rate_cps: tuple[float, ...] = (900.0, 1300.0, 850.0, 1250.0)
    interval_s: float = 0.2
    pre: int = 10                       # samples before the beam breaks
    hold_in_s: float = 2.0              # ten intervals: SG1, OSCAR default
    vacant_s: int = 120


@dataclass(frozen=True, slots=True)
class Conditions:
    """What else varies; shares are of passages.

    family          of shadows: none, smooth, blocks;  deeper: factor on all depths
    walk_per_min    random walk of the background, relative sd after a minute: of the order of level_sd (detection.md 3.2)
    slope_per_min   straight drift of the passage, normal with this sd
    level_sd        of the whole passage's level against the site's mean (hours of radon)
    rain_share      passages in or after rain that raises the background by up to rain_most (algorithms.md 1)
    anywhere        source: uniform along the vehicle, +-1 m to the side, 0.5-2 m high; else centre line, 1.5 m high
    norm_share      of trucks: a load of norm_cps (lowest, highest; log-uniform net of the sum) over its whole length
    medical_share   of cars and vans: one person, medical_cps
    leak_share      a panel whose light leak raises it by up to 20 % in a minute;  gain_sd: of each panel's level
    """

    family: str = "smooth"
    deeper: float = 1.0
    walk_per_min: float = 0.0015
    slope_per_min: float = 0.0
    level_sd: float = 0.03
    rain_share: float = 0.10
    rain_most: float = 0.20
    anywhere: bool = False
    norm_share: float = 0.0
    norm_cps: tuple[float, float] = (150.0, 3000.0)
    medical_share: float = 0.0
    medical_cps: tuple[float, float] = (200.0, 20000.0)
    leak_share: float = 0.0
    gain_sd: float = 0.0


@dataclass(frozen=True, slots=True)
class Batch:
    """n passages.  Samples are padded to the longest; rows end at `end`."""

    site: Site
    vacant_end_s: Floats            # n x records; ends, seconds from the beam's break
    vacant: Ints                    # n x records x panels: counts of 1 s each
    vacant_unit: Floats             # expected counts of a source of 1 cps
    end_s: Floats                   # n x samples; ends
    mean: Floats                    # n x samples x panels: expected counts without the source
    counts: Ints                    # the same, drawn
    unit: Floats                    # expected counts of a source of 1 cps
    on: Ints                        # n: first sample that ends with the beam broken
    off: Ints                       # n: first sample that ends with it clear again
    end: Ints                       # n: samples of the row, hold-in and all
    front_m: Floats                 # n x samples: the front bumper beyond the beam at the middle of each
    speed_mps: Floats               # n: as measured
    vehicles: Vehicles
    shadows: Shadows
    open_mean: Floats               # n x samples x panels: what the background would have been without a vehicle
    source_at_m: Floats             # n: behind the front bumper
    source_beside_m: Floats
    source_up_m: Floats
    raining: Flags
    radioactive: Flags              # a NORM load or a patient is in it

    def __len__(self) -> int:
        return len(self.on)

    def take(self, rows: Ints) -> Batch:
        return Batch(self.site, *(_rows(getattr(self, each.name), rows) for each in fields(self)[1:]))


def _rows(value: Any, rows: Ints) -> Any:
    return value.take(rows) if isinstance(value, Vehicles | Shadows) else value[rows]


def simulate(seed: int, n: int, site: Site, traffic: Traffic, conditions: Conditions) -> Batch:
    rng = np.random.default_rng(seed)
    v = draw_vehicles(rng, n, traffic)
    low = np.array([1.0 if h < np.mean(site.height_m) else 0.0 for h in site.height_m])
    shadows = passage_shadows.draw(rng, v, low, conditions.family, conditions.deeper)
    way = Way(v)
    end_s, on, off, end = _samples(rng, site, way)
    vacant_end_s = end_s[:, [0]] - site.interval_s - np.arange(site.vacant_s - 1, -1, -1.0)
    times = np.concatenate([vacant_end_s - 0.5, end_s - 0.5 * site.interval_s], 1)
    exposure = np.concatenate([np.full(site.vacant_s, 1.0), np.full(end_s.shape[1], site.interval_s)])[None, :, None]
    front = way.front_m(times)
    open_rate, wet = _open(rng, site, conditions, times)
    open_mean = open_rate * exposure
    source = place(rng, v, conditions.anywhere)
    unit = nearness(site, front - source[0][:, None], source[1], source[2]) * exposure
    innocent, radioactive = _innocent(rng, site, v, conditions, front)
    mean = open_mean * (1.0 - shadows.at(v, front)) + innocent * exposure
    cut = site.vacant_s
    return Batch(
        site, vacant_end_s, rng.poisson(mean[:, :cut]), unit[:, :cut], end_s, mean[:, cut:],
        rng.poisson(mean[:, cut:]), unit[:, cut:], on, off, end, front[:, cut:], v.measured_mps, v, shadows, open_mean[:, cut:],
        *source, wet, radioactive,
    )


def with_source(rng: np.random.Generator, batch: Batch, cps: Floats) -> tuple[Ints, Ints]:
    """Vacant counts and samples with a source of so many net counts/s (n), at closest approach over all panels."""
    by_row = cps[:, None, None]
    return (batch.vacant + rng.poisson(batch.vacant_unit * by_row), batch.counts + rng.poisson(batch.unit * by_row))


def nearness(site: Site, along_m: Floats, beside_m: Floats, up_m: Floats) -> Floats:
    """1/r^2 to each panel over its sum at closest approach: n x times x panels."""
    return shapes.inverse_square(np.array(site.across_m), np.array(site.height_m), along_m, beside_m, up_m)


def _samples(rng: np.random.Generator, site: Site, way: Way) -> tuple[Floats, Ints, Ints, Ints]:
    """Ends of samples, and the bounds of each occupancy; the beam breaks anywhere inside a sample."""
    n, dt = len(way.clears_s), site.interval_s
    first_end = rng.random(n) * dt                      # of the first sample with the beam broken
    off = site.pre + np.ceil((way.clears_s - first_end) / dt).astype(np.int64)
    end = off + round(site.hold_in_s / dt)
    end_s = first_end[:, None] + (np.arange(int(end.max()))[None, :] - site.pre) * dt
    return end_s, np.full(n, site.pre), off, end


def _open(rng: np.random.Generator, site: Site, c: Conditions, times: Floats) -> tuple[Floats, Flags]:
    """The vacant rate of each panel at those times: level, drift, rain, gain, light leak; and whether it rains."""
    n, panels = len(times), len(site.rate_cps)
    step = np.sqrt(np.diff(times, axis=1, prepend=times[:, :1]) / 60.0)
    walk = np.cumsum(rng.normal(size=times.shape) * step, axis=1) * c.walk_per_min
    line = rng.normal(size=(n, 1)) * c.slope_per_min * (times - times[:, :1]) / 60.0
    rain, wet = _rain(rng, c, times)
    common = np.exp(rng.normal(0.0, c.level_sd, (n, 1))) * (1.0 + walk + line) * rain
    own = np.exp(rng.normal(0.0, c.gain_sd, (n, 1, panels))) if c.gain_sd else np.ones((n, 1, panels))
    leak = np.zeros((n, 1, panels))
    rows = np.flatnonzero(rng.random(n) < c.leak_share)
    leak[rows, 0, rng.integers(0, panels, len(rows))] = rng.uniform(0.0, 0.2, len(rows)) / shapes.LEAK_GROWS_S
    begins = rng.uniform(-60.0, 5.0, (n, 1))
    since = np.clip(times - begins, 0.0, shapes.LEAK_GROWS_S)
    out: Floats = common[:, :, None] * own * (1.0 + leak * since[:, :, None]) * np.array(site.rate_cps)
    return out, wet


def _rain(rng: np.random.Generator, c: Conditions, times: Floats) -> tuple[Floats, Flags]:
    """At a random moment of a shower of 20-60 min and of the hour after it."""
    n = len(times)
    wet = rng.random(n) < c.rain_share
    lasts = rng.uniform(1200.0, 3600.0, (n, 1))
    since = times + rng.random((n, 1)) * (lasts + 3600.0)
    return 1.0 + (wet * rng.uniform(0.0, c.rain_most, n))[:, None] * shapes.rain(since, lasts), wet


def place(rng: np.random.Generator, v: Vehicles, anywhere: bool) -> tuple[Floats, Floats, Floats]:
    """Of a source, along, to the side, up: in any body, 0.5 m from its ends; not anywhere: on the centre line, 1.5 m up."""
    n = len(v)
    body = ((rng.random(n) < v.body_m[:, 1] / v.body_m.sum(1)) & (v.body_m[:, 1] > 0)).astype(np.int64)
    from_m, length = v.body_at_m[np.arange(n), body], v.body_m[np.arange(n), body]
    along = from_m + 0.5 + rng.random(n) * np.maximum(length - 1.0, 0.0)
    if not anywhere:
        return along, np.zeros(n), np.full(n, 1.5)
    return along, rng.uniform(-1.0, 1.0, n), rng.uniform(0.5, 2.0, n)


@dataclass(frozen=True, slots=True)
class Innocent:
    """NORM loads (a stretch, 1.8 m up) and patients (a seat, 1 m up) of n vehicles; strengths are net of the sum."""

    norm: Flags
    medical: Flags
    cps: Floats
    begins_m: Floats
    lasts_m: Floats
    seat_m: Floats
    seat_beside_m: Floats


def innocent(rng: np.random.Generator, v: Vehicles, norm: tuple[float, tuple[float, float]],
             medical: tuple[float, tuple[float, float]]) -> Innocent:
    """Each: its share of trucks, or of cars and vans; and the range of its strength."""
    n = len(v)
    chance, load = rng.random(n), v.kind == TRUCK
    with_norm, with_patient = load & (chance < norm[0]), ~load & (chance < medical[0])
    strength = np.where(with_norm, log_uniform(rng, norm[1], n), log_uniform(rng, medical[1], n))
    begins, lasts = rng.uniform(2.5, 4.0, n), rng.uniform(0.5, 0.9, n) * (v.length_m - 4.0)
    seat = rng.uniform(1.2, 2.6, n), rng.choice([-0.4, 0.4], n)
    return Innocent(with_norm, with_patient, strength, begins, lasts, *seat)


def _innocent(rng: np.random.Generator, site: Site, v: Vehicles, c: Conditions, front: Floats) -> tuple[Floats, Flags]:
    """Rates of NORM loads and patients."""
    it = innocent(rng, v, (c.norm_share, c.norm_cps), (c.medical_share, c.medical_cps))
    out = np.zeros((*front.shape, len(site.rate_cps)))
    for rows, points in ((np.flatnonzero(it.norm), shapes.LOAD_POINTS), (np.flatnonzero(it.medical), 1)):
        for k in range(points):
            at = shapes.load_place(it.begins_m[rows], it.lasts_m[rows], k) if points > 1 else it.seat_m[rows]
            beside, up = (np.zeros(len(rows)), np.full(len(rows), 1.8)) if points > 1 else (
                it.seat_beside_m[rows], np.full(len(rows), 1.0))
            near = nearness(site, front[rows] - at[:, None], beside, up)
            out[rows] += near * (it.cps[rows] / points)[:, None, None]
    peak = np.where(it.norm, out.sum(2).max(1), 1.0)    # a load's strength is its highest sum, as a point's
    out *= np.where(it.norm, it.cps / np.maximum(peak, 1e-9), 1.0)[:, None, None]
    return out, it.norm | it.medical


def log_uniform(rng: np.random.Generator, ends: tuple[float, float], n: int) -> Floats:
    low, high = ends
    return low * (high / low) ** rng.random(n)
