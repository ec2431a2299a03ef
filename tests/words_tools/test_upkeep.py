"""What is due at a lane: by the list of the site, from when it was done last, or from the first start."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.house import due
from edge_agent.tools import upkeep
from edge_agent.words.errors import SettingsError
from edge_agent.words.upkeep import Task

CLEAN = Task("clean", 7, "Clean the lenses", "edge-agent trend LANE")
CHECK = Task("source-check", 91, "Check source at each panel", after="source-check", kinds=["vehicle"])
BEGUN = "2026-11-01T10:00:00.000Z"
LANES = {"2": "vehicle", "p": "pedestrian"}


def on(day: int, done: dict[str, dict[str, str]] | None = None) -> dict[tuple[str, str], float]:
    found = upkeep.look([CLEAN, CHECK], LANES, BEGUN, done or {}, datetime(2026, 11, day, 10, tzinfo=UTC))
    assert [one.over_days for one in found] == sorted((one.over_days for one in found), reverse=True)
    return {(one.lane, one.task.id): round(one.over_days, 3) for one in found}


def test_it_counts_from_the_first_start_and_then_from_the_last_time() -> None:
    assert on(5) == {("2", "clean"): -3.0, ("2", "source-check"): -87.0, ("p", "clean"): -3.0}
    assert on(10)["2", "clean"] == 2.0
    done = {"2": {"clean": "2026-11-09T22:00:00.000Z"}}
    assert on(10, done)["2", "clean"] == -6.5 and on(10, done)["p", "clean"] == 2.0


def test_a_clock_that_was_ahead_does_not_put_off_the_next_time_for_ever() -> None:
    assert on(10, {"2": {"clean": "2030-01-01T00:00:00.000Z"}})["2", "clean"] == -7.0


def test_a_line_says_what_when_and_what_was_last() -> None:
    two, = upkeep.look([CLEAN], {"2": "vehicle"}, BEGUN, {}, datetime(2026, 11, 10, 10, tzinfo=UTC))
    assert upkeep.line(two) == "lane 2: clean: Clean the lenses (due for 2 days; never done)" and two.how == "edge-agent trend 2"
    soon, = upkeep.look([CLEAN], {"2": "vehicle"}, BEGUN, {}, datetime(2026, 11, 7, 10, tzinfo=UTC))
    assert "due in 1 day" in upkeep.line(soon)


def test_the_shipped_list_is_good_and_a_sites_own_stands_instead(tmp_path: Path) -> None:
    config = tmp_path / "edge-agent.toml"
    shipped = due.tasks(config)
    assert {task.every_days for task in shipped} == {1, 7, 91, 365}
    (tmp_path / "upkeep.toml").write_text('[[task]]\nid = "wash"\nevery_days = 30\ntext = "Wash it"\n')
    assert [task.id for task in due.tasks(config)] == ["wash"]
    (tmp_path / "upkeep.toml").write_text('[[task]]\nid = "wash"\nevery_days = 0\ntext = "Wash it"\n')
    with pytest.raises(SettingsError, match="every_days"):
        due.tasks(config)
