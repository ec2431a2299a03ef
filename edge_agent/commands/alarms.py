"""`edge-agent alarms`: the last alarms with their numbers, and whether the centre has receipted them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from edge_agent.commands import options


def add(sub: options.Sub) -> None:
    made = options.parser(sub, "alarms", "The last alarms with their numbers.", "edge-agent alarms --last 5")
    options.config(made)
    options.as_json(made)
    made.add_argument("--last", type=int, default=20, metavar="N", help="how many (default 20)")
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.hands.asking import Core
    from edge_agent.house.configuration import load
    from edge_agent.tools import alarm_text, jws

    settings = load(chosen.config).settings
    with Core(Path(settings.portal.sockets) / "control.sock") as core:
        found = core.ask("alarms", last=chosen.last)
    alarms = [jws.take_apart(line.encode()).payload for line in found["lines"]]
    for alarm in alarms:
        alarm["receipted"] = alarm["seq"] < found["receipted"]
    if chosen.json:
        print(json.dumps({"alarms": alarms}, indent=1))
        return 0
    for alarm in alarms:
        print("\n".join(alarm_text.story(alarm)))
    if not alarms:
        print("no alarm on record")
    return 0
