"""Lamps on an I/O module: pymodbus's own server over TCP, which is no mock of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import ModbusTcpServer

from edge_agent.doors.clock import RealClock
from edge_agent.hands.lamps import Lamps, Module
from edge_agent.judgement.lights import Lights
from edge_agent.words.errors import LinkError
from edge_agent.words.settings import LampSettings
from tests.annunciation.test_lights import G, alarm
from tests.live.post import free_port

COILS = {"gamma": 0, "neutron": 0, "fault": 1, "ready": 2, "horn": 3}


class IoModule:
    """Eight coils and eight inputs; the rest of the agent's world is flags a test sets."""

    def __init__(self, **more: Any) -> None:
        self.coils = ModbusSequentialDataBlock(1, [False] * 8)          # its blocks count from 1
        self.inputs = ModbusSequentialDataBlock(1, [False] * 8)
        self.port = free_port()
        self.heard, self.pressed, self.told = True, list[tuple[str, str]](), list[str]()
        settings = LampSettings(**{"host": "127.0.0.1", "port": self.port, "coils": COILS, "button": 5} | more)
        self.lights = Lights(["2"], 60.0, 60.0)
        self.lamps = Lamps(
            settings, self.lights, RealClock(), heard=lambda: self.heard, exercise=lambda: False,
            pressed=self.pressed.extend, told=self.told.append,
        )
        self.server: ModbusTcpServer | None = None

    async def on(self) -> None:
        context = ModbusServerContext(ModbusDeviceContext(co=self.coils, di=self.inputs))
        self.server = ModbusTcpServer(context, address=("127.0.0.1", self.port))
        await self.server.serve_forever(background=True)

    async def off(self) -> None:
        assert self.server is not None
        await self.server.shutdown()

    def lit(self) -> list[int]:
        return [n for n, on in enumerate(self.coils.values) if on]

    def press(self, down: bool) -> None:
        self.inputs.values[5] = down


async def until(true: Callable[[], object], what: str) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.02)
    assert true(), what


def with_module(story: Callable[[IoModule], Awaitable[None]], **more: Any) -> IoModule:
    module = IoModule(**more)

    async def run() -> None:
        await module.on()
        task = asyncio.create_task(module.lamps.run())
        try:
            await story(module)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await module.off()

    asyncio.run(run())
    return module


def test_green_then_red_and_horn_then_quiet_by_the_button_and_fault_alone_at_the_end() -> None:
    async def story(module: IoModule) -> None:
        await until(lambda: module.lit() == [2], "green")
        now_s = RealClock().mono_ns() / 1e9
        module.lights.show(alarm(now_s))
        await until(lambda: module.lit() == [0, 3], "red and horn")
        module.press(True)
        await until(lambda: module.pressed, "the press")
        module.press(False)
        await until(lambda: module.lit() == [0], "red without horn")
        await until(lambda: module.lit() == [], "its dark half second")
        assert module.pressed == [("2", alarm(now_s, G).id)] and set(module.told) == {""}

    assert with_module(story).lit() == [1]


def test_a_blind_lane_is_the_fault_lamp_also_where_the_coil_is_off_for_it() -> None:
    async def story(module: IoModule) -> None:
        await until(lambda: module.lit() == [1, 2], "green, and the inverted fault lamp held dark")
        module.heard = False
        await until(lambda: module.lit() == [], "fault")

    assert with_module(story, inverted=["fault"]).lit() == []


def test_a_module_that_comes_back_shows_what_is_so() -> None:
    async def story(module: IoModule) -> None:
        await until(lambda: module.lit() == [2], "green")
        await module.off()
        await until(lambda: module.told[-1], "the fault")
        module.heard = False
        module.coils.values[:] = [False] * 8        # it lost its power
        await module.on()
        await until(lambda: module.lit() == [1], "fault lamp")
        await until(lambda: not module.told[-1], "the end of the fault")

    with_module(story)


def test_a_module_whose_outputs_someone_else_changed_is_put_right_and_others_are_left_alone() -> None:
    async def story(module: IoModule) -> None:
        await until(lambda: module.lit() == [2], "green")
        module.coils.values[1], module.coils.values[2], module.coils.values[7] = True, False, True
        await until(lambda: module.lit() == [2, 7], "put right")

    with_module(story)


def test_a_coil_the_module_has_not_is_named() -> None:
    async def story(module: IoModule) -> None:
        await until(lambda: module.told, "a word")
        assert "about coil 90; is its number in [[annunciator.module]] right?" in module.told[0]

    with_module(story, coils={"fault": 90})


def test_a_module_that_is_not_there_is_told_in_the_words_of_a_lane() -> None:
    """It said "Connect call failed ('127.0.0.1', 27502)", and the lane on the same module "Connection refused"."""
    with pytest.raises(LinkError, match=r"^I/O module 127\.0\.0\.1:[0-9]+: Connection refused$"):
        asyncio.run(Module(LampSettings(host="127.0.0.1", coils=COILS, port=free_port())).open())


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(range(1, 60))])
def test_what_is_no_module_is_said_and_tried_again(answer: bytes) -> None:
    async def run() -> None:
        module = IoModule()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(6)
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", module.port)
        task = asyncio.create_task(module.lamps.run())
        await until(lambda: len(module.told) > 1, "two tries")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.close()
        assert all(("does not speak Modbus TCP" in text or "closed the connection" in text) for text in module.told)

    asyncio.run(run())


class OneAtATime(asyncio.Protocol):
    """A module that needs 50 ms to set a coil, and loses what comes meanwhile."""

    def __init__(self, coils: dict[int, bool], asked: list[bytes]) -> None:
        self.coils, self.asked, self.busy = coils, asked, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self.busy:
            self.busy = True
            self.asked.append(data)
            asyncio.get_running_loop().call_later(0.05, self.done, data)

    def done(self, data: bytes) -> None:
        self.coils[data[9]], self.busy = data[10] == 0xFF, False
        self.transport.write(data)


@pytest.mark.parametrize("asked", [1, 2, 3, 4])
def test_an_end_in_the_middle_of_a_question_waits_for_its_answer_and_is_the_fault_lamp(asked: int) -> None:
    async def run() -> None:
        module, coils, seen = IoModule(button=-1), dict[int, bool](), list[bytes]()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: OneAtATime(coils, seen), "127.0.0.1", module.port)
        task = asyncio.create_task(module.lamps.run())
        await until(lambda: len(seen) == asked, "a question")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.close()
        assert coils == {0: False, 1: True, 2: False, 3: False}

    asyncio.run(run())
