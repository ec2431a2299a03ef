"""`edge-agent link`: the way to the centre, step by step; the first step that fails is where it breaks."""

from __future__ import annotations

import argparse
import dataclasses
import json
import textwrap

from edge_agent.commands import options
from edge_agent.words.language import mark, tr

WORDS = {True: mark("good", about="step"), False: mark("BAD", about="step"), None: mark("look", about="step")}
STEPS = (
    mark("name", about="way"), mark("connection", about="way"), mark("TLS", about="way"), mark("this portal", about="way"),
    mark("clock", about="way"), mark("log", about="way"), mark("receipt", about="way"), mark("records", about="way"),
)


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "link", "Try the way to the centre step by step: name, connection, TLS, certificates, clock, receipt.",
        "sudo -u edge-agent-uplink edge-agent link",
    )
    options.config(made)
    options.as_json(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.house.configuration import load
    from edge_agent.house.way_testing import steps
    from edge_agent.words.errors import PeerError

    found, wide = [], max(len(tr(word, about="step")) for word in WORDS.values())
    for step in steps(load(chosen.config)):
        found.append(step)
        if not chosen.json:
            print(textwrap.fill(
                step.found, 80, initial_indent=f"{tr(WORDS[step.good], about='step'):{wide}}  {tr(step.name, about='way'):12} ",
                subsequent_indent=" " * (wide + 15),
                break_on_hyphens=False,
            ), flush=True)
    good = all(step.good is not False for step in found)
    if chosen.json:
        print(json.dumps({"ok": good, "steps": [dataclasses.asdict(step) for step in found]}, indent=1))
    return 0 if good else PeerError.exit_code
