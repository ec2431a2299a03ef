"""`edge-agent relay`: re-serves the byte stream of lanes to an alarm station; systemd starts it."""

from __future__ import annotations

import argparse

from edge_agent.commands import options


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "relay", "Re-serve the portal's own bytes to an alarm station ([lane.relay]).",
        "edge-agent relay --config ./edge-agent.toml",
    )
    options.config(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.house import relay
    from edge_agent.house.configuration import load

    relay.run(load(chosen.config))
    return 0
