"""Faults put into the mocks: each does what it says, from its moment on, and the same seed gives the same fault."""

from __future__ import annotations

import asyncio
import functools
import itertools
import random

import numpy as np
import pytest

from hardware_mocks import broken, broken_box, broken_bus, broken_contacts, broken_door, modbus_io
from hardware_mocks.signals import Sent
from hardware_mocks.slave import Instrument, Slave, crc

HOURS, FROM_S = 0.4, 600.0


def _sent(names: tuple[str, ...], seed: int = 1) -> list[Sent]:
    return [one for one in broken.signals(names, HOURS, seed, FROM_S) if isinstance(one, Sent)]


@pytest.mark.parametrize("name", broken.FAULTS)
def test_a_fault_begins_at_its_moment_and_shows(name: str) -> None:
    whole, bad = _sent(()), _sent((name,))
    assert [s for s in bad if s.at_s < FROM_S] == [s for s in whole if s.at_s < FROM_S]
    if name not in ("reset", "show_count", "speed_stuck"):      # a break is no byte; the others need the right vehicle
        assert bad != whole
    assert bad == _sent((name,))


def test_frozen_counts_repeat() -> None:
    lines = b"".join(s.data for s in _sent(("frozen",), seed=2) if s.at_s > FROM_S + 10).split(b"\r\n")
    fields = np.array([line.split(b",")[1:] for line in lines if line.startswith(b"GB")]).T
    assert min(len(set(row)) for row in fields.tolist()) == 1


@pytest.mark.parametrize("sent", [broken_bus.Uart(), broken_bus.Uart(19200, "E"), broken_bus.Uart(4800, "O")])
def test_a_uart_hears_its_own_settings(sent: broken_bus.Uart) -> None:
    data = bytes(range(256))
    assert broken_bus.heard(broken_bus.levels(data, sent), sent, sent) == data


@pytest.mark.parametrize("name", broken_bus.FAULTS)
@pytest.mark.parametrize("seed", range(10))
def test_a_broken_bus_spoils_answers(name: str, seed: int) -> None:
    held = Instrument()
    held.hold("holding", 0, *range(20))
    bus = broken_bus.FAULTS[name](Slave({3: held}, "rtu", random.Random(0)), random.Random(seed))
    question = bytes((3, 3, 0, 0, 0, 20))
    good = 0
    for n in range(200):
        found = bus.question(question + crc(question))
        for _, answer in bus.answers(found[0], float(n)) if found and found[0] else ():
            good += crc(answer[:-2]) == answer[-2:]
    assert good < 200 if name == "no_termination" else good == 0


@functools.cache
def _contacts() -> list[tuple[float, tuple[int, ...]]]:
    """Of a whole module each 3 s of 25 minutes of traffic."""
    whole, steps = modbus_io.instrument(broken.scene(1.0, 3), 3, loop=False)
    return [(at_s, tuple(whole.held["discrete", i] for i in range(6)))
            for at_s in itertools.takewhile(lambda at_s: at_s < 1500.0, steps) if at_s % 3.0 < 0.1]


def _answers(fault: broken_contacts.Fault) -> list[bytes]:
    """Of a module that is asked for its inputs, and whose coils are set and read."""
    whole, _ = modbus_io.instrument(broken.scene(1.0, 3), 3, loop=False)
    now_s = [0.0]
    module = broken_contacts.BrokenModule(whole, fault, lambda: now_s[0])
    slave, out = Slave({1: module}, "tcp", random.Random(0)), []
    for now_s[0], bits in _contacts():
        whole.hold("discrete", 0, *bits)
        sets = [bytes((5, 0, coil, 255 * (round(now_s[0] / 3.0) % 2), 0)) for coil in range(4)]
        for pdu in (bytes((2, 0, 0, 0, 6)), *sets, bytes((1, 0, 0, 0, 4))):
            frame = bytes((0, 0, 0, 0, 0, len(pdu) + 1, 1)) + pdu
            out.append(b"".join(data for _, data in slave.answers(frame, now_s[0])))
    return out


@pytest.mark.parametrize("name", broken_contacts.FAULTS)
def test_a_broken_contact_shows_at_the_module_from_its_moment(name: str) -> None:
    whole = _answers(broken_contacts.Fault("nothing"))
    bad = [_answers(broken_contacts.FAULTS[name](random.Random(seed), FROM_S)) for seed in (1, 2, 1)]
    first = 6 * round(FROM_S / 3.0 - 2)
    assert all(one[:first] == whole[:first] for one in bad) and bad[0] == bad[2]
    assert any(one != whole for one in bad) or name == "contact_cut"      # of a contact that is open anyway


@pytest.mark.parametrize("kind", broken_door.KINDS)
def test_a_door_fails_as_it_says(kind: str) -> None:
    async def call() -> str:
        async with broken_door.door(kind) as port:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return "refused"
            try:
                async with asyncio.timeout(0.2):
                    return "held" if await reader.read(1) == b"" else "bytes"
            except ConnectionResetError:
                return "reset"
            except TimeoutError:
                return "silent"
            finally:
                writer.close()
    assert asyncio.run(call()) == kind


@pytest.mark.parametrize("name", broken_box.FAULTS)
def test_a_broken_box_is_not_a_healthy_one(name: str) -> None:
    assert broken_box.broken((name,), 4) != broken_box.Box() and broken_box.broken((name,), 4) == broken_box.broken((name,), 4)
