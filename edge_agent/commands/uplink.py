"""`edge-agent uplink`: delivers records to the centre; systemd starts it."""

from __future__ import annotations

import argparse

from edge_agent.commands import options


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "uplink", "Deliver records to the centre and bring back receipts.",
        "edge-agent uplink --config ./edge-agent.toml",
    )
    options.config(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.house import uplink
    from edge_agent.house.configuration import load

    uplink.run(load(chosen.config))
    return 0
