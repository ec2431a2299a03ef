"""What `exercise`, `maintenance` and `panel` share: who, over act.sock."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from edge_agent.commands import options


def common(made: argparse.ArgumentParser) -> None:
    made.add_argument("--by", metavar="NAME", help="who does it, as it stands on record (default: this account)")
    options.config(made)
    options.as_json(made)


def ask(chosen: argparse.Namespace, op: str, **values: Any) -> dict[str, Any]:
    """The core's answer; NotRunning names the group where this account may not act."""
    from edge_agent.doors.files import who
    from edge_agent.hands.asking import Core
    from edge_agent.house.configuration import load

    sockets = Path(load(chosen.config).settings.portal.sockets)
    with Core(sockets / "act.sock", group="edge-agent-op") as core:
        return core.ask(op, by=chosen.by or who(), **values)


def begin(chosen: argparse.Namespace, kind: str, lane: str | None) -> int:
    lasts = {"for_s": chosen.minutes * 60} if chosen.minutes else {}
    return _say(chosen, ask(chosen, "begin", kind=kind, lane=lane, reason=chosen.reason, **lasts), "begun")


def end(chosen: argparse.Namespace, kind: str, lane: str | None, more: dict[str, Any]) -> int:
    return _say(chosen, ask(chosen, "end", kind=kind, lane=lane, **more), "ended")


def as_json(found: dict[str, Any]) -> int:
    found.pop("ok", None)
    print(json.dumps(found, indent=1))
    return 0


def _say(chosen: argparse.Namespace, found: dict[str, Any], what: str) -> int:
    from edge_agent.tools import acts

    if chosen.json:
        return as_json(found)
    act = found["act"]
    ended = f"ended: {act['kind']} {act['id']}, {act['alarms']} alarms were marked"
    print(f"begun: {acts.line(act)}" if what == "begun" else ended)
    return 0
