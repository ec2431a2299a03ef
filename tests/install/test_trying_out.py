"""What setup says of a lane that counts while vehicles pass, and of one that is not well."""

from __future__ import annotations

from typing import Any, cast

import pytest

from edge_agent.house import trying_out
from edge_agent.house.trying_out import TryOut


class Told:
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def heard(monkeypatch: pytest.MonkeyPatch, faults: dict[str, str], heard_s: float | None = 0.4) -> tuple[bool, list[str]]:
    lane = {"heard_s": heard_s, "faults": list(faults), "fault_details": faults}
    monkeypatch.setattr(trying_out.asked, "status", lambda found: {"lanes": {"2": lane}})
    monkeypatch.setattr(trying_out, "HEARD_S", 0.0)
    told = Told()
    return TryOut(cast(Any, told), "R. K.").heard(cast(Any, None), ["2"])["2"], told.said


def test_a_lane_in_traffic_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Setup at a border in traffic ended with FAIL: the first vehicle had too little background before it."""
    good, said = heard(monkeypatch, {"vehicle-ksigma-only": "too little background", "late-delivery": "in a burst"})
    assert good and "ok   lane 2" in said[0] and "too little background" in said[0]


@pytest.mark.parametrize("faults", [{"silence": "nothing"}, {"late-delivery": "in a burst", "dead:Aa1": "no counts"}])
def test_a_lane_with_a_fault_of_its_own_is_not(monkeypatch: pytest.MonkeyPatch, faults: dict[str, str]) -> None:
    good, said = heard(monkeypatch, faults)
    assert not good and "FAIL lane 2" in said[0]
    assert heard(monkeypatch, {}, heard_s=None) == (False, ["  FAIL lane 2: not heard"])
