"""Serial ports through pyserial: opened exclusively, raw, without waiting.  Says who holds a port."""

from __future__ import annotations

import os
from pathlib import Path

import serial

from edge_agent.words.errors import LinkError
from edge_agent.words.language import worded
from edge_agent.words.settings import LinkSettings


class Port:
    """An open port; `fd` is for the event loop."""

    def __init__(self, port: serial.Serial) -> None:
        self._port = port
        self.fd = int(port.fileno())

    def read(self) -> bytes:
        """What has arrived; LinkError when the port is gone (an adapter unplugged)."""
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return b""
        except OSError as problem:
            raise LinkError(worded("{port}: {strerror}", port=self._port.port, strerror=problem.strerror)) from None
        if not data:
            raise LinkError(worded("{port}: the port hung up; is the adapter still plugged in?", port=self._port.port))
        return data

    def write(self, data: bytes) -> None:
        """Send a question; LinkError when the port is gone, or does not take it whole (a question is far below its buffer)."""
        try:
            sent = os.write(self.fd, data)
        except OSError as problem:
            raise LinkError(worded("{port}: {strerror}", port=self._port.port, strerror=problem.strerror)) from None
        if sent != len(data):
            raise LinkError(worded(
                "{port}: took {sent} of {data} bytes; is something holding the line?",
                port=self._port.port, sent=sent, data=len(data)))

    def close(self) -> None:
        self._port.close()


def open_port(link: LinkSettings) -> Port:
    """The port of these settings; LinkError says what is wrong and who holds it."""
    try:
        port = serial.Serial(
            link.device, link.baud, bytesize=link.data_bits, parity=link.parity, stopbits=link.stop_bits,
            timeout=0, exclusive=True,
        )
    except (serial.SerialException, OSError, ValueError) as problem:
        raise LinkError(worded("cannot open {device}: {why}", device=link.device, why=_why(link.device, problem))) from None
    return Port(port)


def _why(device: str, problem: Exception) -> str:
    if not Path(device).exists():
        return "there is no such port.\n  Is the adapter plugged in?  ls -l /dev/serial/by-id"
    other = holder(device)
    if other:
        return f"another program holds it ({other}).\n  Stop that program, or give the portal's relay to it"
    errno = getattr(problem, "errno", None)
    if errno == 13:
        return "permission denied.\n  The agent's account must be in the group of the port (dialout)"
    return str(problem)


def holder(device: str) -> str:
    """Name and pid of a process that has the port open, as far as we may look."""
    try:
        wanted = Path(device).stat().st_rdev
    except OSError:
        return ""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            pid = link.parts[2]
            if pid != str(os.getpid()) and link.stat().st_rdev == wanted and wanted:
                return f"{Path('/proc', pid, 'comm').read_text().strip()}, pid {pid}"
        except OSError:
            continue
    return ""
