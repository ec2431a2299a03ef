"""A wall clock that says what cannot be: the core goes on, says so, and what it writes keeps its form."""

from __future__ import annotations

import asyncio
import itertools
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge_agent.doors.clock import WALL_MAX_NS, SaneClock
from edge_agent.house import enrolment as enrolling
from edge_agent.house.audit import verify_state
from edge_agent.house.configuration import load
from edge_agent.house.core import Core
from edge_agent.tools import jws, times
from edge_agent.words.clock import Trust
from tests.evidence.bench import lines_of
from tests.evidence.test_schemas import CONFIGURATION, faults_of

S = 10**9
NOW_NS = 1_795_456_800 * S
YEAR_10000_NS = 253_402_300_800 * S
IMPOSSIBLE = [YEAR_10000_NS, WALL_MAX_NS + 1, -1, -S * 86400 * 365 * 3000, 10**30]


class HandClock:
    """Monotonic and wall time as the test sets them."""

    def __init__(self, wall_ns: int = NOW_NS) -> None:
        self.mono, self.wall = 1000 * S, wall_ns

    def mono_ns(self) -> int:
        return self.mono

    def wall_ns(self) -> int:
        return self.wall

    def trust(self) -> Trust:
        return Trust("ntp", 40)

    async def sleep(self, seconds: float) -> None:
        self.mono += int(seconds * S)
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("wall_ns", IMPOSSIBLE)
def test_an_impossible_time_goes_on_from_the_last_possible_one_and_is_not_trusted(wall_ns: int) -> None:
    hand = HandClock()
    clock = SaneClock(hand)
    hand.wall, hand.mono = wall_ns, hand.mono + 7 * S
    assert (clock.wall_ns(), clock.trust()) == (NOW_NS + 7 * S, Trust("none", None))
    hand.wall = NOW_NS + 99 * S
    assert (clock.wall_ns(), clock.trust()) == (NOW_NS + 99 * S, Trust("ntp", 40))


def test_a_clock_that_never_was_possible_counts_from_1970() -> None:
    assert SaneClock(HandClock(YEAR_10000_NS)).wall_ns() == 0


@pytest.mark.parametrize("wall_ns", [YEAR_10000_NS, -10**21, 10**30])
def test_a_time_without_a_written_form_is_null(wall_ns: int) -> None:
    assert times.iso(wall_ns) is None


def run_core(tmp_path: Path, walls: list[int], start_ns: int = NOW_NS) -> tuple[list[dict[str, Any]], Core]:
    """What a core writes whose wall clock is set to each of `walls`, half a minute each."""
    path = tmp_path / "edge-agent.toml"
    path.write_text(CONFIGURATION.format(here=tmp_path))
    hand = HandClock(start_ns)

    async def story() -> Core:
        core = Core(load(path), hand)
        enrolling.enrol(core.state, core.settings.portal.origin)
        await core.open()
        writer = asyncio.create_task(core.scribe.run())
        for wall_ns in walls:
            hand.wall, hand.mono = wall_ns, hand.mono + 40 * S
            core.reports.settle(hand.mono)
            core.caretaker.look_at_clock()
            core.keeping.passage({"lane": "2"})
            await core.keeping.backgrounds(core.lanes, hand.mono)
            await core.heartbeat()
            while core.scribe.queued:
                await asyncio.sleep(0.001)
        core.scribe.finish()
        await writer
        await core.close()
        return core

    core = asyncio.run(story())
    lines = lines_of(core.state / "logs/1/ledger.db")
    assert [fault for line in lines for fault in faults_of(line)] == []
    return [jws.take_apart(line).payload | {"kind": jws.take_apart(line).kind} for line in lines], core


@pytest.mark.parametrize("wall_ns", IMPOSSIBLE)
def test_the_core_outlives_an_impossible_clock_and_says_so(tmp_path: Path, wall_ns: int) -> None:
    records, _ = run_core(tmp_path, [wall_ns, wall_ns, NOW_NS + 120 * S])
    told = [record["present"] for record in records if record["kind"] == "fault" and record["condition"] == "clock"]
    assert told == [True, False]
    sources = [record["t"]["src"] for record in records if record["kind"] == "heartbeat"]
    assert sources == ["none", "none", "ntp"]
    walls = [record["t"]["wall"] for record in records]
    assert all(re.match("2026-", wall) for wall in walls) and all(a <= b for a, b in itertools.pairwise(walls))


@pytest.mark.parametrize("wall_ns", IMPOSSIBLE)
def test_the_core_starts_with_an_impossible_clock(tmp_path: Path, wall_ns: int) -> None:
    records, core = run_core(tmp_path, [wall_ns], wall_ns)
    assert records[0]["kind"] == "boot" and records[0]["t"]["src"] == "none"
    with sqlite3.connect(core.state / "history.db") as history:
        assert history.execute("SELECT count(*) FROM passage").fetchone()[0] == 1


def step_records(records: list[dict[str, Any]]) -> list[int]:
    return [record["step_ms"] for record in records if record["kind"] == "clock"]


def test_a_controller_without_a_battery_starts_in_1970_and_is_set_by_ntp(tmp_path: Path) -> None:
    """The records of before say 1970 and stay as they are; `boot` and `mono_ms` put them in order."""
    records, core = run_core(tmp_path, [45 * S, 85 * S, NOW_NS, NOW_NS + 40 * S], start_ns=5 * S)
    assert step_records(records) == [(NOW_NS - 125 * S) // 10**6]
    walls = [record["t"]["wall"] for record in records]
    assert walls[0].startswith("1970-01-01T00:00:45") and walls[-1].startswith("2026-")
    assert walls == sorted(walls)
    stamps = [(record["t"]["boot"], record["t"]["mono_ms"]) for record in records]
    assert stamps == sorted(stamps)
    assert not [record for record in records if record["kind"] == "fault" and record["condition"] == "clock"], "1970 can be"
    assert [report.problems for report in verify_state(core.state, None)] == [[]]


def test_a_clock_that_steps_both_ways_is_recorded_each_time_and_fails_no_log(tmp_path: Path) -> None:
    hour = 3600 * S
    walls = [NOW_NS + 40 * S, NOW_NS - hour, NOW_NS - hour + 40 * S, NOW_NS + 30 * hour, NOW_NS + 200 * S]
    records, core = run_core(tmp_path, walls)
    assert step_records(records) == [-3_680_000, 111_520_000, -107_840_000]
    heartbeats = [record["t"] for record in records if record["kind"] == "heartbeat"]
    assert [stamp["wall"] for stamp in heartbeats] != sorted(stamp["wall"] for stamp in heartbeats)
    assert [stamp["mono_ms"] for stamp in heartbeats] == sorted(stamp["mono_ms"] for stamp in heartbeats)
    assert [report.problems for report in verify_state(core.state, None)] == [[]]
