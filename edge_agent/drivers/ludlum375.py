"""Ludlum 375 area monitor: a dose rate and its alarms, pushed every 2 s, as a line or as XML.  It gives no counts.

    0642.1000010                    serial, 14 bytes with CR LF: reading (6), audio, high alarm, low alarm, over-range,
                                    monitor on, error code
    <area_monitor rev="1.0" serial="272137"><status><rate>0000.5</rate><units_code>03</units_code><audio>0</audio>
    <alarm1>0</alarm1><alarm2>0</alarm2><over_range>0</over_range><monitor>1</monitor><error_code>0</error_code>
    </status></area_monitor>        network: it connects to us (link tcp-listen), at most 384 bytes

Sources: the maker's manual of May 2017, pages 19, 27, 28 (line); a third party's driver with the bytes of a real
instrument (AustralianSynchrotron/ludlum_m375: XML, units_code 03 read as uSv/h there).  The line has no unit: the profile
says what the display shows.  Neither form has a checksum.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from edge_agent.words.driver import Driver
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded
from edge_agent.words.reading import Chunk, Condition, DoseRate, Health, Missed, Reading, Unreadable
from edge_agent.words.settings import Profile

END = b"</area_monitor>"
BEGIN = re.compile(rb"<\?xml|<area_monitor")
LONGEST_LINE, LONGEST_XML = 40, 600         # bytes; 14 and 384 are the longest of the papers
READING = rb"( {0,5}[0-9]{1,6}(?:\.[0-9]{0,4})?)"
LINE = re.compile(rb"(?=.{12}$)" + READING + rb"([01])([01])([01])([01])([01])([0-9])")
XML = re.compile(
    rb'<area_monitor\s+rev="[^"<>]{1,8}"\s+serial="[^"<>]{1,24}"\s*>\s*<status>\s*<rate>' + READING + rb"</rate>\s*"
    rb"<units_code>([0-9]{1,3})</units_code>\s*<audio>([01])</audio>\s*<alarm1>([01])</alarm1>\s*<alarm2>([01])</alarm2>\s*"
    rb"<over_range>([01])</over_range>\s*<monitor>([01])</monitor>\s*<error_code>([0-9]{1,3})</error_code>\s*"
    rb"</status>\s*</area_monitor>"
)
UNITS = {b"03": "uSv/h"}                    # the only code anyone has published
OVER = worded("the instrument says it is over its range: a very strong source, keep away")


class Messages:
    """Lines and XML documents of a byte stream, cut anywhere."""

    def __init__(self) -> None:
        self._tail = b""

    def restart(self) -> None:
        self._tail = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._tail += data
        while (size := self._first()) is not None:
            message, self._tail = self._tail[:size], self._tail[size:]
            if message.strip():
                yield message.strip(b"\r\n")

    def _first(self) -> int | None:
        """Length of the first message; None while it is not whole."""
        tail = self._tail
        if not tail:
            return None
        if tail[:1] == b"<":
            end = tail.find(END)
            again = [found.start() for found in BEGIN.finditer(tail, 1, end if end >= 0 else len(tail))]
            if again and (tail[again[0] : again[0] + 2] == b"<?" or not tail.startswith(b"<?")):
                return again[0]                         # it broke off, and another begins
            if len(again) > 1:
                return again[1]
            if end >= 0:
                return end + len(END)
            return LONGEST_XML if len(tail) > LONGEST_XML else None
        ends = [at for at in (tail.find(b"\n") + 1, tail.find(b"<")) if at > 0]
        if ends:
            return min(ends)
        return LONGEST_LINE if len(tail) > LONGEST_LINE else None


class LudlumDecoder:
    def __init__(self, profile: Profile) -> None:
        if not profile.dose_unit:
            raise SettingsError(worded(
                "profile {title!r}: dose_unit is missing; the line of this instrument does not say: look at its display",
                title=profile.title))
        self._unit = profile.dose_unit
        self._messages = Messages()
        self._joining = True                            # the first message may be the end of one
        self._states: dict[tuple[Condition, str], str] = {}

    def restart(self) -> None:
        self._messages.restart()
        self._joining = True

    def feed(self, chunk: Chunk) -> Iterator[Reading]:
        for message in self._messages.feed(chunk.data):
            joining, self._joining = self._joining, False
            at = message.find(b"<area_monitor")
            if found := LINE.fullmatch(message):
                rate, _, high, low, over, on, error = found.groups()
                yield from self._status(chunk.at_ns, rate, (high, low, over, on), error, self._unit)
            elif at >= 0 and (found := XML.fullmatch(message[at:])):
                rate, code, _, alarm1, alarm2, over, on, error = found.groups()
                unit = UNITS.get(code, f"code {code.decode()}")
                yield from self._status(chunk.at_ns, rate, (alarm1, alarm2, over, on), error, unit)
            elif not joining:
                yield Unreadable(chunk.at_ns, message, worded("not a message of this protocol"))

    def _status(self, at_ns: int, rate: bytes, bits: tuple[bytes, ...], error: bytes, unit: str) -> Iterator[Reading]:
        high, low, over, on = (bit == b"1" for bit in bits)
        failed = int(error) != 0
        value = float(rate)
        shown = worded("the instrument's own alarm at {value:g} {unit}: keep distance, measure with a survey meter",
                       value=value, unit=unit)
        if on and not failed and not over:              # what it shows otherwise is no measurement, often 0
            yield DoseRate(at_ns, value, unit)          # before the alarm that it raises: that is told with it
        yield from self._state(at_ns, Condition.ALARM, "high", shown if high else "")
        yield from self._state(at_ns, Condition.ALARM, "low", shown if low else "")
        yield from self._state(at_ns, Condition.OVER, "", OVER if over else "")
        off = "" if on else worded("the instrument says that it does not monitor")
        yield from self._state(at_ns, Condition.NOT_READY, "", off)
        yield from self._state(
            at_ns, Condition.DEVICE, "", worded("error code {code}: see its manual", code=int(error)) if failed else "")
        misfit = "" if unit == self._unit else worded(
            "it measures in {unit}, the profile says dose_unit = {ours}", unit=unit, ours=self._unit)
        yield from self._state(at_ns, Condition.PROFILE, "", misfit)

    def _state(self, at_ns: int, condition: Condition, part: str, why: str) -> Iterator[Reading]:
        before = self._states.get((condition, part), "")
        self._states[condition, part] = why
        if bool(why) is not bool(before) or (why and condition is Condition.PROFILE):       # which fades when not told again
            yield Health(at_ns, condition, bool(why), why, part)


def record_type(reading: Reading) -> str:
    """The wire has no record names of its own: what was read of it."""
    return "" if isinstance(reading, Unreadable | Missed) else type(reading).__name__.lower()


DRIVER = Driver(
    title="Ludlum 375 area monitor",
    decoder=LudlumDecoder,
    status="vendor-documented (line), third-party (XML); never yet on hardware",
    links=("serial", "tcp", "tcp-listen"),
    record_type=record_type,
    tells_passages=False,
)
