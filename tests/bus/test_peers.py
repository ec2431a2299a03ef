"""Modbus servers that others wrote: pymodbus's over TCP, libmodbus's over TCP and a serial line."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.words.dialect import Outcome
from edge_agent.words.settings import LinkSettings
from tests import debian
from tests.bus import line
from tests.bus.line import ask

HERE = Path(__file__).parent


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def libmodbus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server program, built; its package installed where we may."""
    debian.need("libmodbus-dev", "/usr/include/modbus/modbus.h")
    program = tmp_path_factory.mktemp("libmodbus") / "server"
    subprocess.run(
        ["gcc", "-Wall", "-Wextra", "-I/usr/include/modbus", "-o", program, HERE / "libmodbus_server.c", "-lmodbus"], check=True
    )
    return program


@contextlib.contextmanager
def running(*command: object) -> Iterator[None]:
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield
        process.kill()


async def reads(base: LinkSettings, unit: int) -> None:
    heard = await line.together(base, {unit: ask(unit, 0.05, (0, 20), (30, 1), (99, 1), (95, 10))}, 1.5)
    kinds = line.outcomes(heard[unit])
    assert kinds[Outcome.ANSWER] and kinds[Outcome.REFUSED]             # 95 and ten more is beyond its map
    assert set(kinds) <= {Outcome.ANSWER, Outcome.REFUSED}
    assert not line.wrong(heard[unit])


def test_libmodbus_over_tcp(libmodbus: Path) -> None:
    port = free_port()
    with running(libmodbus, "tcp", port):
        asyncio.run(reads(LinkSettings("modbus-tcp", host="127.0.0.1", port=port, answer_s=0.5), 1))


def test_libmodbus_over_a_serial_line(libmodbus: Path, tmp_path: Path) -> None:
    """Two ptys back to back are the cable."""
    ours, theirs = os.openpty(), os.openpty()
    for end in (ours, theirs):
        tty.setraw(end[1])

    async def cable() -> None:
        loop = asyncio.get_running_loop()
        for a, b in ((ours[0], theirs[0]), (theirs[0], ours[0])):
            loop.add_reader(a, lambda a=a, b=b: os.write(b, os.read(a, 4096)))

        await reads(LinkSettings("modbus-rtu", device=os.ttyname(ours[1]), baud=19200, answer_s=0.5), 5)
        for a in (ours[0], theirs[0]):
            loop.remove_reader(a)

    try:
        with running(libmodbus, "rtu", os.ttyname(theirs[1]), 5):
            asyncio.run(cable())
    finally:
        for fd in (*ours, *theirs):
            os.close(fd)


def test_pymodbus_over_tcp() -> None:
    async def run() -> None:
        from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
        from pymodbus.server import ModbusTcpServer

        block = ModbusSequentialDataBlock(1, [3000 + n for n in range(100)])        # its blocks count from 1
        server = ModbusTcpServer(ModbusServerContext(ModbusDeviceContext(hr=block)), address=("127.0.0.1", port := free_port()))
        await server.serve_forever(background=True)
        try:
            await reads(LinkSettings("modbus-tcp", host="127.0.0.1", port=port, answer_s=0.5), 3)
        finally:
            await server.shutdown()

    asyncio.run(run())
