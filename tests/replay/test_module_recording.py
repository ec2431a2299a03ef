"""A lane whose vehicles an I/O module tells of, judged again: from both recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.doors import modbus
from edge_agent.house import rejudging
from edge_agent.tools import capture
from edge_agent.tools.exchange import Exchange, pack
from edge_agent.words.dialect import Outcome
from edge_agent.words.errors import SettingsError
from edge_agent.words.reading import Chunk
from hardware_mocks import modbus_io, modbus_map, scenes
from tests.live.test_beams import shipped
from tests.words_tools.test_occupancy_settings import TEXT

MODULE = ((modbus.question(1, "discrete", 0, 6), 0.05),)
INSTRUMENT = ((modbus.question(1, "discrete", 1, 2), 0.2), (modbus.question(1, "input", 0, 15), 0.2))


def recorded(family: object, driver: str, asked: tuple[tuple[bytes, float], ...], from_s: float, until_s: float) -> bytes:
    """What `record` keeps of a mock that is asked on time."""
    unit, run = family.instrument(scenes.load("demo"), 1, loop=True)  # type: ignore[attr-defined]
    start_ns, at_s, lines = round(from_s * 1e9), 0.0, []
    for step in range(round(from_s / 0.05), round(until_s / 0.05)):
        while at_s + 0.2 <= step * 0.05:
            at_s = next(run)
        for question, every_s in asked:
            if step % round(every_s / 0.05) == 0:
                answer = question[:1] + unit.answer(question[1:])
                chunk = Chunk(step * 50_000_000, pack(Exchange(question, Outcome.ANSWER, answer)))
                lines.append(capture.write_line(chunk, start_ns))
    return "\n".join([capture.header(driver, "", "2026-11-27T09:00:00.000Z", start_ns), *lines, ""]).encode()


LANE = recorded(modbus_map, "modbus_map", INSTRUMENT, 0, 60)


@pytest.fixture()
def config(tmp_path: Path) -> Path:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/counts.toml").write_text(shipped())
    path = tmp_path / "edge-agent.toml"
    path.write_text(TEXT.format(here=tmp_path, driver="modbus_map", mode='profile = "counts"\n', module="io1",
                                inputs='["front", "rear"]', spacing=5))
    return path


def case(config: Path, module: bytes | None) -> rejudging.Case:
    wanted = rejudging.Wanted("lane.capture", config, "2", module=("io.capture", module) if module else None)
    return rejudging.prepare(wanted, LANE)


def test_both_recordings_together_know_the_vehicles_their_speed_and_the_alarm(config: Path) -> None:
    found = case(config, recorded(modbus_io, "modbus_io", MODULE, 0, 60)).judge()
    assert found.occupancies == 2 and [each.judged for each in found.passed] == [True, True]
    assert {alarm["occupancy"] for alarm in found.alarms if alarm["occupancy"]} == {found.passed[1].id}
    assert found.records["speed"] == 2          # measured by the pair, once for each vehicle


def test_without_the_modules_recording_it_is_said_what_is_missing(config: Path) -> None:
    alone = case(config, None)
    assert "lane io1" in alone.note and "--module" in alone.note and alone.judge().occupancies == 0


def test_a_module_that_falls_silent_in_the_recording_is_unknown_as_it_was_live(config: Path) -> None:
    found = case(config, recorded(modbus_io, "modbus_io", MODULE, 0, 25)).judge()
    assert [fault["at_s"] for fault in found.faults if fault["condition"] == "occupancy-unknown"] == [pytest.approx(28, abs=0.3)]


def test_a_recording_of_another_time_is_refused(config: Path) -> None:
    with pytest.raises(SettingsError, match="of another time"):
        case(config, recorded(modbus_io, "modbus_io", MODULE, 100, 110))


def test_it_takes_the_lane_that_has_a_module(config: Path) -> None:
    with pytest.raises(SettingsError, match="--config FILE --lane NAME"):
        rejudging.prepare(rejudging.Wanted("lane.capture", module=("io.capture", LANE)), LANE)
