"""A speed sensor that hangs: told, never believed, and never the end of a lane."""

from __future__ import annotations

import pytest

from edge_agent.words.event import Occupancy
from edge_agent.words.reading import Condition, Speed
from tests.judgement.bench import Watched, ns


def passage(lane: Watched, at_s: float, speed: str) -> float:
    """A vehicle of five seconds, and background after it."""
    at_s = lane.scan(at_s, 5.0)
    lane.say(at_s, speed)
    at_s = lane.scan(at_s + 0.2, 1.0)
    lane.say(at_s, "GX,000001,000000,000000,000000")
    return lane.vacant(at_s + 2.0, 10.0)


@pytest.mark.parametrize("speed_mps", [0.0305, 655.35])
def test_a_speed_no_vehicle_has_is_a_fault_and_the_lane_goes_on(speed_mps: float) -> None:
    lane = Watched()
    at_s = lane.vacant(0.0, 60.0)
    at_s = lane.scan(at_s, 5.0)
    lane.observe(Speed(ns(at_s), speed_mps))
    assert Condition.SPEED.value in lane.portal.faults.details
    passage(lane, at_s + 0.2, "SP,0.2249,03.032,004.88,000000")
    assert lane.of(Occupancy)[-1].speed_mps == pytest.approx(1.355, abs=0.01)


def test_the_slowest_the_wire_can_say_is_no_measured_speed() -> None:
    lane = Watched()
    passage(lane, lane.vacant(0.0, 60.0), "SP,9.9999,00.068,000.11,000000")
    assert lane.of(Occupancy)[-1].speed_mps is None


def test_the_same_speed_of_thirty_vehicles_is_a_sensor_that_hangs() -> None:
    lane = Watched()
    at_s = lane.vacant(0.0, 60.0)
    for number in range(30):
        assert Condition.SPEED.value not in lane.portal.faults.details, number
        at_s = passage(lane, at_s, "SP,0.2249,03.032,004.88,000000")
    assert "30 of the last 30 vehicles" in lane.portal.faults.details[Condition.SPEED.value]


def test_a_line_that_spoils_some_of_them_hides_no_sensor_that_hangs() -> None:
    lane = Watched()
    at_s = lane.vacant(0.0, 60.0)
    for number in range(40):
        text = "0.2249" if number % 4 else f"0.3{number:02d}9"
        at_s = passage(lane, at_s, f"SP,{text},03.032,004.88,000000")
    assert "30 of the last 40 vehicles" in lane.portal.faults.details[Condition.SPEED.value]
