"""`edge-agent upkeep`: what is due at the lanes: daily, weekly, quarterly, yearly; and that it was done."""

from __future__ import annotations

import argparse
import json
import textwrap
from pathlib import Path

from edge_agent.commands import acting, options
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import tr, worded

SOON_DAYS = 7.0


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "upkeep", "What is due at the lanes (daily, weekly, quarterly, yearly), and that it was done; on record.",
        'edge-agent upkeep list\n  edge-agent upkeep done 2 clean --note "left lens was dirty"',
    )
    ways = made.add_subparsers(dest="way", metavar="WAY", required=True)
    one = options.parser(ways, "list", "What is due, the longest over first, and what comes within a week.",
                         "edge-agent upkeep list")
    one.add_argument("--all", action="store_true", help="everything, also what is not due for long")
    options.config(one)
    options.as_json(one)
    one.set_defaults(run=_list)
    one = options.parser(ways, "done", "It was done now: on record, with who says so.", "edge-agent upkeep done 2 clean")
    one.add_argument("lane", help="name of the lane")
    one.add_argument("task", help="name of the task, as edge-agent upkeep list shows it")
    one.add_argument("--note", default="", help="what was found, for the record")
    acting.common(one)
    one.set_defaults(run=_done)


def _list(chosen: argparse.Namespace) -> int:
    from edge_agent.hands.asking import Core
    from edge_agent.house import due
    from edge_agent.house.configuration import load
    from edge_agent.tools import upkeep

    found = load(chosen.config)
    with Core(Path(found.settings.portal.sockets) / "control.sock") as core:
        held = due.of_status(found, core.ask("status"))
    shown = [one for one in held if chosen.all or one.over_days > -SOON_DAYS]
    if chosen.json:
        print(json.dumps({"due": [one.plain() for one in shown]}, indent=1))
        return 0
    for one in shown:
        print("\n".join(textwrap.wrap(upkeep.line(one), 80, subsequent_indent="   ", break_on_hyphens=False)))
        if one.how and one.over_days >= 0:
            print(f"   {one.how}")
    if not shown:
        print(tr("nothing is due within a week"))
    return 0


def _done(chosen: argparse.Namespace) -> int:
    from edge_agent.house import due

    known = [task.id for task in due.tasks(chosen.config)]
    if chosen.task not in known:
        raise SettingsError(worded("no task is called {task}; there are: {tasks}", task=chosen.task, tasks=", ".join(known)))
    answer = acting.ask(chosen, "upkeep-done", lane=chosen.lane, task=chosen.task, text=chosen.note)
    if chosen.json:
        return acting.as_json(answer)
    print(tr("on record: lane {lane}, {task}", lane=chosen.lane, task=chosen.task))
    return 0
