"""NMEA 0183 sentences of a GPS receiver: position from RMC and GGA.  Pure.

    $GPRMC,123519.00,A,4807.038,N,01131.000,E,022.4,084.4,230394,,,A*57
    $GPGGA,123519.00,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47

A checksum is asked for; a sentence that says "no fix" gives no position, whatever numbers stand in it.  Other sentences are
passed over.  Forms: as gpsd's and u-blox's public papers describe them; tried against pynmeagps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.words.language import joined, said_by, worded
from edge_agent.words.position import Fix

LINE_MAX = 200              # characters; the standard says 82, receivers send more
KNOT_MPS = 1852.0 / 3600.0
_SENTENCE = re.compile(rb"\$([A-Z]{2})([A-Z]{3}),([\x20-\x7e]*)\*([0-9A-Fa-f]{2})")
_ANGLES = {"NS": re.compile(r"([0-9]{2})([0-9]{2}\.[0-9]{1,8})"), "EW": re.compile(r"([0-9]{3})([0-9]{2}\.[0-9]{1,8})")}
_CLOCK = re.compile(r"([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9]|60)(\.[0-9]{1,4})?")      # 60: a leap second
_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class NoFix:
    """The receiver lives and does not know where it is."""

    sentence: str                   # "RMC" or "GGA"


class Sentences:
    """Feed what came; fixes, NoFix, and words about what is none come out."""

    def __init__(self) -> None:
        self._held = b""

    def restart(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> Iterator[Fix | NoFix | str]:
        *lines, self._held = (self._held + data).split(b"\n")
        if len(self._held) > LINE_MAX:
            yield worded("{n} bytes without an end of line: wrong baud rate?", n=len(self._held))
            self._held = b""
        for line in lines:
            if line := line.strip():
                yield from _read(line)


def _read(line: bytes) -> Iterator[Fix | NoFix | str]:
    found = _SENTENCE.fullmatch(line[line.rfind(b"$"):] if b"$" in line else line)
    if found is None:
        yield worded("no sentence of NMEA 0183: {bytes}", bytes=ascii(line[:40])[2:-1])
        return
    told = 0
    for byte in found[0][1:-3]:
        told ^= byte
    if told != int(found[4], 16):
        yield worded("checksum {sum} of {bytes}", sum=found[4].decode(), bytes=ascii(line[:40])[2:-1])
        return
    kind, fields = found[2].decode(), found[3].decode().split(",")
    reader = {"RMC": _rmc, "GGA": _gga}.get(kind)
    if reader is None:
        return
    try:
        yield reader(fields)
    except (ValueError, IndexError) as problem:
        yield joined(": ", (kind, said_by(problem)))


def _rmc(fields: list[str]) -> Fix | NoFix:
    if fields[1] != "A" or (len(fields) > 11 and fields[11][:1] in ("N", "E", "S", "M")):     # not valid, estimated, simulator
        return NoFix("RMC")
    speed = _number(fields[6])
    return Fix(*_place(fields[2:6]), _clock(fields[0]), None if speed is None else speed * KNOT_MPS, sentence="RMC")


def _gga(fields: list[str]) -> Fix | NoFix:
    if fields[5] not in ("1", "2", "3", "4", "5"):      # 0 none, 6 estimated, 7 by hand, 8 simulator
        return NoFix("GGA")
    satellites = _number(fields[6])
    return Fix(*_place(fields[1:5]), _clock(fields[0]), None, None if satellites is None else int(satellites), _number(fields[7]),
               sentence="GGA")


def _place(fields: list[str]) -> tuple[float, float]:
    latitude, longitude = _degrees(fields[0], fields[1], "NS", 90), _degrees(fields[2], fields[3], "EW", 180)
    if latitude == 0 and longitude == 0:
        raise ValueError("0 N 0 E is what receivers say that do not know")
    return latitude, longitude


def _degrees(angle: str, side: str, sides: str, most: int) -> float:
    found = _ANGLES[sides].fullmatch(angle)
    if found is None or side not in tuple(sides) or float(found[2]) >= 60:
        raise ValueError(f"{angle!a} {side!a} is no position")
    value = int(found[1]) + float(found[2]) / 60
    if value > most:
        raise ValueError(f"{angle!a} is beyond {most} degrees")
    return value if side == sides[0] else -value


def _clock(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise ValueError(f"{text!a} is no time of day")
    return text


def _number(text: str) -> float | None:
    """None for an empty field: the receiver does not say."""
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!a} is no number")
    return float(text)
