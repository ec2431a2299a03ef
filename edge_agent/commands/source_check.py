"""`edge-agent source-check`: a check source at a panel, against commissioning, corrected for decay; on record."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.commands import acting, options
from edge_agent.words.language import tr

if TYPE_CHECKING:
    from edge_agent.words.sources import CheckSource

REFUSED = 1


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "source-check", "Hold a check source at a panel: its counts against commissioning, corrected for decay; on record.",
        "edge-agent source-check 2 --source CS-1188 --panel Aa1",
    )
    made.add_argument("lane", help="name of the lane; it must be empty")
    made.add_argument("--source", required=True, metavar="ID", help="of the register: sources.toml beside the configuration")
    made.add_argument("--panel", action="append", required=True, metavar="PANEL",
                      help="panel or tube; repeatable, one after the other")
    made.add_argument("--seconds", type=options.seconds, default=20.0, help="counting time at each (default 20)")
    made.add_argument("--register", type=Path, metavar="FILE", help="another register")
    acting.common(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.house import asked, source_checking
    from edge_agent.house.configuration import load
    from edge_agent.tools import source_check

    file, today, say = chosen.register or chosen.config.with_name("sources.toml"), datetime.now(UTC).date(), _say(chosen)
    source, found = source_checking.find(file, chosen.source), load(chosen.config)
    say(tr("{nuclide} {id}: {activity:.3g} Bq today.  Kept: {where}", nuclide=source.nuclide, id=source.id,
           activity=source_check.activity_bq(source, today), where=source.kept or "?"))
    source_checking.detectors(found, chosen.lane, chosen.panel)     # a name misspelt is no maintenance

    def enter(text: str) -> None:
        say(text)
        acting.enter()

    reason = f"source check with {chosen.source}"       # on record: stays English
    with asked.under(found, acting.by(chosen), "maintenance", chosen.lane, reason):
        say(tr("The lane is marked as under maintenance; its alarms are signed, sent and shown like any other."))
        check, first = source_checking.measure(found, chosen.lane, source, chosen.panel, chosen.seconds, today, say, enter)
        acting.ask(chosen, "source-checked", lane=chosen.lane, check=check)
    if chosen.json:
        print(json.dumps(check, indent=1))
    if first and check["passed"]:
        _keep(say, file, source, first, today)
    return 0 if check["passed"] else REFUSED


def _keep(say: Callable[[str], None], file: Path, source: CheckSource, first: dict[str, float], today: date) -> None:
    """What was measured for the first time is what is expected from now on."""
    from edge_agent.house import source_checking

    if source_checking.keep_first(file, source, first, today):
        say(tr("Measured for the first time: {file} has it now; the next check is compared with it.", file=file))
        return
    rates = ", ".join(f"{panel} = {rate}" for panel, rate in first.items())
    say(tr("Measured for the first time: write into the register, [[source]] of this id:"))
    say(f'  measured = "{today}"\n  expected_cps = {{ {rates} }}')                  # of TOML: stays English


def _say(chosen: argparse.Namespace) -> Callable[[str], None]:
    return lambda text: print(text, file=sys.stderr if chosen.json else sys.stdout, flush=True)
