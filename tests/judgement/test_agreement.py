"""A portal left in its service display: it counts, judges nothing, and nobody would notice but for us."""

from __future__ import annotations

import pytest

from edge_agent.words.event import Fault
from edge_agent.words.reading import Condition
from tests.judgement.bench import Watched

MUTE = Condition.JUDGES_NOTHING.value


def passage(lane: Watched, at_s: float, counts: int, tag: str) -> float:
    """A vehicle of four seconds whose panels all give this in 0.2 s."""
    for number in range(20):
        text = f"{counts if 5 <= number < 15 else 50:06d}"
        lane.say(at_s + 0.2 * number, f"{tag if 5 <= number < 15 else 'GS'},{text},{text},{text},{text}")
    lane.say(at_s + 4.2, "GX,000001,000000,000000,000000")
    return lane.vacant(at_s + 6.0, 20.0)


def mute_after(vehicles: list[tuple[int, str]], **profile: bool) -> list[bool]:
    lane = Watched(**profile)
    at_s, standing = lane.vacant(0.0, 120.0), []
    for counts, tag in vehicles:
        at_s = passage(lane, at_s, counts, tag)
        standing.append(MUTE in lane.portal.faults.details)
    return standing


def test_three_strong_loads_without_an_alarm_of_the_portal_are_a_fault() -> None:
    assert mute_after([(90, "GS")] * 4) == [False, False, True, True]


def test_one_load_that_no_limit_would_let_pass_is_enough() -> None:
    assert mute_after([(400, "GS")]) == [True]


def test_a_line_that_is_spoiled_accuses_no_portal() -> None:
    lane = Watched()
    at_s = lane.vacant(0.0, 120.0)
    lane.say(at_s, "GB,00x250,000250,000250,000250")
    passage(lane, at_s + 1.0, 400, "GS")
    assert MUTE not in lane.portal.faults.details


def test_on_a_spoiled_line_three_strong_loads_of_which_no_count_is_suspect_do() -> None:
    lane = Watched()
    at_s, standing = lane.vacant(0.0, 120.0), []
    for _ in range(3):
        lane.say(at_s, "GB,00x250,000250,000250,000250")
        at_s = passage(lane, at_s + 1.0, 400, "GS")
        standing.append(MUTE in lane.portal.faults.details)
    assert standing == [False, False, True]


def test_a_load_that_the_line_has_made_is_no_load() -> None:
    lane = Watched()
    at_s = lane.vacant(0.0, 120.0)
    for number in range(4):
        lane.say(at_s, *["GB,00x250,000250,000250,000250"] * 2)
        for step in range(20):
            lane.say(at_s + 1.0 + 0.2 * step, f"GS,{8050 if step == 10 else 50:06d},000050,000050,000050")
        lane.say(at_s + 5.2, f"GX,{number:06d},000000,000000,000000")
        at_s = lane.vacant(at_s + 7.0, 20.0)
    assert MUTE not in lane.portal.faults.details


def test_an_alarm_of_the_portal_ends_it_on_a_spoiled_line_too() -> None:
    lane = Watched()
    at_s = passage(lane, lane.vacant(0.0, 120.0), 400, "GS")
    assert MUTE in lane.portal.faults.details
    lane.say(at_s, "GB,00x250,000250,000250,000250")
    passage(lane, at_s + 1.0, 400, "GA")
    assert MUTE not in lane.portal.faults.details


def test_one_alarm_of_the_portal_ends_it() -> None:
    assert mute_after([(90, "GS")] * 3 + [(90, "GA"), (90, "GS")]) == [False, False, True, False, False]


@pytest.mark.parametrize("counts", [50, 70])
def test_vehicles_that_are_not_far_above_the_limit_say_nothing(counts: int) -> None:
    assert not any(mute_after([(counts, "GS")] * 6))


def test_a_portal_that_tells_no_alarms_is_not_asked_for_them() -> None:
    assert not any(mute_after([(150, "GS")] * 6, tells_alarms=False))


def test_the_words_say_that_the_agent_goes_on() -> None:
    lane = Watched()
    at_s = lane.vacant(0.0, 120.0)
    for _ in range(3):
        at_s = passage(lane, at_s, 90, "GS")
    told = next(event for event in lane.of(Fault) if event.condition == MUTE)
    assert "its lamp stays dark" in told.detail and "this agent alarms as ever" in told.detail
