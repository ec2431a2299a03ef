"""Doubted counts in the kernel: the state of health passes over them, and nothing else knows of it."""

from __future__ import annotations

import random

import numpy as np
import pytest

from edge_agent.tools.kernel import KernelSettings, Lane, SampleRefused
from edge_agent.words.reading import Radiation

GAMMA, NEUTRON = Radiation.GAMMA, Radiation.NEUTRON


@pytest.mark.parametrize("seed", range(4))
def test_no_look_and_no_background_depends_on_a_doubt(seed: int) -> None:
    chance, counts = random.Random(seed), np.random.default_rng(seed)
    plain, doubting = Lane(KernelSettings(4, tubes=4)), Lane(KernelSettings(4, tubes=4))
    for second in range(1, 1500):
        of_panels, of_tubes = counts.poisson(250.0, 4).tolist(), counts.poisson(0.75, 4).tolist()
        if second % 7 == 0:
            of_panels[chance.randrange(4)] = chance.choice((0, 650, 8250, 800250))
            of_tubes[chance.randrange(4)] = chance.choice((0, 8, 4000))
        looks = []
        for lane in (plain, doubting):
            if lane is doubting:
                lane.doubt(GAMMA, chance.randrange(16))
                lane.doubt(NEUTRON, chance.randrange(16))
            if second % 60 in (0, 6):
                lane.beam(second, second % 60 == 0)
            if second % 60 < 6:
                looks.append((lane.gamma(second, 1.0, of_panels), lane.neutron(second, 1.0, of_tubes)))
            else:
                looks.append((lane.vacant_rate(GAMMA, second, 1.0, of_panels), lane.vacant_rate(NEUTRON, second, 1.0, of_tubes)))
        if any(lane.health(radiation, second).overload for lane in (plain, doubting) for radiation in (GAMMA, NEUTRON)):
            return                          # an over-range holds the background, by references that doubts keep true
        assert looks[0] == looks[1]
        assert plain.background(GAMMA, second) == doubting.background(GAMMA, second)
        assert plain.background(NEUTRON, second) == doubting.background(NEUTRON, second)


def test_one_wild_second_is_learned_as_a_steep_rise_at_most() -> None:
    lane = Lane(KernelSettings(4, tubes=4))
    for number in range(1, 400):
        lane.vacant_rate(NEUTRON, 5.0 * number, 1.0, [1, 1, 200000 if number == 200 else number % 2, 1])
    assert lane.health(NEUTRON, 2000.0).channels[2].rate_cps == pytest.approx(0.5, rel=0.2)


def test_a_doubt_of_channels_that_are_not_there_is_refused() -> None:
    with pytest.raises(SampleRefused):
        Lane(KernelSettings(4)).doubt(GAMMA, 16)
