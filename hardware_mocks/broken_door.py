"""TCP ends that fail as portals' do: refused, reset, silent, or taken by another client.  Real sockets."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

LINGER_NONE = struct.pack("ii", 1, 0)       # close sends RST instead of FIN (socket(7), SO_LINGER)
KINDS = ("refused", "reset", "silent", "held")


@asynccontextmanager
async def door(kind: str, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """The port of a portal that fails so, as long as the block lasts.  KeyError: no such kind."""
    if kind == "refused":
        with socket.socket() as taken:      # bound, so nobody else gets it; not listening, so callers are refused
            taken.bind((host, 0))
            yield taken.getsockname()[1]
        return
    server = await asyncio.start_server({"reset": _reset, "silent": _silent, "held": _held}[kind], host, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A firewall that forgot the connection."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
    writer.transport.abort()


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A converter with nothing behind it."""
    with suppress(OSError):
        while await reader.read(4096):
            pass
    writer.close()


async def _held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One client at a time, and another has it: accepted, then closed in order."""
    writer.close()
