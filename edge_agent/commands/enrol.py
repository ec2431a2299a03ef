"""`edge-agent enrol`: makes this portal's keys and the file that enrols it at a centre."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from edge_agent.commands import options


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "enrol", "Make this portal's keys (once) and the file that enrols it at a centre.",
        "edge-agent enrol --out portal-QX-0042.json",
    )
    options.config(made)
    made.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to carry to the centre; no secret in it")
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.doors.files import write_whole
    from edge_agent.house import enrolment as house
    from edge_agent.house.configuration import load

    settings = load(chosen.config).settings
    enrolment = house.enrol(Path(settings.portal.state), settings.portal.origin)
    write_whole(chosen.out, json.dumps(enrolment, indent=1).encode() + b"\n")
    print(f"Log          {enrolment['origin']}")
    print(f"Enrolment    {chosen.out}   carry it to the centre: edge-agent center enrol DIR {chosen.out}")
    print(f"Fingerprint  {house.fingerprint(enrolment)}")
    print("Read the fingerprint to the centre over the telephone; both must see the same digits.")
    return 0
