"""Thresholds hold their budget on passages nobody has cleaned, and never come from nonsense."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge_agent.judgement import learning_tail
from edge_agent.judgement.learning import LearningRefused

PRESENT = 4.6           # of the threshold in use
SITE = 10_000           # passages a site calibrates from (detection.md 5)


def scans(rng: np.random.Generator, n: int, places: int = 24, like: float = 0.8) -> np.ndarray:
    """The largest of `places` neighbouring unit normals: a scan's statistic, without the kernel's own shape."""
    step, value = math.sqrt(1 - like**2), rng.normal(size=n)
    most = value.copy()
    for _ in range(places - 1):
        value = like * value + step * rng.normal(size=n)
        most = np.maximum(most, value)
    return most


@pytest.fixture(scope="module")
def many() -> np.ndarray:
    return scans(np.random.default_rng(9), 3_000_000)


@pytest.mark.parametrize("norm", [0.0, 0.01, 0.02, 0.05])
@pytest.mark.parametrize("budget", [1e-3, 1e-4])
def test_false_alarms_are_half_to_twice_the_budget(many: np.ndarray, norm: float, budget: float) -> None:
    """NORM from far below the threshold to far above it, log-uniform: 1 to 60 sigma."""
    ratios = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        t = scans(rng, SITE)
        t = np.where(rng.random(SITE) < norm, t + np.exp(rng.uniform(0, math.log(60), SITE)), t)
        level = learning_tail.tail(t, PRESENT).threshold(budget)
        ratios.append(float((many >= level).mean()) / budget)
    assert 0.5 <= np.median(ratios) <= 2.0
    assert min(ratios) >= 0.25 and max(ratios) <= 2.5, ratios       # single sites scatter, to the careful side


@pytest.mark.parametrize("norm", [0.0, 0.01, 0.02])
def test_a_first_lesson_is_not_blinded_by_cargo(many: np.ndarray, norm: float) -> None:
    """No shadow test was in force, so it alarmed of nothing: FOCuS has taken what added 6 sigma, the rest is in.
    The threshold once used a fiftieth of the budget."""
    ratios = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        added = np.where(rng.random(SITE) < norm, np.exp(rng.uniform(math.log(0.5), math.log(60), SITE)), 0.0)
        t, null = (scans(rng, SITE) + added)[added < 6.0], scans(rng, SITE)
        found = learning_tail.calibrate(t, null, math.inf, 1e-4)
        ratios.append(float((many >= found.threshold).mean()) / 1e-4)
    assert 0.5 <= np.median(ratios) <= 1.5 and min(ratios) >= 0.25 and max(ratios) <= 2.0, ratios


def test_a_lane_whose_own_tail_is_flat_is_calibrated_by_all_of_it() -> None:
    """Shadows no model follows: nothing to cut by."""
    rng = np.random.default_rng(8)
    t, null = 3.0 * scans(rng, SITE), scans(rng, SITE)
    assert learning_tail.calibrate(t, null, math.inf, 1e-4).measured == learning_tail.tail(t).threshold(1e-4)


def test_what_alarmed_is_left_out() -> None:
    t = scans(np.random.default_rng(1), SITE)
    loud = np.concatenate([t, np.full(100, 29.0)])
    assert learning_tail.tail(loud, PRESENT) == learning_tail.tail(t, PRESENT)


def test_a_tail_that_is_exponential_is_found_though_cut() -> None:
    rng = np.random.default_rng(2)
    t = np.sqrt(rng.exponential(2.0, 400_000))
    whole, cut = learning_tail.tail(t), learning_tail.tail(t, 3.8)
    assert whole.scale == pytest.approx(2.0, rel=0.02)
    assert cut.scale == pytest.approx(2.0, rel=0.03)      # it yields a little to the flat part
    assert cut.threshold(1e-4) == pytest.approx(math.sqrt(2 * math.log(1e4)), rel=0.015)
    assert cut.rate(cut.threshold(1e-4)) == pytest.approx(1e-4)


def test_the_floor_holds_where_the_site_measures_too_low() -> None:
    t = scans(np.random.default_rng(3), SITE)
    found = learning_tail.calibrate(0.8 * t, t, PRESENT, 1e-4)
    assert found.threshold == found.floor > found.measured
    assert not found.less_sensitive


def test_it_says_when_a_person_must_sign() -> None:
    t = scans(np.random.default_rng(4), SITE)
    assert learning_tail.calibrate(t, t, 3.6, 1e-4).less_sensitive
    found = learning_tail.calibrate(t, t, 8.0, 1e-4)
    assert not found.less_sensitive and found.rate_at_present < 1e-6


def test_the_budget_is_split_where_there_are_two_rules() -> None:
    assert learning_tail.split(1e-4, True) == pytest.approx((0.9e-4, 0.1e-4))
    assert learning_tail.split(1e-4, False) == (0.0, 1e-4)
    for budget in (0.0, -1.0, 0.5, math.nan):
        with pytest.raises(LearningRefused):
            learning_tail.split(budget, True)


def test_nonsense_is_refused() -> None:
    t = scans(np.random.default_rng(5), SITE)
    for bad in (t[:500], np.append(t, np.nan), np.full(SITE, 2.0), -t - 9, t.reshape(100, 100)):
        with pytest.raises(LearningRefused):
            learning_tail.tail(bad, PRESENT)
    with pytest.raises(LearningRefused, match="thin out"):
        learning_tail.tail(np.random.default_rng(6).uniform(0, 5, SITE), PRESENT)
    with pytest.raises(LearningRefused):
        learning_tail.tail(t, PRESENT).threshold(0.5)


def test_it_is_the_same_each_time() -> None:
    t = scans(np.random.default_rng(7), SITE)
    assert learning_tail.tail(t, PRESENT) == learning_tail.tail(t.copy(), PRESENT)
