"""What is on a wire, and what a count means: listened to first, asked read-only, and "not sure" where it is not."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import pty
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent import drivers
from edge_agent.doors.clock import RealClock
from edge_agent.house import probing
from edge_agent.tools import meaning
from edge_agent.words.errors import LinkError
from edge_agent.words.settings import LinkSettings
from hardware_mocks.slave import Instrument, Manners, Slave
from hardware_mocks.slave_ends import SlavePty, SlaveTcp
from tests.bus import line
from tests.live.post import free_port

ROOT = Path(__file__).resolve().parents[2]


def poisson(chance: random.Random, mean: float) -> int:
    """Knuth's; means of the tests are small."""
    limit, count, product = math.exp(-mean), 0, chance.random()
    while product > limit:
        count, product = count + 1, product * chance.random()
    return count


def watched(renew: Callable[[int], float], renewed_s: float, seconds: float = 60.0) -> list[tuple[float, float]]:
    """A register asked every 0.1 s that `renew` gives anew each `renewed_s`."""
    values: dict[int, float] = {}
    return [(t / 10, values.setdefault(n := math.floor(t / 10 / renewed_s), renew(n))) for t in range(round(seconds * 10))]


@pytest.mark.parametrize("seed", range(20))
def test_each_meaning_is_told_from_the_others(seed: int) -> None:
    chance = random.Random(seed)
    total, recent = 0, [poisson(chance, 40) for _ in range(25)]

    def cumulative(_: int) -> float:
        nonlocal total
        total += poisson(chance, 40)
        return total

    def averaged(_: int) -> float:
        recent.append(poisson(chance, 40))
        return sum(recent[-25:]) / 25 * 5

    assert meaning.of(watched(cumulative, 0.2)).means == "cumulative"
    interval = meaning.of(watched(lambda _: poisson(chance, 40), 0.2))
    assert interval.means == "interval" and interval.renewed_s == pytest.approx(0.2, abs=0.05)
    assert interval.rate_cps == pytest.approx(200, rel=0.1)
    assert meaning.of(watched(averaged, 0.2)).means == "per-second"


def test_what_does_not_change_or_hardly_counts_is_not_guessed() -> None:
    chance = random.Random(1)
    assert meaning.of(watched(lambda _: 7.0, 1.0)).means == ""
    neutrons = meaning.of(watched(lambda _: poisson(chance, 0.5), 1.0))
    assert neutrons.means == "" and "source" in neutrons.evidence
    assert meaning.of([]).means == ""


def test_what_no_detector_can_count_is_not_believed() -> None:
    """Found by attack: random registers were counts of an interval, a wrong word order 65 million counts/s."""
    chance, total = random.Random(2), 0

    def swapped(_: int) -> float:
        nonlocal total
        total += 200 * 65536
        return total

    for nonsense in (watched(lambda _: chance.randrange(2**32), 0.2), watched(swapped, 0.2)):
        found = meaning.of(nonsense)
        assert found.means == "" and "word_order" in found.evidence


@contextlib.contextmanager
def mock(family: str, *options: object) -> Iterator[str]:
    """The mock's own words of where it is."""
    words = [sys.executable, "-m", f"hardware_mocks.{family}", *map(str, options)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split(" ", 1)[1].strip()
        process.terminate()


def test_a_portal_that_pushes_is_named_by_listening() -> None:
    with mock("rapiscan", "--tcp", "127.0.0.1:0", "--scene", "demo", "--rate", "5", "--loop") as where:
        link = LinkSettings("tcp", host="127.0.0.1", port=int(where.rpartition(":")[2]))
        found = asyncio.run(probing.listen(link, RealClock(), 4.0))
    assert found is not None and found.driver == "rapiscan" and "records" in found.evidence


def test_a_gps_receiver_is_known() -> None:
    """It "speaks, but no family we know"; the agent reads it as [gps]."""
    with mock("nmea", "--tcp", "127.0.0.1:0") as where:
        link = LinkSettings("tcp", host="127.0.0.1", port=int(where.rpartition(":")[2]))
        found = asyncio.run(probing.listen(link, RealClock(), 3.0))
    assert found is not None and "GPS receiver" in found.evidence and found.driver == ""


def test_units_that_answer_are_found_and_the_others_are_not(tmp_path: Path) -> None:
    async def run() -> list[int]:
        async with line.pty(line.units({2: Manners(), 5: Manners(), 7: Manners(silent=True)}), tmp_path) as base:
            return [found.link.unit async for found in probing.units(base, (2, 3, 5, 7), RealClock())]

    assert asyncio.run(run()) == [2, 5]


class Gateway(Instrument):
    """Says of a unit that is not on its line: gateway target device failed to respond."""

    def answer(self, pdu: bytes) -> bytes:
        return bytes((pdu[0] | 0x80, 0x0B))


def over_tcp(instruments: dict[int, Instrument]) -> tuple[dict[int, str], dict[int, float], list[int]]:
    """(what was found by unit, its answer_s, units told as asked)"""
    async def run() -> list[probing.Found]:
        port = free_port()
        end = SlaveTcp(Slave(instruments, "tcp", random.Random(1)), "127.0.0.1", port)
        await end.open()
        try:
            link = LinkSettings("modbus-tcp", host="127.0.0.1", port=port)
            return [found async for found in probing.units(link, range(1, 5), RealClock(), asked.append)]
        finally:
            await end.close()

    asked: list[int] = []
    found = asyncio.run(run())
    return {one.link.unit: one.evidence for one in found}, {one.link.unit: one.link.answer_s for one in found}, asked


def test_a_unit_that_said_all_it_can_is_left_alone_and_a_gateways_no_is_nobody() -> None:
    """A wire of 32 such units took 38 s, and each of them was \"found\"."""
    refuses, gateways = Instrument(), {unit: Gateway() for unit in (2, 3, 4)}
    found, _, asked = over_tcp({1: refuses, **gateways})
    assert found == {1: "refuses discrete 0, refuses holding 0, refuses input 0"} and asked == [1, 2, 3, 4]
    assert [each.manners.asked for each in (refuses, *gateways.values())] == [3, 3, 3, 3]


class OneTable(Instrument):
    """Says nothing to questions for other tables than one, as simple transmitters do."""

    function = 4


class OneTableSlave(Slave):
    def answers(self, frame: bytes, now_s: float) -> Iterator[tuple[float, bytes]]:
        _, unit, pdu = self._open(frame)
        if unit in self.instruments and pdu[0] == OneTable.function:
            yield from super().answers(frame, now_s)


@pytest.mark.parametrize("wire", ["pty", "tcp"])
def test_a_unit_that_answers_only_for_input_registers_is_found(wire: str, tmp_path: Path) -> None:
    """The question for holding registers was put twice, and then nobody was there."""
    async def run() -> list[tuple[int, str]]:
        made = OneTable()
        made.hold("input", 0, *range(10))
        slave = OneTableSlave({2: made}, "rtu" if wire == "pty" else "tcp", random.Random(1))
        end = SlavePty(slave, tmp_path / "rs485") if wire == "pty" else SlaveTcp(slave, "127.0.0.1", 0)
        port = (await end.open()).rpartition(":")[2]
        base = (LinkSettings("modbus-rtu", device=str(tmp_path / "rs485"), baud=19200, answer_s=0.15) if wire == "pty"
                else LinkSettings("modbus-tcp", host="127.0.0.1", port=int(port)))
        try:
            return [(found.link.unit, found.evidence) async for found in probing.units(base, (1, 2), RealClock())]
        finally:
            await end.close()

    assert asyncio.run(run()) == [(2, "answers input 0")]


def test_a_slow_unit_is_not_hidden_by_haste() -> None:
    slow = Instrument(manners=Manners(answers_s=0.45))
    found, answer_s, _ = over_tcp({2: slow})
    assert list(found) == [2] and found[2].endswith("slowly") and answer_s[2] >= 1.0


def test_what_an_aspect_portal_counts_is_found_out_by_watching() -> None:
    with mock("aspect", "--tcp", "127.0.0.1:0", "--scene", "quiet", "--loop") as where:
        link = LinkSettings("modbus-tcp", host="127.0.0.1", port=int(where.rpartition(":")[2]), unit=1)
        seen = asyncio.run(probing.watch(drivers.find("aspect"), probing.shipped("aspect"), link, 8.0, RealClock()))
    assert seen["Aa1"].means == "cumulative" and seen["Aa1"].rate_cps == pytest.approx(1000, rel=0.15)


def test_a_port_that_another_program_holds_is_left_alone_and_the_holder_named(tmp_path: Path) -> None:
    async def run() -> None:
        async with line.pty(line.units({1: Manners()}), tmp_path) as base:
            holding = asyncio.create_task(line.together(base, {1: line.ask(1, 0.1, (0, 2))}, 3.0))
            await asyncio.sleep(0.5)
            with pytest.raises(LinkError, match=r"holds|lock"):
                await probing.listen(LinkSettings("serial", device=base.device), RealClock(), 0.5)
            heard = await holding
        assert not line.wrong(heard[1]) and set(line.outcomes(heard[1])) == {line.Outcome.ANSWER}

    asyncio.run(run())


def test_a_program_that_took_no_lock_is_named_too() -> None:
    """Old software of a vendor opens the port as anybody may: bytes are missing here and there, and nothing says why."""
    master, slave = pty.openpty()
    with subprocess.Popen(["sleep", "60"], stdin=slave) as other, subprocess.Popen(
            [sys.executable, "-m", "edge_agent", "probe", os.ttyname(slave)], stderr=subprocess.PIPE, text=True) as asking:
        os.close(slave)
        assert asking.stderr is not None
        told = asking.stderr.readline()
        asking.kill()
        other.kill()
    os.close(master)
    assert f"open in another program (sleep, pid {other.pid})" in told


def test_the_command_says_what_to_type_next(tmp_path: Path) -> None:
    def probe(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "edge_agent", "probe", *words], capture_output=True, text=True, check=False)

    nowhere = probe(str(tmp_path / "no-port"))
    assert nowhere.returncode == 4 and "no such port" in nowhere.stderr
    here = f"127.0.0.1:{free_port()}"           # 1600 may be a portal of somebody else on this machine
    assert probe(here, "--units", "9-3").returncode == 3
    assert probe(here, "--unit", "3").returncode == 3
    with mock("aspect", "--tcp", "127.0.0.1:0", "--scene", "quiet", "--loop") as where:
        place = where.partition(" ")[2]
        found = probe(place, "--units", "1-2")
    assert found.returncode == 0 and "unit = 1" in found.stdout and "unit = 2" not in found.stdout
