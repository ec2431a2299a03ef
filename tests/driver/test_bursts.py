"""Stamps: the opening burst is the past, a later burst was late, and no stamp goes back."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.words.reading import Condition, Health, Radiation, Reading, Sample

from .wire import GB, GS, GX, NB, NS, SP, S, decoder, feed, joined


def gamma(readings: list[Reading]) -> list[Sample]:
    return [r for r in readings if isinstance(r, Sample) and r.radiation is Radiation.GAMMA]


def stamps_s(readings: list[Reading]) -> list[float]:
    return [round(sample.at_ns / S, 3) for sample in gamma(readings)]


def mismatches(readings: list[Reading]) -> list[bool]:
    return [r.present for r in readings if isinstance(r, Health) and r.condition is Condition.PRE_SAMPLES]


def test_the_past_samples_of_the_opening_burst_are_spaced_back() -> None:
    assert stamps_s(feed(joined(), (10.0, GS * 6))) == [9.0, 9.2, 9.4, 9.6, 9.8, 10.0]


def test_the_opening_burst_is_not_late() -> None:
    assert not any(sample.late for sample in gamma(feed(joined(), (10.0, GS * 6))))


def test_the_opening_burst_may_come_in_several_pieces() -> None:
    assert stamps_s(feed(joined(), (10.0, GS * 2), (10.001, GS * 3), (10.002, GS))) == [9.0, 9.2, 9.401, 9.601, 9.801, 10.002]


def test_the_opening_burst_may_begin_with_a_neutron_record() -> None:
    assert stamps_s(feed(joined(), (10.0, NS + GS * 6 + SP)))[0] == 9.0


def test_without_past_samples_the_first_scan_is_now() -> None:
    assert stamps_s(feed(joined(pre_samples=0), (10.0, GS), (10.2, GS))) == [10.0, 10.2]


def test_an_opening_burst_as_the_profile_says_is_no_mismatch() -> None:
    assert mismatches(feed(joined(), (10.0, GS * 6), (10.2, GS), (10.4, GS))) == []


@pytest.mark.parametrize("count", [1, 3, 5, 7, 12])
def test_an_opening_burst_of_another_length_is_flagged_once(count: int) -> None:
    assert mismatches(feed(joined(), (10.0, GS * count), (10.2, GS), (10.4, GS))) == [True]


def test_a_burst_where_the_profile_says_none_is_flagged() -> None:
    assert mismatches(feed(joined(pre_samples=0), (10.0, GS * 6), (10.2, GS))) == [True]


def test_the_flag_says_both_numbers() -> None:
    found = feed(joined(), (10.0, GS), (10.2, GS))
    assert "0 past records, the profile says pre_samples = 5" in next(r.detail for r in found if isinstance(r, Health))


def test_a_mismatch_is_cleared_by_an_occupancy_that_fits() -> None:
    readings = feed(joined(), (10.0, GS), (10.2, GS), (11.0, GX), (12.0, GB), (20.0, GS * 6), (20.2, GS))
    assert mismatches(readings) == [True, False]


def test_joining_in_an_occupancy_is_no_opening_burst() -> None:
    readings = feed(decoder(), (10.0, GS), (10.2, GS), (10.4, GS))
    assert (stamps_s(readings), mismatches(readings)) == ([10.0, 10.2, 10.4], [])


def test_a_wire_that_breaks_in_the_opening_burst_is_no_mismatch() -> None:
    made = joined()
    feed(made, (10.0, GS * 2))
    made.restart()
    assert mismatches(feed(made, (15.0, GS), (15.2, GS), (15.4, GS))) == []


def test_a_late_burst_is_spaced_back_from_its_arrival() -> None:
    readings = feed(joined(), (10.0, GS * 6), (10.2, GS), (11.2, GS * 5))
    assert stamps_s(readings)[-5:] == [10.4, 10.6, 10.8, 11.0, 11.2]


def test_a_late_burst_is_flagged_but_for_its_newest_record() -> None:
    readings = feed(joined(), (10.0, GS * 6), (10.2, GS), (11.2, GS * 5))
    assert [sample.late for sample in gamma(readings)][-5:] == [True] * 4 + [False]


def test_gamma_and_neutron_of_one_instant_are_not_a_burst() -> None:
    readings = feed(joined(), (10.0, GS * 6), (10.2, NS + GS))
    assert not any(reading.late for reading in readings if isinstance(reading, Sample))


RECORDS = st.sampled_from([GS, NS, GB, NB, GX, SP])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 3), st.lists(RECORDS, max_size=12)), max_size=15), st.integers(0, 6))
def test_stamps_of_one_radiation_never_go_back(steps: list[tuple[float, list[bytes]]], pre_samples: int) -> None:
    made, at_s = joined(pre_samples=pre_samples), 5.0
    readings: list[Reading] = []
    for gap_s, records in steps:
        at_s += gap_s
        readings += feed(made, (at_s, b"".join(records)))
    for radiation in Radiation:
        stamps = [r.at_ns for r in readings if isinstance(r, Sample) and r.radiation is radiation]
        assert all(a <= b for a, b in pairwise(stamps))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 3), st.lists(RECORDS, max_size=12)), max_size=15))
def test_no_stamp_lies_after_the_arrival(steps: list[tuple[float, list[bytes]]]) -> None:
    made, at_s = joined(), 5.0
    for gap_s, records in steps:
        at_s += gap_s
        assert all(reading.at_ns <= round(at_s * S) for reading in feed(made, (at_s, b"".join(records))))
