"""What goes wrong between a Rapiscan controller's counts and the far end of its cable: records, bytes, connections."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np

from hardware_mocks.rapiscan_controller import TAMPER_OPEN
from hardware_mocks.signals import HangUp, PowerOff, Sent, Signal

Chance = np.random.Generator
Wire = Callable[[Signal], list[Signal]]     # what leaves the portal -> what comes out at the other end


def _bytes(from_s: float, spoil: Callable[[float, bytes], bytes]) -> Wire:
    """A change of bytes from a moment on."""
    def change(one: Signal) -> list[Signal]:
        if not isinstance(one, Sent) or one.at_s < from_s:
            return [one]
        data = spoil(one.at_s, one.data)
        return [Sent(one.at_s, data)] if data else []
    return change


def show_count(chance: Chance, from_s: float) -> Wire:
    """Left in its service display: it shows counts and judges nothing, so no GA and no NA whatever drives through."""
    del chance
    return _bytes(from_s, lambda at_s, data: data.replace(b"GA,", b"GS,").replace(b"NA,", b"NS,"))


def speed_stuck(chance: Chance, from_s: float) -> Wire:
    """The second beam hangs: the same speed for everyone, or the slowest it can say."""
    kmh = float(chance.choice([0.0, chance.uniform(3.0, 80.0)]))
    text = b"SP,%06.4f,%06.3f,%06.2f,000000" % (min(0.3048 * 3.6 / kmh, 9.9999) if kmh else 9.9999, kmh / 1.609344, kmh)
    return _bytes(from_s, lambda at_s, data: re.sub(rb"SP,[^\r]*", text, data))


def tamper(chance: Chance, from_s: float) -> Wire:
    """A door left open: said once, as it opens."""
    del chance
    said: list[bool] = []

    def spoil(at_s: float, data: bytes) -> bytes:
        if said:
            return data
        said.append(True)
        return TAMPER_OPEN.encode() + b"\r\n" + data
    return _bytes(from_s, spoil)


def bad_cable(chance: Chance, from_s: float) -> Wire:
    """A serial line with a poor ground: single bits turn over, a few in a thousand to a few in a hundred bytes."""
    share = math.exp(chance.uniform(math.log(0.002), math.log(0.05)))

    def spoil(at_s: float, data: bytes) -> bytes:
        hit = chance.random(len(data)) < share
        return bytes(byte ^ 1 << int(chance.integers(8)) if h else byte for byte, h in zip(data, hit, strict=True))
    return _bytes(from_s, spoil)


def silent(chance: Chance, from_s: float) -> Wire:
    """Connected, and not a byte: the controller's program hangs, or the cable behind the converter is out."""
    del chance
    return _bytes(from_s, lambda at_s, data: b"")


def reset(chance: Chance, from_s: float) -> Wire:
    """Something on the way breaks each connection after a while."""
    every_s = chance.uniform(5.0, 60.0)
    next_s = [from_s]

    def change(one: Signal) -> list[Signal]:
        if one.at_s < next_s[0]:
            return [one]
        next_s[0] = one.at_s + every_s
        return [one, HangUp(one.at_s)]
    return change


def no_power(chance: Chance, from_s: float) -> Wire:
    """The mains went, then the battery: nobody listens any more; a caller is refused or hears nothing."""
    del chance
    gone: list[bool] = []

    def change(one: Signal) -> list[Signal]:
        if one.at_s < from_s:
            return [one]
        first, gone[:] = not gone, [True]
        return [PowerOff(one.at_s)] if first else []
    return change


FAULTS: dict[str, Callable[[Chance, float], Wire]] = {
    one.__name__: one for one in (show_count, speed_stuck, tamper, bad_cable, silent, reset, no_power)
}
