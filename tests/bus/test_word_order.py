"""An instrument whose 32-bit numbers are read the wrong way round: nothing of it is a count, and the lane knows nothing."""

from __future__ import annotations

import dataclasses
import random
from itertools import count

import pytest

from edge_agent.doors import modbus
from edge_agent.doors.files import shipped_config
from edge_agent.drivers.modbus_map import MapDecoder
from edge_agent.judgement.portal import Portal
from edge_agent.tools import toml_settings
from edge_agent.tools.exchange import Exchange, Outcome, pack
from edge_agent.words.event import Alarm
from edge_agent.words.reading import Chunk, Radiation, Sample
from edge_agent.words.register_map import CountRegister, RegisterMap, StateBit, ValueRegister
from edge_agent.words.settings import LaneSettings, LinkSettings, Profile
from hardware_mocks.slave import Instrument

S = 10**9
SHIPPED = toml_settings.read(Profile, (shipped_config() / "profiles/modbus_map.toml").read_text(), "modbus_map.toml")
LANE = LaneSettings("2", "modbus_map", LinkSettings("modbus-rtu"))
LANE = dataclasses.replace(LANE, alarm=dataclasses.replace(LANE.alarm, ksigma_sums=["SUM"]))
QUESTION = modbus.question(1, "holding", 0, 7)


def lived(order: str, has_time: bool, turned: bool = False) -> tuple[list[Sample], Portal, list[str]]:
    """Two minutes of 50 gammas and now and then a neutron each 0.2 s; the instrument sends the high word first.
    `turned`: once in a while it gives a bit of its neutrons' high word turned over."""
    found = RegisterMap(
        order, [CountRegister("A", 0, "cumulative"), CountRegister("N", 2, "cumulative")], poll_s=0.05,
        step_s=0.0 if has_time else 0.2, state=[StateBit("occupied", 6)],
        value=[ValueRegister("time", 4, "u32", 0.001)] if has_time else [],
    )
    profile = dataclasses.replace(SHIPPED, gamma=["A"], neutron=["N"], modbus=found, sums={"SUM": [["A"]]}, geometry={})
    ids, chance, unit = count(1), random.Random(1), Instrument()
    portal, decoder = Portal(LANE, profile, lambda: str(next(ids))), MapDecoder(profile)
    samples: list[Sample] = []
    told: list[str] = []
    gamma = neutron = 0
    for tick in range(2400):
        if tick % 4 == 0:
            gamma, neutron = gamma + round(chance.gauss(50, 7)), neutron + (chance.random() < 0.2)
        numbers = (gamma, neutron | (1 << 20 if turned and tick % 400 == 200 else 0), 5000 + tick // 4 * 200)
        unit.hold("holding", 0, *(word for number in numbers for word in divmod(number, 65_536)), 0)
        answer = bytes((1,)) + unit.answer(QUESTION[1:])
        for reading in decoder.feed(Chunk(tick * S // 20, pack(Exchange(QUESTION, Outcome.ANSWER, answer)))):
            samples += [reading] if isinstance(reading, Sample) else []
            told += ["ALARM" for event in portal.observe(reading) if isinstance(event, Alarm)]
    return samples, portal, told


@pytest.mark.parametrize("has_time", [False, True])
def test_the_wrong_order_gives_no_sample_and_says_so(has_time: bool) -> None:
    """Without a time: 3 276 800 counts in 0.2 s, an alarm.  With one: "the instrument is frozen. Power-cycle it"."""
    samples, portal, told = lived("low-first", has_time)
    assert not told and not [one for one in samples if any(one.counts)]
    assert len(samples) <= 2, "a 0 is a 0 in either order, but the few that are one are no rate"
    assert "word_order" in portal.faults.details["profile-mismatch"] and "silence" not in portal.faults.details


@pytest.mark.parametrize("has_time", [False, True])
def test_the_right_order_gives_every_sample(has_time: bool) -> None:
    samples, portal, told = lived("high-first", has_time)
    neutron = [one for one in samples if one.radiation is Radiation.NEUTRON]
    assert not told and not portal.faults.details and len(neutron) > 590 and sum(one.counts[0] for one in neutron) > 80


def test_a_bit_that_turned_over_is_no_word_order() -> None:
    """The counter of one tube a million on, the other at 0: what is in order around it says that the order is right."""
    samples, portal, _ = lived("high-first", True, turned=True)
    assert "word_order" not in portal.faults.details["profile-mismatch"]
    assert len([one for one in samples if one.radiation is Radiation.NEUTRON]) > 570
    assert max(max(one.counts) for one in samples) < 200
