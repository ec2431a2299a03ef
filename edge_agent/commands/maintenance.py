"""`edge-agent maintenance`: repair work on a lane: its alarms are marked, what was swapped is on record."""

from __future__ import annotations

import argparse
from typing import Any

from edge_agent.commands import acting, options
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded

PART = "PART[:DETECTOR[:OLD:NEW]]"


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "maintenance", "Begin or end repair work on a lane: alarms between are marked, signed and sent like any other.",
        'edge-agent maintenance begin 2 --reason "Aa1 deaf"\n'
        '  edge-agent maintenance end 2 --done "divider swapped" --swapped divider:Aa1:D-1:D-9 --void Aa1',
    )
    phases = made.add_subparsers(dest="phase", metavar="PHASE", required=True)
    begin = options.parser(phases, "begin", "A test source is no smuggler from now on.",
                           'edge-agent maintenance begin 2 --reason "Aa1 deaf"')
    begin.add_argument("--reason", required=True, help="why, for the record")
    begin.add_argument("--minutes", type=options.at_least_one, help="it ends by itself then (default 240, at most a week)")
    end = options.parser(
        phases, "end", "The work is over: what was done, what was swapped.",
        'edge-agent maintenance end 2 --done "divider swapped" --swapped divider:Aa1:D-1:D-9 --void Aa1',
    )
    end.add_argument("--done", required=True, help="what was found and done")
    end.add_argument("--swapped", action="append", default=[], metavar=PART,
                     help="a part, its detector, old and new serial; repeatable")
    end.add_argument("--void", action="append", default=[], metavar="DETECTOR",
                     help="its baseline counts no more until it is checked with a source; repeatable")
    for phase in (begin, end):
        phase.add_argument("lane", help="name of the lane")
        acting.common(phase)
    begin.set_defaults(run=lambda chosen: acting.begin(chosen, "maintenance", chosen.lane))
    end.set_defaults(run=_end)


def _end(chosen: argparse.Namespace) -> int:
    swapped = [_part(text) for text in chosen.swapped]
    return acting.end(chosen, "maintenance", chosen.lane, {"done": chosen.done, "parts": swapped, "void": chosen.void})


def _part(text: str) -> dict[str, Any]:
    words = text.split(":")
    if len(words) not in (1, 2, 4) or not words[0]:
        raise SettingsError(worded("--swapped {text}: expected {part}.\n  For example divider:Aa1:D-1:D-9", text=text, part=PART))
    words += [""] * (4 - len(words))
    return dict(zip(("part", "detector", "old_serial", "new_serial"), (word or None for word in words), strict=True))
