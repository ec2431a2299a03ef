"""The exact neutron test against whole-number arithmetic, and what a shower can and cannot do."""

from __future__ import annotations

from fractions import Fraction
from math import comb
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import poisson_clip, quantile, tail

from edge_agent.tools.kernel import KernelSettings, Lane, Score
from edge_agent.words.reading import Radiation


def seen(background: int, exposure_s: int, samples: list[int], interval_s: float = 1.0) -> Score:
    """The last look at samples against a background of so many counts."""
    lane = Lane(KernelSettings(1, 1, neutron_background_s=float(exposure_s), neutron_arm_s=1.0))
    lane.put_background(Radiation.NEUTRON, 0.0, 3.0, exposure_s, [background / exposure_s])
    lane.beam(0.0, True)
    for i, n in enumerate(samples):
        score = lane.neutron(interval_s * (i + 1), interval_s, [n]).neutron
    return score


def exact_tail(n: int, m: int, window: int, exposure: int) -> Fraction:
    """P(X >= n), X binomial of n + m, in whole numbers."""
    every = n + m
    term = comb(every, n) * window**n * exposure**m
    total = term
    for k in range(n, every):
        term = term * (every - k) * window // ((k + 1) * exposure)       # divides without rest
        total += term
    return Fraction(total, (window + exposure) ** every)


@pytest.mark.parametrize(
    ("n", "m", "exposure"), [(2, 0, 300), (6, 600, 300), (9, 600, 300), (1, 3, 300), (40, 9000, 300), (25, 2000, 100)])
def test_p_of_one_sample_is_the_binomial_tail(n, m, exposure) -> None:
    p = exact_tail(n, m, 1, exposure)
    score = seen(m, exposure, [n])
    assert poisson_clip((m + 1) / exposure, 1.0) >= n
    assert score.statistic == pytest.approx(-NormalDist().inv_cdf(float(p)), rel=1e-11, abs=1e-10)
    assert score.expected == pytest.approx(m / exposure)


def test_the_reference_tail_is_exact_too() -> None:
    for n, m in [(1, 0), (7, 3), (30, 600), (60, 600)]:
        assert float(tail(n, m, 0.01)) == pytest.approx(float(exact_tail(n, m, 1, 100)), rel=1e-14)


@given(m=st.integers(0, 3000), n=st.integers(1, 9), k=st.integers(2, 8))
@settings(max_examples=60, deadline=None)
def test_p_far_down(m, n, k) -> None:
    """k full seconds of n counts: p from 1 to below 1e-12, relative accuracy 1e-9 (z to 1e-10)."""
    score = seen(m, 300, [n] * k)
    if score.statistic:
        seconds, counts = round(score.window_s), round(score.counts)
        assert score.statistic == pytest.approx(quantile(tail(counts, m, seconds / 300)), rel=1e-11, abs=1e-10)


def test_crossing_is_below_neutron_p() -> None:
    score = seen(600, 300, [10, 10])
    assert score.crossed
    assert score.threshold == pytest.approx(-NormalDist().inv_cdf(1e-6), abs=1e-12)
    assert not seen(600, 300, [5, 5]).crossed


@pytest.mark.parametrize(("interval_s", "at_most"), [(0.2, 4), (1.0, 10)])
def test_one_shower_however_large_is_no_source(interval_s, at_most) -> None:
    quiet = round(2 * interval_s)
    score = seen(600, 300, [quiet] * 8 + [4000] + [quiet] * 3, interval_s)
    assert score.counts <= at_most + 12 * quiet
    assert not score.crossed


@given(mean=st.floats(1e-6, 60.0), interval_s=st.sampled_from([0.1, 0.25, 0.5, 1.0]))
@settings(max_examples=60, deadline=None)
def test_clip(mean, interval_s) -> None:
    background = round(mean / interval_s * 300)
    clip = poisson_clip((background + 1) / 300 * interval_s, interval_s)
    score = seen(background, 300, [2**31] * 10, interval_s)
    samples = round(score.window_s / interval_s)
    assert score.counts in (clip * samples, 2**31 * samples)
    assert (score.counts == 2**31 * samples) == (clip == 2**32 - 1)
