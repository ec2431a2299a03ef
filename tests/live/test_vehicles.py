"""Five vehicles in real time over TCP and a pty at once: every source alarms, no clean vehicle does."""

from __future__ import annotations

from typing import Any

from tests.live.post import Post, payloads, wait_for

VEHICLES = 5


def test_five_vehicles_over_tcp_and_pty_in_real_time(post: Post) -> None:
    post.make_centre()
    post.start_centre()
    post.portal("tcp", "--scene", "five", "--seed", "11")
    post.portal("pty", "--scene", "five", "--seed", "12", pty=True)
    post.configure()
    post.enrol()
    post.start_core()
    post.start_uplink()

    def over() -> bool:
        return all(len(post.truth(lane)) >= VEHICLES for lane in ("tcp", "pty"))

    wait_for(over, 130, "the scenes")
    wait_for(lambda: _occupancies(post) == [VEHICLES, VEHICLES], 20, "both lanes vacant")
    wait_for(post.all_receipted, 20, "receipts")
    ours = post.all_lines()
    theirs = post.centre_lines()
    assert theirs and theirs[: len(ours)] == ours[: len(theirs)]
    for lane in ("tcp", "pty"):
        check_lane(list(payloads(ours)), lane, post.truth(lane))


def _occupancies(post: Post) -> list[int]:
    return [lane["counts"]["occupancies"] for lane in post.status()["lanes"].values() if lane["state"] == "vacant"]


def check_lane(records: list[dict[str, Any]], lane: str, truth: list[dict[str, Any]]) -> None:
    """Each passage has the alarms its vehicle deserves, of our rules and of the portal's own."""
    passages = [record for record in records if record["kind"] == "occupancy" and record["lane"] == lane]
    assert len(passages) == len(truth)
    alarms = {record["id"]: record for record in records if record["kind"] == "alarm"}
    for passage, vehicle in zip(passages, truth, strict=True):
        ours = {alarms[name]["radiation"] for name in passage["alarms"] if alarms[name]["rule"] != "vendor"}
        vendor = {alarms[name]["radiation"] for name in passage["alarms"] if alarms[name]["rule"] == "vendor"}
        deserved = {kind for kind in ("gamma", "neutron") if vehicle[f"{kind}_source"]}
        assert ours == deserved, f"lane {lane}: {passage['id']} of {vehicle}"
        assert vendor == {kind for kind in ("gamma", "neutron") if vehicle[f"{kind}_alarm"]}
