"""`edge-agent panel`: first aid: a lane stays open without a panel; what is lost is said and on record."""

from __future__ import annotations

import argparse

from edge_agent.commands import acting, options


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "panel", "Take a panel or tube out of every sum, or in again; what is lost is said and on record.",
        'edge-agent panel out 2 Aa1 --reason "noisy since the rain"\n'
        '  edge-agent panel in 2 Aa1 --reason "cable dried, source check good"',
    )
    ways = made.add_subparsers(dest="way", metavar="WAY", required=True)
    for way, text, why in (("out", "It is in no sum from now on.", "noisy since the rain"),
                           ("in", "It is in the sums again.", "source check good")):
        one = options.parser(ways, way, text, f'edge-agent panel {way} 2 Aa1 --reason "{why}"')
        one.add_argument("lane", help="name of the lane")
        one.add_argument("detectors", nargs="+", metavar="PANEL", help="names of panels or tubes")
        one.add_argument("--reason", required=True, help="why, for the record")
        acting.common(one)
        one.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    found = acting.ask(chosen, "panel", lane=chosen.lane, detectors=chosen.detectors, out=chosen.way == "out", text=chosen.reason)
    if chosen.json:
        return acting.as_json(found)
    print(f"lane {chosen.lane}: out by people now: {', '.join(found['out']) or 'none'}")
    if chosen.way == "out":
        loss = found["loss"].get("SUM")
        lost = f"A source must be {loss:.2f} times as strong to be seen." if loss else "NOTHING IS LEFT TO SEE WITH: close it."
        print(lost)
    return 0
