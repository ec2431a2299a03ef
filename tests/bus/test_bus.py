"""A bus on a real pty or TCP port: dead, late, noisy, unplugged instruments, and never a value that was not asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edge_agent.words.dialect import Outcome
from hardware_mocks.slave import Instrument, Manners
from tests.bus import line
from tests.bus.line import ask


def test_four_units_on_one_line_one_dead_one_late_one_noisy(tmp_path: Path) -> None:
    async def run() -> None:
        manners = {1: Manners(), 2: Manners(silent=True), 3: Manners(late_s=0.22, late_every=3), 4: Manners(noise=0.3, cut=0.1)}
        async with line.pty(line.units(manners), tmp_path) as base:
            heard = await line.together(base, {unit: ask(unit, 0.1, (0, 2), (10, 2), (20, 5)) for unit in manners}, 8.0)
        assert not any(line.wrong(of_one) for of_one in heard.values())
        kinds = {unit: line.outcomes(of_one) for unit, of_one in heard.items()}
        assert kinds[1][Outcome.ANSWER] and set(kinds[1]) <= {Outcome.ANSWER, Outcome.SILENCE, Outcome.LATE}
        assert set(kinds[2]) == {Outcome.SILENCE}
        assert kinds[3][Outcome.ANSWER] and kinds[3][Outcome.LATE] and kinds[3][Outcome.SILENCE]
        assert kinds[4][Outcome.ANSWER] and kinds[4][Outcome.CHECKSUM]

    asyncio.run(run())


@pytest.mark.parametrize("late_s", [0.17, 0.25, 0.32, 0.5])
def test_no_late_answer_is_taken_for_another_block(tmp_path: Path, late_s: float) -> None:
    """Two blocks of one length, the answer late by every kind of lateness: the values tell which block they are of."""
    async def run() -> None:
        async with line.pty(line.units({1: Manners(late_s=late_s, late_every=3)}), tmp_path) as base:
            heard = await line.together(base, {1: ask(1, 0.05, (0, 4), (40, 4), (60, 4))}, 4.0)
        assert line.outcomes(heard[1])[Outcome.ANSWER]
        assert not line.wrong(heard[1])

    asyncio.run(run())


@pytest.mark.parametrize("late_s", [0.65, 0.7])
def test_no_late_refusal_hides_that_an_answer_is_still_to_come(tmp_path: Path, late_s: float) -> None:
    """Single registers between holes: the like question is refused, and all refusals look alike."""
    async def run() -> None:
        unit = Instrument(manners=Manners(late_s=late_s, late_every=3))
        for address in (10, 20, 30):
            unit.hold("holding", address, 1000 + address)
        async with line.pty({1: unit}, tmp_path) as base:
            heard = await line.together(base, {1: ask(1, 0.05, (10, 1), (20, 1), (30, 1))}, 6.0)
        assert line.outcomes(heard[1])[Outcome.ANSWER] and not line.wrong(heard[1])

    asyncio.run(run())


def test_an_instrument_that_was_off_and_refuses_is_told_as_refusing(tmp_path: Path) -> None:
    async def run() -> None:
        unit = Instrument(manners=Manners(silent=True))
        async with line.pty({1: unit}, tmp_path) as base:
            asyncio.get_running_loop().call_later(1.0, setattr, unit.manners, "silent", False)
            heard = await line.together(base, {1: ask(1, 0.05, (10, 1), (20, 1))}, 12.0)
        assert line.outcomes(heard[1])[Outcome.REFUSED] > 5

    asyncio.run(run())


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
def test_units_behind_one_tcp_port(framing: str) -> None:
    async def run() -> None:
        manners = {1: Manners(), 2: Manners(late_s=0.25, late_every=3), 3: Manners(silent=True)}
        async with line.tcp(line.units(manners), framing) as base:
            heard = await line.together(base, {unit: ask(unit, 0.1, (0, 2), (10, 2)) for unit in manners}, 4.0)
        assert not any(line.wrong(of_one) for of_one in heard.values())
        assert line.outcomes(heard[1])[Outcome.ANSWER] and line.outcomes(heard[2])[Outcome.LATE]
        assert set(line.outcomes(heard[3])) == {Outcome.SILENCE}

    asyncio.run(run())


def test_a_port_that_is_pulled_out_and_plugged_in_again_is_found_by_its_name(tmp_path: Path) -> None:
    async def run() -> None:
        instruments = line.units({1: Manners(), 2: Manners()})
        polls = {1: ask(1, 0.1, (0, 2)), 2: ask(2, 0.1, (0, 2))}

        async def plug_again() -> None:
            async with line.pty(instruments, tmp_path):
                await asyncio.sleep(1.0)
            await asyncio.sleep(0.5)
            async with line.pty(instruments, tmp_path):
                before = [instrument.manners.asked for instrument in instruments.values()]
                await asyncio.sleep(1.5)
                assert all(i.manners.asked > was for i, was in zip(instruments.values(), before, strict=True))

        base = line.LinkSettings("modbus-rtu", device=str(tmp_path / "rs485"), baud=19200, answer_s=0.15)
        _, heard = await asyncio.gather(plug_again(), line.together(base, polls, 3.0))
        assert not any(line.wrong(of_one) for of_one in heard.values())

    asyncio.run(run())


def test_answers_that_break_off_are_kept_and_named(tmp_path: Path) -> None:
    async def run() -> None:
        async with line.pty(line.units({1: Manners(cut=0.5)}), tmp_path) as base:
            heard = await line.together(base, {1: ask(1, 0.05, (0, 8))}, 2.5)
        assert line.outcomes(heard[1])[Outcome.ANSWER] and line.outcomes(heard[1])[Outcome.LENGTH]
        assert not line.wrong(heard[1])
        assert all(exchange.answer for exchange in heard[1] if exchange.outcome is Outcome.LENGTH)

    asyncio.run(run())
