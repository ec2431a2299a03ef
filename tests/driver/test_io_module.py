"""Doors and mains on an I/O module: contacts that bounce, and what the shipped profiles say of the modules we know."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.doors import modbus
from edge_agent.doors.files import shipped_config
from edge_agent.drivers.modbus_io import DRIVER
from edge_agent.house import configuration
from edge_agent.house.probing import shipped
from edge_agent.tools.exchange import Exchange, pack
from edge_agent.words.dialect import Outcome
from edge_agent.words.reading import Chunk, Condition, Health

MODULES = ("modbus_io", "moxa_iologik_e1200", "adam4000")
FREE = 0b011                            # both beams free; fail-safe
DOOR, MAINS = 0b100, 0b1000
QUESTION = modbus.question(1, "discrete", 0, 6)
CONFIGURATION = """version = 1
[portal]
origin = "a/b"
[[lane]]
name = "io1"
driver = "modbus_io"
profile = "{profile}"
mode = "continuous"
link = {{ kind = "modbus-tcp", host = "192.168.2.30", unit = 1 }}
"""


def told(contacts: list[tuple[float, int]]) -> list[tuple[float, Condition, bool]]:
    """What is said of conditions, from contacts that stand so from each moment on, asked each 50 ms for 10 s."""
    decoder, found = DRIVER.decoder(shipped("modbus_io")), []
    for tick in range(200):
        at_s = tick * 0.05
        bits = [bits for since_s, bits in contacts if since_s <= at_s][-1]
        answer = Exchange(QUESTION, Outcome.ANSWER, QUESTION[:2] + bytes((1, FREE | bits)))
        found += [(round(at_s, 2), each.condition, each.present) for each in decoder.feed(Chunk(round(at_s * 1e9), pack(answer)))
                  if isinstance(each, Health)]
    return [each for each in found if each[0] > 0]          # at first: all is well


@pytest.mark.parametrize(("bit", "condition"), [(DOOR, Condition.TAMPER), (MAINS, Condition.MAINS)])
def test_a_contact_that_bounces_is_one_opening_told_at_once(bit: int, condition: Condition) -> None:
    """A door that closed was five records of it."""
    bounce = [(5.0, 0), (5.1, bit), (5.2, 0), (5.25, bit), (5.4, 0)]
    assert told([(0.0, 0), (2.0, bit), *bounce]) == [(2.0, condition, True), (6.4, condition, False)]


def test_an_opening_shorter_than_the_bounce_is_not_missed() -> None:
    assert told([(0.0, 0), (2.0, DOOR), (2.05, 0)]) == [(2.0, Condition.TAMPER, True), (3.05, Condition.TAMPER, False)]


def test_a_door_that_is_opened_again_and_again_is_open() -> None:
    slammed = [(2.0 + n * 0.5, DOOR if n % 2 == 0 else 0) for n in range(10)]
    assert told([(0.0, 0), *slammed]) == [(2.0, Condition.TAMPER, True), (7.5, Condition.TAMPER, False)]


@pytest.mark.parametrize("profile", MODULES)
def test_each_module_we_know_can_be_named_in_a_lane(profile: str, tmp_path: Path) -> None:
    (tmp_path / "edge-agent.toml").write_text(CONFIGURATION.format(profile=profile))
    found = configuration.load(tmp_path / "edge-agent.toml").profiles["io1"]
    assert found.modbus is not None and [each.name for each in found.modbus.input] == ["front", "rear", "button"]
    text = (shipped_config() / f"profiles/{profile}.toml").read_text()
    assert profile == "modbus_io" or ("HOW SURE: " in text and "never tried on hardware" in found.title)
