"""What is kept, what is refused, and that header, settings and binding say the same."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
from edge_agent._kernel import ffi
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.tools.kernel import (
    UNSEEN,
    Background,
    KernelSettings,
    Lane,
    SampleRefused,
    Score,
    SettingsRefused,
    StateRefused,
    Tally,
    TimeRefused,
)
from edge_agent.words.reading import Radiation

USUAL = KernelSettings(4, 2, groups=(15, 3, 12, 5, 10, 1, 2, 4, 8))


def run(lane: Lane, begin_s: float, seed: int, samples: int) -> list[tuple[float, ...]]:
    """A while of vacancy and passages; every number of every look."""
    rng, seen = np.random.default_rng(seed), []
    for i in range(samples):
        t_s = begin_s + 0.2 * (i + 1)
        lane.beam(t_s, i % 300 > 250)
        look = lane.gamma(t_s, 0.2, rng.poisson(200, 4).tolist())
        neutron = lane.neutron(t_s, 0.2, rng.poisson(0.2, 2).tolist()).neutron
        seen.append((*look.ksigma, *look.focus, *neutron))
    return seen


@given(seed=st.integers(0, 2**32), before=st.integers(0, 700), after=st.integers(1, 400))
@settings(max_examples=15, deadline=None)
def test_restored_goes_on_to_the_bit(seed, before, after) -> None:
    first, second = Lane(USUAL), Lane(USUAL)
    run(first, 0.0, seed, before)
    second.restore(first.save())
    assert run(first, 1000.0, seed + 1, after) == run(second, 1000.0, seed + 1, after)
    assert first.save() == second.save()


def test_saved_bytes_are_refused_where_they_do_not_belong() -> None:
    lane = Lane(USUAL)
    run(lane, 0.0, 1, 400)
    saved = lane.save()
    for wrong in (b"", saved[:-1], saved + b"\0", bytes(len(saved))):
        with pytest.raises(StateRefused):
            lane.restore(wrong)
    with pytest.raises(StateRefused):
        Lane(KernelSettings(4, 2, focus_threshold=5.0)).restore(saved)
    assert lane.save() == saved


def test_a_kept_background_is_as_good_as_it_was_and_ages() -> None:
    lane = Lane(USUAL)
    lane.put_background(Radiation.GAMMA, 1000.0, 120.0, 60.0, [900.0, 1000.0, 1100.0, 0.0])
    now = lane.background(Radiation.GAMMA, 1000.0)
    assert now.rate_cps == pytest.approx((900.0, 1000.0, 1100.0, 0.0))
    assert (now.exposure_s, now.age_s, now.slope_per_min) == pytest.approx((60.0, 120.0, 0.0), abs=1e-12)
    assert now.armed
    counting, level, growth = 1 / (3000 * 60), 0.0015, 0.003 * 2
    assert now.relative_sd > math.sqrt(counting + level**2 + growth**2)          # and the unknown slope
    later = lane.background(Radiation.GAMMA, 1000.0 + 8 * 3600)
    assert later.relative_sd > 1                                                 # eight hours: blind, and says so
    with pytest.raises(StateRefused):
        lane.put_background(Radiation.GAMMA, 1000.0, 0.0, 60.0, [1.0] * 4)


def test_more_kept_than_the_ring_holds_counts_as_the_ring() -> None:
    lane = Lane(USUAL)
    lane.put_background(Radiation.GAMMA, 0.0, 5.0, 1e6, [1000.0] * 4)
    assert lane.background(Radiation.GAMMA, 0.0).exposure_s == pytest.approx(120.0)


def test_before_anything_is_known() -> None:
    lane = Lane(USUAL)
    assert lane.background(Radiation.NEUTRON, 5.0) == Background((0.0, 0.0), 0.0, 0.0, 0.0, 0.0, False)
    look = lane.gamma(5.0, 0.2, [200] * 4)
    assert not look.focus.armed
    assert not look.ksigma.armed
    assert look.neutron == UNSEEN
    assert lane.tally(5.0) == Tally((False, False), (0.0, 0.0), (0, 0), 0, 0, 0)


@pytest.mark.parametrize("counts", [[1] * 3, [1] * 5, [-1, 1, 1, 1], [2**32, 1, 1, 1], [1.5, 1, 1, 1], ["1", 1, 1, 1]])
def test_counts_that_are_none(counts) -> None:
    with pytest.raises(SampleRefused):
        Lane(USUAL).gamma(1.0, 0.2, counts)


@pytest.mark.parametrize("interval_s", [0.0, -0.2, float("nan"), float("inf"), 1e9])
def test_intervals_that_are_none(interval_s) -> None:
    with pytest.raises(SampleRefused):
        Lane(USUAL).gamma(1.0, interval_s, [1] * 4)
    with pytest.raises(SampleRefused):
        Lane(USUAL).vacant_rate(Radiation.GAMMA, 1.0, interval_s, [1.0] * 4)


@pytest.mark.parametrize("t_s", [0.5, float("nan"), float("inf"), float("-inf"), 1e12])
def test_times_that_are_none(t_s) -> None:
    lane = Lane(USUAL)
    lane.gamma(1.0, 0.2, [1] * 4)
    with pytest.raises(TimeRefused):
        lane.gamma(t_s, 0.2, [1] * 4)


def test_a_lane_without_tubes_refuses_neutrons() -> None:
    lane = Lane(KernelSettings(4))
    with pytest.raises(SampleRefused):
        lane.neutron(1.0, 0.2, [])
    with pytest.raises(SampleRefused):
        lane.background(Radiation.NEUTRON, 1.0)


@pytest.mark.parametrize("change", [
    {"panels": 0}, {"panels": 17}, {"tubes": 9}, {"background_s": math.nan}, {"guard_s": -1.0}, {"neutron_p": 0.0},
    {"ksigma_intervals": 0}, {"ksigma_intervals": -1}, {"ksigma_intervals": 65}, {"groups": (16,)}, {"groups": (0,)},
    {"groups": (1,) * 25}, {"arm_exposure_s": 200.0}, {"level_sd": math.inf},
])
def test_settings_that_cannot_work(change) -> None:
    with pytest.raises(SettingsRefused):
        Lane(KernelSettings(**({"panels": 4} | change)))


def test_binding_and_header_name_the_same_things() -> None:
    header = {name for name, _ in ffi.typeof("ea_settings").fields} - {"group_mask"}
    assert header == {f.name for f in fields(KernelSettings)}
    assert [name for name, _ in ffi.typeof("ea_score").fields] == list(Score._fields)
    assert [name for name, _ in ffi.typeof("ea_background").fields] == list(Background._fields)
    assert {name for name, _ in ffi.typeof("ea_tally").fields} == set(Tally._fields)
