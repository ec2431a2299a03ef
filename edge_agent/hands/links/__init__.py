"""Links: the wire to a portal.  Each stamps what arrives the moment the kernel hands it over."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from edge_agent.hands.links.listening import ListenLink
from edge_agent.hands.links.mailbox import Link, Wire
from edge_agent.hands.links.serial import SerialLink
from edge_agent.hands.links.tcp import TcpLink
from edge_agent.words.clock import Clock
from edge_agent.words.dialect import Dialect
from edge_agent.words.driver import Poll
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded
from edge_agent.words.settings import LinkSettings

if TYPE_CHECKING:
    from edge_agent.hands.links.bus import Bus
    from edge_agent.hands.links.outlet import BusModule

PORTS = {"tcp": 1600, "modbus-tcp": 502}        # where none is given; a converter's is its own
SERIAL = ("serial", "modbus-rtu")
MODBUS = ("modbus-tcp", "modbus-rtu", "modbus-rtu-tcp")
CHARACTERS = 3.5 * 11       # bits of silence between frames (Modbus over Serial Line V1.02, 2.5.1.1)


def place(link: LinkSettings) -> str:
    """The wire a link is on, as people and other lanes call it."""
    return link.device if link.kind in SERIAL else f"{link.host}:{link.port or PORTS.get(link.kind, 0)}"


def check(link: LinkSettings, asked: bool = False) -> None:
    """SettingsError, beginning with the key, when one it needs is empty; `asked`: by a driver with a dialect of its own."""
    if link.kind == "tcp-listen":
        _check_listening(link)
    if link.kind in SERIAL and not link.device:
        raise SettingsError(worded(
            "device is missing.\n  A {kind} link needs it: a stable name, /dev/serial/by-id/...",
            kind=link.kind))
    if link.kind not in SERIAL and not link.host:
        raise SettingsError(worded(
            "host is missing.\n  A {kind} link needs it: the address of the portal or converter",
            kind=link.kind))
    if link.kind not in SERIAL and not (link.port or (PORTS.get(link.kind) if not asked else 0)):
        raise SettingsError(worded("port is missing.\n  Converters have none in common: see its own settings page"))
    if link.kind in MODBUS and not link.unit:
        raise SettingsError(worded("unit is missing.\n  It is the Modbus address set on the instrument, 1 to 247"))


def _check_listening(link: LinkSettings) -> None:
    for name, value in (("host", link.host), ("peer", link.peer)):
        try:
            bad = ipaddress.ip_address(value).is_unspecified
        except ValueError:
            bad = True
        if bad:
            what = "our own address to listen on" if name == "host" else "the address of the one instrument that may connect"
            raise SettingsError(worded(
                "{name} = {value!r}: expected {what}, as numbers, and not all of them", name=name, value=value, what=what))


class Links:
    """Makes links; lanes on one bus share its wire."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buses: dict[str, Bus] = {}

    def make(
        self, link: LinkSettings, polls: tuple[Poll, ...], dialect: Callable[[], Dialect] | None = None
    ) -> Link:
        """The link these settings describe; polls are the questions of its driver, framed in its dialect."""
        if link.kind == "tcp-listen":
            return ListenLink(link, self._clock)
        if link.kind not in MODBUS and dialect is None:
            return self._wire(link)
        from edge_agent.hands.links.bus import BusLink  # loaded only where instruments are asked

        if dialect is None:
            _only_reads(polls)
        return BusLink(self._bus(link, dialect), link.unit, polls, self._clock)

    def outlet(self, link: LinkSettings, unit: int, coils: Sequence[int], button: int) -> BusModule:
        """The outputs of an I/O module on the bus a lane's link is on: the only way to write on one."""
        from edge_agent.hands.links.outlet import BusModule

        return BusModule(self._bus(link, None), unit, coils, button, self._clock)

    def _wire(self, link: LinkSettings) -> Wire:
        if link.kind in SERIAL:
            return SerialLink(link, self._clock)
        return TcpLink(link.host, link.port or PORTS.get(link.kind, 0), self._clock)

    def _bus(self, link: LinkSettings, made: Callable[[], Dialect] | None) -> Bus:
        from edge_agent.hands.links import bus

        where = place(link)
        if where not in self._buses:
            gap_s = max(link.gap_s, CHARACTERS / link.baud) if link.kind != "modbus-tcp" else 0.0
            pace = bus.Pace(link.answer_s, gap_s, link.baud if link.kind != "modbus-tcp" else 0)
            self._buses[where] = bus.Bus(self._wire(link), made or _modbus(link), pace, self._clock)
        return self._buses[where]


def _only_reads(polls: tuple[Poll, ...]) -> None:
    """A driver asks; ValueError where one of its questions would set something."""
    from edge_agent.doors import modbus

    for poll in polls:
        modbus.asked(poll.question)


def _modbus(link: LinkSettings) -> Callable[[], Dialect]:
    from edge_agent.hands.links import dialect  # and Modbus only where it is spoken

    return dialect.Tcp if link.kind == "modbus-tcp" else dialect.Rtu
