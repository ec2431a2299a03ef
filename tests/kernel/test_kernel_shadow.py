"""The shadow test in C against the plain reference: any panels, periods, gaps, lengths; every number to 1e-9."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from edge_agent._kernel import ffi
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_shadow import Passage, basis, look, template

from edge_agent.tools.kernel import (
    Design,
    Geometry,
    KernelSettings,
    Lane,
    ModelRefused,
    SampleRefused,
    Shadow,
    ShadowClass,
    ShadowModel,
    StateRefused,
    Why,
)
from edge_agent.tools.kernel_shadow import _SHADOW
from edge_agent.words.reading import Radiation

CLOSE = {"rel": 1e-9, "abs": 1e-9}


def geometry(panels: int, rng: np.random.Generator, **more: float) -> Geometry:
    return Geometry(
        along_m=tuple(rng.choice([0.0, 0.3], panels).tolist()),
        across_m=tuple((2.5 * rng.choice([-1, 1], panels)).tolist()),
        height_m=tuple(rng.uniform(0.5, 3, panels).tolist()),
        response=tuple((rng.uniform(0.5, 2, panels) * (np.arange(panels) != 1)).tolist()), **more)


def shadow_class(panels: int, rng: np.random.Generator, typical_m: float, rank: int | None = None) -> ShadowClass:
    n = 7 * panels
    half = rng.normal(0, 0.05 / math.sqrt(n), (n, rank or n))
    mean = rng.normal(0, 0.02, n) + np.tile([0.1, 0, 0, 0, 0, 0, 0], panels)
    covariance = half @ half.T
    return ShadowClass(2000, typical_m, tuple(mean.tolist()), tuple(map(tuple, covariance.tolist())))


def model(panels: int, rng: np.random.Generator, **more: float) -> ShadowModel:
    classes = (
        shadow_class(panels, rng, 4.5), shadow_class(panels, rng, 7.5), shadow_class(panels, rng, 14.0, rank=panels))
    return ShadowModel(geometry(panels, rng, **more), classes)


class Told:
    """One passage told to the kernel, and kept for the reference."""

    def __init__(self, s: KernelSettings, rng: np.random.Generator, interval_s: float, rate_cps: float) -> None:
        self.s, self.rng, self.interval_s = s, rng, interval_s
        self.rates = rng.uniform(0.5, 1.5, s.panels) * rate_cps
        self.lane = Lane(s)
        self.lane.put_background(Radiation.GAMMA, 999.0, 1.0, 100.0, self.rates.tolist())
        self.t_s, self.kept = 1000.0, []

    def samples(self, seconds: float, lost: float = 0.0, jitter: float = 0.0) -> None:
        for _ in range(round(seconds / self.interval_s)):
            self.t_s += self.interval_s
            if self.rng.random() < lost:
                continue
            counts = self.rng.poisson(self.rates * self.interval_s * 0.9).tolist()
            stamp = self.t_s + jitter * self.interval_s * self.rng.uniform(-0.5, 0.5)
            self.kept.append((stamp, self.interval_s, counts))
            self.lane.gamma(stamp, self.interval_s, counts)

    def passage(self, on_s: float, end_s: float, finished: bool, speed: float | None, place: Geometry) -> Passage:
        design = self.lane.design(place)
        kept = [x for x in self.kept if x[0] > on_s - self.s.before_s and x[0] - x[1] < end_s + self.s.after_s]
        return Passage(
            kept, on_s, end_s, finished, speed, np.array(design.background_cps), np.array(design.own_var),
            design.common_var, design.mask)


def compare(got: Shadow, wanted) -> None:
    assert got.why is Why.SEEN
    statistic, of = wanted
    assert got.statistic == pytest.approx(statistic, **CLOSE)
    assert got.source_cps / got.source_sd == pytest.approx(of["plain"], **CLOSE)
    for name, value in of.items():
        if name not in ("strength", "plain", "drawn"):
            assert getattr(got, name) == pytest.approx(value, **CLOSE), name


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32), panels=st.integers(1, 16), interval_s=st.sampled_from([0.05, 0.2, 0.2, 0.5, 1.0]),
    length_m=st.floats(3.0, 20.0), speed=st.floats(0.7, 6.0), measured=st.booleans(), finished=st.booleans(),
    lost=st.sampled_from([0.0, 0.1]), jitter=st.sampled_from([0.0, 1.0]), out=st.integers(0, 2**16), level=st.booleans(),
)
def test_any_passage_reads_the_same(
    seed, panels, interval_s, length_m, speed, measured, finished, lost, jitter, out, level,
) -> None:
    rng = np.random.default_rng(seed)
    learned = model(panels, rng, assumed_mps=0.0 if measured else speed)
    s = KernelSettings(panels, level_sd=0.0 if level else 0.0015, before_s=1.5, after_s=1.0, begin_offset_s=0.1,
                       end_offset_s=-0.3)
    told = Told(s, rng, interval_s, rng.choice([20.0, 1000.0]))
    mask = (~out & (1 << panels) - 1) or 1
    told.samples(2.0)
    told.lane.in_service(Radiation.GAMMA, mask)
    on_s = told.t_s
    told.lane.beam(on_s, True)
    told.samples(length_m / speed, lost, jitter)
    clear_s = told.t_s + 0.5 * jitter * interval_s
    if finished:
        told.lane.beam(clear_s, False)
        told.samples(1.0)
    if measured:
        told.lane.speed(told.t_s, speed)
    told.lane.learned(learned)
    got = told.lane.shadow()
    assert got.finished == finished
    if got.why in (Why.NO_LENGTH, Why.FEW_BINS, Why.NO_GEOMETRY):
        return
    end_s = clear_s - 0.3 if finished else told.kept[-1][0]
    known = speed if measured else None
    compare(got, look(told.passage(on_s + 0.1, end_s, finished, known, learned.geometry), learned, hold_s=0.3))


@pytest.mark.parametrize("panels", [1, 2, 16])
@pytest.mark.parametrize("minutes", [1, 3, 9])
def test_a_long_passage_is_merged(panels, minutes) -> None:
    rng = np.random.default_rng(minutes)
    learned = model(panels, rng)
    told = Told(KernelSettings(panels), rng, 0.2, 500.0)
    told.lane.beam(1000.0, True)
    told.samples(60 * minutes)
    told.lane.beam(told.t_s, False)
    told.lane.speed(told.t_s, 10 / 60 / minutes if minutes < 3 else 0.05)
    told.lane.learned(learned)
    got = told.lane.shadow()
    if minutes == 9:                        # 27 m at the slowest speed there is: it stood
        assert got.why is Why.NO_LENGTH
        return
    assert 128 <= got.bins <= 256
    speed = 10 / 60 if minutes == 1 else 0.05
    compare(got, look(told.passage(1000.0, told.t_s, True, speed, learned.geometry), learned))


@pytest.mark.parametrize("x", [-3.0, 0.0, 1.7, 9.0])
def test_the_closed_template_is_the_integral(x) -> None:
    place = Geometry((0.3,), (-2.5,), (2.0,), (1.3,))
    t = np.linspace(x, x + 0.2, 20001)
    r2 = (2.2 * t - 0.3) ** 2 + (0.8 + 2.5) ** 2 + 0.5**2
    mean = np.trapezoid(1.3 / r2, t) / 0.2
    assert template(place, 0, x, x + 0.2, 2.2, 0.8) == pytest.approx(mean, rel=1e-8)


def test_the_design_is_the_reference_basis() -> None:
    rng = np.random.default_rng(3)
    told = Told(KernelSettings(3), rng, 0.2, 500.0)
    told.samples(3.0)
    told.lane.beam(told.t_s, True)
    told.samples(4.0)
    told.lane.speed(told.t_s, 2.0)
    place = geometry(3, rng)
    design = told.lane.design(place, 7.0)
    assert (design.why, design.length_m, design.bin_s) == (Why.SEEN, 7.0, pytest.approx(0.2))
    x = 2.0 * (design.grid_s + (np.array(design.slot) + 0.5) * design.bin_s - design.on_s)
    for p in range(3):
        assert np.array(design.basis[p]) == pytest.approx(basis(x - place.along_m[p], 7.0), abs=1e-12)
        assert design.counts[p] == [float(kept[2][p]) for kept in told.kept[5:]]
    assert sum(design.exposure_s) == pytest.approx(6.0)         # 2 s before the beam and 4 s in it


def passed(s: KernelSettings, learned: ShadowModel | None, speed: float | None) -> tuple[Told, Shadow]:
    told = Told(s, np.random.default_rng(5), 0.2, 800.0)
    told.samples(3.0)
    told.lane.learned(learned)
    told.lane.beam(told.t_s, True)
    told.samples(4.0)
    if speed:
        told.lane.speed(told.t_s, speed)
    told.lane.beam(told.t_s, False)
    return told, told.lane.shadow()


def test_why_there_is_no_statistic() -> None:
    rng = np.random.default_rng(1)
    learned = model(4, rng)
    car_only = replace(learned, classes=(learned.classes[0], ShadowClass(0, 7.5), ShadowClass(0, 14.0)))
    blind = replace(learned, geometry=replace(learned.geometry, response=(0.0,) * 4))
    lane = Lane(KernelSettings(4))
    lane.learned(learned)
    assert lane.shadow().why is Why.NO_PASSAGE
    lane.beam(1.0, True)
    assert lane.shadow().why is Why.NO_BACKGROUND
    assert passed(KernelSettings(4), None, 2.0)[1].why is Why.NO_MODEL
    assert passed(KernelSettings(4), learned, None)[1].why is Why.NO_SPEED
    assert passed(KernelSettings(4), learned, 20.0)[1].why is Why.NO_LENGTH
    assert passed(KernelSettings(4), car_only, 2.0)[1].why is Why.NO_MODEL
    assert passed(KernelSettings(4), car_only, 1.2)[1].why is Why.SEEN
    assert passed(KernelSettings(4), blind, 1.2)[1].why is Why.NO_GEOMETRY
    told, _ = passed(KernelSettings(4), learned, 2.0)
    told.lane.in_service(Radiation.GAMMA, 0)
    assert told.lane.shadow().why is Why.NO_BACKGROUND


def test_an_unfinished_vehicle_needs_every_class_it_may_become() -> None:
    learned = model(4, np.random.default_rng(1))
    car_only = replace(learned, classes=(learned.classes[0], ShadowClass(0, 7.5), ShadowClass(0, 14.0)))
    told = Told(KernelSettings(4), np.random.default_rng(5), 0.2, 800.0)
    told.lane.beam(told.t_s, True)
    told.lane.speed(told.t_s, 2.0)
    told.samples(1.6)
    told.lane.learned(car_only)
    assert told.lane.shadow().why is Why.NO_MODEL
    told.lane.learned(learned)
    assert told.lane.shadow().why is Why.SEEN


def test_armed_only_with_a_threshold() -> None:
    learned = model(4, np.random.default_rng(1))
    _, unarmed = passed(KernelSettings(4), learned, 2.0)
    _, armed = passed(KernelSettings(4, glrt_threshold=0.1), learned, 2.0)
    assert (unarmed.armed, unarmed.crossed) == (False, False)
    assert armed.armed
    assert armed.crossed == (armed.statistic >= 0.1)
    assert armed.statistic == unarmed.statistic


def test_a_look_is_a_question_and_survives_what_comes_after() -> None:
    told, first = passed(KernelSettings(4, after_s=1.0), model(4, np.random.default_rng(1)), 2.0)
    before = told.lane.save()
    assert told.lane.shadow() == first
    assert told.lane.save() == before
    told.samples(1.0)
    end = told.lane.shadow()
    told.samples(60.0)                                  # vacant: another background, the same passage
    assert told.lane.shadow() == end
    restored = Lane(told.s)
    restored.restore(told.lane.save())
    restored.learned(model(4, np.random.default_rng(1)))
    assert restored.shadow() == end


def test_models_that_do_not_fit_are_refused() -> None:
    rng = np.random.default_rng(1)
    good, lane = model(2, rng), Lane(KernelSettings(2))
    n = 14
    negative = replace(good.classes[0], covariance=tuple(map(tuple, (-np.eye(n)).tolist())))
    endless = replace(good.classes[0], mean=(math.nan,) * n)
    for wrong in (
        model(3, rng), replace(good, classes=(negative, *good.classes[1:])), replace(good, edge_m=(9.0, 6.0)),
        replace(good, classes=(endless, *good.classes[1:])), replace(good, geometry=geometry(2, rng, assumed_mps=-1.0)),
        replace(good, geometry=replace(good.geometry, lateral_m=())),
        replace(good, geometry=replace(good.geometry, height_m=(math.inf, 1.0))),
    ):
        with pytest.raises(ModelRefused):
            lane.learned(wrong)
    lane.learned(good)


def test_speeds_that_are_none() -> None:
    lane = Lane(KernelSettings(2))
    with pytest.raises(StateRefused):
        lane.speed(1.0, 2.0)
    lane.beam(1.0, True)
    for speed in (0.0, -2.0, math.nan, math.inf, 1000.0):
        with pytest.raises(SampleRefused):
            lane.speed(2.0, speed)


def test_binding_and_header_name_the_same_things() -> None:
    assert [name for name, _ in ffi.typeof("ea_shadow").fields] == list(Shadow._fields)
    assert ffi.sizeof("ea_shadow") == _SHADOW.size
    assert {name for name, _ in ffi.typeof("ea_design").fields} == set(Design._fields) | {"panels", "bins"}
