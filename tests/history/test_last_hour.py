"""What the last hour's minutes tell of single panels: noise that comes and goes, something outside, something on one side."""

from __future__ import annotations

import numpy as np
import pytest

from edge_agent.house import guide
from edge_agent.tools import last_hour
from edge_agent.tools.diagnosis import diagnose
from edge_agent.words.minute import Minute
from tests.history.test_history_signs import DAY, HOUR, lane

TUBES = [1.0] * 4
END = DAY // 2


def spells(seed: int, panels: list[int], strength: float, shares: tuple[float, ...] = (1.0,) * 4) -> list[Minute]:
    """Half a day; in its last hour these panels count more for some minutes, by some of `strength`."""
    chance = np.random.default_rng(seed)
    leap = strength * chance.random(END) * (chance.random(END) < 0.5)

    def bend(i: int) -> tuple[list[float], list[float]]:
        at = leap[i] if i >= END - HOUR else 0.0
        return [1 + at * shares[p] if p in panels else 1.0 for p in range(4)], TUBES
    return lane(0.5, bend, seed=seed)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("panels", [[1], [2, 3]])
def test_a_panel_or_a_pillar_that_crackles_is_named_and_no_other(panels: list[int], seed: int) -> None:
    found = last_hour.signs(spells(seed, panels, 0.5))
    assert {name for name in found if "leaps" in name} == {f"history-leaps:{('Aa1', 'Aa2', 'Ba1', 'Ba2')[p]}" for p in panels}
    assert diagnose(found, guide.findings(None))[0].id == "panel-noisy"


@pytest.mark.parametrize("seed", range(2))
def test_a_pillar_that_crackles_a_little_is_not_something_outside(seed: int) -> None:
    """Beside panels that crackle as weakly as these the scatter of who they are compared with hid half of it."""
    found = last_hour.signs(spells(seed, [2, 3], 0.11))
    assert {name for name in found if "leaps" in name or "together" in name} == {"history-leaps:Ba1", "history-leaps:Ba2"}
    assert diagnose(found, guide.findings(None))[0].id == "panel-noisy"


@pytest.mark.parametrize("seed", range(3))
def test_water_in_one_pillar_is_no_leap_of_the_other(seed: int) -> None:
    """Its panels lose gain as they crackle, so the quietest panel of a minute is now of one pillar, now of the other."""
    chance = np.random.default_rng(seed)
    on = chance.random(END) < 0.5

    def wet(i: int) -> tuple[list[float], list[float]]:
        part = max(0.0, (i - END + HOUR) / HOUR)
        level = 1 - 0.25 * part + 1.2 * part * on[i]
        return [1.0, 1.0, level, level], TUBES
    found = last_hour.signs(lane(0.5, wet, seed=seed))
    assert {name for name in found if "leaps" in name or "together" in name} == {"history-leaps:Ba1", "history-leaps:Ba2"}


@pytest.mark.parametrize("shares", [(1.0,) * 4, (1.0, 0.8, 0.9, 0.7)])
def test_panels_that_leap_together_have_something_outside(shares: tuple[float, ...]) -> None:
    found = last_hour.signs(spells(4, [0, 1, 2, 3], 0.6, shares))
    assert diagnose(found, guide.findings(None))[0].id == "all-leap"


def test_one_panel_that_counts_more_is_no_high_background() -> None:
    minutes = lane(0.5, lambda i: ([1.0, 1.8 if i > END - 90 else 1.0, 1.0, 1.0], TUBES))
    found = last_hour.signs(minutes)
    assert list(found) == ["history-alone:Aa2"] and "+80%" in found["history-alone:Aa2"].replace("79", "80")
    told = diagnose({**found, "share:Aa2": "", "gamma-high-background": ""}, guide.findings(None))
    assert [one.id for one in told] == ["panel-drifts"]


def test_something_on_one_side_raises_all_panels_and_the_near_ones_more() -> None:
    minutes = lane(0.5, lambda i: ([1.5, 1.45, 1.2, 1.2] if i > END - 90 else [1.0] * 4, TUBES))
    assert list(last_hour.signs(minutes)) == ["history-uneven"]


@pytest.mark.parametrize("seed", range(5))
def test_rain_and_a_day_without_anything_are_silent(seed: int) -> None:
    def wet(i: int) -> tuple[list[float], list[float]]:
        return [1 + 0.2 * np.sin(np.pi * max(0, i - END + HOUR) / HOUR)] * 4, TUBES
    assert last_hour.signs(lane(0.5, seed=seed)) == {} and last_hour.signs(lane(0.5, wet, seed=seed)) == {}


def test_a_lane_just_started_says_nothing() -> None:
    assert last_hour.signs([]) == {} and last_hour.signs(lane(20 / DAY)) == {}


def test_a_panel_that_was_dead_for_minutes_and_counts_again_does_not_leap() -> None:
    """Found by use: mended, it was "a detector counts noise" for an hour, with a cable and a divider to bring."""
    def mended(i: int) -> tuple[list[float], list[float]]:
        ago = END - i
        return [0.0 if 20 < ago < 25 else 0.4 if ago in (20, 25) else 1.0, 1.0, 1.0, 1.0], TUBES
    assert last_hour.signs(lane(0.5, mended)) == {}
