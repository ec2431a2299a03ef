"""Poisson-FOCuS: its score, and that the hull finds the largest of all windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import best_window, focus_statistic, focus_statistic_as_written

from edge_agent.tools.kernel import KernelSettings, Lane
from edge_agent.words.reading import Radiation

EXPOSURE_S, RATE = 100.0, 50.0


def occupied_lane(level_sd: float) -> Lane:
    """A lane with a background known by heart: 50 cps from 100 s, no trend, no growth, occupied from t = 0 on."""
    lane = Lane(KernelSettings(1, level_sd=level_sd, level_sd_per_min=0.0, slope_sd_per_min=0.0))
    lane.put_background(Radiation.GAMMA, 0.0, 3.0, EXPOSURE_S, [RATE])
    lane.beam(0.0, True)
    return lane


@given(n=st.integers(0, 10**7), b=st.floats(1e-3, 1e7), s=st.sampled_from([0.0, 1e-4, 0.0015, 0.03, 1.0]))
@settings(max_examples=200, deadline=None)
def test_the_stable_form_is_the_formula_of_the_design(n, b, s) -> None:
    mine, written = float(focus_statistic(n, b, s * s)), focus_statistic_as_written(n, b, s * s)
    assert mine == pytest.approx(written, rel=1e-10, abs=1e-7)       # abs: sqrt of a rounding error


@given(
    seed=st.integers(0, 2**32), length=st.integers(1, 400), level_sd=st.sampled_from([0.0, 0.0015, 0.01, 0.3]),
    bumps=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 80), st.floats(0.0, 4.0)), max_size=4),
)
@settings(max_examples=40, deadline=None)
def test_hull_equals_brute_force_over_all_windows(seed, length, level_sd, bumps) -> None:
    strength = np.ones(length)
    for begin, extent, factor in bumps:
        strength[begin : begin + extent] *= factor
    counts = np.random.default_rng(seed).poisson(RATE * 0.2 * strength)
    lane, variance = occupied_lane(level_sd), level_sd**2 + 1 / (EXPOSURE_S * RATE)
    expected = np.full(length, RATE * 0.2)
    for i, n in enumerate(counts.tolist()):
        score = lane.gamma(0.2 * (i + 1), 0.2, [n]).focus
        best, samples = best_window(counts[: i + 1], expected[: i + 1], variance)
        assert score.statistic == pytest.approx(best, rel=1e-10, abs=1e-10)
        if best > 1e-6:
            assert score.expected_sd == pytest.approx(score.expected * variance**0.5)
            assert score.counts == counts[: i + 1][-round(score.window_s / 0.2) :].sum()
            assert round(score.window_s / 0.2) == samples or score.statistic == pytest.approx(best, abs=1e-12)
    assert lane.tally(1000.0).hull_overflows == 0


def test_level_curves_are_concave_and_steeper_than_one() -> None:
    """Why a corner of the hull is enough (native/focus.c): n(b) at constant T, by bisection over the plane."""
    for sigma in (0.0, 0.0015, 0.02, 0.3, 1.0):
        for level in (0.5, 2.0, 5.1, 12.0, 40.0):
            b = np.linspace(0.01, 3000.0, 1500)
            low, high = b.copy(), b + 10 + 40 * level * (1 + np.sqrt(b) + sigma * b) * (1 + level * sigma)
            for _ in range(200):
                middle = (low + high) / 2
                below = focus_statistic(middle, b, sigma**2) < level
                low, high = np.where(below, middle, low), np.where(below, high, middle)
            slope = np.diff(low) / np.diff(b)
            assert (slope > 1).all()
            assert (np.diff(slope) < 1e-9 * slope[1:] + 1e-9).all()


def test_a_rise_of_every_sample_fills_the_hull_and_stays_safe() -> None:
    lane = occupied_lane(0.0)
    for i in range(200):
        score = lane.gamma(0.2 * (i + 1), 0.2, [20 + i * i]).focus
    tally = lane.tally(100.0)
    assert tally.hull_blocks == 64
    assert tally.hull_overflows == 200 - 64
    assert score.crossed


@pytest.mark.parametrize(("hole_s", "reaches_back"), [(1.0, True), (4.5, True), (5.5, False), (70.0, False)])
def test_windows_reach_over_a_lost_second_and_not_over_an_outage(hole_s: float, reaches_back: bool) -> None:
    lane = occupied_lane(0.0)
    for i in range(15):                     # a source is passing ...
        before = lane.gamma(0.2 * (i + 1), 0.2, [18]).focus
    after = lane.gamma(3.0 + hole_s, 0.2, [10]).focus       # ... and the wire was gone
    assert before.statistic > 5
    assert (after.statistic > 4) is reaches_back
    assert reaches_back or after.counts == 0


@pytest.mark.parametrize("outage_s", [4.0, 60.0])
def test_vacant_records_do_not_reach_back_over_an_outage(outage_s: float) -> None:
    lane = Lane(KernelSettings(1, level_sd=0.0, level_sd_per_min=0.0, slope_sd_per_min=0.0))
    lane.put_background(Radiation.GAMMA, 0.0, 3.0, 1000.0, [RATE])
    for i in range(3):
        lane.vacant_rate(Radiation.GAMMA, 5.0 * (i + 1), 5.0, [RATE + 6])
    score = lane.vacant_rate(Radiation.GAMMA, 20.0 + outage_s, 5.0, [RATE + 6]).focus
    assert score.window_s == (20.0 if outage_s == 4.0 else 5.0)


def test_only_excess_counts() -> None:
    lane = occupied_lane(0.0)
    for i in range(50):
        assert lane.gamma(0.2 * (i + 1), 0.2, [0]).focus.statistic == 0


def test_counts_near_the_end_of_the_type() -> None:
    lane = occupied_lane(0.0015)
    for i in range(50):
        score = lane.gamma(0.2 * (i + 1), 0.2, [2**32 - 1]).focus
    assert score.counts % (2**32 - 1) == 0
    assert 1e3 < score.statistic < 1e8
