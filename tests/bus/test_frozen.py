"""An instrument that answers, and whose counts stand still: it is frozen, and its wire is not dead."""

from __future__ import annotations

import dataclasses
from itertools import count

from edge_agent.doors import modbus
from edge_agent.doors.files import shipped_config
from edge_agent.drivers.modbus_map import MapDecoder
from edge_agent.judgement.cadence import Cadence
from edge_agent.judgement.portal import Portal
from edge_agent.tools import toml_settings
from edge_agent.tools.exchange import Exchange, Outcome, pack
from edge_agent.words.event import Event, Fault
from edge_agent.words.reading import Chunk, Missed, Unchanged
from edge_agent.words.register_map import CountRegister, RegisterMap, StateBit
from edge_agent.words.settings import LaneSettings, LinkSettings, Profile
from hardware_mocks.slave import Instrument

S = 10**9
SHIPPED = toml_settings.read(Profile, (shipped_config() / "profiles/modbus_map.toml").read_text(), "modbus_map.toml")
MAP = RegisterMap(
    "low-first", [CountRegister("A", 0, "cumulative")], poll_s=0.05, step_s=0.2, state=[StateBit("occupied", 2)],
)
PROFILE = dataclasses.replace(SHIPPED, gamma=["A"], neutron=[], modbus=MAP, sums={"SUM": [["A"]]}, geometry={})
LANE = LaneSettings("2", "modbus_map", LinkSettings("modbus-rtu"))
QUESTION = modbus.question(1, "holding", 0, 3)


def test_a_frozen_instrument_is_not_told_as_a_dead_wire() -> None:
    ids = count(1)
    lane = dataclasses.replace(LANE, alarm=dataclasses.replace(LANE.alarm, ksigma_sums=["SUM"]))
    portal, decoder, unit = Portal(lane, PROFILE, lambda: str(next(ids))), MapDecoder(PROFILE), Instrument()
    told: list[Event] = []
    for tick in range(4000):
        at_ns = tick * S // 20
        total = 40 * min(tick // 4, 500)            # from 100 s on it stands still, and answers
        unit.hold("holding", 0, total & 0xFFFF, total >> 16, 0)
        answer = bytes((1,)) + unit.answer(QUESTION[1:])
        for reading in decoder.feed(Chunk(at_ns, pack(Exchange(QUESTION, Outcome.ANSWER, answer)))):
            told += portal.observe(reading)
        told += portal.tick(at_ns)
    silence = [fault for fault in told if isinstance(fault, Fault) and fault.condition == "silence"]
    assert len(silence) == 1 and 100 < silence[0].at_ns / S < 120
    assert "frozen" in silence[0].detail and "nothing on the wire" not in silence[0].detail
    assert portal.cadence.spoke_ns(0) > 195 * S         # so its wire is not opened anew every minute


def test_a_late_instrument_is_not_called_frozen() -> None:
    """It answers now and then, with nothing new, and misses most questions."""
    cadence = Cadence(PROFILE)
    cadence.opened(0)
    for second in range(1, 60):
        cadence.asked(Missed(second * S) if second % 30 == 0 else Unchanged(second * S))
    assert [detail for name, detail, _ in cadence.overdue(60 * S, None) if name == "silence"] == ["nothing on the wire for 60 s"]
