"""Recordings of a laboratory's simulator, which this project did not write: the counts its README states."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent import drivers
from edge_agent.paths.replaying import Replay, Summary
from edge_agent.tools import capture
from edge_agent.words.settings import LaneSettings, LinkSettings

from .wire import PROFILE, ROOT

FOLDERS = (ROOT.parent / "shared/captures/rapiscan", ROOT / "tests/captures/srls")


def replay(name: str) -> Summary:
    path = next((folder / name for folder in FOLDERS if (folder / name).exists()), None)
    if path is None:
        pytest.skip(f"{name} is not here; it belongs in {FOLDERS[0]}")
    lane = LaneSettings("srls", "rapiscan", LinkSettings("tcp"))
    return Replay(lane, PROFILE, drivers.find("rapiscan")).run(capture.read(Path(path).read_text().splitlines(), name))


@pytest.fixture(scope="module")
def tampered() -> Summary:
    return replay("srls-alarms-tamper-11min.txt")


@pytest.fixture(scope="module")
def quiet() -> Summary:
    return replay("srls-quiet-15min.txt")


def test_every_occupancy_of_the_simulator_is_seen(tampered: Summary) -> None:
    assert tampered.occupancies == 41


def test_every_alarm_of_the_simulator_is_seen(tampered: Summary) -> None:
    assert (tampered.vendor_gamma_alarms, tampered.vendor_neutron_alarms) == (21, 14)


def test_every_opened_cabinet_is_seen_to_open_and_close(tampered: Summary) -> None:
    assert (tampered.tamper_opened, tampered.tamper_closed) == (6, 6)


def test_nothing_the_simulator_says_is_unreadable(tampered: Summary, quiet: Summary) -> None:
    assert (tampered.unreadable, quiet.unreadable) == (0, 0)


def test_the_quiet_recording_has_its_counts(quiet: Summary) -> None:
    assert (quiet.occupancies, quiet.vendor_gamma_alarms, quiet.vendor_neutron_alarms, quiet.tamper_opened) == (49, 0, 13, 0)


def test_every_line_of_the_recording_is_one_record(tampered: Summary) -> None:
    path = FOLDERS[0] / "srls-alarms-tamper-11min.txt"
    assert sum(tampered.records.values()) == sum(1 for line in path.read_text().splitlines() if line and line[0] != "#")


def test_a_constant_counter_is_no_missed_occupancy(quiet: Summary) -> None:
    assert not [fault for fault in quiet.faults if fault["condition"] == "occupancy-counter-gap"]
