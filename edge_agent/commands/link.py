"""`edge-agent link`: the way to the centre, step by step; the first step that fails is where it breaks."""

from __future__ import annotations

import argparse
import dataclasses
import json
import textwrap

from edge_agent.commands import options

WORDS = {True: "good", False: "BAD", None: "look"}


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

    found = []
    for step in steps(load(chosen.config)):
        found.append(step)
        if not chosen.json:
            print(textwrap.fill(
                step.found, 80, initial_indent=f"{WORDS[step.good]:4}  {step.name:12} ", subsequent_indent=" " * 19,
                break_on_hyphens=False,
            ), flush=True)
    good = all(step.good is not False for step in found)
    if chosen.json:
        print(json.dumps({"ok": good, "steps": [dataclasses.asdict(step) for step in found]}, indent=1))
    return 0 if good else PeerError.exit_code
