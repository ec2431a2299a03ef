"""What a bad line does to good bytes: noise and late bursts.  Pure but for its own seeded generator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hardware_mocks.scenes import LineNoise, Stall

FLIP_SHARE = 0.02                       # of bytes with one flipped bit: about every second record
GARBAGE_MOST = 40                       # random bytes a slice: more than a record, less than a flood
ENDLESS_BYTES = 64                      # filler a slice: 320 bytes/s, so any sane limit is soon passed


class Noise:
    """Spoils bytes while a LineNoise lasts."""

    def __init__(self, chance: np.random.Generator) -> None:
        self._chance = chance
        self._kinds = {"garbage": self._garbage, "flips": self._flips, "endless": self._endless}

    def spoil(self, at_s: float, data: bytes, noises: Sequence[LineNoise]) -> bytes:
        """The bytes as they come out of the cable at `at_s`."""
        for noise in noises:
            if noise.at_s <= at_s < noise.at_s + noise.duration_s:
                data = self._kinds[noise.kind](data)
        return data

    def _garbage(self, data: bytes) -> bytes:
        return self._chance.bytes(int(self._chance.integers(1, GARBAGE_MOST, endpoint=True))) + data

    def _flips(self, data: bytes) -> bytes:
        hit = self._chance.random(len(data)) < FLIP_SHARE
        bit = self._chance.integers(0, 8, len(data))
        return bytes(byte ^ (1 << int(b)) if h else byte for byte, h, b in zip(data, hit, bit, strict=True))

    def _endless(self, data: bytes) -> bytes:
        return data.replace(b"\r\n", b"") + b"0" * ENDLESS_BYTES


class Holdup:
    """Keeps bytes back while a Stall lasts; all of them leave together when it is over."""

    def __init__(self) -> None:
        self._held = b""

    def pass_on(self, at_s: float, data: bytes, stalls: Sequence[Stall]) -> bytes:
        """What arrives at `at_s`: nothing during a stall, everything after it."""
        self._held += data
        if any(stall.at_s <= at_s < stall.at_s + stall.duration_s for stall in stalls):
            return b""
        passed, self._held = self._held, b""
        return passed

    def lose(self) -> None:
        """The connection broke: what was on its way never arrives."""
        self._held = b""
