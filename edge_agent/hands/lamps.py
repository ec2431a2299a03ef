"""Lamps and horn on an I/O module, and its acknowledge button: over Modbus TCP, or on a bus (links/outlet.py).

Single coils only (function 5): outputs that no setting names are never touched.  Every coil is written again each second,
so a module that restarted shows what is so, and its own watchdog hears us.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Callable
from typing import Protocol

from edge_agent.doors import modbus
from edge_agent.judgement.lights import AFTER_END, TICK_NS, Button, Lights
from edge_agent.words.clock import Clock
from edge_agent.words.errors import LinkError, said
from edge_agent.words.event import Event
from edge_agent.words.language import said_by, worded
from edge_agent.words.settings import LampSettings

log = logging.getLogger("edge_agent.lamps")
MBAP = struct.Struct(">HHHB")       # transaction, protocol 0, length of unit and PDU, unit
LENGTHS = range(3, 255)             # of unit and PDU; the shortest answer is a refusal
ANSWER_S = 1.0                      # an I/O module answers in milliseconds
REOPEN_S = 2.0
FAREWELL_S = 1.0                    # for the last words; an end of the core must not wait for a module


class Outputs(Protocol):
    """An I/O module.  LinkError when it does not do what it is told."""

    name: str
    refresh_s: float                # every coil is written again after this

    async def open(self) -> None: ...

    def broken(self) -> None:
        """Something failed; it is opened again soon."""

    def close(self) -> None: ...

    async def set(self, address: int, on: bool) -> None: ...

    async def bit(self, address: int) -> bool: ...

    @property
    def doubt(self) -> str:
        """What failed and has not been seen to work since; "": nothing."""


class Lamps:
    """`told` takes what is wrong with the module, "" when nothing is; `pressed` the (lane, alarm) of an acknowledgement."""

    def __init__(
        self, settings: LampSettings, lights: Lights, clock: Clock, *, heard: Callable[[], bool], exercise: Callable[[], bool],
        pressed: Callable[[list[tuple[str, str]]], None], told: Callable[[str], None], module: Outputs | None = None,
    ) -> None:
        self._module = module or Module(settings)
        self.name = self._module.name
        self._settings, self._lights, self._clock = settings, lights, clock
        self._heard, self._exercise, self._pressed, self._told = heard, exercise, pressed, told
        self._button = Button()
        self._shown: dict[int, bool] = {}
        self._refreshed_ns = 0

    def show(self, event: Event) -> None:
        self._lights.show(event)

    async def run(self) -> None:
        """Until cancelled; a module that is gone is tried for ever, and nothing of it stops a lane."""
        try:
            while True:
                try:
                    await self._serve()
                except LinkError as problem:
                    self._told(said_by(problem))
                except Exception as problem:        # ours
                    log.exception("%s", self.name)
                    self._told(f"{self.name}: {problem!r}")
                self._module.broken()
                await self._clock.sleep(REOPEN_S)
        finally:
            await self._say_farewell()
            self._module.close()

    async def _say_farewell(self) -> None:
        try:
            async with asyncio.timeout(FAREWELL_S):
                await self._write(self._coils(AFTER_END), again=True)
        except (LinkError, TimeoutError) as problem:
            log.warning("%s does not show that we end: %s", self.name, str(problem) or "no answer")

    async def _serve(self) -> None:
        await self._module.open()
        self._button, self._refreshed_ns = Button(), 0
        while True:
            await self.tick()
            await self._clock.sleep(TICK_NS / 1e9)

    async def tick(self) -> None:
        """Ask the button, then show what is so.  LinkError when the module does not do it."""
        now_ns = self._clock.mono_ns()
        stuck = await self._ask_button(now_ns)
        again = now_ns - self._refreshed_ns >= self._module.refresh_s * 1e9
        await self._write(self._coils(self._lights.outputs(now_ns, self._heard(), self._exercise())), again)
        if again:
            self._refreshed_ns = now_ns
            self._told(worded("{name}: the acknowledge button is held down, its wire is shorted, or input {input} is no button",
                              name=self.name, input=self._settings.button) if stuck else self._module.doubt)

    async def _ask_button(self, now_ns: int) -> bool:
        """Whether it is stuck."""
        if self._settings.button < 0:
            return False
        down = await self._module.bit(self._settings.button) is not self._settings.button_inverted
        if self._button.look(now_ns, down):
            self._pressed(self._lights.acknowledge())
        return self._button.stuck(now_ns)

    def _coils(self, outputs: dict[str, bool]) -> dict[int, bool]:
        """What each coil must be; lamps that share one are lit when any of them is."""
        lit: dict[int, bool] = {}
        inverted = {self._settings.coils[name] for name in self._settings.inverted}
        for name, address in self._settings.coils.items():
            lit[address] = lit.get(address, False) or outputs.get(name, False)
        return {address: on is not (address in inverted) for address, on in lit.items()}

    async def _write(self, coils: dict[int, bool], again: bool) -> None:
        for address, on in coils.items():
            if again or self._shown.get(address) is not on:
                await self._module.set(address, on)
                self._shown[address] = on


class Module:
    """One connection, one question at a time.  LinkError when an answer does not come, does not fit, or is a no."""

    refresh_s, doubt = 1.0, ""          # its outputs are not read back here

    def __init__(self, settings: LampSettings) -> None:
        self._host, self._port, self._unit = settings.host, settings.port, settings.unit
        self.name = f"I/O module {settings.host}:{settings.port}"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._transaction, self._owed = 0, False

    async def open(self) -> None:
        self.close()
        try:
            async with asyncio.timeout(ANSWER_S):
                self._streams = await asyncio.open_connection(self._host, self._port)
        except TimeoutError:
            raise LinkError(worded(
                "{name}: no answer in {answer_s:.0f} s; has it power, is the address right?",
                name=self.name, answer_s=ANSWER_S)) from None
        except OSError as problem:
            raise LinkError(worded("{name}: {said}", name=self.name, said=said(problem))) from None
        except ValueError as problem:                   # a name that is none
            raise LinkError(worded("{name}: {problem}", name=self.name, problem=problem)) from None

    def broken(self) -> None:
        self.close()

    def close(self) -> None:
        self._owed = False
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def set(self, address: int, on: bool) -> None:
        question = modbus.coil(self._unit, address, on)
        if await self._ask(question, f"coil {address}") != question:
            raise LinkError(worded(
                "{name}: coil {address}: another answer than a module gives that has set it", name=self.name, address=address))

    async def bit(self, address: int) -> bool:
        question = modbus.question(self._unit, "discrete", address, 1)
        answer = await self._ask(question, f"discrete input {address}")
        try:
            words = modbus.answer(question, answer)
        except ValueError as problem:
            raise LinkError(worded(
                "{name}: discrete input {address}: {problem}", name=self.name, address=address, problem=problem)) from None
        return words == [1]

    async def _ask(self, question: bytes, what: str) -> bytes:
        if self._streams is None:
            raise LinkError(worded("{name} is not open", name=self.name))
        try:
            async with asyncio.timeout(ANSWER_S):
                if self._owed:              # the core ended in the middle of a question; small modules take one at a time
                    await self._answer(self._streams[0])
                self._transaction, self._owed = (self._transaction + 1) & 0xFFFF, True
                self._streams[1].write(MBAP.pack(self._transaction, 0, len(question), question[0]) + question[1:])
                answer = await self._answer(self._streams[0])
        except TimeoutError:
            raise LinkError(worded(
                "{name}: no answer in {answer_s:.0f} s about {what}", name=self.name, answer_s=ANSWER_S, what=what)) from None
        except (OSError, asyncio.IncompleteReadError):
            raise LinkError(worded("{name} closed the connection; does another program hold it?", name=self.name)) from None
        no = modbus.refusal(question, answer)
        if no is not None:
            raise LinkError(worded(
                "{name}: {words} ({code}) about {what}; is its number in [[annunciator.module]] right?",
                name=self.name, words=no.words, code=no.code, what=what))
        return answer

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        """Unit and PDU of the answer to the newest question; another transaction's is passed over."""
        while True:
            transaction, protocol, length, unit = MBAP.unpack(await reader.readexactly(MBAP.size))
            if protocol != 0 or length not in LENGTHS:
                raise LinkError(worded("{name} does not speak Modbus TCP", name=self.name))
            body = bytes((unit,)) + await reader.readexactly(length - 1)
            if transaction == self._transaction:
                self._owed = False
                return body
