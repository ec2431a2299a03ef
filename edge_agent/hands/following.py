"""The other end of a streaming socket of the core, for a process with a loop of its own (the relay)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from edge_agent.words.errors import EdgeAgentError, NotRunning

LINE_MAX = 1 << 20          # a chunk of a serial read is 4 KB
ANSWER_S = 10.0


async def follow(path: Path, op: str, **values: Any) -> AsyncGenerator[dict[str, Any], None]:
    """Answers until the core closes; its own error as EdgeAgentError, NotRunning where nobody answers."""
    reader, writer = await _connect(path)
    try:
        writer.write(json.dumps({"op": op, **values}).encode() + b"\n")
        while line := await reader.readline():
            yield _answer(line)
    finally:
        writer.close()


async def ask(path: Path, op: str, **values: Any) -> dict[str, Any]:
    """One answer."""
    reader, writer = await _connect(path)
    try:
        writer.write(json.dumps({"op": op, **values}).encode() + b"\n")
        async with asyncio.timeout(ANSWER_S):
            return _answer(await reader.readline())
    finally:
        writer.close()


async def _connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_unix_connection(path, limit=LINE_MAX)
    except OSError as problem:
        raise NotRunning(f"edge-agent does not answer on {path} ({problem.strerror})") from None


def _answer(line: bytes) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(line)
        good = bool(answer.pop("ok"))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        raise NotRunning("what answers on this socket is not edge-agent") from None
    if not good:
        raise EdgeAgentError(str(answer.get("error")))
    return answer
