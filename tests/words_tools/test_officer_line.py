"""The line an officer reads: what, where to look, how long ago; never `ready` beside something that is not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.tools import officer_line

NOW = {"boot": 3, "mono_ms": 1_000_000}


def status(faults: tuple[str, ...] = (), armed: bool = True, acts: tuple[tuple[str, str | None], ...] = ()) -> dict[str, Any]:
    return {"now": NOW, "lanes": {"2": {"faults": list(faults), "armed": armed}},
            "acts": [{"kind": kind, "lane": lane} for kind, lane in acts]}


def alarm(ago_s: float, radiation: str = "gamma", occupancy: str | None = "O1", boot: int = 3, lane: str = "2",
          **more: Any) -> dict[str, Any]:
    at = {"boot": boot, "mono_ms": NOW["mono_ms"] - round(ago_s * 1000)}
    return {"lane": lane, "radiation": radiation, "occupancy": occupancy, "at": at} | more


def line(*alarms: dict[str, Any], **about: Any) -> str:
    (told,) = officer_line.lines(status(**about), alarms)
    return told


def test_what_where_and_how_long_ago() -> None:
    place = {"place": {"behind_m": 6.2}, "side": "left"}
    assert line(alarm(14, **place)) == "Lane 2: ALARM GAMMA, 6.2 m behind the front bumper, left side as driven, 14 s ago"


def test_rules_of_one_vehicle_are_one_alarm_and_the_vehicle_before_is_another() -> None:
    alarms = alarm(200, occupancy="O0"), alarm(95), alarm(94, "neutron", place={"behind_m": 3.0})
    assert line(*alarms) == "Lane 2: ALARM GAMMA AND NEUTRON, 3.0 m behind the front bumper, 2 min ago"


def test_alarms_of_the_vacant_lane_are_not_one_vehicle() -> None:
    assert line(alarm(80, "neutron", None), alarm(10, occupancy=None)) == "Lane 2: ALARM GAMMA, 10 s ago"


def test_old_alarms_other_lanes_and_earlier_starts_are_not_shown() -> None:
    assert line(alarm(301), alarm(5, boot=2), alarm(5, lane="3")) == "Lane 2: ready"


def test_an_alarm_stands_as_long_as_its_vehicle_is_in_the_lane() -> None:
    now = status(faults=("gamma-high-background",))
    now["lanes"]["2"]["passage"] = "O1"
    told = officer_line.lines(now, [alarm(901), alarm(901, occupancy="O0"), alarm(901, "neutron", None)])
    assert told == ["Lane 2: ALARM GAMMA, 15 min ago, FAULT, call repair: gamma-high-background"]
    now["lanes"]["2"] |= {"passage": None, "found": {"occupancy": "O1", "sources": {}}}
    now["lanes"]["2"]["faults"].append("occupancy-overdue")
    told = officer_line.lines(now, [alarm(901), alarm(901, occupancy="O0")])
    assert told[0].startswith("Lane 2: ALARM GAMMA, 15 min ago, FAULT")
    now["lanes"]["2"]["faults"].remove("occupancy-overdue")
    assert officer_line.lines(now, [alarm(901), alarm(901, occupancy=None)]) == [
        "Lane 2: FAULT, call repair: gamma-high-background"]


def test_what_is_wrong_is_said_beside_the_alarm() -> None:
    assert line(alarm(5), faults=("overload", "link"), armed=False) == (
        "Lane 2: KEEP DISTANCE, ALARM GAMMA, 5 s ago, NOT WATCHED, search by hand, call repair: link")
    assert line(armed=False) == "Lane 2: NOT READY"
    assert line(acts=(("exercise", None), ("maintenance", "3"))) == "Lane 2: EXERCISE, ready"


@pytest.mark.parametrize("fault", ["unreadable", "instrument-refuses", "profile-mismatch"])
def test_a_wire_of_which_nothing_was_ever_read_is_not_watched(fault: str) -> None:
    assert line(faults=(fault,), armed=False) == f"Lane 2: NOT WATCHED, search by hand, call repair: {fault}"
    assert line(faults=(fault,)) == f"Lane 2: FAULT, call repair: {fault}", "the lane counts, a record now and then is spoiled"


def test_a_lane_that_no_longer_counts_gamma_is_not_watched() -> None:
    """A wire that turned to noise: bytes come, so it is not silent."""
    assert line(faults=("unreadable", "gamma-silence"), armed=False).startswith("Lane 2: NOT WATCHED, search by hand")


@pytest.mark.parametrize("fault", ["link", "silence", "gamma-silence"])
def test_a_lane_that_counts_again_is_watched_while_the_fault_is_held_over(fault: str) -> None:
    """A wire that was off for a second was NOT WATCHED for minutes, and each vehicle to be searched by hand."""
    assert line(faults=(fault,)) == f"Lane 2: FAULT, call repair: {fault}"


def test_keep_distance_is_the_first_word_whatever_else_stands() -> None:
    told = line(alarm(5), faults=("dead:Aa2", "gamma-over-range", "link"), acts=(("exercise", None),), armed=False)
    assert told.startswith("Lane 2: KEEP DISTANCE, EXERCISE, ALARM GAMMA, 5 s ago, NOT WATCHED,")
    assert told.endswith("call repair: link, dead:Aa2")
    assert line(faults=("tamper",)) == "Lane 2: FAULT, call repair: tamper"
    assert line(faults=("over-range:Aa1", "overload")) == "Lane 2: KEEP DISTANCE"


@given(st.lists(st.sampled_from(["overload", "link", "tamper"]), unique=True), st.booleans(), st.booleans())
def test_ready_stands_alone(faults: list[str], armed: bool, alarmed: bool) -> None:
    told = line(*[alarm(5)] * alarmed, faults=tuple(faults), armed=armed)
    assert ("ready" in told) == (armed and not faults and not alarmed)


def test_a_lane_that_is_watched_with_less_is_searched_by_hand_and_a_module_is_not() -> None:
    """The lane whose beams are not known said "call repair"; "search by hand" stood at the module, where nobody drives."""
    for less in ("occupancy-unknown", "occupancy-overdue"):
        assert line(faults=(less,)).startswith("Lane 2: FAULT, search by hand, call repair: ")
    module = status(faults=("silence",), armed=False)
    module["lanes"]["2"]["driver"] = "modbus_io"
    assert officer_line.lines(module, []) == ["Lane 2: FAULT, call repair: silence"]
