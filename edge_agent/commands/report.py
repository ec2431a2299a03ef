"""`edge-agent report`: what was found, done and measured at this post, as a page to print."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from edge_agent.commands import options

DAYS = 7


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "report", "A page to print: lanes, diagnosis, alarms, faults, repair work, source checks, handhelds' results.",
        "edge-agent report --out post.html\n  edge-agent report --days 30 --out month.html",
    )
    made.add_argument("--out", type=Path, required=True, metavar="FILE", help="HTML file to write")
    made.add_argument("--days", type=options.at_least_one, default=DAYS, help=f"how far back (default {DAYS})")
    options.config(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.doors.files import write_whole
    from edge_agent.hands.asking import Core
    from edge_agent.house import due, guide, minutes_kept
    from edge_agent.house.configuration import load
    from edge_agent.tools import diagnosis_text, report_page, upkeep
    from edge_agent.words.language import tr, trn

    since, configuration = datetime.now(UTC) - timedelta(days=chosen.days), load(chosen.config)
    with Core(Path(configuration.settings.portal.sockets) / "control.sock") as core:
        status = core.ask("status")
        records = _records(core, since)
        found = guide.of_status(status, guide.findings(chosen.config), history=lambda lane: minutes_kept.signs(core, lane))
    period = trn("{n} day to {end}", "{n} days to {end}", chosen.days, end=f"{datetime.now(UTC):%Y-%m-%d}")
    pages = {place: diagnosis_text.page(place, here) for place, here in found.items()}
    work = [upkeep.line(one) for one in due.of_status(configuration, status) if one.over_days >= 0]
    text = report_page.page(status["origin"], period, status, records, pages, work)
    write_whole(chosen.out, text.encode())
    alarms = sum(record["kind"] == "alarm" for record in records)
    print(tr("{file}: records {records}, alarms {alarms}; {period}.  Open it in a browser and print it",
             file=chosen.out, records=len(records), alarms=alarms, period=period))
    return 0


def _records(core: Any, since: datetime) -> list[dict[str, Any]]:
    """Payloads of what a report shows; heartbeats and passages of no interest stay in the log."""
    from edge_agent.tools import jws

    kept: list[dict[str, Any]] = []
    begin = 0
    while True:
        answer = core.ask("lines", **{"from": begin})
        for line in answer["lines"]:
            part = jws.take_apart(line.encode())
            wall = part.payload["t"]["wall"]
            if part.kind not in ("heartbeat", "occupancy") and (wall is None or wall >= since.strftime("%Y-%m-%dT%H:%M:%S")):
                kept.append({**part.payload, "kind": part.kind})
        begin = answer["from"] + len(answer["lines"])
        if begin >= answer["size"] or not answer["lines"]:
            return kept
