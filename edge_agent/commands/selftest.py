"""`edge-agent selftest`: does this installation work on this machine?"""

from __future__ import annotations

import argparse
import json

from edge_agent.commands import options
from edge_agent.words.language import mark, tr

REFUSED = 1
PARTS = (
    mark("kernel", about="part"), mark("signatures", about="part"), mark("database", about="part"),
    mark("drivers", about="part"), mark("profiles", about="part"),
)


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "selftest", "Try every part of this installation on this machine; nothing of the portal is touched.",
        "edge-agent selftest",
    )
    options.as_json(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.house import self_testing

    found = {}
    for part, wrong in self_testing.results():
        found[part] = wrong
        if not chosen.json:
            name = tr(part, about="part")
            print(tr("FAIL  {part}: {wrong}", part=name, wrong=wrong) if wrong else tr("ok    {part}", part=name), flush=True)
    if chosen.json:
        print(json.dumps({"parts": {part: {"ok": not wrong, "detail": wrong} for part, wrong in found.items()}}, indent=1))
    if any(found.values()) and not chosen.json:
        print(tr("This installation is not whole or not for this machine: install it again from its bundle (docs/install.md)."))
    return REFUSED if any(found.values()) else 0
