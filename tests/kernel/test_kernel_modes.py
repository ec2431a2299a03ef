"""Stands, the vacant lane, learning anew, two energy windows: what a lane does beside passages."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.tools.kernel import KernelSettings, Lane, SampleRefused, SettingsRefused, StateRefused
from edge_agent.tools.kernel_ratio import Side, window_ratio
from edge_agent.words.reading import Radiation

S = KernelSettings(4, 2, focus_vacant_threshold=4.7, neutron_vacant_p=1e-6)


def vacant(lane: Lane, rng: np.random.Generator, rate: float, records: int, t_s: float) -> tuple[float, int | None]:
    """So many gamma records, one in 5 s; when it ended, and at which of them FOCuS crossed first."""
    crossed = None
    for i in range(records):
        t_s += 5.0
        if lane.vacant_rate(Radiation.GAMMA, t_s, 1.0, rng.poisson(rate / 4, 4).tolist()).focus.crossed and crossed is None:
            crossed = i
    return t_s, crossed


def test_a_source_parked_in_a_lane_of_sparse_rates_is_seen_and_not_learned() -> None:
    lane, rng = Lane(S), np.random.default_rng(1)
    t_s, crossed = vacant(lane, rng, 4300.0, 60, 0.0)
    assert crossed is None
    before = sum(lane.background(Radiation.GAMMA, t_s).rate_cps)
    t_s, crossed = vacant(lane, rng, 4600.0, 30, t_s)          # 300 counts/s, 4.5 sigma of one record
    assert crossed is not None and crossed < 12
    assert sum(lane.background(Radiation.GAMMA, t_s).rate_cps) < before + 150 and lane.tally(t_s).suspect[0]
    t_s, _ = vacant(lane, rng, 4300.0, 20, t_s)
    assert not lane.tally(t_s).suspect[0]                       # it left; the lane is calm again


def test_a_parked_neutron_source_too() -> None:
    lane, rng = Lane(S), np.random.default_rng(2)
    looks = [lane.vacant_rate(Radiation.NEUTRON, 5.0 * i, 1.0, rng.poisson(1.0 if i < 80 else 4.0, 2).tolist()).neutron
             for i in range(1, 100)]
    assert not any(look.crossed for look in looks[:79]) and any(look.crossed for look in looks[79:])


def test_a_stand_asks_for_more_and_a_passage_does_not() -> None:
    lane = Lane(S)
    lane.put_background(Radiation.GAMMA, 100.0, 0.0, 120.0, [1000.0] * 4)
    lane.beam(102.0, True)
    told = {u: lane.gamma(102.0 + u, 0.2, [200] * 4) for u in (1.0, 10.0, 20.0, 180.0)}
    assert told[1.0].focus.threshold == told[10.0].focus.threshold == S.focus_threshold
    for u in (20.0, 180.0):
        assert told[u].focus.threshold == pytest.approx(math.sqrt(S.focus_threshold**2 + 4 * math.log(u / 10.0)))
    assert {look.ksigma.threshold for look in told.values()} == {S.ksigma_n}


def test_learned_anew_the_lane_is_unarmed_until_it_knows() -> None:
    lane, rng = Lane(S), np.random.default_rng(3)
    t_s, _ = vacant(lane, rng, 4300.0, 30, 0.0)
    lane.beam(t_s + 1, True)
    with pytest.raises(StateRefused):
        lane.relearn(t_s + 2)
    lane.beam(t_s + 2, False)
    with pytest.raises(SettingsRefused):
        lane.relearn(t_s + 3, 2.0)
    lane.relearn(t_s + 3, 0.045)
    assert lane.background(Radiation.GAMMA, t_s + 3).exposure_s == 0
    looks = [lane.gamma(t_s + 3 + 0.2 * i, 0.2, rng.poisson(165, 4).tolist()) for i in range(1, 300)]
    assert not looks[0].focus.armed and looks[-1].focus.armed and not any(look.ksigma.armed for look in looks)
    risen = [lane.gamma(t_s + 63 + 0.2 * i, 0.2, rng.poisson(198, 4).tolist()) for i in range(50)]   # a truck leaves: +20 %
    assert not any(look.focus.crossed for look in risen)


counts = st.integers(0, 10**6).map(float)


@given(soft=counts, hard=counts, vacant_soft=counts, vacant_hard=counts, share_sd=st.sampled_from([0.0, 0.01]))
def test_the_window_ratio_is_the_likelihood_ratio_of_a_two_by_two_table(soft, hard, vacant_soft, vacant_hard, share_sd):
    got = window_ratio(soft, hard, vacant_soft, vacant_hard, 3.0, share_sd)
    n = np.array([[soft, hard], [vacant_soft, vacant_hard]])
    rows, columns = n.sum(1), n.sum(0)
    if (rows < 1).any() or (columns <= 0).any():
        assert got.z == 0
        return
    even = np.outer(rows, columns) / n.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(n > 0, n * np.log(n / even), 0.0)
    p = columns[0] / n.sum()
    scatter = p * (1 - p) * (1 / rows).sum()
    z = math.copysign(math.sqrt(2 * max(0.0, terms.sum())), soft * rows[1] - vacant_soft * rows[0])
    z *= math.sqrt(scatter / (scatter + share_sd**2)) if scatter > 0 else 0.0
    assert got.z == pytest.approx(z, rel=1e-9, abs=1e-4)      # both cancel where the shares are alike
    assert got.side == (Side.SOFTER if got.z >= 3 else Side.HARDER if got.z <= -3 else Side.ALIKE)


def test_a_shadow_of_both_windows_is_no_side_and_a_soft_source_behind_it_is_one() -> None:
    assert window_ratio(800, 800, 120_000, 120_000, 3.0).side is Side.ALIKE
    assert window_ratio(1000, 800, 120_000, 120_000, 3.0).side is Side.SOFTER
    assert window_ratio(800, 1000, 120_000, 120_000, 3.0).side is Side.HARDER
    with pytest.raises(SampleRefused):
        window_ratio(-1, 1, 1, 1, 3.0)
