"""The wire's mailbox: news, silence, and a cancel that meets news."""

from __future__ import annotations

import asyncio

import pytest

from edge_agent.doors.clock import RealClock
from edge_agent.hands.links.mailbox import Mailbox


async def _ends(turns: int) -> bool:
    """Whether a lane that listens for ever ends when it is cancelled so many turns of the loop after news came."""
    box = Mailbox(RealClock())

    async def lane() -> None:
        while True:
            await box.next(60.0)

    running = asyncio.create_task(lane())
    await asyncio.sleep(0.01)           # it waits
    box.put(b"GS,000051\r\n")
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    done, _ = await asyncio.wait([running], timeout=5.0)
    ended = bool(done)
    while not running.done():
        running.cancel()
        await asyncio.sleep(0)
    return ended


@pytest.mark.parametrize("turns", range(5))
def test_a_cancel_is_never_lost_to_news_of_the_same_moment(turns: int) -> None:
    """A lane that missed its one cancel went on for ever, and SIGTERM with it."""
    assert asyncio.run(_ends(turns))


def test_silence_is_none_and_what_came_is_kept() -> None:
    async def run() -> None:
        box = Mailbox(RealClock())
        assert await box.next(0.001) is None
        box.put(b"x")
        found = await box.next(0.001)
        assert found is not None and found.data == b"x"

    asyncio.run(run())
