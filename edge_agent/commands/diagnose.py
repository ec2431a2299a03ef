"""`edge-agent diagnose`: what is wrong, which part, how sure, what to do, what to bring."""

from __future__ import annotations

import argparse
import json
import textwrap
from pathlib import Path
from typing import Any

from edge_agent.commands import options
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import tr, worded

PASS, LOOK, FAIL = 0, 10, 11


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "diagnose",
        "What is wrong, the likely parts in order, how to confirm, how to repair. Exit code 0 PASS, 10 LOOK, 11 FAIL.",
        "edge-agent diagnose\n  edge-agent diagnose 2 --json\n  edge-agent diagnose 2 --swapped Aa1:Aa2 --at input --minutes 10\n"
        "The swap test: exchange the cables of a bad and a good panel at the counter's inputs (or at the panels), wait ten "
        "minutes, then ask which side it is.",
    )
    made.add_argument("lane", nargs="?", help="name of the lane (default: all, and the controller)")
    made.add_argument("--swapped", metavar="BAD:GOOD", help="the cables of these two panels are exchanged now")
    made.add_argument("--at", choices=("input", "panel"), default="input", help="which end of them (default: input)")
    made.add_argument("--minutes", type=options.at_least_one, metavar="N", help="with --swapped: exchanged so many minutes ago")
    options.config(made)
    options.as_json(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.hands.asking import Core
    from edge_agent.house import guide, minutes_kept
    from edge_agent.house.configuration import load
    from edge_agent.tools import diagnosis_text

    held = guide.findings(chosen.config)
    with Core(Path(load(chosen.config).settings.portal.sockets) / "control.sock") as core:
        status = core.ask("status")
        if chosen.lane is not None and chosen.lane not in status["lanes"]:
            raise SettingsError(worded(
                "no lane is called {lane!r}; there are: {lanes}", lane=chosen.lane, lanes=", ".join(status["lanes"])))
        found = guide.of_status(status, held, chosen.lane, lambda lane: {} if chosen.swapped else minutes_kept.signs(core, lane))
    if chosen.swapped:
        return _swapped(chosen, status, found)
    if chosen.json:
        print(json.dumps({place: diagnosis_text.plain(here) for place, here in found.items()}, indent=1))
    else:
        pages = (line for place, here in found.items() for line in diagnosis_text.page(place, here))
        print("\n".join([*diagnosis_text.distance(found), *pages]))
    verdicts = {one.verdict for here in found.values() for one in here}
    return FAIL if "FAIL" in verdicts else LOOK if verdicts else PASS


def _swapped(chosen: argparse.Namespace, status: dict[str, Any], found: dict[str, list[Any]]) -> int:
    from edge_agent.tools import diagnosis_text, swap_test

    if chosen.lane is None:
        raise SettingsError(worded("--swapped belongs to one lane.\n  edge-agent diagnose LANE --swapped BAD:GOOD"))
    place = f"lane {chosen.lane}"                   # a key of --json too: stays English
    here = found[place]
    panels = list(status["lanes"][chosen.lane]["detectors"])
    bad, good = swap_test.pair(chosen.swapped, panels)
    early = swap_test.early(bad, good, chosen.minutes)
    told = early or swap_test.judge(bad, good, chosen.at, {name for one in here for name in one.subjects})
    left = [] if early else [swap_test.narrowed(one, told.sides) for one in here if {bad, good} & set(one.subjects)]
    if chosen.json:
        print(json.dumps({"verdict": told.verdict, "sides": told.sides, "text": told.text(),
                          "findings": diagnosis_text.plain(left)}, indent=1))
    else:
        said = textwrap.wrap(tr("swap test: {text}", text=told.text()), 80)
        pages = [] if early else diagnosis_text.page(place, left)
        print("\n".join([*diagnosis_text.distance(found), *said, *pages]))
    if early:
        return LOOK
    return FAIL if any(one.verdict == "FAIL" for one in left) else LOOK if left else PASS
