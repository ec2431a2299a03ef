"""[[annunciator.module]] that cannot show what it should is refused before anything runs, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.house.configuration import load
from edge_agent.words.errors import SettingsError

CONFIGURATION = """
version = 1
[portal]
origin = "rpm.example.gov/portal/QX-0042"
[[lane]]
name = "2"
driver = "rapiscan"
link = {{ kind = "tcp", host = "127.0.0.1" }}
[annunciator]
kind = "{kind}"
"""
MODULE = '[[annunciator.module]]\nhost = "192.168.2.50"\n'


def refused(here: Path, *modules: str, kind: str = "log") -> str:
    path = here / "edge-agent.toml"
    path.write_text(CONFIGURATION.format(kind=kind) + "".join(MODULE + module + "\n" for module in modules))
    with pytest.raises(SettingsError) as problem:
        load(path)
    return str(problem.value)


@pytest.mark.parametrize(("module", "why"), [
    ("coils = { fault = 0, siren = 1 }", "no output is called 'siren'"),
    ("coils = { gamma = 0 }", "no coil for fault"),
    ("coils = { fault = 0, ready = 0 }", "share coil 0"),
    ("coils = { fault = 0, gamma = 1, horn = 1 }", "horn needs a coil of its own"),
    ("coils = { fault = 0, exercise = 0 }\ninverted = ['fault']", "one of them inverted"),
    ("coils = { fault = 0 }\ninverted = ['gamma']", "gamma is inverted and has no coil"),
    ("coils = { fault = 0 }\nlanes = ['3']", "no lane is called '3'"),
    ("coils = { fault = 70000 }", "expected 0 to 65535"),
])
def test_what_cannot_be_shown_is_refused(tmp_path: Path, module: str, why: str) -> None:
    assert why in refused(tmp_path, module)


def test_two_modules_cannot_have_one_coil_nor_lamps_stand_beside_none(tmp_path: Path) -> None:
    assert "coil 0 is module[0]'s already" in refused(tmp_path, "coils = { fault = 0 }", "coils = { fault = 0 }")
    assert 'kind = "none", and there is a module' in refused(tmp_path, "coils = { fault = 0 }", kind="none")


def test_one_red_and_one_yellow_lamp_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "edge-agent.toml"
    module = MODULE + "coils = { gamma = 0, neutron = 0, distance = 0, fault = 1, exercise = 1, ready = 2, horn = 3 }\n"
    path.write_text(CONFIGURATION.format(kind="log") + module)
    assert load(path).settings.annunciator.module[0].coils["distance"] == 0


BUS = """
[[lane]]
name = "5"
driver = "modbus_io"
mode = "continuous"
link = { kind = "modbus-rtu", device = "/dev/rs485", unit = 4 }
"""


@pytest.mark.parametrize(("where", "why"), [
    ("host = '192.168.2.50'\nbus = '5'", "where it is must be said once"),
    ("unit = 9", "where it is must be said once"),
    ("bus = '6'", "bus: no lane is called '6'"),
    ("bus = '2'", "lane 2 is not asked over Modbus.\n  Lanes that are: 5"),
    ("bus = '5'\nunit = 255", "unit 255: on a bus it is 1 to 247"),
])
def test_a_module_on_a_bus_is_on_one_that_is(tmp_path: Path, where: str, why: str) -> None:
    path = tmp_path / "edge-agent.toml"
    head = CONFIGURATION.format(kind="log") + BUS + "[[annunciator.module]]\ncoils = { fault = 0 }\n"
    path.write_text(head + where)
    with pytest.raises(SettingsError) as problem:
        load(path)
    assert why in str(problem.value)
    path.write_text(head + "bus = '5'\nunit = 9")
    assert load(path).settings.annunciator.module[0].bus == "5"
