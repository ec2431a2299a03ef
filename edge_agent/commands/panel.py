"""`edge-agent panel`: first aid: a lane stays open without a panel; what is lost is said and on record.  Which field is which."""

from __future__ import annotations

import argparse
import os

from edge_agent.commands import acting, options
from edge_agent.words.language import tr


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
    one = options.parser(ways, "name", "Hold a check source at each panel: the field that rises is that panel.",
                         'sudo edge-agent panel name 2 --by "R. Kazlauskas"')
    one.add_argument("lane", help="name of the lane; it must be empty")
    one.add_argument("--seconds", type=options.seconds, default=10.0, help="counting time at each (default 10)")
    acting.common(one)
    one.set_defaults(run=_name)


def _name(chosen: argparse.Namespace) -> int:
    """Under maintenance, so that the source is no smuggler; then the configuration is changed, and says so."""
    from edge_agent.doors.files import read_text, write_whole
    from edge_agent.house import asked, models, panel_naming
    from edge_agent.house.configuration import load
    from edge_agent.tools import lane_edit

    os.umask(0o022)         # whatever root's is: the core reads the configuration
    found = load(chosen.config)
    names = panel_naming.names_of(found, chosen.lane)
    with asked.under(found, acting.by(chosen), "maintenance", chosen.lane, panel_naming.REASON):
        order = panel_naming.name(found, chosen.lane, names, print, acting.enter, chosen.seconds)
    write_whole(chosen.config, lane_edit.with_panels(
        read_text(chosen.config, "the configuration"), chosen.lane, order).encode())    # of an error: stays English
    unusable = load(chosen.config).unusable.get(chosen.lane)
    print(tr("{file}: panels of lane {lane} are verified.  In force after: systemctl restart edge-agent", file=chosen.config,
             lane=chosen.lane))
    if unusable:        # it was learned with the panels as they were named before
        print(tr("the shadow model of lane {lane} cannot be used: {why}", lane=chosen.lane, why=unusable))
        print(tr(models.LEARN, lane=chosen.lane))
    return 0


def _run(chosen: argparse.Namespace) -> int:
    found = acting.ask(chosen, "panel", lane=chosen.lane, detectors=chosen.detectors, out=chosen.way == "out", text=chosen.reason)
    if chosen.json:
        return acting.as_json(found)
    out = ", ".join(found["out"]) or tr("none", about="panels")
    print(tr("lane {lane}: out by people now: {panels}", lane=chosen.lane, panels=out))
    if chosen.way == "out":
        loss = found["loss"].get("SUM")
        print(tr("A source must be {times:.2f} times as strong to be seen.", times=loss) if loss else
              tr("NOTHING IS LEFT TO SEE WITH: close it."))
    return 0
