"""The other end of a streaming socket of the core, for a process with a loop of its own (the relay)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from edge_agent.tools import core_answer
from edge_agent.words.errors import NotRunning
from edge_agent.words.language import worded

LINE_MAX = 1 << 20          # a chunk of a serial read is 4 KB
ANSWER_S = 10.0             # the core answers in milliseconds; as for commands, a busy disk aside


async def follow(path: Path, op: str, **values: Any) -> AsyncGenerator[dict[str, Any], None]:
    """Answers until the core closes; its own error as EdgeAgentError, NotRunning where nobody answers."""
    reader, writer = await _connect(path)
    try:
        writer.write(json.dumps({"op": op, **values}).encode() + b"\n")
        while line := await reader.readline():
            yield core_answer.read(line)
    finally:
        writer.close()


async def ask(path: Path, op: str, **values: Any) -> dict[str, Any]:
    """One answer."""
    reader, writer = await _connect(path)
    try:
        writer.write(json.dumps({"op": op, **values}).encode() + b"\n")
        async with asyncio.timeout(ANSWER_S):
            return core_answer.read(await reader.readline())
    finally:
        writer.close()


async def _connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_unix_connection(path, limit=LINE_MAX)
    except OSError as problem:
        raise NotRunning(worded(
            "edge-agent does not answer on {path} ({strerror}).\n  Is it running?  systemctl status edge-agent",
            path=path, strerror=problem.strerror)) from None
