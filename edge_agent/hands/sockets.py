"""Local sockets: one JSON object a line asks, one JSON object a line answers.  For control.sock and uplink.sock.

A request is {"op": name, ...}; an answer {"ok": true, ...} or {"ok": false, "error": text, "exit": code}.  An op that
streams answers line after line until either side closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.doors.files import lend
from edge_agent.tools import core_answer
from edge_agent.words.errors import BusyError, EdgeAgentError, StorageError
from edge_agent.words.language import worded

REQUEST_MAX = 64 * 1024             # bytes; the longest request is an operator's note or a receipt
PEERS_MAX = 32                      # open connections; more is a mistake or an attack
IDLE_S = 300.0                      # a peer that asks nothing for so long is let go
T = TypeVar("T")
UNREADABLE = (ValueError, LookupError, TypeError, ArithmeticError, RecursionError)     # what a malformed request can raise
Answer = dict[str, Any]
Ask = Callable[[dict[str, Any]], Awaitable[Answer]]
Stream = Callable[[dict[str, Any]], AsyncGenerator[Answer, None]]


class Door:
    """A listening Unix socket with its operations."""

    def __init__(
        self, path: Path, group: str, asks: Mapping[str, Ask], streams: Mapping[str, Stream], *, names_peer: bool = False
    ) -> None:
        """`names_peer`: every request gets "uid", the account at the other end as the kernel says, whatever it claims."""
        self._path, self._group, self.asks, self._streams, self._names_peer = path, group, asks, streams, names_peer
        self._server: asyncio.Server | None = None
        self._peers: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Start listening; BusyError when another program answers on the path."""
        if self._path.exists():
            await self._clear()
        try:
            before = os.umask(0o177)
            try:
                self._server = await asyncio.start_unix_server(self._meet, self._path, limit=REQUEST_MAX)
            finally:
                os.umask(before)
            lend(self._path, self._group, 0o660)
        except OSError as problem:
            raise StorageError(worded(
                "cannot make the socket {path}: {strerror}", path=self._path, strerror=problem.strerror or problem)) from None

    async def _clear(self) -> None:
        """Remove the socket of a program that is gone."""
        try:
            _, writer = await asyncio.open_unix_connection(self._path)
        except OSError:
            self._path.unlink(missing_ok=True)
            return
        writer.close()
        raise BusyError(worded("another program answers on {path}; stop it first: systemctl stop edge-agent", path=self._path))

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._peers) >= PEERS_MAX:
            full = BusyError(worded("{most} programs are connected to {name} already.\n  Which: ss -xp | grep {name}",
                                    most=PEERS_MAX, name=self._path.name))
            writer.write(core_answer.written(core_answer.refused(full)))
            writer.close()
            return
        self._peers.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.CancelledError, TimeoutError, ValueError, asyncio.IncompleteReadError):
            pass                    # the peer left, was too slow or too long; nobody is waiting for an answer
        finally:
            self._peers.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await _patiently(reader.readline()):
            if self._streaming(line):
                await _until_gone(self._answer(line, writer), reader)
                return              # the end of a stream is the end of its connection
            await self._answer(line, writer)

    def _streaming(self, line: bytes) -> bool:
        try:
            return json.loads(line)["op"] in self._streams
        except UNREADABLE:
            return False

    async def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        peer = {"uid": _uid(writer.get_extra_info("socket"))} if self._names_peer else {}
        async for answer in self._answers(line, peer):
            writer.write(core_answer.written(answer))
            await _patiently(writer.drain())

    async def _answers(self, line: bytes, peer: Mapping[str, Any] | None = None) -> AsyncIterator[Answer]:
        try:
            request = {**json.loads(line), **(peer or {})}
            op = request["op"]
            if op in self._streams:
                async with contextlib.aclosing(self._streams[op](request)) as stream:
                    async for answer in stream:
                        yield {"ok": True, **answer}
            elif op in self.asks:
                yield {"ok": True, **await self.asks[op](request)}
            else:
                yield {"ok": False, "error": f"unknown op {op!r}", "exit": 2}
        except EdgeAgentError as problem:
            yield core_answer.refused(problem)
        except UNREADABLE as problem:
            yield {"ok": False, "error": f"not a request of this socket: {repr(problem)[:200]}", "exit": 2}

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._peers):
            task.cancel()
        if self._peers:
            await asyncio.wait(self._peers, timeout=1)
        self._path.unlink(missing_ok=True)


def _uid(peer: socket.socket) -> int:
    """SO_PEERCRED: pid, uid, gid of who connected (unix(7))."""
    return int(struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))[1])


async def _patiently(work: Awaitable[T]) -> T:
    """TimeoutError after IDLE_S.  Not wait_for: that of 3.11 can swallow a cancel that meets the answer."""
    async with asyncio.timeout(IDLE_S):
        return await work


async def _until_gone(work: Coroutine[Any, Any, None], reader: asyncio.StreamReader) -> None:
    """Do the work until it is done or the peer has left: a silent stream would not notice otherwise."""
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(_end_of(reader))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _end_of(reader: asyncio.StreamReader) -> None:
    while await reader.read(4096):
        pass
