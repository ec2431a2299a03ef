"""How a lane behaves over minutes: innocent traffic, drift, queues, sources that park.  Seeded; no clock."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.tools.kernel import KernelSettings, Lane, Look
from edge_agent.words.reading import Radiation

SETTINGS = KernelSettings(4, 2, groups=(15, 3, 12, 5, 10, 1, 2, 4, 8))
RATE = 1000.0                                             # cps of one panel


class Scene:
    """Poisson counts at 5 Hz for one lane; `level` is the true background beside RATE."""

    def __init__(self, seed: int) -> None:
        self.lane, self.rng, self.t_s = Lane(SETTINGS), np.random.default_rng(seed), 0.0

    def run(self, seconds: float, level=lambda t_s: 1.0, extra: float = 0.0) -> list[Look]:
        looks = []
        for _ in range(round(seconds * 5)):
            self.t_s += 0.2
            mean = 0.2 * RATE * level(self.t_s) + 0.2 * extra / 4
            looks.append(self.lane.gamma(self.t_s, 0.2, self.rng.poisson(mean, 4).tolist()))
        return looks

    def passage(self, seconds: float, level=lambda t_s: 1.0, extra: float = 0.0) -> bool:
        self.lane.beam(self.t_s, True)
        looks = self.run(seconds, level, extra)
        self.lane.beam(self.t_s, False)
        return any(look.focus.crossed for look in looks)


def test_clean_passages_do_not_alarm() -> None:
    """Measured 4e-5 per passage (native/simulate.c); 300 of them: one alarm in 1 % of such tests."""
    scene = Scene(1)
    scene.run(120.0)
    assert sum(scene.passage(8.0) + bool(scene.run(12.0) == []) for _ in range(300)) == 0


def test_sparse_vacant_records_do_not_alarm_either() -> None:
    alarms = 0
    for seed in range(150):
        scene = Scene(seed)
        for _ in range(24):
            scene.t_s += 5.0
            scene.lane.vacant_rate(Radiation.GAMMA, scene.t_s, 1.0, scene.rng.poisson(RATE, 4).tolist())
        scene.t_s += 2.5
        alarms += scene.passage(10.0)
        assert scene.lane.background(Radiation.GAMMA, scene.t_s).exposure_s == pytest.approx(24.0)
    assert alarms == 0


@pytest.mark.parametrize("per_minute", [-0.003, 0.003, 0.006])
def test_a_stand_of_three_minutes_in_drift_does_not_alarm(per_minute) -> None:
    alarms = 0
    for seed in range(20):
        scene = Scene(seed)

        def level(t_s: float) -> float:
            return 1 + per_minute * t_s / 60

        scene.run(120.0, level)
        alarms += scene.passage(180.0, level)
    assert alarms == 0


def test_a_source_in_a_passage_is_seen() -> None:
    scene = Scene(3)
    scene.run(120.0)
    assert scene.passage(4.0, extra=600.0)                # 600 cps on 4000 for 4 s: 19 sigma


def test_steady_rain_is_followed() -> None:
    """+20 % in ten minutes (algorithms.md 1): the trend keeps up and the vacant lane does not take it for a source."""
    scene = Scene(4)
    scene.run(120.0)
    looks = scene.run(600.0, lambda t_s: 1 + 0.2 * min(1.0, max(0.0, t_s - 120.0) / 600.0))
    assert scene.lane.tally(scene.t_s).relearned == (0, 0)
    assert sum(look.focus.crossed for look in looks) < 0.05 * len(looks)


def test_a_queue_makes_the_background_less_certain() -> None:
    scene = Scene(5)
    scene.run(120.0)
    scene.lane.beam(scene.t_s, True)
    sd = [scene.lane.background(Radiation.GAMMA, scene.t_s + wait).relative_sd for wait in (0.0, 60.0, 600.0)]
    assert sd[0] < sd[1] < sd[2]
    assert sd[2] > 0.03


def test_new_vacancy_after_a_long_stand_is_believed_over_the_old() -> None:
    """Fifteen minutes of stand, meanwhile rain: ten vacant seconds later the level is the new one."""
    scene = Scene(6)
    scene.run(120.0)
    scene.lane.beam(scene.t_s, True)
    scene.run(900.0, lambda t_s: 1.08)
    scene.lane.beam(scene.t_s, False)
    scene.run(14.0, lambda t_s: 1.08)
    now = scene.lane.background(Radiation.GAMMA, scene.t_s)
    assert sum(now.rate_cps) == pytest.approx(4 * RATE * 1.08, rel=4 * now.relative_sd)
    assert now.relative_sd < 0.02


def test_a_source_driven_up_before_the_beam_is_not_learned() -> None:
    """A vehicle with a source waits two seconds before the beam: the guard gives those samples back."""
    scene = Scene(7)
    scene.run(120.0)
    before = sum(scene.lane.background(Radiation.GAMMA, scene.t_s).rate_cps)
    scene.run(1.8, extra=200.0)
    assert scene.passage(4.0, extra=800.0)
    assert sum(scene.lane.background(Radiation.GAMMA, scene.t_s).rate_cps) == pytest.approx(before, rel=0.004)
