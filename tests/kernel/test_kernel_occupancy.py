"""Vacant, occupied, hold-in: a small machine, checked against every sequence hypothesis can think of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.tools.kernel import Change, KernelSettings, Lane, SampleRefused, State, TimeRefused
from edge_agent.words.reading import Radiation

READING = st.tuples(st.floats(0.0, 3.0), st.sampled_from([True, False, None]))       # time step; None: only the clock


@given(readings=st.lists(READING, max_size=60), hold_in_s=st.sampled_from([0.0, 0.5, 2.0]))
def test_an_occupancy_is_beams_closer_than_the_hold_in(readings, hold_in_s) -> None:
    lane, t_s, clear_s, begun = Lane(KernelSettings(1, hold_in_s=hold_in_s)), 0.0, None, 0
    for step, beam in readings:
        t_s += step
        change = lane.clock(t_s) if beam is None else lane.beam(t_s, beam)
        over = clear_s is not None and t_s >= clear_s + hold_in_s
        at_once = beam is False and begun == 1 and clear_s is None and hold_in_s == 0
        assert bool(change & Change.ENDED) == (over or at_once)
        begun -= bool(change & Change.ENDED)
        begun += bool(change & Change.BEGAN)
        assert begun in (0, 1)
        clear_s = None if beam or not begun else clear_s
        if beam is False and begun and clear_s is None:
            clear_s = t_s
        assert (lane.state is not State.VACANT) == (begun == 1)
        assert (lane.state is State.HOLD_IN) == (begun == 1 and clear_s is not None)


def test_a_vehicle_with_a_trailer() -> None:
    lane = Lane(KernelSettings(1, hold_in_s=2.0))
    assert lane.beam(1.0, True) is Change.BEGAN
    assert lane.beam(5.0, False) is Change.NOTHING
    assert lane.state is State.HOLD_IN
    assert lane.beam(6.9, True) is Change.NOTHING
    assert lane.beam(9.0, False) is Change.NOTHING
    assert lane.clock(10.9) is Change.NOTHING
    assert lane.clock(11.0) is Change.ENDED
    assert lane.state is State.VACANT


def test_no_hold_in_ends_at_once() -> None:
    lane = Lane(KernelSettings(1))
    assert lane.beam(1.0, True) is Change.BEGAN
    assert lane.beam(1.0, False) is Change.ENDED


def test_a_hold_in_that_ran_out_unseen_ends_before_the_next_begins() -> None:
    lane = Lane(KernelSettings(1, hold_in_s=2.0))
    lane.beam(1.0, True)
    lane.beam(2.0, False)
    assert lane.beam(60.0, True) == Change.ENDED | Change.BEGAN


def test_time_may_stand_but_not_go_back() -> None:
    lane = Lane(KernelSettings(1))
    lane.beam(5.0, True)
    lane.beam(5.0, True)
    for refused in (4.999, float("nan"), float("inf"), 1e300):
        with pytest.raises(TimeRefused):
            lane.beam(refused, False)
        with pytest.raises(TimeRefused):
            lane.clock(refused)
    with pytest.raises(SampleRefused):
        lane.beam(6.0, 2)
    assert lane.state is State.OCCUPIED


def test_nothing_is_learned_while_occupied_held_in_or_guarded() -> None:
    lane = Lane(KernelSettings(1, hold_in_s=3.0, guard_s=2.0))
    t_s = 0.0

    def samples(seconds: float, rate: int) -> None:
        nonlocal t_s
        for _ in range(round(seconds * 5)):
            t_s += 0.2
            lane.clock(t_s)
            lane.gamma(t_s, 0.2, [rate])

    samples(60.0, 100)
    before = lane.background(Radiation.GAMMA, t_s).exposure_s
    assert before == pytest.approx(58.0)
    lane.beam(t_s, True)
    samples(30.0, 20)
    lane.beam(t_s, False)
    samples(4.8, 20)                                     # 3 s hold-in and 1.8 s of the guard
    now = lane.background(Radiation.GAMMA, t_s)
    assert now.exposure_s == pytest.approx(before)
    assert now.rate_cps == pytest.approx((500.0,))
    assert now.age_s == pytest.approx(36.8)
