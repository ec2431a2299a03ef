"""`edge-agent replay`: runs a recording through decoder and detection again, with other settings if asked."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from edge_agent.commands import options
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import tr, trn, worded

UNREADABLE_MOST = 0.5       # of what came: beyond, it is another wire or another instrument, and most was not judged
FAULTS_SHOWN = 8            # on the page; --json has all


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "replay", "Run a recording, a daily file or a CSV of counts through the alarm rules again.",
        "edge-agent replay --set ksigma_n=8 recording.capture\n"
        "  edge-agent replay --sweep focus_threshold=4:8:0.25 counts.csv\n"
        "the format of a CSV: docs/replay.md",
    )
    made.add_argument("file", type=Path, help="recording of `edge-agent record`, bare listing, daily file, or CSV of counts")
    made.add_argument("--config", type=Path, metavar="FILE", help="judge with a site's own lane: its profile, model, settings")
    made.add_argument("--lane", metavar="NAME", help="which lane of it")
    made.add_argument("--module", type=Path, metavar="FILE",
                      help="where vehicles are told of by an I/O module: its recording of the same time")
    made.add_argument("--driver", help="portal family (default: as the recording says, else rapiscan)")
    made.add_argument("--profile", type=Path, metavar="FILE", help="profile file (default: the driver's shipped one)")
    made.add_argument("--model", type=Path, metavar="FILE", help="shadow model of the lane, as edge-agent learn wrote it")
    made.add_argument(
        "--geometry", action="append", default=[], metavar="PANEL=ALONG,ACROSS,HEIGHT",
        help="stand a panel of the model elsewhere, m",
    )
    made.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="another alarm setting; repeatable")
    made.add_argument("--continuous", action="store_true", help="judge as an instrument that is carried, driven or flown")
    made.add_argument(
        "--sweep", action=options.Once, metavar="KEY=FROM:TO:STEP", help="alarms against one setting; STEP may be xFACTOR"
    )
    made.add_argument(
        "--columns", action="append", default=[], metavar="THEIRS=OURS",
        help="what a column of a CSV is; - leaves it out; repeatable",
    )
    options.as_json(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.house import rejudging
    from edge_agent.paths import sweeping

    sweep = sweeping.read(chosen.sweep) if chosen.sweep else None
    if sweep and any(change.partition("=")[0].strip() == sweep[0] for change in chosen.set):
        raise SettingsError(worded(
            "--set {sweep} and --sweep {sweep}: the sweep sets it.\n  Leave --set {sweep} out.",
            sweep=sweep[0]))
    case = rejudging.prepare(_wanted(chosen), options.read_bytes(chosen.file))
    if sweep is None:
        summary = {**case.judge().plain(), "note": case.note}
        print(json.dumps(summary, indent=1) if chosen.json else "\n".join(_page(summary)))
        _refuse_unjudged(summary, str(chosen.file), case.driver is None)
        return 0
    key, values = sweep
    judged = {value: case.judge({key: value}) for value in values}
    found = list(sweeping.rows(key, values, judged.__getitem__))
    print(json.dumps(sweeping.plain(key, found), indent=1) if chosen.json else "\n".join(sweeping.table(key, found)))
    _refuse_unjudged(judged[values[-1]].plain(), str(chosen.file), case.driver is None)
    return 0


def _refuse_unjudged(summary: dict[str, Any], file: str, counts: bool) -> None:
    """No alarm means nothing where nothing was compared.  A recording of the wire without a vehicle is read for the wire."""
    try:
        _refuse_unreadable(summary, file)
        _refuse_blind(summary, file, counts)
    except SettingsError as problem:
        problem.answered = True
        raise


def _refuse_blind(summary: dict[str, Any], file: str, counts: bool) -> None:
    vehicles, blind = summary["occupancies"], summary["occupancies_unjudged"]
    if vehicles and blind == vehicles:
        what = "no vehicle could be judged"         # of an error: stays English
    elif counts and not summary["judged"]:
        what = "no count could be judged"           # of an error: stays English
    else:
        return
    if any(fault["condition"] == "blind" for fault in summary["faults"]):
        raise SettingsError(worded(
            "{file}: {what}: every gamma detector was out of service, so no alarm means nothing.\n"
            "  Look at the faults above: which panel counted nothing, and since when?",
            file=file, what=what))
    if summary["ends_in_vehicle"] and vehicles == 1:
        raise SettingsError(worded(
            "{file}: {what}: the file ends while it is in the lane, so no alarm means nothing.\n"
            "  Record until the lane is empty.",
            file=file, what=what))
    if summary["occupancies_half_seen"] == vehicles:
        raise SettingsError(worded(
            "{file}: {what}: most of their samples are missing, so no alarm means nothing.\n"
            "  A source may be in the holes: let the vehicle pass again, and look for what lost them (docs/diagnostics.md).",
            file=file, what=what))
    raise SettingsError(worded(
        "{file}: {what}: there was no background to compare with, so no alarm means nothing.\n"
        "  It needs some seconds of the empty lane (occupied 0) before the first vehicle, with counts above zero.",
        file=file, what=what))


def _refuse_unreadable(summary: dict[str, Any], file: str) -> None:
    came = sum(summary["records"].values()) + summary["unreadable"]
    if summary["unreadable"] > UNREADABLE_MOST * came:
        raise SettingsError(worded(
            "{file}: {summary} of {came} records could not be read, so no alarm means nothing.\n"
            "  Is it another instrument's (--driver, --profile)?  Else the line was disturbed: cable, speed, parity.",
            file=file, summary=summary["unreadable"], came=came))


def _wanted(chosen: argparse.Namespace) -> Any:
    from edge_agent.house.rejudging import Wanted

    if (chosen.config is None) != (chosen.lane is None):
        raise SettingsError(worded("--config FILE and --lane NAME belong together: which lane of which site."))
    if chosen.config and (chosen.driver or chosen.profile):
        raise SettingsError(worded(
            "--config names driver and profile already.\n  Leave --driver and --profile out, or --config."))
    return Wanted(
        str(chosen.file), chosen.config, chosen.lane, chosen.driver, chosen.profile, chosen.model,
        _pairs(chosen.geometry, "--geometry", "Aa1=0,-2.5,2.4"), list(chosen.set),
        _pairs(chosen.columns, "--columns", "counts=gamma"), chosen.continuous,
        (str(chosen.module), options.read_bytes(chosen.module)) if chosen.module else None,
    )


def _pairs(given: list[str], option: str, example: str) -> dict[str, str]:
    """NAME=VALUE options as a table."""
    parts = [text.partition("=") for text in given]
    bad = next((text for text, (name, equals, value) in zip(given, parts, strict=True) if not (name and equals and value)), None)
    if bad is not None:
        raise SettingsError(worded(
            "{option} {bad}: expected NAME=VALUE.\n  For example {option} {example}",
            option=option, bad=bad, example=example))
    names = [name for name, _, _ in parts]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(worded("{option} {twice} is given twice.\n  Give it once.", option=option, twice=twice))
    return {name: value for name, _, value in parts}


def _unjudged(summary: dict[str, Any]) -> str:
    """What no alarm means."""
    if summary["occupancies_unjudged"]:
        return tr("   ({blind} of {all} vehicles could not be judged)", blind=summary["occupancies_unjudged"],
                  all=summary["occupancies"])
    if not summary["judged"]:
        return tr("   (no count could be judged)")
    return "" if summary["occupancies"] else trn("   ({n} time a rule had a background to compare with)",
                                                 "   ({n} times a rule had a background to compare with)", summary["judged"])


def _page(summary: dict[str, Any]) -> list[str]:
    from edge_agent.tools import alarm_text

    lines = [
        tr("{seconds:.0f} s of wire, records {records}, unreadable {unreadable}", seconds=summary["seconds"],
           records=sum(summary["records"].values()), unreadable=summary["unreadable"]),
        tr("occupancies {all}, with an alarm of ours {ours}; the portal alarmed: gamma {gamma}, neutron {neutron}; "
           "with no vehicle there: {vacant}", all=summary["occupancies"], ours=summary["alarmed_occupancies"],
           gamma=summary["vendor_gamma_alarms"], neutron=summary["vendor_neutron_alarms"],
           vacant=summary["vendor_vacant_alarms"]),
        tr("tamper opened {opened}, closed {closed}", opened=summary["tamper_opened"], closed=summary["tamper_closed"]),
        *([tr(summary["note"])] if summary["note"] else []),
    ]
    begun = [fault for fault in summary["faults"] if fault["present"]]
    lines += [tr("  {at:9.1f} s  fault {condition}: {detail}", at=fault["at_s"], condition=fault["condition"],
                 detail=fault["detail"]) for fault in begun[:FAULTS_SHOWN]]
    if len(begun) > FAULTS_SHOWN:
        lines.append(trn("  and {n} fault more: --json", "  and {n} faults more: --json", len(begun) - FAULTS_SHOWN))
    lines.append(tr("our alarms: {alarms}{unjudged}", alarms=len(summary["alarms"]), unjudged=_unjudged(summary)))
    lines += [tr("  the file ends while a vehicle is in the lane: it was seen up to there")] if summary["ends_in_vehicle"] else []
    for alarm in summary["alarms"]:
        radiation = alarm_text.radiation(alarm)
        lines.append(f"  {alarm['at_s']:9.1f} s  {radiation:9} {alarm['rule']:18} {alarm_text.numbers(alarm)}")
        if meaning := "; ".join(filter(None, (alarm_text.where(alarm), alarm_text.sure(alarm)))):
            lines.append(f"{'':14}{meaning}")
    return lines
