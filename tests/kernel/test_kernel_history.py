"""The C kernel and the readable reference, side by side through random histories: every statistic to 1e-9."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reference import ReferenceLane

from edge_agent.tools.kernel import KernelSettings, Lane, Score
from edge_agent.words.reading import Radiation

CLOSE = {"rel": 1e-9, "abs": 1e-9}

SETTINGS = st.builds(
    KernelSettings,
    panels=st.integers(1, 4), tubes=st.integers(1, 3),
    background_s=st.sampled_from([10.0, 40.0, 120.0]), neutron_background_s=st.sampled_from([20.0, 300.0]),
    guard_s=st.sampled_from([0.0, 1.0, 2.0]), hold_in_s=st.sampled_from([0.0, 1.5]),
    arm_exposure_s=st.sampled_from([0.0, 4.0]), neutron_arm_s=st.just(3.0),
    level_sd=st.sampled_from([0.0, 0.0015, 0.05]), slope_sd_per_min=st.sampled_from([0.0, 0.006]),
    ksigma_intervals=st.integers(1, 6), neutron_p=st.sampled_from([1e-3, 1e-6]),
    focus_vacant_threshold=st.sampled_from([3.5, 5.6]), neutron_vacant_p=st.sampled_from([1e-2, 1e-7]),
    stand_s=st.sampled_from([1.0, 10.0]), focus_window_s=st.just(120.0), suspect_s=st.sampled_from([20.0, 300.0]),
)

# What happens, for how many samples, how strong beside the background
EPISODE = st.tuples(
    st.sampled_from(["vacant", "occupied", "rates", "gap", "service"]), st.integers(1, 60), st.floats(0.5, 1.5))


class Both:
    """One history told to C and to the reference."""

    def __init__(self, s: KernelSettings, interval_s: float, rate_cps: float, seed: int) -> None:
        self.s, self.interval_s, self.rate_cps = s, interval_s, rate_cps
        self.c, self.reference = Lane(s), ReferenceLane(s)
        self.rng, self.t_s, self.beam_on = np.random.default_rng(seed), 1000.0, False

    def beam(self, on: bool) -> None:
        if on != self.beam_on:
            assert self.c.beam(self.t_s, on) == self.reference.beam(self.t_s, on)
            self.beam_on = on

    def sample(self, strength: float) -> None:
        self.t_s += self.interval_s
        assert self.c.clock(self.t_s) == self.reference.clock(self.t_s)
        self.gamma(self.rng.poisson(self.rate_cps * self.interval_s * strength, self.s.panels).tolist())
        self.neutron(self.rng.poisson(1.0 * self.interval_s * strength**3, self.s.tubes).tolist())

    def gamma(self, counts: list[int]) -> None:
        look = self.c.gamma(self.t_s, self.interval_s, counts)
        old, (statistic, armed, exact) = self.reference.gamma(self.t_s, self.interval_s, counts)
        if old:
            assert look.ksigma.statistic == pytest.approx(old[0], **CLOSE)
        assert look.focus.armed == armed
        assert look.focus.threshold == pytest.approx(self.reference.focus_threshold(self.t_s), rel=1e-12)
        if exact:
            assert look.focus.statistic == pytest.approx(statistic, **CLOSE)
        assert look.focus.statistic <= statistic + 1e-9
        self.one_history(look.focus, statistic, exact)

    def one_history(self, score: Score, statistic: float, exact: bool) -> None:
        """Where old windows were joined C's statistic is a lower bound: if only the exact one crosses, the vacant lane looks
        like a source to one of the two, and from there on they are two histories."""
        assume(exact or (score.statistic >= score.threshold) == (statistic >= score.threshold))

    def neutron(self, counts: list[int]) -> None:
        look = self.c.neutron(self.t_s, self.interval_s, counts)
        statistic, armed = self.reference.neutron(self.t_s, self.interval_s, counts)
        assert look.neutron.armed == armed
        assert look.neutron.statistic == pytest.approx(statistic, **CLOSE)

    def backgrounds(self) -> None:
        pairs = ((Radiation.GAMMA, self.reference.gamma_ring), (Radiation.NEUTRON, self.reference.neutron_ring))
        for radiation, ring in pairs:
            got, fit = self.c.background(radiation, self.t_s), ring.fit()
            if fit is None:
                assert got.exposure_s == 0
                continue
            _, factor, variance, armed = ring.present(self.t_s)
            assert got.rate_cps == pytest.approx(tuple(fit[0] / fit[1] * factor), **CLOSE)
            assert (got.exposure_s, got.relative_sd) == pytest.approx((fit[1], variance**0.5), **CLOSE)
            assert got.slope_per_min == pytest.approx(60 * fit[5], rel=1e-9, abs=1e-12)
            assert got.armed == armed

    def tell(self, what: str, length: int, strength: float) -> None:
        if what == "gap":
            self.t_s += length
        elif what == "service":
            radiation = Radiation.GAMMA if length % 2 else Radiation.NEUTRON
            mask = length % (1 << (self.s.panels if length % 2 else self.s.tubes))
            self.c.in_service(radiation, mask)
            self.reference.in_service(1 - length % 2, mask)
        elif what == "rates":
            self.beam(False)
            for _ in range(length // 4 + 1):
                self.rates()
        else:
            self.beam(what == "occupied")
            for _ in range(length):
                self.sample(strength if what == "occupied" else 1.0 + (strength - 1.0) / 10)

    def rates(self) -> None:
        self.t_s += 5.0
        assert self.c.clock(self.t_s) == self.reference.clock(self.t_s)
        for radiation, index, channels in ((Radiation.GAMMA, 0, self.s.panels), (Radiation.NEUTRON, 1, self.s.tubes)):
            rates = self.rng.poisson(self.rate_cps if index == 0 else 1.0, channels).tolist()
            look = self.c.vacant_rate(radiation, self.t_s, 1.0, rates)
            statistic, exact = self.reference.vacant_rate(index, self.t_s, 1.0, rates) or (0.0, True)
            found = (look.neutron if index else look.focus).statistic
            assert found == pytest.approx(statistic, **CLOSE) if exact else found <= statistic + 1e-9
            if not index:
                self.one_history(look.focus, statistic, exact)


@settings(max_examples=250, deadline=None)
@given(
    s=SETTINGS, interval_s=st.sampled_from([0.05, 0.2, 0.2, 1.0, 2.0]), rate_cps=st.sampled_from([3.0, 200.0, 5000.0]),
    seed=st.integers(0, 2**32), story=st.lists(EPISODE, min_size=2, max_size=7),
)
def test_any_history_reads_the_same(s, interval_s, rate_cps, seed, story) -> None:
    both = Both(s, interval_s, rate_cps, seed)
    both.tell("vacant", 30, 1.0)
    for what, length, strength in story:
        both.tell(what, length, strength)
        both.backgrounds()
