"""`edge-agent trend`: how background, panel shares, neutrons and faults of a lane went, over hours to months."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.commands import options
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import tr, trn, worded

if TYPE_CHECKING:
    from edge_agent.hands.asking import Core

FINE = 240              # bins of a picture and of --json


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "trend", "How a lane went, minute by minute kept: background and share of each panel, neutrons, vehicles, faults.",
        "edge-agent trend\n  edge-agent trend 2 --hours 24\n  edge-agent trend 2 --days 90 --svg lane-2.svg\n"
        "  edge-agent trend 2 --days 7 --csv lane-2.csv\n"
        "Counts with a vehicle in the lane are left out. drift: how many points of the sum a panel's share gained from "
        "the first quarter of the time to the last.",
    )
    made.add_argument("lane", nargs="?", help="name of the lane (default: each in turn; --json: one object a line)")
    span = made.add_mutually_exclusive_group()
    span.add_argument("--hours", type=options.at_least_one, metavar="N", help="the last N hours (default 24)")
    span.add_argument("--days", type=options.at_least_one, metavar="N", help="the last N days")
    made.add_argument("--svg", type=Path, metavar="FILE", help="write a picture")
    made.add_argument("--csv", type=Path, metavar="FILE", help="write every minute as a table")
    options.config(made)
    options.as_json(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.hands.asking import Core
    from edge_agent.house.configuration import load

    settings = load(chosen.config).settings
    lanes = [chosen.lane] if chosen.lane else [lane.name for lane in settings.lane]
    if len(lanes) > 1 and (chosen.svg or chosen.csv):
        wanted = f"--svg {chosen.svg}" if chosen.svg else f"--csv {chosen.csv}"
        raise SettingsError(worded(
            "--svg and --csv are of one lane, there are {lanes}.\n  For example: edge-agent trend {lane} {wanted}",
            lanes=", ".join(lanes), lane=lanes[0], wanted=wanted))
    with Core(Path(settings.portal.sockets) / "control.sock") as core:
        for number, lane in enumerate(lanes):
            if number and not chosen.json:
                print()
            _show(chosen, core, lane)
    return 0


def _show(chosen: argparse.Namespace, core: Core, lane: str) -> None:
    from edge_agent.house import minutes_kept
    from edge_agent.tools import trend, trend_picture, trend_text

    span_s = (chosen.days or 0) * 86400 or (chosen.hours or 24) * 3600
    now_s = int(core.ask("minutes", lane=lane, begin_s=0, end_s=0)["now_s"])
    minutes, spoiled = minutes_kept.fetch(core, lane, now_s - span_s, now_s)
    if spoiled:
        print(trn("{n} damaged block of the history of lane {lane} is left out",
                  "{n} damaged blocks of the history of lane {lane} are left out", spoiled, lane=lane), file=sys.stderr)
    if chosen.csv is not None:
        _write(chosen.csv, _table(trend.rows(minutes)))
    if chosen.svg is not None:
        fine = trend.gather(minutes, now_s - span_s, now_s, FINE)
        _write(chosen.svg, trend_picture.draw(lane, fine, minutes_kept.when))
    if chosen.json:
        print(json.dumps(trend.plain(lane, trend.gather(minutes, now_s - span_s, now_s, FINE))))
        return
    marks = trend_text.BLOCKS if "utf" in (sys.stdout.encoding or "").lower() else trend_text.ASCII
    found = trend.gather(minutes, now_s - span_s, now_s, trend_text.SPARK)
    print("\n".join(trend_text.page(lane, found, minutes_kept.when, marks)))


def _table(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise SettingsError(worded(
            "cannot write {path}: {strerror}.\n  Is the path right, and may this account write it?",
            path=path, strerror=problem.strerror)) from None
    print(tr("{file}: written", file=path), file=sys.stderr)
