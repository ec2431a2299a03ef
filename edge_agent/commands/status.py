"""`edge-agent status`: one screen of how everything stands."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from edge_agent.commands import options


def add(sub: options.Sub) -> None:
    made = options.parser(sub, "status", "One screen: lanes, counts, alarms, records, link, faults.", "edge-agent status")
    options.config(made)
    options.as_json(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.hands.asking import Core
    from edge_agent.house.configuration import load

    settings = load(chosen.config).settings
    with Core(Path(settings.portal.sockets) / "control.sock") as core:
        found = core.ask("status")
    if chosen.json:
        print(json.dumps(found, indent=1))
    else:
        print("\n".join(page(found)))
    return 1 if _faults(found) else 0


def page(found: dict[str, Any]) -> list[str]:
    """The screen, at most 80 columns."""
    log, now = found["log"], found["now"]
    lines = [
        f"edge-agent {found['agent']}   {found['origin']}",
        f"clock {now['wall']} ({now['src']})   start no. {found['boot']}, up {found['uptime_s']} s   disk {found['free_mb']} MB free",
        f"records {log['size']}, receipted {log['receipted']}, waiting {log['unreceipted']}   centre {found['centre'] or 'none'}",
        "",
    ]
    for name, lane in found["lanes"].items():
        lines += _lane(name, lane)
    faults = _faults(found)
    lines += ["", *(f"!! {fault}" for fault in faults)] if faults else ["", "no fault"]
    return lines


def _lane(name: str, lane: dict[str, Any]) -> list[str]:
    heard = "never" if lane["heard_s"] is None else f"{lane['heard_s']:.1f} s ago"
    alarms = sum(lane["counts"]["alarms"].values())
    backgrounds = "  ".join(
        f"{detector} {found['bkg']:.1f}" if found["state"] == "ok" else f"{detector} --"
        for detector, found in lane["detectors"].items()
    )
    return [
        f"lane {name}  {lane['link']}  {lane['state'].upper()}  heard {heard}  {'armed' if lane['armed'] else 'NOT ARMED'}",
        f"   occupancies {lane['counts']['occupancies']}   alarms {alarms}   tamper {lane['tamper']}",
        f"   background counts/s  {backgrounds}",
    ]


def _faults(found: dict[str, Any]) -> list[str]:
    faults = [f"lane {name}: {fault}" for name, lane in found["lanes"].items() for fault in lane["faults"]]
    if found["storage"]:
        faults.append(f"STORAGE: {found['storage']}; {found['queued']} records wait in memory")
    return faults + [f"controller: {fault}" for fault in found["faults"]]
