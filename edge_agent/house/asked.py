"""What the running core of a configuration says and does, for setup."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_agent.hands.asking import Core
from edge_agent.house.configuration import Configuration
from edge_agent.tools import jws
from edge_agent.words.errors import EdgeAgentError, NotRunning


def act(found: Configuration, by: str, op: str, **values: Any) -> dict[str, Any]:
    """An act of a named person."""
    with Core(Path(found.settings.portal.sockets) / "act.sock", group="edge-agent-op") as core:
        return core.ask(op, by=by, **values)


@contextmanager
def under(found: Configuration, by: str, kind: str, lane: str, reason: str, for_s: float = 3600.0) -> Iterator[None]:
    """An exercise or maintenance of a lane around what follows; one that is under way already stays."""
    try:
        act(found, by, "begin", kind=kind, lane=lane, reason=reason, for_s=for_s)
        ours = True
    except EdgeAgentError as problem:
        if "End it first" not in str(problem):          # paths.acting
            raise
        ours = False
    try:
        yield
    finally:
        if ours:
            act(found, by, "end", kind=kind, lane=lane, **({"done": reason} if kind == "maintenance" else {}))


def status(found: Configuration) -> dict[str, Any] | None:
    """None while no core answers."""
    try:
        with _core(found) as core:
            return core.ask("status")
    except NotRunning:
        return None


def live(found: Configuration, lane: str) -> dict[str, Any]:
    """What the lane sees now (paths.live)."""
    with _core(found) as core:
        return dict(core.ask("live", lane=lane)["lanes"][lane])


def pid(found: Configuration) -> int:
    """Of the core that answers."""
    with _core(found) as core:
        return core.pid()


def log(found: Configuration) -> dict[str, int]:
    """Size of the log and how far it is receipted; -1: no core answers."""
    return dict((status(found) or {"log": {"size": 0, "receipted": -1}})["log"])


def receipted(found: Configuration, begin: int, kind: str, count: int) -> bool:
    """Whether so many records of a kind from `begin` on are on the disk and have the centre's receipt."""
    with _core(found) as core:
        seqs = [body["seq"] for body in _bodies(core, begin, kind)]
        return len(seqs) >= count and bool(core.ask("status")["log"]["receipted"] > seqs[count - 1])


def records(found: Configuration, begin: int, kind: str) -> list[dict[str, Any]]:
    """Bodies of that kind from `begin` on that are on the disk."""
    with _core(found) as core:
        return _bodies(core, begin, kind)


def _bodies(core: Core, begin: int, kind: str) -> list[dict[str, Any]]:
    parts = [jws.take_apart(line.encode()) for line in core.ask("lines", **{"from": begin})["lines"]]
    return [part.payload for part in parts if part.kind == kind]


def _core(found: Configuration) -> Core:
    return Core(Path(found.settings.portal.sockets) / "control.sock", 10.0)
