"""What weeks of minutes tell diagnose: the right sign, since when, and nothing of a healthy lane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from edge_agent.house import guide, minutes_kept
from edge_agent.tools import history_signs
from edge_agent.tools.diagnosis import diagnose
from edge_agent.words.errors import EdgeAgentError, NotRunning
from edge_agent.words.minute import Group, Minute

NAMES, TUBES = ("Aa1", "Aa2", "Ba1", "Ba2"), ("Aa1N", "Aa2N", "Ba1N", "Ba2N")
HOUR = 60                               # minutes
DAY = 24 * HOUR
Bend = Callable[[int], tuple[list[float], list[float]]]     # minute -> factors of panels and tubes


def lane(days: float, bend: Bend = lambda i: ([1.0] * 4, [1.0] * 4), *, empty: Callable[[int], float] = lambda i: 1.0,
         vehicles: Callable[[int], float] = lambda i: 0.5, seed: int = 1) -> list[Minute]:
    """Poisson minutes of a Rapiscan lane, with the temperature of the day (2 % of one panel) and rain on the second day."""
    chance, made = np.random.default_rng(seed), []
    for i in range(round(days * DAY)):
        panels, tubes = bend(i)
        rain = 1.2 if DAY < i < DAY + 60 else 1.0
        warm = [1 + 0.02 * np.sin(2 * np.pi * i / DAY), 1.0, 1.0, 1.0]
        exposure_s = 12 * empty(i)
        gamma = chance.poisson([250 * exposure_s * rain * w * p for w, p in zip(warm, panels, strict=True)])
        neutron = chance.poisson([0.75 * exposure_s * t for t in tubes])
        groups = (Group("gamma", NAMES, round(exposure_s * 1e3), tuple(gamma.tolist())),
                  Group("neutron", TUBES, round(exposure_s * 1e3), tuple(neutron.tolist())))
        made.append(Minute(60 * i, groups, 20, int(chance.poisson(vehicles(i))), 0, frozenset()))
    return made


def signs(minutes: list[Minute]) -> dict[str, str]:
    return history_signs.signs(minutes, lambda at_s: f"<{at_s / 3600:.0f} h>")


def ids(minutes: list[Minute]) -> list[str]:
    return [one.id for one in diagnose(signs(minutes), guide.findings(None))]


@pytest.mark.parametrize("seed", range(3))
def test_a_healthy_lane_has_none(seed: int) -> None:
    nights = lane(8, vehicles=lambda i: 0.0 if i % DAY < 7 * HOUR else 0.5, seed=seed)
    assert [signs(nights[:end]) for end in range(2 * HOUR, len(nights), 311)] == [{}] * len(range(2 * HOUR, len(nights), 311))


def test_a_panel_that_goes_away_over_days_is_told_with_since_when() -> None:
    found = signs(lane(12, lambda i: ([1.0, 1 - 0.10 * max(0.0, i / DAY - 4) / 8, 1.0, 1.0], [1.0] * 4)))
    assert list(found) == ["history-share:Aa2"] and found["history-share:Aa2"].startswith("-")
    assert "half of it by <1" in found["history-share:Aa2"]         # of day 4 to 12: after 100 h


def test_a_tube_that_dies_slowly_is_not_a_panel() -> None:
    minutes = lane(12, lambda i: ([1.0] * 4, [1.0, 1.0, 1 - i / DAY / 12, 1.0]))
    assert list(signs(minutes)) == ["history-tube:Ba1N"] and ids(minutes) == ["tube-fades"]


@pytest.mark.parametrize(("factor", "name"), [(1.4, "high-background"), (0.7, "low-everywhere")])
def test_a_background_that_steps_and_stays(factor: float, name: str) -> None:
    minutes = lane(2, lambda i: ([factor if i >= 40 * HOUR else 1.0] * 4, [1.0] * 4))
    assert ids(minutes) == [name] and "since <40 h>" in next(iter(signs(minutes).values()))


def test_a_lane_hardly_ever_empty() -> None:
    minutes = lane(1, empty=lambda i: 0.05 if i >= 22 * HOUR else 0.9)
    assert ids(minutes) == ["lane-never-empty"]


def test_no_vehicle_where_many_came_at_these_hours() -> None:
    minutes = lane(4.7, vehicles=lambda i: 0.0 if i % DAY < 7 * HOUR or i > 4 * DAY + 10 * HOUR else 0.5)
    assert ids(minutes) == ["beam-never"] and "no vehicle since <106 h>" in signs(minutes)["history-no-vehicles"]


def test_nothing_kept_says_nothing() -> None:
    assert signs([]) == signs(lane(0.01)) == {}


class _Disk:
    """A core whose disk does not give the minutes, or whose blocks are damaged."""

    def __init__(self, problem: EdgeAgentError | None) -> None:
        self._problem = problem

    def ask(self, op: str, **values: object) -> dict[str, object]:
        if self._problem is not None:
            raise self._problem
        return {"now_s": 1_795_000_000, "blocks": ["AQ=="], "next": None}


@pytest.mark.parametrize("problem", [EdgeAgentError("history.db: disk I/O error\n  df -h"), None])
def test_a_sick_disk_is_diagnosed_and_does_not_refuse_the_diagnosis(problem: EdgeAgentError | None) -> None:
    found = minutes_kept.signs(cast(Any, _Disk(problem)), "2")
    assert [one.id for one in diagnose(found, guide.findings(None))] == ["disk"]
    with pytest.raises(NotRunning):
        minutes_kept.signs(cast(Any, _Disk(NotRunning("the core left"))), "2")
