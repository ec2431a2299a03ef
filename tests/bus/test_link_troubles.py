"""Troubles of a wire, each on a real pty or socket: named as what it is, and over by itself when it is mended."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import struct
import tty
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent import drivers
from edge_agent.doors import modbus
from edge_agent.doors.clock import RealClock
from edge_agent.hands.annunciator import Annunciator
from edge_agent.hands.links import Links
from edge_agent.judgement.portal import Portal
from edge_agent.paths.lane import Lane
from edge_agent.words.dialect import Outcome
from edge_agent.words.event import Event, Fault
from edge_agent.words.settings import LaneSettings, LinkSettings
from hardware_mocks import ludlum375
from hardware_mocks.slave import Manners, Slave
from hardware_mocks.slave_ends import SlavePty
from tests.bus import line
from tests.bus.line import ask
from tests.bus.uart import Setting, misread
from tests.test_captures import profile_of

PATIENCE_S = 30.0           # every trouble is over within this, once it is mended
GB = b"GB,000188,000206,000262,000243\r\n"
TCP_REPAIR = 19             # <linux/tcp.h>: a socket in repair is closed without a word, as by a power cut


def a_lane(link: LinkSettings, driver: str) -> tuple[Lane, list[Event]]:
    events: list[Event] = []
    settings = LaneSettings("1", driver, link, mode="continuous")
    portal = Portal(settings, profile_of(driver), lambda: f"id{len(events)}")
    made, clock = drivers.find(driver), RealClock()
    wire = Links(clock).make(link, made.polls(profile_of(driver), link), made.dialect)
    silent = Annunciator([], lambda event: None)
    return Lane("1", wire, made.decoder(profile_of(driver)), portal, clock, silent, events.append), events


async def until(true: Callable[[], object], what: str) -> None:
    for _ in range(round(PATIENCE_S / 0.05)):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE_S:.0f} s")


def told(events: list[Event], condition: str) -> str:
    """Why a condition began, in the newest words; empty where it did not."""
    return next((e.detail for e in reversed(events) if isinstance(e, Fault) and e.condition == condition and e.present), "")


class Line:
    """A pty with a name of its own: pulled out and plugged in, and whatever bytes a test wants."""

    def __init__(self, name: Path) -> None:
        self.name = name
        self._master = self._kept = -1

    def plug(self) -> None:
        self._master, self._kept = os.openpty()
        tty.setraw(self._kept)
        os.set_blocking(self._master, False)
        self.name.symlink_to(os.ttyname(self._kept))

    def pull(self) -> None:
        os.close(self._master)
        os.close(self._kept)
        self.name.unlink()

    def say(self, data: bytes) -> None:
        os.write(self._master, data)


@pytest.mark.parametrize(("driver", "record"), [("rapiscan", GB), ("ludlum375", ludlum375.line(0.1))])
def test_a_port_pulled_out_is_named_and_heard_again_when_it_is_back(tmp_path: Path, driver: str, record: bytes) -> None:
    async def run() -> None:
        wire = Line(tmp_path / "port")
        wire.plug()
        lane, events = a_lane(LinkSettings("serial", device=str(wire.name)), driver)
        running = asyncio.create_task(lane.run())
        await until(lambda: (wire.say(record), lane.portal.cadence.heard_ns)[1], "the first record")
        wire.pull()
        await until(lambda: told(events, "link"), "the fault")
        assert "still plugged in" in told(events, "link") or "Input/output error" in told(events, "link")
        await until(lambda: "no such port" in lane.portal.faults.details.get("link", ""), "that the port is gone")
        wire.plug()
        heard_ns = lane.portal.cadence.heard_ns or 0
        await until(lambda: (wire.say(record), (lane.portal.cadence.heard_ns or 0) > heard_ns)[1], "a record after it is back")
        running.cancel()
        wire.pull()

    asyncio.run(run())


SENT = Setting(9600)


@pytest.mark.parametrize("read", [Setting(19200), Setting(4800), Setting(9600, "E", 7), Setting(9600, "E")], ids=str)
@pytest.mark.parametrize(("driver", "record"), [("rapiscan", GB), ("ludlum375", ludlum375.line(0.1))])
def test_wrong_baud_or_parity_is_named_and_never_a_value(tmp_path: Path, driver: str, record: bytes, read: Setting) -> None:
    async def run() -> None:
        garbled = misread(record * 3, SENT, read)
        if record.strip() in garbled:
            pytest.skip("these settings read the same bytes")
        wire = Line(tmp_path / "port")
        wire.plug()
        lane, events = a_lane(LinkSettings("serial", device=str(wire.name)), driver)
        running = asyncio.create_task(lane.run())
        await until(lambda: (wire.say(garbled), told(events, "unreadable"))[1], "the fault")
        assert "wrong baud or parity" in told(events, "unreadable")
        assert lane.portal.cadence.heard_ns is None and not lane.portal.last_counts and lane.portal.dose.newest is None
        await until(lambda: (wire.say(record), lane.portal.cadence.heard_ns)[1], "records, once it is set right")
        running.cancel()
        wire.pull()

    asyncio.run(run())


@pytest.mark.parametrize("read", [Setting(19200), Setting(4800), Setting(9600, "E", 7)], ids=str)
def test_a_bus_at_a_wrong_setting_is_trouble_of_the_line_and_never_a_value(tmp_path: Path, read: Setting) -> None:
    class Garbled(SlavePty):
        def _send(self, data: bytes) -> None:
            super()._send(misread(data, SENT, read))

    async def run() -> None:
        end = Garbled(Slave(line.units({1: Manners()}), "rtu", random.Random(1)), tmp_path / "rs485")
        await end.open()
        base = LinkSettings("modbus-rtu", device=str(tmp_path / "rs485"), baud=9600, answer_s=0.15)
        heard = (await line.together(base, {1: ask(1, 0.1, (0, 4))}, 2.0))[1]
        await end.close()
        assert heard and not line.outcomes(heard)[Outcome.ANSWER]
        assert {Outcome.FRAMING, Outcome.LENGTH, Outcome.CHECKSUM} & set(line.outcomes(heard))

    asyncio.run(run())


class TwoMasters(SlavePty):
    """A line on which somebody else asks the same unit for other registers, just as many."""

    def ask_too(self, question: bytes) -> None:
        loop = asyncio.get_running_loop()
        frame = question + modbus.checksum(question)
        self._send(frame)
        for at_s, data in self._slave.answers(frame, loop.time()):
            loop.call_at(at_s, self._send, data)


def test_a_second_master_is_named_and_its_answers_are_never_taken_for_ours(tmp_path: Path) -> None:
    async def run() -> None:
        end = TwoMasters(Slave(line.units({1: Manners(), 2: Manners()}), "rtu", random.Random(1)), tmp_path / "rs485")
        await end.open()
        dice, done = random.Random(4), asyncio.Event()

        async def the_other() -> None:
            while not done.is_set():
                await asyncio.sleep(dice.uniform(0.02, 0.4))
                end.ask_too(modbus.question(dice.choice((1, 2)), "holding", 50, 4))

        other = asyncio.create_task(the_other())
        base = LinkSettings("modbus-rtu", device=str(tmp_path / "rs485"), baud=19200, answer_s=0.15)
        heard = await line.together(base, {unit: ask(unit, 0.1, (0, 4), (20, 4)) for unit in (1, 2)}, 8.0)
        done.set()
        await other
        both = [*heard[1], *heard[2]]
        assert not line.wrong(both)
        assert line.outcomes(both)[Outcome.MASTER] and line.outcomes(both)[Outcome.ANSWER]
        alone = await line.together(base, {1: ask(1, 0.1, (0, 4))}, 2.0)
        assert len([e for e in alone[1] if e.outcome is Outcome.ANSWER]) > 10
        await end.close()

    asyncio.run(run())


# --- TCP

class OnePortal:
    """A portal on a TCP port that takes one client, and can vanish without a word."""

    def __init__(self) -> None:
        self.door = socket.create_server(("127.0.0.1", 0))
        self.door.setblocking(False)
        self.port = int(self.door.getsockname()[1])
        self.client: socket.socket | None = None

    async def serve(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(self.door)
            if self.client is not None:
                client.close()
            else:
                self.client = client

    def say(self, data: bytes) -> None:
        if self.client is not None:
            self.client.send(data)

    def vanish(self) -> None:
        assert self.client is not None
        self.client.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        self.client.close()
        self.client = None


def test_a_connection_whose_other_end_is_gone_without_a_word_is_opened_anew() -> None:
    async def run() -> None:
        portal = OnePortal()
        serving = asyncio.create_task(portal.serve())
        lane, events = a_lane(LinkSettings("tcp", host="127.0.0.1", port=portal.port), "rapiscan")
        running = asyncio.create_task(lane.run())
        await until(lambda: (portal.say(GB), lane.portal.cadence.heard_ns)[1], "the first record")
        try:
            portal.vanish()
        except PermissionError:
            running.cancel()
            pytest.skip("closing a socket without a word needs CAP_NET_ADMIN")
        await until(lambda: told(events, "link"), "that the connection is gone")
        heard_ns = lane.portal.cadence.heard_ns or 0
        await until(lambda: (portal.say(GB), (lane.portal.cadence.heard_ns or 0) > heard_ns)[1], "a record after it")
        running.cancel()
        serving.cancel()
        portal.door.close()

    asyncio.run(run())


def test_a_portal_that_another_client_holds_is_named_and_taken_when_it_is_free() -> None:
    async def run() -> None:
        portal = OnePortal()
        serving = asyncio.create_task(portal.serve())
        _, other = await asyncio.open_connection("127.0.0.1", portal.port)
        lane, events = a_lane(LinkSettings("tcp", host="127.0.0.1", port=portal.port), "rapiscan")
        running = asyncio.create_task(lane.run())
        await until(lambda: told(events, "link"), "the fault")
        assert "does another client hold it" in told(events, "link")
        other.close()
        portal.client = None
        await until(lambda: (portal.say(GB), lane.portal.cadence.heard_ns)[1], "a record, once it is free")
        running.cancel()
        serving.cancel()
        portal.door.close()

    asyncio.run(run())


def test_a_question_that_nobody_acknowledges_ends_the_connection_before_half_a_minute() -> None:
    """Without this a bus behind a dead switch waits for the kernel's retransmissions: a quarter of an hour."""
    async def run() -> None:
        portal = OnePortal()
        serving = asyncio.create_task(portal.serve())
        wire = Links(RealClock()).make(LinkSettings("tcp", host="127.0.0.1", port=portal.port), ())
        await wire.open()
        door = wire._transport.get_extra_info("socket")  # type: ignore[attr-defined]
        assert 0 < door.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) < PATIENCE_S * 1000
        (idle_s,) = struct.unpack("i", door.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 4))
        assert idle_s + 3 * 5 < PATIENCE_S
        wire.close()
        serving.cancel()
        portal.door.close()

    asyncio.run(run())
