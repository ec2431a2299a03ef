"""The other end of our local sockets, for commands and the uplink.  Blocking, standard library only."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from edge_agent.tools import core_answer
from edge_agent.words.errors import NotAllowed, NotRunning
from edge_agent.words.language import worded

ANSWER_MAX = 16 * 1024 * 1024       # a full batch as JSON is below 6 MiB


class Core:
    """A connection to one socket of the core."""

    def __init__(self, path: Path, timeout_s: float = 30.0, group: str = "edge-agent") -> None:
        """`group`: whose members may use this socket, for the message."""
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(str(path))
        except PermissionError:
            self._socket.close()
            raise NotAllowed(worded(
                "{path}: permission denied.\n"
                "  Join the group {group}: sudo usermod -aG {group} $USER, then log out and in",
                path=path, group=group)) from None
        except OSError as problem:
            self._socket.close()
            raise NotRunning(worded(
                "edge-agent does not answer on {path} ({strerror}).\n"
                "  Is it running?  systemctl status edge-agent     Its configuration elsewhere?  --config FILE\n"
                "  Records are on disk: sudo -u edge-agent edge-agent verify; one alarm: alarms show ID --ledger FILE",
                path=path, strerror=problem.strerror)) from None
        self._reader = self._socket.makefile("rb")

    def ask(self, op: str, **values: Any) -> dict[str, Any]:
        """The answer to one request; the core's own error as EdgeAgentError."""
        self._send(op, values)
        return self._answer()

    def follow(self, op: str, **values: Any) -> Iterator[dict[str, Any]]:
        """Answers of a streaming op until the core closes."""
        self._send(op, values)
        self._socket.settimeout(None)
        while True:
            try:
                yield self._answer()
            except NotRunning:
                return

    def _send(self, op: str, values: dict[str, Any]) -> None:
        try:
            self._socket.sendall(json.dumps({"op": op, **values}).encode() + b"\n")
        except OSError as problem:
            with contextlib.suppress(NotRunning):
                self._answer()                  # why we are turned away, where it says so
            raise NotRunning(worded("the core left while we asked ({problem})", problem=problem)) from None

    def _answer(self) -> dict[str, Any]:
        try:
            line = self._reader.readline(ANSWER_MAX)
        except OSError as problem:
            raise NotRunning(worded("the core did not answer in time ({problem})", problem=problem)) from None
        if not line.endswith(b"\n"):
            raise NotRunning(worded("the core closed the connection"))
        return core_answer.read(line)

    def pid(self) -> int:
        """Of the core: the kernel says it, the core need not answer (unix(7), SO_PEERCRED)."""
        found: tuple[int, int, int] = struct.unpack("3i", self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return found[0]

    def close(self) -> None:
        self._reader.close()
        self._socket.close()

    def __enter__(self) -> Core:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()
