"""The screen of `watch`: 80 columns, and no stale count shown as live."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from edge_agent.commands import wire
from edge_agent.hands import asking
from edge_agent.paths.lane import Lane
from edge_agent.paths.live import lane_live
from edge_agent.tools import live_text
from tests.judgement.bench import Watched, end, four, ns


class _Lane:
    """As much of a lane as is looked at."""

    class link:
        name = "tcp 192.168.2.3:1600, behind a converter with a very long name of its own"

    def __init__(self, watched: Watched) -> None:
        self.portal = watched.portal


def live(watched: Watched, at_s: float) -> dict[str, Any]:
    return lane_live(cast(Lane, _Lane(watched)), ns(at_s))


def test_a_vehicle_is_shown_panel_by_panel_beside_its_background() -> None:
    lane = Watched()
    at_s = lane.scan(lane.vacant(), 3.0, gamma=100)
    text = live_text.screen("2", live(lane, at_s))
    assert "OCCUPIED" in text[0] and max(map(len, text)) <= 80
    assert any(line.split()[:4] == ["Aa1", "500.0", "250.0", "2.00"] for line in text)
    assert any("sigma in 0.2 s" in line for line in text) and any("ALARM" in line for line in text)


def test_counts_of_a_silent_wire_are_not_shown() -> None:
    lane = Watched()
    at_s = lane.vacant()
    assert "250.0" in "\n".join(live_text.screen("2", live(lane, at_s)))
    at_s += lane.profile.silence_s + 10
    lane.tick(at_s)
    found = live(lane, at_s)
    assert found["radiations"]["gamma"]["cps"] is None
    text = live_text.screen("2", found)
    assert not any(line.split()[:2] == ["Aa1", "250.0"] for line in text)
    assert any(line.startswith("  !! silence") for line in text)
    assert "no count now" in live_text.line("2", found) and "!! silence" in live_text.line("2", found)


def test_a_vacant_background_of_seconds_ago_says_its_age() -> None:
    lane = Watched()
    at_s = lane.vacant() - 5.0
    assert "4 s old" in live_text.line("2", live(lane, at_s + 4.0))


def test_a_lane_that_heard_nothing_yet_is_shown_without_numbers() -> None:
    text = live_text.screen("2", live(Watched(), 1.0))
    assert "heard never" in text[0] and "no count now" in "\n".join(text)


def test_a_panel_out_of_service_is_marked_and_not_summed() -> None:
    lane = Watched()
    at_s = lane.vacant(seconds=30)
    for step in range(40):
        lane.say(at_s + step, "GB,000250,000000,000250,000250" if step % 5 == 0 else four("NB", 1))
        lane.tick(at_s + step)
    lane.say(at_s + 40, end())
    text = live_text.screen("2", live(lane, at_s + 40))
    assert any(line.split()[0] == "Aa2" and line.endswith("OUT") for line in text)
    assert any("750.0/s" in line for line in text)


def test_an_age_is_never_below_zero() -> None:
    """Bytes of a bus are stamped while status asks: "heard -0.0 s ago"."""
    lane = Watched()
    assert str(live(lane, lane.vacant() - 5.001)["heard_s"]) == "0.0"


def test_a_short_look_at_a_wire_that_is_not_open_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`wire 5 --seconds 3` printed nothing at all, as on a wire without trouble."""
    class Answers:
        def __init__(self, *_: object) -> None: ...
        def __enter__(self) -> Answers: return self
        def __exit__(self, *_: object) -> None: ...
        def ask(self, op: str) -> dict[str, Any]:
            details = {"link": "Connection refused", "tamper": "open"}
            return {"lanes": {"5": {"faults": ["link", "tamper"], "fault_details": details},
                              "6": {"faults": ["tamper"], "fault_details": details}}}

    monkeypatch.setattr(asking, "Core", Answers)
    wire._Quiet(Path("control.sock"), "5").stop()
    said = capsys.readouterr().err
    assert "link: Connection refused" in said and "tamper" not in said, "no reason of a silence"
    wire._Quiet(Path("control.sock"), "6").stop()
    assert "no fault of the wire" in capsys.readouterr().err
    quiet = wire._Quiet(Path("control.sock"), "5")
    quiet.heard()
    quiet.stop()
    assert capsys.readouterr().err == ""
