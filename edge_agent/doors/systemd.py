"""systemd's notification socket: ready, watchdog, one line of status.  Silent where there is no systemd."""

from __future__ import annotations

import os
import socket


def notify(message: str) -> None:
    """Send e.g. "READY=1"; nothing where NOTIFY_SOCKET is not set."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
        try:
            door.connect(address)
            door.send(message.encode())
        except OSError:
            return                  # the manager is gone; there is nobody else to tell


def watchdog_period_s() -> float | None:
    """How often to say WATCHDOG=1: half of what systemd allows; None without a watchdog."""
    period_us = os.environ.get("WATCHDOG_USEC", "")
    return int(period_us) / 2e6 if period_us.isdigit() else None
