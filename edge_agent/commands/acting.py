"""What `exercise`, `maintenance` and `panel` share: who, over act.sock."""

from __future__ import annotations

import argparse
import json
import sys
import termios
from typing import Any

from edge_agent.commands import options
from edge_agent.words.errors import EdgeAgentError
from edge_agent.words.language import markn, tr, trn, worded

ENDED = {
    "exercise": markn("ended: exercise {id}, {n} alarm was marked", "ended: exercise {id}, {n} alarms were marked"),
    "maintenance": markn("ended: maintenance {id}, {n} alarm was marked", "ended: maintenance {id}, {n} alarms were marked"),
}


def common(made: argparse.ArgumentParser) -> None:
    made.add_argument("--by", metavar="NAME", help="who does it, as it stands on record (default: this account)")
    options.config(made)
    options.as_json(made)


def by(chosen: argparse.Namespace) -> str:
    from edge_agent.doors.files import who

    return str(chosen.by or who())


def ask(chosen: argparse.Namespace, op: str, **values: Any) -> dict[str, Any]:
    """The core's answer; NotRunning names the group where this account may not act."""
    from edge_agent.house import asked
    from edge_agent.house.configuration import load

    return asked.act(load(chosen.config), by(chosen), op, **values)


def begin(chosen: argparse.Namespace, kind: str, lane: str | None) -> int:
    lasts = {"for_s": chosen.minutes * 60} if chosen.minutes else {}
    return _say(chosen, ask(chosen, "begin", kind=kind, lane=lane, reason=chosen.reason, **lasts), "begun")


def end(chosen: argparse.Namespace, kind: str, lane: str | None, more: dict[str, Any]) -> int:
    return _say(chosen, ask(chosen, "end", kind=kind, lane=lane, **more), "ended")


def enter(text: str = "") -> None:
    """Say it, and wait for Enter; one pressed before it was said answers nothing."""
    if sys.stdin.isatty():
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    if text:
        print(text, flush=True)
    try:
        input()
    except EOFError:
        raise EdgeAgentError(worded("nobody pressed Enter: this needs a person at the panel.\n  Run it in a terminal")) from None


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
