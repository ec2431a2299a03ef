"""What people and the centre are shown of a degraded lane, and what the lamp is told of an over-range."""

from __future__ import annotations

import dataclasses
import logging
from typing import cast

import pytest

from edge_agent.commands.status import page
from edge_agent.hands.annunciator import LogSignal
from edge_agent.house.probing import shipped
from edge_agent.judgement import health_words
from edge_agent.judgement.outage import remaining, sentence, worst_place
from edge_agent.judgement.portal import Portal
from edge_agent.paths.heart import lane_state
from edge_agent.paths.lane import Lane
from edge_agent.tools.kernel_health import Channel
from edge_agent.words.reading import Inputs

from .bench import LANE, PROFILE, Watched, four, ns
from .test_health import rise_and, vacant_noise


class _Shown:
    """As much of a lane as the heartbeat looks at."""

    silent = False

    def __init__(self, watched: Watched) -> None:
        self.portal = watched.portal


def state(watched: Watched, at_s: float) -> dict[str, object]:
    return lane_state(cast(Lane, _Shown(watched)), ns(at_s))


def test_the_heartbeat_names_what_is_out() -> None:
    lane = Watched(dataclasses.replace(LANE, out_of_service=["Aa1"]))
    at_s = vacant_noise(lane, 0.0, 60.0)
    found = state(lane, at_s)
    assert found["out_of_service"] == ["Aa1"] and found["armed"] is True
    assert cast(dict[str, dict[str, object]], found["detectors"])["Aa1"]["state"] == "out"


def test_a_blind_lane_is_not_armed() -> None:
    lane = Watched(dataclasses.replace(LANE, out_of_service=list(PROFILE.gamma)))
    at_s = vacant_noise(lane, 0.0, 60.0)
    found = state(lane, at_s)
    assert found["armed"] is False and "blind" in cast(list[str], found["faults"])


def screen(watched: Watched, at_s: float) -> str:
    return "\n".join(page({
        "agent": "1", "origin": "x", "now": {"wall": "", "src": ""}, "boot": 1, "uptime_s": 1, "free_mb": 1, "centre": "",
        "log": {"size": 0, "receipted": 0, "unreceipted": 0}, "storage": "", "overflowed": 0, "queued": 0, "faults": [],
        "lanes": {"2": {**state(watched, at_s), "fault_details": watched.portal.faults.details, "link": "tcp"}},
    }))


def test_status_says_without_and_out() -> None:
    lane = Watched(dataclasses.replace(LANE, out_of_service=["Aa1"]))
    shown = screen(lane, vacant_noise(lane, 0.0, 60.0))
    assert "WITHOUT Aa1" in shown and "Aa1     OUT" in shown and "out-of-service:Aa1" in shown


def test_status_says_why_a_lane_is_not_armed() -> None:
    """A lane without panels does not wait for background."""
    lane = Watched(dataclasses.replace(LANE, out_of_service=list(PROFILE.gamma)))
    assert "NOT ARMED: every panel is out of service" in screen(lane, vacant_noise(lane, 0.0, 60.0))
    fresh = Watched()
    assert "NOT ARMED: too little background yet" in screen(fresh, 0.0)


def test_a_lane_whose_gamma_fell_silent_is_not_armed_until_it_counts_again() -> None:
    """Its neutrons go on; gamma came back, and the fault stands a minute more: the lane is watched."""
    lane = Watched()
    at_s = lane.vacant(0.0, 60.0)
    assert state(lane, at_s)["armed"] is True
    for round_ in range(2):             # the second time it is held over
        for _ in range(8):
            lane.say(at_s, four("NB", 1))
            lane.tick(at_s)
            at_s += 5.0
        found = state(lane, at_s)
        assert found["armed"] is False and "gamma-silence" in cast(list[str], found["faults"]), round_
        at_s = lane.vacant(at_s, 30.0)
        lane.tick(at_s)
    found = state(lane, at_s)
    assert found["armed"] is True and "gamma-silence" in cast(list[str], found["faults"])


def test_a_lane_that_counts_nothing_waits_for_no_background() -> None:
    """An I/O module: it was NOT READY to the officer for ever."""
    module = Watched()
    module.portal = Portal(dataclasses.replace(LANE, driver="modbus_io", mode="continuous"), shipped("modbus_io"), lambda: "")
    assert state(module, 1.0)["armed"] is False
    module.observe(Inputs(ns(1.0), (("front", False),)))
    assert state(module, 1.0)["armed"] is True and "NOT ARMED" not in screen(module, 1.0)


def test_bytes_of_which_none_can_be_read_are_nothing_heard() -> None:
    noise = Watched()
    noise.say(1.0, "~~~", "~~~", "~~~", "~~~")
    assert "NOT ARMED: nothing is heard" in screen(noise, 2.0)


def test_a_fault_tells_its_longest_run_while_it_stands() -> None:
    """The panel counts again, and is out until it has for two minutes: "1 times in a row", "where 0 counts were due"."""
    lane = Watched()
    at_s = vacant_noise(lane, 0.0, 300.0)
    at_s = vacant_noise(lane, at_s, 120.0, spoil={1: 250})
    at_s = vacant_noise(lane, at_s, 30.0, seed=3)
    told = lane.portal.faults.details["stuck:Aa2"]
    assert "gave 25 times in a row" in told or "gave 24 times in a row" in told, told


def test_the_lamp_is_told_to_keep_distance(caplog: pytest.LogCaptureFixture) -> None:
    lane = Watched()
    rise_and(lane, [0] * 10)
    with caplog.at_level(logging.CRITICAL):
        for event in lane.events:
            LogSignal().show(event)
    told = [record.message for record in caplog.records if "KEEP DISTANCE" in record.message]
    assert any(text.startswith("OVERLOAD lane 2") for text in told) and any(text.startswith("ALARM lane 2") for text in told)


def test_the_loss_of_one_panel_of_four() -> None:
    rates = dict.fromkeys(PROFILE.gamma, 250.0)
    assert remaining(rates, ["Aa1"]) == pytest.approx(0.75**0.5)
    worst = worst_place(PROFILE.geometry, PROFILE.gamma, ["Aa1"])
    assert worst is not None and 0.4 < worst < 0.7


@pytest.mark.parametrize("rates", [{}, dict.fromkeys(PROFILE.gamma, 0.0)])
def test_a_loss_is_told_before_any_rate_is_known(rates: dict[str, float]) -> None:
    assert 0 < remaining(rates, ["Aa1"]) <= 1.0


def test_nothing_left_is_said_plainly() -> None:
    assert sentence(remaining(dict.fromkeys("ab", 1.0), ["a", "b"]), None) == "nothing is left to see with"


@pytest.mark.parametrize("condition", ["deaf", "loud"])
def test_a_tube_whose_share_is_as_ever_is_held_against_itself(condition: str) -> None:
    alone = Channel(0.3, 0.0, 1, 1.0, 1.0, 0.999, 40.0, 0.0, 0.0, 0)
    assert "100%" not in health_words.detail(condition, "Aa1N", alone)
    assert "by itself" in health_words.detail(condition, "Aa1N", alone)
    beside = alone._replace(share=0.25, recent_share=0.2)
    assert "20% of the sum lately, learned 25%" in health_words.detail(condition, "Aa1N", beside)
