"""Panels and tubes that were dead before the daemon started, and a lane so busy that it is hardly ever vacant."""

from __future__ import annotations

import pytest

from edge_agent.judgement import outage
from edge_agent.words.event import Fault
from edge_agent.words.reading import Radiation, Sample

from .bench import Watched, end, ns


def counts(tag: str, *numbers: int) -> str:
    return f"{tag}," + ",".join(f"{number:06d}" for number in numbers)


def busy(lane: Watched, vehicles: int, gamma: tuple[int, ...], neutron: tuple[int, ...]) -> None:
    """A vehicle every 18 s: two vacant records between two of them, as in the recording of a laboratory's simulator."""
    for vehicle in range(vehicles):
        at_s = 18.0 * vehicle
        for _ in range(2):
            at_s += 5.0
            lane.say(at_s, counts("NB", *neutron), counts("GB", *(5 * n + vehicle % 7 if n else 0 for n in gamma)))
            lane.tick(at_s)
        for step in range(1, 21):
            lane.say(at_s + 2 + 0.2 * step, counts("GS", *(n + (vehicle + step) % 5 if n else 0 for n in gamma)))
        lane.say(at_s + 6.2, end())
        lane.tick(at_s + 6.2)


def begun(lane: Watched) -> set[str]:
    return {fault.condition for fault in lane.of(Fault) if fault.present}


def test_a_panel_dead_from_the_first_record_is_found_on_a_busy_lane() -> None:
    lane = Watched()
    busy(lane, 6, (50, 50, 0, 50), (1, 1, 1, 1))
    assert {"dead:Ba1", "out-of-service:Ba1"} <= begun(lane)
    assert "blind" not in begun(lane)


def test_a_lane_that_begins_with_every_panel_dead_says_that_it_is_blind() -> None:
    lane = Watched()
    busy(lane, 20, (0, 0, 0, 0), (1, 1, 1, 1))
    assert "blind" in begun(lane)


def test_a_lane_that_begins_with_every_tube_dead_says_so() -> None:
    lane = Watched()
    for step in range(0, 4000, 5):
        lane.say(float(step), counts("NB", 0, 0, 0, 0), counts("GB", 250, 251, 249, 250 + step % 7))
        lane.tick(float(step))
    assert "neutron-blind" in begun(lane)


def samples(lane: Watched, seconds: int) -> None:
    """Of a portal that counts at all times; no tube gives anything."""
    for second in range(1, seconds):
        lane.observe(Sample(ns(second), Radiation.GAMMA, 1.0, tuple(250 + (second + i) % 7 for i in range(4)), False),
                     Sample(ns(second), Radiation.NEUTRON, 1.0, (0, 0, 0, 0), False))
        lane.tick(second)


def test_tubes_that_are_all_dead_are_held_against_chance_together() -> None:
    """One by one they take four times as long: a recording of a quarter of an hour was silent about them."""
    lane = Watched()
    samples(lane, 100)
    assert "neutron-blind" not in begun(lane)
    lane = Watched()
    samples(lane, 200)
    assert "neutron-blind" in begun(lane)


def test_vacant_records_that_may_be_rounded_down_to_zero_are_no_such_evidence() -> None:
    """A weak bank whose portal tells an average of it: 0, 0, 0, 0 all night."""
    lane = Watched()
    for step in range(0, 1500, 5):
        lane.say(float(step), counts("NB", 0, 0, 0, 0), counts("GB", 250, 251, 249, 250 + step % 7))
        lane.tick(float(step))
    assert "neutron-blind" not in begun(lane)


def test_tubes_that_count_seldom_are_not_dead() -> None:
    """0.1 a second in each: a backpack's; ten seconds between two counts."""
    lane = Watched()
    for step in range(0, 4000, 5):
        neutrons = (int(step // 5 % 10 == i) for i in range(4))
        lane.say(float(step), counts("NB", *neutrons), counts("GB", 250, 251, 249, 250 + step % 7))
        lane.tick(float(step))
    assert not {condition for condition in begun(lane) if "N" in condition or "neutron" in condition}


def test_what_is_lost_without_a_panel_never_heard_is_what_its_neighbours_give() -> None:
    rates = {"Aa1": 250.0, "Aa2": 250.0, "Ba1": 12.5, "Ba2": 250.0}
    assert outage.remaining(rates, ["Ba1"]) == pytest.approx(0.75**0.5)
