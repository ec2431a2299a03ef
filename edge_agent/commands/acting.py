"""What `exercise`, `maintenance` and `panel` share: who, over act.sock."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge_agent.commands import options
from edge_agent.words.errors import EdgeAgentError
from edge_agent.words.language import markn, tr, trn

ENDED = {
    "exercise": markn("ended: exercise {id}, {n} alarm was marked", "ended: exercise {id}, {n} alarms were marked"),
    "maintenance": markn("ended: maintenance {id}, {n} alarm was marked", "ended: maintenance {id}, {n} alarms were marked"),
}


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


@contextlib.contextmanager
def maintenance(chosen: argparse.Namespace, reason: str) -> Iterator[None]:
    """Marks what a source gives as no smuggler; one that is under way already stays."""
    try:
        ask(chosen, "begin", kind="maintenance", lane=chosen.lane, reason=reason, for_s=3600)
        ours = True
    except EdgeAgentError as problem:
        if "End it first" not in str(problem):      # the core's answer: stays English
            raise
        ours = False
    try:
        yield
    finally:
        if ours:
            ask(chosen, "end", kind="maintenance", lane=chosen.lane, done=reason)


def enter(text: str = "") -> None:
    """Say it, and wait for Enter."""
    if text:
        print(text, flush=True)
    try:
        input()
    except EOFError:
        raise EdgeAgentError("nobody pressed Enter: this needs a person at the panel.\n  Run it in a terminal") from None


def as_json(found: dict[str, Any]) -> int:
    found.pop("ok", None)
    print(json.dumps(found, indent=1))
    return 0


def _say(chosen: argparse.Namespace, found: dict[str, Any], what: str) -> int:
    if chosen.json:
        return as_json(found)
    tell(found["act"], begun=what == "begun")
    return 0


def tell(act: dict[str, Any], *, begun: bool) -> None:
    from edge_agent.tools import acts

    print(tr("begun: {act}", act=acts.line(act)) if begun else trn(*ENDED[act["kind"]], act["alarms"], id=act["id"]))
