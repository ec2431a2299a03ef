"""What leaves a mock portal besides truth: bytes, and the ways a connection ends.  Plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sent:
    """Bytes that arrive together, seconds since the scene began."""

    at_s: float
    data: bytes


@dataclass(frozen=True, slots=True)
class HangUp:
    """TCP connections are closed; the portal goes on listening."""

    at_s: float


@dataclass(frozen=True, slots=True)
class PowerOff:
    """Nothing answers from here on."""

    at_s: float


@dataclass(frozen=True, slots=True)
class PowerOn:
    """The portal listens again."""

    at_s: float


Signal = Sent | HangUp | PowerOff | PowerOn
