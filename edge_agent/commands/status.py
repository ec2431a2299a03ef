"""`edge-agent status`: one screen of how everything stands."""

from __future__ import annotations

import argparse
import json
import textwrap
from pathlib import Path
from typing import Any

from edge_agent.commands import options
from edge_agent.tools import acts, commissioning, gravity, jws, officer_line, upkeep
from edge_agent.tools.times import local
from edge_agent.words.errors import NotAllowed, NotRunning
from edge_agent.words.language import joined, mark, tr, trn

OF_OFFICER = 500            # alarms looked through: of a vehicle that stands for an hour beside a lane that alarms all the time
OUT = mark("OUT")           # of a detector out of service; where its background is not known: --
LOST = {"dropped": mark("dropped"), "refused": mark("refused")}     # of a relay
LANE = (mark("unknown", about="lane"), mark("vacant", about="lane"), mark("occupied", about="lane"))
TAMPER = (mark("unknown", about="tamper"), mark("open", about="tamper"), mark("closed", about="tamper"))


def add(sub: options.Sub) -> None:
    made = options.parser(sub, "status", "One screen: lanes, counts, alarms, records, link, faults.", "edge-agent status")
    options.config(made)
    options.as_json(made)
    made.add_argument("--officer", action="store_true", help="one line for each lane: what alarmed, where to look, how long ago")
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.hands.asking import Core
    from edge_agent.house import due
    from edge_agent.house.configuration import load

    configuration = load(chosen.config)
    try:
        with Core(Path(configuration.settings.portal.sockets) / "control.sock") as core:
            found = core.ask("status")
            alarms = core.ask("alarms", last=OF_OFFICER)["lines"] if chosen.officer else []
    except NotRunning as problem:
        if chosen.officer and not chosen.json and not isinstance(problem, NotAllowed):
            print(officer_line.unwatched())         # a display shows what is on stdout, and the officer reads no computer's words
        raise
    if chosen.officer:
        told = officer_line.lines(found, [jws.take_apart(line.encode()).payload for line in alarms])
        print(json.dumps(told, indent=1) if chosen.json else "\n".join(told))
    elif chosen.json:
        print(json.dumps(found, indent=1))
    else:
        print("\n".join([*page(found), *left_open(found), *_due(due.of_status(configuration, found))]))
    return 1 if _faults(found) else 0


def page(found: dict[str, Any]) -> list[str]:
    """The screen, at most 80 columns."""
    log, now = found["log"], found["now"]
    lines = [
        f"edge-agent {found['agent']}   {found['origin']}",
        tr("clock {wall} ({src})   start {boot}, up {up}   disk {free_mb} MB", wall=local(now["wall"]), src=now["src"],
           boot=found["boot"], up=_duration(found["uptime_s"]), free_mb=found["free_mb"]),
        tr("records {size}, receipted {receipted}, waiting {waiting}", size=log["size"], receipted=log["receipted"],
           waiting=log["unreceipted"]),
        tr("centre {name}", name=found["centre"] or tr("none: records are kept and not sent")),
    ]
    lines = [short for line in lines for short in textwrap.wrap(line, 80, subsequent_indent="   ")]
    lines += [_relay(name, relay) for name, relay in found.get("relays", {}).items()]
    if found.get("position"):
        lines.append(_position(found["position"]))
    for act in found.get("acts", []):
        lines += ["", *textwrap.wrap(acts.line(act), 80, subsequent_indent="   ")]
    for name, lane in found["lanes"].items():
        lines += ["", *(short for line in _lane(name, lane) for short in textwrap.wrap(line, 80, subsequent_indent="      "))]
    faults = _faults(found)
    return [*lines, "", *(line for fault in faults for line in _wrapped(fault))] if faults else [*lines, "", tr("no fault")]


def left_open(found: dict[str, Any]) -> list[str]:
    """What a lane's last commissioning did not check or found bad; nothing of an older core, which does not tell."""
    lines = (tr("lane {lane}: commissioning not complete: {steps}.  edge-agent commission {lane}", lane=lane,
                steps=commissioning.named(steps)) for lane, steps in found.get("upkeep", {}).get("open", {}).items())
    return [short for line in lines for short in textwrap.wrap(line, 80, subsequent_indent="   ", break_on_hyphens=False)]


def _due(held: list[upkeep.Due]) -> list[str]:
    """What a person has to do at the lanes, in one line: edge-agent upkeep list has the rest."""
    over = [one for one in held if one.over_days >= 0]
    if not over:
        return []
    line = trn("due: {n} task of upkeep, first {first}.  edge-agent upkeep list",
               "due: {n} tasks of upkeep, first {first}.  edge-agent upkeep list", len(over),
               first=tr("{task} of lane {lane}", task=over[0].task.id, lane=over[0].lane))
    return textwrap.wrap(line, 80, subsequent_indent="   ", break_on_hyphens=False)


def _relay(lane: str, relay: dict[str, Any]) -> str:
    if not relay["running"]:
        return tr("relay of lane {lane}: NOT RUNNING", lane=lane)
    lost = "".join(f", {relay[name]} {tr(word)}" for name, word in LOST.items() if relay.get(name))
    return trn("relay of lane {lane}: {n} listening{lost}", "relay of lane {lane}: {n} listening{lost}", relay.get("now", 0),
               lane=lane, lost=lost)


def _position(place: dict[str, Any]) -> str:
    if place["fix"] == "none":
        if (last := place.get("last")) is None:
            return tr("position UNKNOWN")
        return tr("position UNKNOWN; the last, {latitude:.5f} {longitude:.5f}, is {age:.0f} s old", latitude=last["latitude"],
                  longitude=last["longitude"], age=last["age_s"])
    return tr("position {latitude:.5f} {longitude:.5f}, {age:.0f} s ago", latitude=place["latitude"],
              longitude=place["longitude"], age=place["age_s"])


def _wrapped(fault: str) -> list[str]:
    return textwrap.wrap(fault, 80, initial_indent="!! ", subsequent_indent="   ", break_on_hyphens=False)


def _lane(name: str, lane: dict[str, Any]) -> list[str]:
    heard = tr("never heard") if lane["heard_s"] is None else tr("heard {age:.1f} s ago", age=lane["heard_s"])
    out = tr("   WITHOUT {panels}", panels=", ".join(lane["out_of_service"])) if lane["out_of_service"] else ""
    armed = tr("armed") if lane["armed"] else tr("NOT ARMED: {why}", why=_unarmed(lane))
    counts = lane["counts"]
    alarms = ", ".join(f"{rule} {count}" for rule, count in sorted(counts["alarms"].items())) or tr("none", about="alarms")
    verified = "" if lane["panels_verified"] else tr("   panels unverified")
    tamper = tr("tamper {state}", state=tr(lane["tamper"], about="tamper"))
    return [
        tr("lane {name}  {link}", name=name, link=lane["link"]),
        f"   {tr(lane['state'], about='lane').upper()}   {heard}   {armed}   {tamper}{verified}",
        *([out] if out else []),
        tr("   occupancies {count}   alarms since start: {alarms}", count=counts["occupancies"], alarms=alarms),
        tr("   shadow test {how}", how=_shadow(lane["shadow"], counts["occupancies"])),
        *_backgrounds(lane["detectors"]),
        *_dose(lane.get("dose_rate")),
    ]


def _unarmed(lane: dict[str, Any]) -> str:
    if "blind" in lane["faults"]:
        return tr("every panel is out of service")
    faults = set(lane["faults"])
    unheard = faults & {"silence", "link", "gamma-silence"} or (lane["heard_s"] is None and "unreadable" in faults)
    return tr("nothing is heard") if unheard else tr("too little background yet")


def _dose(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    error = "" if found["error_pct"] is None else f" +- {found['error_pct']:g} %"
    return [tr("   dose rate  {value:g} {unit}{error}, {age:.0f} s ago", value=found["value"], unit=found["unit"], error=error,
               age=found["age_s"])]


def _shadow(found: dict[str, Any], occupancies: int) -> str:
    if found["off"]:
        return tr("off: {why}", why=tr(found["off"]))
    return tr("on; silent about {silent} of {all} (no speed, a stop, a gap)", silent=found["silent"], all=occupancies) if (
        found["silent"]) else tr("on")


def _backgrounds(detectors: dict[str, Any]) -> list[str]:
    """Counts/s per detector, a few to a line; what is not known now is never shown as a number."""
    shown = {name: f"{found['bkg']:.1f}" if found["state"] == "ok" else tr(OUT) if found["state"] == "out" else "--"
             for name, found in detectors.items()}
    cells = [f"{name:>5} {found:>7}" for name, found in shown.items()]
    return [tr("   background {cells}", cells="  ".join(cells[at : at + 4])) for at in range(0, len(cells), 4)]


def _duration(seconds: int) -> str:
    days, rest = divmod(seconds, 86400)
    hours, minutes = divmod(rest // 60, 60)
    if days:
        return tr("{days} d {hours} h", days=days, hours=hours)
    return tr("{hours} h {minutes} min", hours=hours, minutes=minutes) if hours else tr("{minutes} min", minutes=minutes)


def _faults(found: dict[str, Any]) -> list[str]:
    """A line each, of all lanes and the controller together, the gravest first."""
    faults = [(gravity.rank(fault), tr("lane {name}: {why}", name=name, why=why))
              for name, lane in found["lanes"].items() for fault, why in _reasons(lane)]
    if found["storage"]:
        faults.append((gravity.rank("storage"), trn(
            "STORAGE: {trouble}; {n} record waits in memory", "STORAGE: {trouble}; {n} records wait in memory",
            found["queued"], trouble=found["storage"])))
    if found["overflowed"]:
        faults.append((gravity.rank("queue-overflow"), trn(
            "controller: {n} record lost since start: the ledger could not keep up",
            "controller: {n} records lost since start: the ledger could not keep up", found["overflowed"])))
    faults += [(gravity.rank(fault), tr("controller: {why}", why=why)) for fault, why in _reasons(found)]
    return [line for _, line in sorted(faults, key=lambda one: one[0])]


def _reasons(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Each fault with its name and why it holds; an older core says names only."""
    details = found.get("fault_details", {})
    return [(name, joined(": ", (name, details[name])) if details.get(name) else name)
            for name in gravity.ordered(found["faults"])]
