"""`edge-agent run`: the core, in the foreground; systemd starts it."""

from __future__ import annotations

import argparse

from edge_agent.commands import options


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "run", "Poll the detectors, judge, sign and keep (the core).", "edge-agent run --config ./edge-agent.toml"
    )
    options.config(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    import asyncio

    from edge_agent.doors.clock import RealClock
    from edge_agent.house.configuration import load
    from edge_agent.house.core import Core

    configuration = load(chosen.config)

    async def live() -> None:
        core = Core(configuration, RealClock())
        try:
            await core.open()
        except BaseException:
            await core.close()      # an open database keeps the process from ending
            raise
        await core.run()

    asyncio.run(live())
    return 0
