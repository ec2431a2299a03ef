"""The core with 16 instruments at 10 Hz: processor, memory, samples that came.  And questions a second on one bus, beside bare
pymodbus with the same server in the same run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.footprint import cpu_s, pss_mib
from edge_agent.doors import modbus
from edge_agent.doors.clock import RealClock
from edge_agent.hands.links import Links
from edge_agent.words.driver import Poll
from edge_agent.words.settings import LinkSettings
from tests.live.post import ENVIRONMENT, Post, wait_for

WIRES, UNITS, HZ, SECONDS = 4, 4, 10.0, 60
ROUND_S, ROUNDS = 4.0, 3
PROFILE = (Path(__file__).resolve().parents[1] / "config/profiles/modbus_map.toml").read_text()
# The mock at twice its rate renews every 0.1 s; its own clock then runs twice as fast, so a tick of it is half a millisecond.
FAST = {"interval_s = 0.2": "interval_s = 0.1", "exposure_s = 0.2": "exposure_s = 0.1", "poll_s = 0.2": "poll_s = 0.1",
        "scale = 0.001 ": "scale = 0.0005 "}

SERVER = """
import asyncio, socket
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import ModbusTcpServer
async def run():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    held = ModbusServerContext(ModbusDeviceContext(ir=ModbusSequentialDataBlock(1, [7] * 100)), single=True)
    server = ModbusTcpServer(held, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    print(port, flush=True)
    await asyncio.sleep(3600)
asyncio.run(run())
"""


class Mocks:
    """Mock instruments, each wire a process of its own."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, *options: str) -> int:
        """Its TCP port."""
        words = [sys.executable, "-m", "hardware_mocks.modbus_map", "--tcp", "127.0.0.1:0", *options]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        self._processes.append(process)
        assert process.stdout is not None
        return int(process.stdout.readline().split()[2].rsplit(":", 1)[1])

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


def main() -> None:
    mocks = Mocks()
    with tempfile.TemporaryDirectory(prefix="ea-") as where:
        post = Post(Path(where))
        try:
            sixteen(post, mocks)
        finally:
            post.close()
            mocks.close()
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    try:
        assert server.stdout is not None
        beside_pymodbus(int(server.stdout.readline()))
    finally:
        server.kill()
        server.wait()


def sixteen(post: Post, mocks: Mocks) -> None:
    fast = PROFILE
    for slow, quick in FAST.items():
        assert slow in fast
        fast = fast.replace(slow, quick)
    (post.where / "profiles").mkdir()
    (post.where / "profiles/fast.toml").write_text(fast)
    for wire in range(WIRES):
        units = [word for unit in range(1, UNITS + 1) for word in ("--unit", str(unit))]
        port = mocks.start(*units, "--scene", "five", "--loop", "--rate", "2", "--seed", str(wire))
        post.lanes += [
            f'[[lane]]\nname = "{wire}{unit}"\ndriver = "modbus_map"\nprofile = "fast"\n'
            f'link = {{ kind = "modbus-tcp", host = "127.0.0.1", port = {port}, unit = {unit} }}\n'
            for unit in range(1, UNITS + 1)
        ]
    post.configure(heartbeat_s=60)
    post.enrol()
    post.start_core()
    wait_for(lambda: post.ask("status"), 20, "the core")
    time.sleep(20)
    pid, before = post.processes["core"].pid, samples(post)
    began_s, spent = time.monotonic(), cpu_s(pid)
    time.sleep(SECONDS)
    took_s, spent, after = time.monotonic() - began_s, cpu_s(pid) - spent, samples(post)
    rates = sorted((after[lane] - before[lane]) / 2 / took_s for lane in after)        # two radiations
    print(f"{WIRES * UNITS} instruments at {HZ:g} Hz, {WIRES} TCP connections, {took_s:.0f} s: "
          f"{spent / took_s * 100:.1f} % of a core, PSS {pss_mib(pid):.1f} MiB; "
          f"samples/s of each {rates[0]:.2f} to {rates[-1]:.2f}")


def samples(post: Post) -> dict[str, int]:
    found = post.status()
    return {name: lane["counts"]["samples"] for name, lane in found["lanes"].items()}


def beside_pymodbus(port: int) -> None:
    rounds = [(asyncio.run(ours(port)), asyncio.run(theirs(port))) for _ in range(ROUNDS)]
    for mine, bare in rounds:
        print(f"one bus, 15 registers a question: {mine:6.0f} a second, bare pymodbus {bare:6.0f}: ratio {mine / bare:.2f}")


async def ours(port: int) -> float:
    """Answers a second, each through scheduler, dialect and mailbox."""
    link = Links(RealClock()).make(LinkSettings("modbus-tcp", host="127.0.0.1", port=port, unit=1),
                                     (Poll(modbus.question(1, "input", 0, 15), 1e-6),))
    await link.open()
    count, ends = 0, time.monotonic() + ROUND_S
    while time.monotonic() < ends:
        count += await link.next(1.0) is not None
    link.close()
    return count / ROUND_S


async def theirs(port: int) -> float:
    from pymodbus.client import AsyncModbusTcpClient

    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    assert await client.connect()
    count, ends = 0, time.monotonic() + ROUND_S
    while time.monotonic() < ends:
        assert len((await client.read_input_registers(0, count=15, device_id=1)).registers) == 15
        count += 1
    client.close()
    return count / ROUND_S


if __name__ == "__main__":
    main()
