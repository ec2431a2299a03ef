"""[lane.occupancy]: what cannot tell of vehicles is refused with what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.house.configuration import load
from edge_agent.words.errors import SettingsError

ROOT = Path(__file__).resolve().parents[2]
TEXT = """version = 1
[portal]
origin = "test.example/portal/T-1"
state = "{here}/state"
sockets = "{here}/run"
[[lane]]
name = "io1"
driver = "modbus_io"
mode = "continuous"
link = {{ kind = "modbus-tcp", host = "127.0.0.1", port = 1503, unit = 1 }}
[[lane]]
name = "2"
driver = "{driver}"
{mode}link = {{ kind = "modbus-tcp", host = "127.0.0.1", port = 1502, unit = 1 }}
occupancy = {{ module = "{module}", inputs = {inputs}, spacing_m = {spacing} }}
"""


def written(where: Path, driver: str = "modbus_map", mode: str = "", module: str = "io1", inputs: str = '["front", "rear"]',
            spacing: float = 5) -> Path:
    path = where / "edge-agent.toml"
    path.write_text(TEXT.format(here=where, driver=driver, mode=mode, module=module, inputs=inputs, spacing=spacing))
    return path


def test_a_portal_that_tells_by_itself_keeps_its_word(tmp_path: Path) -> None:
    path = written(tmp_path, driver="rapiscan")
    asked = '"modbus-tcp", host = "127.0.0.1", port = 1502, unit = 1'
    path.write_text(path.read_text().replace(asked, '"tcp", host = "127.0.0.1"'))
    with pytest.raises(SettingsError, match="tells by itself"):
        load(path)


def test_a_module_asked_too_seldom_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "profiles").mkdir()
    shipped = (ROOT / "config/profiles/modbus_io.toml").read_text()
    (tmp_path / "profiles/modbus_io.toml").write_text(shipped.replace("poll_s = 0.05", "poll_s = 5.0"))
    with pytest.raises(SettingsError, match="asked every 5 s"):
        load(path)


def test_a_lane_takes_its_vehicles_from_a_module(tmp_path: Path) -> None:
    found = load(written(tmp_path)).settings.lane[1].occupancy
    assert found is not None and found.inputs == ["front", "rear"]


@pytest.mark.parametrize(("values", "what"), [
    ({"module": "io2"}, "There are: io1"), ({"module": "2"}, "There are: io1"), ({"inputs": '["front", "back"]'}, "rear, button"),
    ({"inputs": "[]"}, "one input or more"), ({"inputs": '["front", "front"]'}, "each once"),
    ({"inputs": '["front"]'}, "a pair is two"),
    ({"mode": 'mode = "continuous"\n'}, "knows no vehicles"),
])
def test_what_cannot_tell_of_vehicles_is_refused(tmp_path: Path, values: dict[str, str], what: str) -> None:
    with pytest.raises(SettingsError, match=what):
        load(written(tmp_path, **values))  # type: ignore[arg-type]
