"""`edge-agent source-check`: a check source at a panel, against commissioning, corrected for decay; on record."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge_agent.commands import acting, options
from edge_agent.words.errors import EdgeAgentError, SettingsError

REFUSED, PATIENCE = 1, 6        # times the counting time asked for, before it is given up: a vacant lane tells a rate every 5 s


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
    from edge_agent.tools import source_check

    source = _source(chosen)
    today = datetime.now(UTC).date()
    lane = _live(chosen)
    unknown = [panel for panel in chosen.panel if panel not in _panels(lane)]
    if unknown:
        raise SettingsError(f"lane {chosen.lane} has no {unknown[0]}; there are: {', '.join(_panels(lane))}")
    say = _say(chosen)
    say(f"{source.nuclide} {source.id}: {source_check.activity_bq(source, today):.3g} Bq today.  Kept: {source.kept or '?'}")
    say("The lane is marked as under maintenance; its alarms are signed, sent and shown like any other.")
    found: dict[str, Any] = {}
    with acting.maintenance(chosen, f"source check with {chosen.source}"):
        for panel in chosen.panel:
            background = _background(_live(chosen), panel)
            say(f"Put the source into its holder at {panel}, then press Enter")
            acting.enter()
            rates, each_s = _count(chosen, panel)
            found[panel] = source_check.judge(background, rates, each_s, source_check.expected_cps(source, panel, today))
            say(f"  {'ok  ' if found[panel].verdict != 'fail' else 'FAIL'} {panel}: {found[panel].text}")
        say("Take the source back to where it is kept, then press Enter")
        acting.enter()
        passed = all(one.verdict != "fail" for one in found.values())
        check = {"nuclide": source.nuclide, "source": source.id, "activity_bq": source_check.activity_bq(source, today),
                 "detectors": {panel: one.plain() for panel, one in found.items()}, "passed": passed}
        acting.ask(chosen, "source-checked", lane=chosen.lane, check=check)
    if chosen.json:
        print(json.dumps(check, indent=1))
    first = {panel: round(one.net_cps, 1) for panel, one in found.items() if one.verdict == "first"}
    if first and passed:
        say("Measured for the first time: write into the register, [[source]] of this id:")
        say(f'  measured = "{today}"\n  expected_cps = {{ {", ".join(f"{panel} = {rate}" for panel, rate in first.items())} }}')
    return 0 if passed else REFUSED


def _source(chosen: argparse.Namespace) -> Any:
    from edge_agent.doors.files import read_text
    from edge_agent.tools import toml_settings
    from edge_agent.words.sources import Sources

    file = chosen.register or chosen.config.with_name("sources.toml")
    sources = toml_settings.read(Sources, read_text(file, "the register of check sources"), str(file)).source
    one = next((source for source in sources if source.id == chosen.source), None)
    if one is None:
        raise SettingsError(f"{file}: no source is called {chosen.source!r}; there are: {', '.join(s.id for s in sources)}")
    return one


def _live(chosen: argparse.Namespace) -> dict[str, Any]:
    from edge_agent.hands.asking import Core
    from edge_agent.house.configuration import load

    with Core(Path(load(chosen.config).settings.portal.sockets) / "control.sock") as core:
        return dict(core.ask("live", lane=chosen.lane)["lanes"][chosen.lane])


def _panels(lane: dict[str, Any]) -> list[str]:
    return [name for found in lane["radiations"].values() for name in found["detectors"]]


def _of(lane: dict[str, Any], panel: str) -> tuple[dict[str, Any], int]:
    found = next(found for found in lane["radiations"].values() if panel in found["detectors"])
    return found, found["detectors"].index(panel)


def _background(lane: dict[str, Any], panel: str) -> float:
    found, at = _of(lane, panel)
    if found["background_cps"][at] is None:
        raise EdgeAgentError(f"{panel} has no background yet.\n  Wait for half a minute of an empty lane, then again")
    return float(found["background_cps"][at])


def _count(chosen: argparse.Namespace, panel: str) -> tuple[list[float], float]:
    """Rates of the panel until they add up to the time asked for; (rates, s each)."""
    rates: list[float] = []
    seen, each_s, ends = None, 1.0, time.monotonic() + PATIENCE * chosen.seconds
    while len(rates) * each_s < chosen.seconds:
        if time.monotonic() > ends:
            raise EdgeAgentError(f"no counts of {panel} came.\n  edge-agent watch {chosen.lane}")
        lane = _live(chosen)
        found, at = _of(lane, panel)
        stamp = None if found["age_s"] is None or found["cps"] is None else round(time.monotonic() - found["age_s"], 1)
        if stamp is not None and (seen is None or stamp - seen > 0.15):
            seen, each_s = stamp, found["interval_s"] or found["exposure_s"]
            rates.append(float(found["cps"][at]))
        time.sleep(0.1)
    return rates, each_s


def _say(chosen: argparse.Namespace) -> Callable[[str], None]:
    return lambda text: print(text, file=sys.stderr if chosen.json else sys.stdout, flush=True)
