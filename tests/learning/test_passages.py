"""The simulator of passages the study and learning are judged by: seeded, and what it says it is."""

from __future__ import annotations

import math

import numpy as np

from hardware_mocks.passage_vehicles import CAR, TRUCK, Traffic
from hardware_mocks.passages import Conditions, Site, simulate, with_source

SITE = Site()
CALM = Conditions(family="none", rain_share=0.0, walk_per_min=0.0, level_sd=0.0)


def test_the_same_seed_gives_the_same_passages() -> None:
    one, other, third = (simulate(seed, 50, SITE, Traffic(), Conditions()) for seed in (1, 1, 2))
    assert np.array_equal(one.counts, other.counts) and np.array_equal(one.vacant, other.vacant)
    assert one.counts.shape != third.counts.shape or not np.array_equal(one.counts, third.counts)


def test_the_oracle_needs_what_the_table_of_the_design_says() -> None:
    """detection.md 2: 263 counts/s at 1e-4 and 95 %, 8 km/h, centre line, no shadow."""
    batch = simulate(3, 200, SITE, Traffic(), CALM)
    rows = np.arange(batch.counts.shape[1])[None, :, None] < batch.end[:, None, None]
    worth = np.sqrt(np.sum(np.where(rows, batch.unit**2 / batch.open_mean, 0.0), (1, 2)))
    assert 240 < (3.719 + 1.645) / np.median(worth) < 275


def test_depths_are_those_of_the_literature() -> None:
    for family in ("smooth", "blocks"):
        batch = simulate(4, 600, SITE, Traffic(), Conditions(family=family))
        deepest = 1 - (batch.mean.sum(2) / batch.open_mean.sum(2)).min(1)
        car, truck = deepest[batch.vehicles.kind == CAR], deepest[batch.vehicles.kind == TRUCK]
        assert 0.01 < np.median(car) < 0.12 and 0.08 < np.median(truck) < 0.25
        assert deepest.max() < 0.40


def test_a_stopped_vehicle_stands_and_its_occupancy_lasts() -> None:
    stops = Traffic(mix=(1.0, 0.0, 0.0), stop_share=1.0, stop_s=(180.0, 180.0))
    batch = simulate(5, 20, SITE, stops, CALM)
    assert np.all((batch.off - batch.on) * SITE.interval_s > 180.0)
    still = np.diff(batch.front_m[0, : int(batch.end[0])]) == 0
    assert still.sum() * SITE.interval_s > 175.0


def test_a_source_adds_what_was_asked_for() -> None:
    batch = simulate(6, 300, SITE, Traffic(), CALM)
    peak = batch.unit.sum(2).max(1) / SITE.interval_s
    assert np.all(peak <= 1.0 + 1e-9) and np.median(peak) > 0.98
    vacant, counts = with_source(np.random.default_rng(1), batch, np.full(300, 1000.0))
    added = (counts - batch.counts).sum() / (1000.0 * batch.unit.sum())
    assert abs(added - 1) < 5 / math.sqrt(1000.0 * batch.unit.sum())
    assert vacant.shape == batch.vacant.shape


def test_innocent_cargo_is_marked() -> None:
    norm = Conditions(family="none", norm_share=0.5, medical_share=0.5)
    batch = simulate(7, 300, SITE, Traffic(), norm)
    assert 0.35 < batch.radioactive.mean() < 0.65
    above = batch.mean.sum(2).max(1) / batch.open_mean.sum(2).max(1)
    assert above[batch.radioactive].min() > 1.01 and above[~batch.radioactive].max() < 1.001
