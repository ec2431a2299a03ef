"""The neutron template in C against the plain reference, and how often it sees what."""

from __future__ import annotations

import numpy as np
import pytest
from edge_agent._kernel import ffi
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import poisson_clip
from reference_neutron import look, shape

from edge_agent.tools.kernel import Geometry, KernelSettings, Lane, NeutronSource, SampleRefused, Why
from edge_agent.tools.kernel_shadow import _NEUTRON
from edge_agent.words.reading import Radiation

PLACE = Geometry((0.0,) * 4, (-2.5, -2.5, 2.5, 2.5), (0.8, 2.2, 0.8, 2.2), (1.0,) * 4, assumed_mps=2.0)


def passed(rng, interval_s, rate, source, seconds, speed, finished=True, vacant_s=300.0):
    """A lane after a passage, and what the reference is told of it."""
    s = KernelSettings(4, 2, before_s=1.0, after_s=1.0, neutron_template_threshold=3.0)
    lane, told = Lane(s), []
    vacant = rng.poisson(rate * vacant_s, 2) / 2
    lane.put_background(Radiation.NEUTRON, 998.0, 0.0, vacant_s, (vacant / vacant_s).tolist())
    counts_known = lane.background(Radiation.NEUTRON, 998.0)
    known = sum(counts_known.rate_cps) * counts_known.exposure_s
    clip = poisson_clip((known + 1) / counts_known.exposure_s * interval_s, interval_s)
    before, during = round(2.0 / interval_s), round(seconds / interval_s)
    for i in range(before + during + (round(2.0 / interval_s) if finished else 0)):
        t_s = 1000.0 + (i + 1) * interval_s
        if i in (before, before + during):
            lane.beam(1000.0 + i * interval_s, i == before)
        middle = np.array([t_s - 1000 - (before + during / 2) * interval_s - interval_s])
        mean = rate + (source * shape(PLACE, middle, middle + interval_s, speed)[0] if source else 0.0)
        counts = rng.poisson(mean * interval_s / 2, 2).tolist()
        lane.neutron(t_s, interval_s, counts)
        told.append((t_s, interval_s, min(sum(counts), clip)))
    on_s, off_s = 1000.0 + before * interval_s, 1000.0 + (before + during) * interval_s
    kept = [x for x in told if x[0] > on_s - 1.0 and (not finished or x[0] - interval_s < off_s + 1.0)]
    return lane, (kept, on_s, off_s if finished else told[-1][0]), (known, counts_known.exposure_s)


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32), interval_s=st.sampled_from([0.05, 0.2, 1.0]), rate=st.sampled_from([0.3, 2.0, 20.0]),
    source=st.sampled_from([0.0, 5.0, 40.0]), seconds=st.floats(3.0, 30.0), speed=st.floats(0.5, 5.0),
    measured=st.booleans(), finished=st.booleans(), vacant_s=st.sampled_from([12.0, 300.0]),
)
def test_any_passage_reads_the_same(seed, interval_s, rate, source, seconds, speed, measured, finished, vacant_s) -> None:
    rng = np.random.default_rng(seed)
    lane, of, vacant = passed(rng, interval_s, rate, source, seconds, speed, finished, vacant_s)
    if measured:
        lane.speed(1500.0, speed)
    got = lane.neutron_source(PLACE)
    every = look(*of, speed if measured else None, 2.0, *vacant, PLACE, finished)
    most = max([0.0, *(ratio for ratio, _, _ in every)])
    assert (got.why, got.finished) == (Why.SEEN, finished)
    assert got.statistic**2 / 2 == pytest.approx(most, rel=1e-9, abs=1e-9)
    rarer = 2 * np.log(max(1.0, (of[2] - of[1]) / 10.0)) + (0.0 if finished else 1.0)       # stand_s, and e before the end
    assert got.threshold == pytest.approx((9.0 + 2 * rarer) ** 0.5)
    assert got.crossed == (got.statistic >= got.threshold)
    if most > 1e-6:
        there = [ratio for ratio, cps, at_s in every if cps == got.source_cps and abs(at_s - got.at_s) < 1e-6]
        assert max(there) == pytest.approx(most)            # where it says; there may be ties


def test_it_sees_a_source_and_says_where() -> None:
    rng, found, quiet = np.random.default_rng(4), [], []
    for _ in range(300):
        lane, (_, on_s, _), _ = passed(rng, 0.2, 2.0, 9.0, 3.0, 2.2)
        lane.speed(1500.0, 2.2)
        seen = lane.neutron_source(PLACE)
        found.append(seen.statistic)
        assert seen.after_on_s == pytest.approx(seen.at_s - on_s)
        lane, _, _ = passed(rng, 0.2, 2.0, 0.0, 3.0, 2.2)
        lane.speed(1500.0, 2.2)
        quiet.append(lane.neutron_source(PLACE).statistic)
    assert np.quantile(quiet, 0.99) < 3.3               # 1 in 100 of the largest of some ten normals: 3.1
    assert np.mean(np.array(found) > 3.5) > 0.9


def test_what_stands_in_its_way() -> None:
    with pytest.raises(SampleRefused):
        Lane(KernelSettings(4)).neutron_source(PLACE)
    lane = Lane(KernelSettings(4, 2))
    assert lane.neutron_source(PLACE).why is Why.NO_PASSAGE
    lane.beam(1.0, True)
    assert lane.neutron_source(PLACE).why is Why.NO_BACKGROUND
    lane, _, _ = passed(np.random.default_rng(1), 0.2, 2.0, 0.0, 5.0, 2.0)
    lane.in_service(Radiation.NEUTRON, 1)
    assert lane.neutron_source(PLACE).why is Why.FEW_BINS         # begun anew without that tube


def test_binding_and_header_name_the_same_things() -> None:
    assert [name for name, _ in ffi.typeof("ea_neutron_source").fields] == list(NeutronSource._fields)
    assert ffi.sizeof("ea_neutron_source") == _NEUTRON.size
