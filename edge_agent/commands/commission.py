"""`edge-agent commission`: a lane tried by a person before it goes to work; a signed record and a page."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_agent.commands import options
from edge_agent.words.errors import NotRunning, SettingsError
from edge_agent.words.language import tr, worded

REFUSED = 1


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "commission", "Try a lane before it goes to work: background, check source, walk-through, cabinet, mains, lamp.",
        'edge-agent commission 2 --by "R. Kazlauskas"',
    )
    made.add_argument("lane", help="name of the lane; it must be empty")
    made.add_argument("--pages", type=Path, metavar="DIR", help="where the page to print goes (default: with the configuration)")
    made.add_argument("--by", metavar="NAME", help="who does it, as it stands on record (default: this account)")
    options.config(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.commands.console import Console
    from edge_agent.doors.files import who
    from edge_agent.house import asked
    from edge_agent.house.commissioning import Commissioning
    from edge_agent.house.configuration import load
    from edge_agent.house.trying_out import HEARD_S, TryOut

    found = load(chosen.config.absolute())
    names = [lane.name for lane in found.settings.lane]
    if chosen.lane not in names:
        raise SettingsError(worded("no lane is called {lane!r}; there are: {lanes}", lane=chosen.lane, lanes=", ".join(names)))
    if asked.status(found) is None:
        raise NotRunning(worded("the core does not answer, and nothing can be tried.\n  systemctl start edge-agent"))
    by = chosen.by or who()
    asker = Console(None, worded("\n  This needs a person at the lane: run it in a terminal"))
    trials = TryOut(asker, by)
    asker.say(tr("  lane {lane}: is it heard, without a fault; up to {seconds:.0f} s ...", lane=chosen.lane, seconds=HEARD_S))
    heard = trials.heard(found, [chosen.lane])[chosen.lane]
    tried = trials.test_alarm(found, chosen.lane)
    made = Commissioning(asker, by, chosen.pages or chosen.config.absolute().parent)
    return 0 if made.lane(found, chosen.lane, heard, tried, person=True) else REFUSED
