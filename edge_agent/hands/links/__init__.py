"""Links: the wire to a portal.  Each stamps what arrives the moment the kernel hands it over."""

from __future__ import annotations

from edge_agent.hands.links.mailbox import Link
from edge_agent.hands.links.serial import SerialLink
from edge_agent.hands.links.tcp import TcpLink
from edge_agent.words.clock import Clock
from edge_agent.words.errors import SettingsError
from edge_agent.words.settings import LinkSettings


def make(link: LinkSettings, clock: Clock, where: str) -> Link:
    """The link these settings describe; SettingsError when a key it needs is empty."""
    if link.kind == "tcp":
        if not link.host:
            raise SettingsError(f"{where}: kind is tcp, so host must name the portal's address")
        return TcpLink(link.host, link.port, clock)
    if not link.device:
        raise SettingsError(f"{where}: kind is serial, so device must name the port, e.g. /dev/serial/by-id/...")
    return SerialLink(link, clock)
