"""A log that the centre refuses for good is closed, and a continuation log begins: a person's decision, by name.

Not loaded by the daemon.  The core must be stopped: the log it writes is the one that ends here.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.doors.files import hold
from edge_agent.hands.shelf import Shelf
from edge_agent.house.identity import LogIdentity, create_log, logs_of
from edge_agent.house.salvage import agreed, shelf_of
from edge_agent.tools import jws
from edge_agent.words.errors import EvidenceError, SettingsError, StorageError
from edge_agent.words.language import worded

REFUSALS = ("rolled-back", "centre-refused", "log-hole")
LOOKED_AT = 500         # newest fault records: a refusal is told again at every start and every few minutes
# the words of docs/wire-format.md for a record that differs from one the centre holds: what is before it, both have
_FIRST_DIFFERENT = re.compile(r"seq (\d{1,15}): (?:two different lines|not the line stored here)")


@dataclass(frozen=True, slots=True)
class Begun:
    """A continuation, and what it is of."""

    old: str
    new: str
    reason: str                         # the refusal, in the words it was recorded with
    size: int                           # records of the old log on this disk
    agreed: dict[str, Any] | None       # last checkpoint that both ends signed


async def begin(state: Path, origin: str, by: dict[str, str]) -> Begun:
    """Close the newest log and make the next; SettingsError where nothing says that the centre refuses it."""
    logs = logs_of(state)
    if not logs or logs[0].origin != origin:
        raise SettingsError(worded(
            "{state} holds no log {origin}.\n  Make its keys first: edge-agent enrol --out FILE",
            state=state, origin=origin))
    _own(state)
    handle = hold(state / "core.lock", "an edge-agent core")
    try:
        return await _begin(state, logs, origin, by)
    finally:
        os.close(handle)


async def _begin(state: Path, logs: list[LogIdentity], origin: str, by: dict[str, str]) -> Begun:
    current = logs[-1]
    shelf = await shelf_of(current)
    if shelf is None:
        raise StorageError(worded(
            "{database} cannot be read.\n  Start the core: it begins a continuation by itself.",
            database=current.database))
    try:
        reason = await refusal(shelf)
        common = await agreed(shelf)
    finally:
        await shelf.close()
    if reason is None:
        raise SettingsError(worded(
            "no record of {origin} says that the centre refuses it: the log can go on, nothing is to be continued.\n"
            "  Start edge-agent and edge-agent-uplink, wait for 'centre-refused' or 'rolled-back' in edge-agent status,\n"
            "  stop edge-agent, and try again.",
            origin=current.origin))
    found = _FIRST_DIFFERENT.search(reason)
    current.close(reason, by, int(found[1]) if found else None)
    return Begun(current.origin, create_log(state, origin, len(logs) + 1).origin, reason, shelf.size, common)


async def refusal(shelf: Shelf) -> str | None:
    """The centre's refusal that still stands on record; None where there is none."""
    standing: dict[str, str | None] = {}
    for line in await shelf.newest("fault", LOOKED_AT):
        try:
            body = jws.take_apart(line).payload
        except EvidenceError:
            continue
        if body.get("lane") is None and body.get("condition") in REFUSALS:
            standing[body["condition"]] = str(body.get("detail")) if body.get("present") else None
    words = [standing[name] for name in reversed(REFUSALS) if standing.get(name)]
    return "; ".join(word for word in words if word) or None


def _own(state: Path) -> None:
    """Files made by another account than the core's would be closed to the core."""
    owner = state.stat().st_uid
    if owner != os.geteuid():
        raise SettingsError(worded(
            "{state} belongs to another account (uid {owner}).\n  sudo -u edge-agent edge-agent enrol --continue",
            state=state, owner=owner))
