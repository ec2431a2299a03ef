"""Taps on a lane: whoever watches gets what passes, and loses when slow; the lane never waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Generic, TypeVar

T = TypeVar("T")
HELD = 256              # items a watcher may be behind before it loses


class Tap(Generic[T]):
    """A bounded queue of one watcher."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[T] = asyncio.Queue(HELD)
        self.lost = 0


class Taps(Generic[T]):
    def __init__(self) -> None:
        self._taps: set[Tap[T]] = set()

    def put(self, item: T) -> None:
        for tap in self._taps:
            try:
                tap.queue.put_nowait(item)
            except asyncio.QueueFull:
                tap.lost += 1

    async def follow(self, seconds: float | None = None) -> AsyncGenerator[T, None]:
        """Items from now on, until the watcher stops asking or the time is over."""
        tap: Tap[T] = Tap()
        self._taps.add(tap)
        ends = None if seconds is None else asyncio.get_running_loop().time() + seconds
        try:
            while True:
                async with asyncio.timeout_at(ends):
                    item = await tap.queue.get()
                yield item
        except TimeoutError:
            return
        finally:
            self._taps.discard(tap)
