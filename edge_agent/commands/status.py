"""`edge-agent status`: one screen of how everything stands."""

from __future__ import annotations

import argparse
import json
import textwrap
from pathlib import Path
from typing import Any

from edge_agent.commands import options
from edge_agent.tools import acts, jws, officer_line

SHOWN = {"out": "OUT"}      # of a detector's state; any other that is not ok: --


def add(sub: options.Sub) -> None:
    made = options.parser(sub, "status", "One screen: lanes, counts, alarms, records, link, faults.", "edge-agent status")
    options.config(made)
    options.as_json(made)
    made.add_argument("--officer", action="store_true", help="one line for each lane: what alarmed, where to look, how long ago")
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.hands.asking import Core
    from edge_agent.house.configuration import load

    settings = load(chosen.config).settings
    with Core(Path(settings.portal.sockets) / "control.sock") as core:
        found = core.ask("status")
        alarms = core.ask("alarms")["lines"] if chosen.officer else []
    if chosen.officer:
        told = officer_line.lines(found, [jws.take_apart(line.encode()).payload for line in alarms])
        print(json.dumps(told, indent=1) if chosen.json else "\n".join(told))
    elif chosen.json:
        print(json.dumps(found, indent=1))
    else:
        print("\n".join(page(found)))
    return 1 if _faults(found) else 0


def page(found: dict[str, Any]) -> list[str]:
    """The screen, at most 80 columns."""
    log, now = found["log"], found["now"]
    lines = [
        f"edge-agent {found['agent']}   {found['origin']}",
        f"clock {now['wall']} ({now['src']})   start {found['boot']}, up {_duration(found['uptime_s'])}"
        f"   disk {found['free_mb']} MB",
        f"records {log['size']}, receipted {log['receipted']}, waiting {log['unreceipted']}",
        f"centre {found['centre'] or 'none: records are kept and not sent'}",
    ]
    lines += [_relay(name, relay) for name, relay in found.get("relays", {}).items()]
    for act in found.get("acts", []):
        lines += ["", *textwrap.wrap(acts.line(act), 80, subsequent_indent="   ")]
    for name, lane in found["lanes"].items():
        lines += ["", *_lane(name, lane)]
    faults = _faults(found)
    return [*lines, "", *(line for fault in faults for line in _wrapped(fault))] if faults else [*lines, "", "no fault"]


def _relay(lane: str, relay: dict[str, Any]) -> str:
    if not relay["running"]:
        return f"relay of lane {lane}: NOT RUNNING"
    lost = ", ".join(f"{relay[name]} {name}" for name in ("dropped", "refused") if relay.get(name))
    return f"relay of lane {lane}: {relay.get('now', 0)} listening{f', {lost}' if lost else ''}"


def _wrapped(fault: str) -> list[str]:
    return textwrap.wrap(fault, 80, initial_indent="!! ", subsequent_indent="   ", break_on_hyphens=False)


def _lane(name: str, lane: dict[str, Any]) -> list[str]:
    heard = "never" if lane["heard_s"] is None else f"{lane['heard_s']:.1f} s ago"
    out = f"   WITHOUT {', '.join(lane['out_of_service'])}" if lane["out_of_service"] else ""
    armed = "armed" if lane["armed"] else f"NOT ARMED: {_unarmed(lane)}"
    counts = lane["counts"]
    alarms = ", ".join(f"{rule} {count}" for rule, count in sorted(counts["alarms"].items())) or "none"
    verified = "" if lane["panels_verified"] else "   panels unverified"
    return [
        f"lane {name}  {lane['link']}",
        f"   {lane['state'].upper()}   heard {heard}   {armed}   tamper {lane['tamper']}{verified}",
        *([out] if out else []),
        f"   occupancies {counts['occupancies']}   alarms since start: {alarms}",
        f"   shadow test {_shadow(lane['shadow'], counts['occupancies'])}",
        *_backgrounds(lane["detectors"]),
        *_dose(lane.get("dose_rate")),
    ]


def _unarmed(lane: dict[str, Any]) -> str:
    if "blind" in lane["faults"]:
        return "every panel is out of service"
    return "nothing is heard" if {"silence", "link"} & set(lane["faults"]) else "too little background yet"


def _dose(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    error = "" if found["error_pct"] is None else f" +- {found['error_pct']:g} %"
    return [f"   dose rate  {found['value']:g} {found['unit']}{error}, {found['age_s']:.0f} s ago"]


def _shadow(found: dict[str, Any], occupancies: int) -> str:
    if found["off"]:
        return f"off: {found['off']}"
    return f"on; silent about {found['silent']} of {occupancies} (no speed, a stop, a gap)" if found["silent"] else "on"


def _backgrounds(detectors: dict[str, Any]) -> list[str]:
    """Counts/s per detector, a few to a line; what is not known now is never shown as a number."""
    cells = [f"{name:>5} {found['bkg']:7.1f}" if found["state"] == "ok" else f"{name:>5} {SHOWN.get(found['state'], '--'):>7}"
             for name, found in detectors.items()]
    return [f"   background {'  '.join(cells[at : at + 4])}" for at in range(0, len(cells), 4)]


def _duration(seconds: int) -> str:
    days, rest = divmod(seconds, 86400)
    hours, minutes = divmod(rest // 60, 60)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _faults(found: dict[str, Any]) -> list[str]:
    faults = [f"lane {name}: {why}" for name, lane in found["lanes"].items() for why in _reasons(lane)]
    if found["storage"]:
        faults.append(f"STORAGE: {found['storage']}; {found['queued']} records wait in memory")
    if found["overflowed"]:
        faults.append(f"controller: {found['overflowed']} records lost since start: the ledger could not keep up")
    return faults + [f"controller: {why}" for why in _reasons(found)]


def _reasons(found: dict[str, Any]) -> list[str]:
    """Names of faults, each with why it holds; an older core says names only."""
    details = found.get("fault_details", {})
    return [f"{name}: {details[name]}" if details.get(name) else name for name in found["faults"]]
