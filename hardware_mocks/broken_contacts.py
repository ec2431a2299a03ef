"""What hangs on an I/O module, gone wrong: beams, loops, door, mains and battery contacts, the button, outputs, the module.

    broken = BrokenModule(whole, FAULTS["beam_dead"](random.Random(1), from_s=900.0), clock)

`whole` is hardware_mocks.modbus_io's instrument, wired as there: inputs 0 front beam, 1 rear beam (0 while broken, fail-safe),
2 door open, 3 mains lost, 4 battery low, 5 button; outputs are coils from 0.  Each fault is drawn once, by its seed.  How long
and how often are our own choice where no source is named; no tool that looks for faults was asked.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from hardware_mocks.slave import ILLEGAL_ADDRESS, Instrument

FRONT, REAR, DOOR, MAINS, BATTERY, BUTTON = range(6)
NAMES = ("front beam", "rear beam", "door", "mains", "battery", "button")
SET_COIL = 5
DEVICE_FAILURE, DEVICE_BUSY = 4, 6      # exception codes (Modbus Application Protocol V1.1b3, 7)
HOUR_S = 3600.0

Bits = tuple[int, ...]
Wires = Callable[[float, Bits], Bits]                           # at a moment: contacts as they are -> as the inputs read
Speech = Callable[[float, Instrument, bytes], bytes | None]     # at a moment: the answer to a question; None: none at all


def _as_it_is(at_s: float, bits: Bits) -> Bits:
    del at_s
    return bits


def _speaks(at_s: float, module: Instrument, pdu: bytes) -> bytes | None:
    del at_s
    return Instrument.answer(module, pdu)


@dataclass(frozen=True, slots=True)
class Fault:
    """Of one module; `where` says what was drawn, for whoever reads a result."""

    where: str
    wires: Wires = _as_it_is
    speech: Speech = _speaks


class BrokenModule(Instrument):
    """An I/O module whose inputs and answers pass through a fault.  `shown`: it has answered otherwise than a whole one would."""

    def __init__(self, whole: Instrument, fault: Fault, clock: Callable[[], float]) -> None:
        super().__init__(held=dict(whole.held), manners=whole.manners, catch_up=whole.catch_up)
        self._whole, self._fault, self._clock, self.shown = whole, fault, clock, False

    def answer(self, pdu: bytes) -> bytes:
        """b"" when it says nothing."""
        at_s = self._clock()
        bits = tuple(self._whole.held["discrete", i] for i in range(len(NAMES)))
        self.hold("discrete", 0, *self._fault.wires(at_s, bits))
        said = self._fault.speech(at_s, self, pdu) or b""
        self.shown |= said != self._whole.answer(pdu)
        return said


def _with(bits: Bits, at: int, value: int) -> Bits:
    return (*bits[:at], value, *bits[at + 1:])


def _log(chance: random.Random, low: float, high: float) -> float:
    return math.exp(chance.uniform(math.log(low), math.log(high)))


def _fixed(at: int, value: int, from_s: float) -> Fault:
    return Fault(NAMES[at], lambda at_s, bits: _with(bits, at, value) if at_s >= from_s else bits)


class _Spells:
    """Something that comes and goes; asked in the order of time.  Lengths are exponential, seconds."""

    def __init__(self, chance: random.Random, on_s: float, off_s: float) -> None:
        self._chance, self._means_s, self._on, self._until_s = chance, (off_s, on_s), False, 0.0

    def on(self, since_s: float) -> bool:
        while since_s >= self._until_s:
            self._on = not self._on
            self._until_s += self._chance.expovariate(1 / self._means_s[self._on])
        return self._on


def beam_flickers(chance: random.Random, from_s: float) -> Fault:
    """Dirt, frost, a bent bracket: light near the receiver's limit, where it "may operate unreliably" (Mirion GEM-5 manual,
    p. 365).  Dark for tenths of a second to seconds, some times a minute to some times an hour."""
    at, spells = chance.choice((FRONT, REAR)), _Spells(chance, _log(chance, 0.15, 3.0), _log(chance, 10.0, 400.0))
    return Fault(NAMES[at], lambda at_s, bits: _with(bits, at, 0) if at_s >= from_s and spells.on(at_s - from_s) else bits)


def beam_dead(chance: random.Random, from_s: float) -> Fault:
    """One of a pair: its emitter, its supply, a lens snowed in, far out of angle, or a core of its cable.  One reads broken for
    good.  The commonest FAIL of a portal (Ludlum 4500 manual: IR sensor blocked)."""
    return _fixed(chance.choice((FRONT, REAR)), 0, from_s)


def beams_unsupplied(chance: random.Random, from_s: float) -> Fault:
    """The fuse of the emitters, or the 24 V that wets all contacts: every input reads 0, both beams broken."""
    wetting = chance.random() < 0.5
    return Fault("the inputs' 24 V" if wetting else "the emitters' fuse", lambda at_s, bits: bits if at_s < from_s else
                 (0,) * len(bits) if wetting else (0, 0, *bits[2:]))


def beam_stays_free(chance: random.Random, from_s: float) -> Fault:
    """The receiver's relay is welded, its output shorted to plus, or light gets there another way: vehicles do not break it."""
    return _fixed(chance.choice((FRONT, REAR)), 1, from_s)


def beams_stay_free(chance: random.Random, from_s: float) -> Fault:
    """The same of both: they share a receiver unit, or a jumper from somebody's test was left on the terminals."""
    del chance
    return Fault("both beams", lambda at_s, bits: (1, 1, *bits[2:]) if at_s >= from_s else bits)


def beams_crossed(chance: random.Random, from_s: float) -> Fault:
    """Two cables at each other's terminals, after a repair: vehicles drive backwards."""
    del chance
    return Fault("both beams", lambda at_s, bits: (bits[REAR], bits[FRONT], *bits[2:]) if at_s >= from_s else bits)


def beam_inverted(chance: random.Random, from_s: float) -> Fault:
    """A new receiver set dark-on instead of light-on (GEM-5's switch, p. 365): occupied but while a vehicle is there."""
    at = chance.choice((FRONT, REAR))
    return Fault(NAMES[at], lambda at_s, bits: _with(bits, at, 1 - bits[at]) if at_s >= from_s else bits)


def contact_inverted(chance: random.Random, from_s: float) -> Fault:
    """A normally closed contact where a normally open one was: it says the contrary for ever."""
    at = chance.choice((DOOR, MAINS, BATTERY, BUTTON))
    return Fault(NAMES[at], lambda at_s, bits: _with(bits, at, 1 - bits[at]) if at_s >= from_s else bits)


def contact_cut(chance: random.Random, from_s: float) -> Fault:
    """A core of its cable is off: it never closes again.  Of a contact that is open while all is well nobody is told."""
    return _fixed(chance.choice((DOOR, MAINS, BATTERY, BUTTON)), 0, from_s)


def loop_sticks(chance: random.Random, from_s: float) -> Fault:
    """A loop's detector that stays at "present" after a vehicle has gone, until it is reset or tunes itself anew (of what
    FHWA-HRT-06-139, chapter 6, is about); by a damp splice or a shaken lead, at some vehicles and not at others."""
    at, share, lasts_s = chance.choice((FRONT, REAR)), chance.uniform(0.1, 0.6), _log(chance, 600.0, 3 * HOUR_S)
    before, until_s = 1, 0.0

    def wires(at_s: float, bits: Bits) -> Bits:
        nonlocal before, until_s
        if at_s >= from_s and at_s >= until_s and before == 0 and bits[at] == 1 and chance.random() < share:
            until_s = at_s + lasts_s * chance.uniform(0.5, 1.5)
        before = bits[at]
        return _with(bits, at, 0) if at_s < until_s else bits
    return Fault(NAMES[at], wires)


def door_bounces(chance: random.Random, from_s: float) -> Fault:
    """A corroded tamper switch, or a door that no longer presses it: in wind it makes and breaks, with calm between."""
    wind = _Spells(chance, _log(chance, 20.0, 300.0), _log(chance, 300.0, HOUR_S))
    contact = _Spells(chance, _log(chance, 0.02, 2.0), _log(chance, 0.2, 8.0))

    def wires(at_s: float, bits: Bits) -> Bits:
        loose = at_s >= from_s and wind.on(at_s - from_s) and contact.on(at_s - from_s)
        return _with(bits, DOOR, 1) if loose else bits
    return Fault(NAMES[DOOR], wires)


def mains_contact_lost(chance: random.Random, from_s: float) -> Fault:
    """The relay that watches the mains, its coil or its cable: it says they are gone, and everything runs as ever; no battery
    ever runs low."""
    del chance
    return _fixed(MAINS, 1, from_s)


def mains_lost(chance: random.Random, from_s: float) -> Fault:
    """The mains are gone; after some hours the battery is low as well.  The portal still runs on it."""
    low_s = from_s + _log(chance, 0.4, 6.0) * HOUR_S

    def wires(at_s: float, bits: Bits) -> Bits:
        bits = _with(bits, MAINS, 1) if at_s >= from_s else bits
        return _with(bits, BATTERY, 1) if at_s >= low_s else bits
    return Fault("mains", wires)


def battery_old(chance: random.Random, from_s: float) -> Fault:
    """It no longer holds a charge, or its charger is dead: low with the mains there."""
    del chance
    return _fixed(BATTERY, 1, from_s)


def button_stuck(chance: random.Random, from_s: float) -> Fault:
    """Ice, a jammed cap, a short in its cable: pressed for good."""
    del chance
    return _fixed(BUTTON, 1, from_s)


def coil_refused(chance: random.Random, from_s: float) -> Fault:
    """An output is blown, or its channel was made an input or a pulse output on the module's page: each write is refused."""
    coil, code = chance.randrange(4), chance.choice((ILLEGAL_ADDRESS, DEVICE_FAILURE))

    def speech(at_s: float, module: Instrument, pdu: bytes) -> bytes | None:
        hit = at_s >= from_s and pdu[0] == SET_COIL and int.from_bytes(pdu[1:3], "big") == coil
        return bytes((SET_COIL | 0x80, code)) if hit else Instrument.answer(module, pdu)
    return Fault(f"coil {coil}", speech=speech)


def coil_stays(chance: random.Random, from_s: float) -> Fault:
    """An output that does not switch, or that another program sets back: the write is answered as done, it reads as before."""
    coil, stays = chance.randrange(4), chance.randrange(2)

    def speech(at_s: float, module: Instrument, pdu: bytes) -> bytes | None:
        answer = Instrument.answer(module, pdu)
        if at_s >= from_s:
            module.hold("coil", coil, stays)
        return answer
    return Fault(f"coil {coil} at {stays}", speech=speech)


def module_silent(chance: random.Random, from_s: float) -> Fault:
    """Its supply, its network cable, the switch's port; or the module itself: no answer any more."""
    del chance
    return Fault("module", speech=lambda at_s, module, pdu: None if at_s >= from_s else Instrument.answer(module, pdu))


def module_refuses(chance: random.Random, from_s: float) -> Fault:
    """It answers, and says no to everything: its addresses were changed on its page, or it is broken inside, or busy for good."""
    code = chance.choice((ILLEGAL_ADDRESS, DEVICE_FAILURE, DEVICE_BUSY))
    return Fault(f"exception {code}", speech=lambda at_s, module, pdu: bytes((pdu[0] | 0x80, code)) if at_s >= from_s else
                 Instrument.answer(module, pdu))


def module_restarts(chance: random.Random, from_s: float) -> Fault:
    """A supply at its limit, a loose plug: gone for a start of 5 to 30 s each few minutes to hours, and back with all outputs at
    their power-up state (off, unless its page says another)."""
    starts = _Spells(chance, chance.uniform(5.0, 30.0), _log(chance, 300.0, 2 * HOUR_S))

    def speech(at_s: float, module: Instrument, pdu: bytes) -> bytes | None:
        if at_s < from_s or not starts.on(at_s - from_s):
            return Instrument.answer(module, pdu)
        for table, address in list(module.held):
            if table == "coil":
                module.hold("coil", address, 0)
        return None
    return Fault("module", speech=speech)


FAULTS: dict[str, Callable[[random.Random, float], Fault]] = {
    one.__name__: one for one in (
        beam_flickers, beam_dead, beams_unsupplied, beam_stays_free, beams_stay_free, beams_crossed, beam_inverted,
        contact_inverted, contact_cut, loop_sticks, door_bounces, mains_contact_lost, mains_lost, battery_old, button_stuck,
        coil_refused, coil_stays, module_silent, module_refuses, module_restarts)
}
