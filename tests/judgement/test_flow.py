"""Samples that never came, and samples that came twice."""

from __future__ import annotations

import random

from edge_agent.words.reading import Radiation, Sample, VacantRate

from .bench import Watched, noisy, ns


def steady(lane: Watched, from_s: float, samples: int, leave_out: int = 0, seed: int = 6) -> None:
    chance = random.Random(seed)
    for step in range(samples):
        counts = tuple(noisy(chance, 50) for _ in range(4))
        if not leave_out or step % leave_out:
            lane.observe(Sample(ns(from_s + 0.2 * step), Radiation.GAMMA, 0.2, counts, True))


def test_samples_that_never_came_are_a_fault_with_their_number() -> None:
    lane = Watched()
    lane.observe(VacantRate(ns(1.0), Radiation.GAMMA, (250, 251, 249, 250)))
    steady(lane, 10.0, 200, leave_out=5)
    assert lane.faults("missing-samples") == [True] and lane.portal.tally.missing >= 20


def test_a_gap_is_not_told_as_one_of_ten_seconds() -> None:
    """117 samples "never came in 10 s" of an instrument that gives 50: it had been off for 23 s."""
    lane = Watched()
    steady(lane, 10.0, 20)
    steady(lane, 37.0, 1)
    told = lane.portal.faults.details["missing-samples"]
    assert told.startswith("115 gamma samples") and " 10 s" not in told


def test_samples_in_their_cadence_are_none() -> None:
    lane = Watched()
    steady(lane, 10.0, 200)
    assert lane.faults("missing-samples") == lane.faults("duplicate-samples") == []


def test_the_same_sample_again_is_a_fault() -> None:
    lane = Watched()
    steady(lane, 10.0, 20)
    for at_s in (14.0, 14.01):
        lane.observe(Sample(ns(at_s), Radiation.GAMMA, 0.2, (51, 60, 44, 49), True))
    assert lane.faults("duplicate-samples") == [True]


def test_one_long_sample_of_a_counter_lost_nothing() -> None:
    """Found on a bus with noise: differences of a counter over a missed poll were called missing."""
    lane = Watched()
    lane.observe(VacantRate(ns(1.0), Radiation.GAMMA, (250, 251, 249, 250)))
    chance, at_s = random.Random(3), 10.0
    for step in range(150):
        interval_s = 0.2 if step % 4 else 0.6
        at_s += interval_s
        counts = tuple(noisy(chance, round(250 * interval_s)) for _ in range(4))
        lane.observe(Sample(ns(at_s), Radiation.GAMMA, interval_s, counts, True))
    assert lane.faults("missing-samples") == []


def test_an_interval_no_kernel_takes_is_a_fault_and_not_the_end() -> None:
    lane = Watched()
    for interval_s in (0.004, 0.0, 601.0):
        lane.observe(Sample(ns(10.0 + interval_s), Radiation.GAMMA, interval_s, (5, 5, 5, 5), False))
    assert lane.faults("profile-mismatch") == [True] and lane.portal.tally.refused == 3


def test_counts_at_the_end_of_their_field_are_a_very_strong_source() -> None:
    """Found by attack: four panels pinned at 999999 were called frozen, power-cycle the controller."""
    lane = Watched()
    steady(lane, 10.0, 20)
    lane.observe(Sample(ns(14.0), Radiation.GAMMA, 0.2, (999_999,) * 4, True))
    assert lane.faults("gamma-over-range") == [True]
    assert "KEEP DISTANCE" in lane.portal.faults.details["gamma-over-range"]
