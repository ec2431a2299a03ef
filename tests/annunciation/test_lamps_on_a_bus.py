"""Lamps on an RTU module on a bus that is also polled, on a real pty: a dead unit, a silent module, an echo, a right to write."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.doors import modbus
from edge_agent.doors.clock import RealClock
from edge_agent.hands.lamps import Lamps
from edge_agent.hands.links import Links
from edge_agent.hands.links.dialect import Rtu
from edge_agent.hands.links.errands import SHARE, Errands
from edge_agent.hands.links.turns import Unit
from edge_agent.judgement.lights import Lights
from edge_agent.words.dialect import Outcome
from edge_agent.words.driver import Poll
from edge_agent.words.errors import LinkError
from edge_agent.words.settings import LampSettings, LinkSettings
from hardware_mocks import modbus_io, scenes
from hardware_mocks.broken_contacts import BrokenModule, Fault
from hardware_mocks.slave import Instrument, Manners, Slave
from hardware_mocks.slave_ends import SlavePty
from tests.annunciation.test_lamps import until
from tests.annunciation.test_lights import alarm
from tests.bus import line
from tests.bus.line import ask

COILS = {"gamma": 0, "neutron": 0, "fault": 1, "ready": 2, "horn": 3}
MODULE = 9


class OnBus:
    """One line: instrument 1 well, 2 dead, the module as unit 9."""

    def __init__(self, links: Links, wire: Any, manners: dict[int, Manners], hold_s: float = 60.0) -> None:
        self.units = line.units(manners)
        self.units[MODULE], _ = modbus_io.instrument(scenes.load("demo"), 1, loop=True)
        self.told, self.pressed = list[str](), list[tuple[str, str]]()
        self.lights = Lights(["2"], hold_s, 60.0)
        self.links, self.wire = links, wire

    def lamps(self) -> Lamps:
        settings = LampSettings(bus="1", unit=MODULE, coils=COILS, button=5)
        module = self.links.outlet(self.wire, MODULE, list(COILS.values()), 5)
        return Lamps(settings, self.lights, RealClock(), heard=lambda: True, exercise=lambda: False, pressed=self.pressed.extend,
                     told=self.told.append, module=module)

    def lit(self) -> list[int]:
        return [n for n in range(8) if self.units[MODULE].held["coil", n]]

    def press(self, down: bool) -> None:
        self.units[MODULE].hold("discrete", 5, int(down))


def on_a_bus(
    tmp_path: Path, manners: dict[int, Manners], story: Callable[[OnBus], Awaitable[None]], hold_s: float = 60.0,
) -> OnBus:
    async def run() -> OnBus:
        post = OnBus(Links(RealClock()), None, manners, hold_s)
        async with line.pty(post.units, tmp_path) as base:
            post.wire = dataclasses.replace(base, baud=38_400)
            task = asyncio.create_task(post.lamps().run())
            try:
                await story(post)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        return post

    return asyncio.run(run())


def test_green_then_red_and_horn_then_quiet_by_the_button_and_fault_alone_at_the_end(tmp_path: Path) -> None:
    async def story(post: OnBus) -> None:
        await until(lambda: post.lit() == [2], "green")
        post.lights.show(alarm(RealClock().mono_ns() / 1e9))
        await until(lambda: post.lit() == [0, 3], "red and horn")
        post.press(True)
        await until(lambda: post.pressed, "the press")
        post.press(False)
        await until(lambda: post.lit() == [0], "red without horn")

    post = on_a_bus(tmp_path, {}, story)
    assert post.lit() == [1] and set(post.told) == {""} and len(post.pressed) == 1 and post.pressed[0][0] == "2"


def test_beside_a_dead_unit_lamps_blink_in_time_and_the_live_one_keeps_its_rate(tmp_path: Path) -> None:
    async def story(post: OnBus) -> None:
        await until(lambda: post.lit() == [2], "green")
        post.lights.show(alarm(RealClock().mono_ns() / 1e9))
        seconds, changes, before = 10.0, 0, post.lit()

        async def watch() -> None:
            nonlocal changes, before
            while True:
                await asyncio.sleep(0.01)
                changes, before = changes + (post.lit() != before), post.lit()

        watching = asyncio.create_task(watch())
        links = {unit: post.links.make(dataclasses.replace(post.wire, unit=unit), ask(unit, 0.2, (0, 10))) for unit in (1, 2)}
        heard = dict(zip(links, await asyncio.gather(*(line.listen(link, seconds) for link in links.values())), strict=True))
        watching.cancel()
        assert changes >= 1.5 * seconds             # half a second on, half off, on two coils one after the other
        assert line.outcomes(heard[1])[Outcome.ANSWER] >= 0.9 * seconds / 0.2 and not line.wrong(heard[1])
        assert set(line.outcomes(heard[2])) == {Outcome.SILENCE}

    on_a_bus(tmp_path, {1: Manners(), 2: Manners(silent=True)}, story)


def test_a_module_that_falls_silent_is_told_and_shows_what_is_so_when_it_is_back(tmp_path: Path) -> None:
    async def story(post: OnBus) -> None:
        await until(lambda: post.lit() == [2], "green")
        post.units[MODULE].manners.silent = True
        await until(lambda: any("does not answer; has it power" in text for text in post.told), "told")
        post.units[MODULE].manners.silent = False
        post.units[MODULE].hold("coil", 0, *[0] * 8)        # it restarted
        await until(lambda: post.lit() == [2] and post.told and post.told[-1] == "", "green again")

    on_a_bus(tmp_path, {1: Manners()}, story)


def test_a_coil_somebody_else_sets_is_told_and_set_again(tmp_path: Path) -> None:
    async def story(post: OnBus) -> None:
        await until(lambda: post.lit() == [2] and post.told, "green")
        await asyncio.sleep(0.5)
        while not any("coil 3 is not as it was set" in text for text in post.told):
            post.units[MODULE].hold("coil", 3, 1)
            await asyncio.sleep(0.05)
        await until(lambda: post.lit() == [2] and post.told[-1] == "", "set again")

    on_a_bus(tmp_path, {}, story)


def test_an_output_that_hangs_is_told_until_it_is_seen_to_switch(tmp_path: Path) -> None:
    """Green that never goes out was a fault for as long as an alarm stood, and nothing afterwards."""
    async def story(post: OnBus) -> None:
        sound = post.units[MODULE]
        post.units[MODULE] = hangs = BrokenModule(sound, Fault("", speech=_green_hangs), RealClock().mono_ns)
        await until(lambda: hangs.held["coil", 2] and post.told, "green")
        assert set(post.told) == {""}
        post.lights.show(alarm(RealClock().mono_ns() / 1e9))
        await until(lambda: any("coil 2 is not as it was set" in text for text in post.told), "told")
        await until(lambda: "coil 2 did not switch when it was told to" in post.told[-1], "still told")
        hangs.held |= {("coil", 2): 0}
        post.units[MODULE] = sound
        post.lights.show(alarm(RealClock().mono_ns() / 1e9))
        await until(lambda: post.told[-1] == "", "seen to switch")

    on_a_bus(tmp_path, {}, story, hold_s=3.0)


def _green_hangs(now: float, module: Instrument, pdu: bytes) -> bytes:
    answer = Instrument.answer(module, pdu)
    module.hold("coil", 2, 1)
    return answer


def test_a_coil_the_module_does_not_have_is_named(tmp_path: Path) -> None:
    async def story(post: OnBus) -> None:
        del post.units[MODULE].held["coil", 3]
        await until(lambda: any("about its coils" in text for text in post.told), "named")

    on_a_bus(tmp_path, {}, story)


def test_a_driver_that_would_write_is_not_let_on_a_bus(tmp_path: Path) -> None:
    async def story(post: OnBus) -> None:
        with pytest.raises(ValueError, match="not a question for registers or bits"):
            post.links.make(dataclasses.replace(post.wire, unit=1), (Poll(modbus.coil(1, 0, True), 1.0),))

    on_a_bus(tmp_path, {}, story)


def test_only_an_outlet_may_write_and_not_more_than_its_share() -> None:
    async def run() -> None:
        errands, lanes, lamps = Errands(), Unit(()), Unit(())
        errands.allow(lamps)
        with pytest.raises(LinkError, match="only an outlet"):
            errands.put(lanes, modbus.coil(1, 0, True))
        spent_s = 0.0
        for now_ms in range(0, 60_000, 10):
            errands.put(lamps, modbus.coil(1, 0, True))
            if errands.next(now_ms * 10**6):
                errands.spent(0.035)
                spent_s += 0.035
        assert 0.95 * 60 * SHARE < spent_s < 60 * SHARE + 1

    asyncio.run(run())


def test_on_a_line_that_echoes_our_own_writing_is_not_an_answer() -> None:
    rtu, read, write = Rtu(), modbus.question(9, "coil", 0, 4), modbus.coil(9, 2, True)
    frame = rtu.frame(write)
    assert (found := rtu.take(frame, write)) is not None and found.outcome is Outcome.ANSWER      # no echo heard so far
    assert rtu.take(rtu.frame(read), read) is None
    assert rtu.take(frame, write) is None
    assert (found := rtu.take(frame + frame, write)) is not None and (found.outcome, found.used) == (Outcome.ANSWER, 16)


def test_a_wire_pulled_in_the_middle_of_a_write_is_told_and_opened_again(tmp_path: Path) -> None:
    class Pulled(Instrument):
        def answer(self, pdu: bytes) -> bytes:
            if pdu[0] == 5 and not pulled.is_set():
                pulled.set()
                self.manners.answers_s = 60.0
            return super().answer(pdu)

    async def run() -> None:
        units, _ = {MODULE: Pulled()}, pulled.clear()
        units[MODULE].hold("coil", 0, *[0] * 8)
        units[MODULE].hold("discrete", 5, 0)
        end = SlavePty(Slave(dict(units), "rtu", random.Random(1)), tmp_path / "rs485")
        await end.open()
        wire = LinkSettings("modbus-rtu", device=str(tmp_path / "rs485"), baud=38_400, answer_s=5.0)
        post = OnBus(Links(RealClock()), wire, {})
        task = asyncio.create_task(post.lamps().run())
        await until(pulled.is_set, "a write under way")
        await end.close()
        await until(lambda: post.told, "told")
        again = OnBus(post.links, None, {})
        end = SlavePty(Slave(again.units, "rtu", random.Random(1)), tmp_path / "rs485")
        await end.open()
        await until(lambda: again.lit() == [2], "green again")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await end.close()

    pulled = asyncio.Event()
    asyncio.run(run())
