"""The relay process: every lane with a [lane.relay], each beside the others, as long as the service runs."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
from functools import partial
from pathlib import Path
from typing import Any

from edge_agent.doors.systemd import notify, watchdog_period_s
from edge_agent.hands.following import ask, follow
from edge_agent.house.configuration import Configuration
from edge_agent.paths.relay import Relay
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded

log = logging.getLogger("edge_agent.relay")


def run(configuration: Configuration) -> None:
    """Until a signal; SettingsError where no lane has a relay."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    settings = configuration.settings
    socket = Path(settings.portal.sockets) / "wire.sock"
    relays = [
        Relay(lane.name, lane.relay, partial(follow, socket, "feed", lane=lane.name),
              lambda told, name=lane.name: _tell(socket, name, told))  # type: ignore[misc]
        for lane in settings.lane if lane.relay is not None
    ]
    if not relays:
        raise SettingsError(worded(
            "{path}: no lane has a relay.\n  Add [lane.relay] to one (docs/relay.md)",
            path=configuration.path))
    asyncio.run(_run(relays))


async def _tell(socket: Path, lane: str, told: dict[str, Any]) -> None:
    await ask(socket, "listeners", lane=lane, **told)


async def _run(relays: list[Relay]) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(relay.run(), name=f"relay {relay.lane}") for relay in relays]
    beat = asyncio.create_task(_beat())
    notify("READY=1")
    ended = asyncio.create_task(stop.wait())
    await asyncio.wait([ended, *tasks], return_when=asyncio.FIRST_COMPLETED)
    notify("STOPPING=1")
    failed = [task for task in tasks if task.done()]
    for task in [*tasks, beat]:
        task.cancel()
    await asyncio.gather(*tasks, beat, return_exceptions=True)
    for task in failed:
        task.result()


async def _beat() -> None:
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(watchdog_period_s() or 10.0)
