"""docs/lamps.md beside what it names: its example works with the mock it says to try."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

from hardware_mocks import modbus_io, scenes
from hardware_mocks.slave import Instrument

TEXT = (Path(__file__).resolve().parents[2] / "docs/lamps.md").read_text()
EXAMPLE = tomllib.loads(re.findall(r"```\n(.*?)```", TEXT, re.DOTALL)[0])["annunciator"]["module"][0]


def module() -> Instrument:
    held, slices = modbus_io.instrument(scenes.load("demo"), 1, loop=True)
    next(slices)
    return held


def test_the_button_of_the_example_is_the_mocks_and_is_up() -> None:
    """Input 0 of the mock is a beam, 1 while free: "the acknowledge button is held down"."""
    assert module().held["discrete", EXAMPLE["button"]] == 0
    assert re.search(rf"{EXAMPLE['button']} button", str(modbus_io.__doc__))


def test_every_coil_of_the_example_is_one_of_the_mocks() -> None:
    assert all(("coil", coil) in module().held for coil in EXAMPLE["coils"].values())


def test_the_mock_is_named_by_the_command_that_starts_it() -> None:
    (command,) = re.findall(r"`python -m (hardware_mocks\.modbus_io [^`]+)`", TEXT)
    assert command in str(modbus_io.__doc__) and "--tcp" in shlex.split(command)
