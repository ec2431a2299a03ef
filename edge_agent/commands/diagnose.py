"""`edge-agent diagnose`: what is wrong, which part, how sure, what to do, what to bring."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from edge_agent.commands import options
from edge_agent.words.errors import SettingsError

PASS, LOOK, FAIL = 0, 10, 11


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "diagnose",
        "What is wrong, the likely parts in order, how to confirm, how to repair. Exit code 0 PASS, 10 LOOK, 11 FAIL.",
        "edge-agent diagnose\n  edge-agent diagnose 2 --json",
    )
    made.add_argument("lane", nargs="?", help="name of the lane (default: all, and the controller)")
    options.config(made)
    options.as_json(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.hands.asking import Core
    from edge_agent.house import guide
    from edge_agent.house.configuration import load
    from edge_agent.tools import diagnosis_text

    held = guide.findings(chosen.config)
    with Core(Path(load(chosen.config).settings.portal.sockets) / "control.sock") as core:
        status = core.ask("status")
    if chosen.lane is not None and chosen.lane not in status["lanes"]:
        raise SettingsError(f"no lane is called {chosen.lane!r}; there are: {', '.join(status['lanes'])}")
    found = guide.of_status(status, held, chosen.lane)
    if chosen.json:
        print(json.dumps({place: diagnosis_text.plain(here) for place, here in found.items()}, indent=1))
    else:
        for place, here in found.items():
            print("\n".join(diagnosis_text.page(place, here)))
    verdicts = {one.verdict for here in found.values() for one in here}
    return FAIL if "FAIL" in verdicts else LOOK if verdicts else PASS
