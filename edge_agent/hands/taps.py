"""Taps on a lane: whoever watches gets what passes, and loses when slow; the lane never waits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Generic, TypeVar

T = TypeVar("T")
HELD = 256              # items a watcher may be behind before it loses


class Tap(Generic[T]):
    """A bounded queue of one watcher."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[T] = asyncio.Queue(HELD)
        self.lost = 0


class Lagged(Exception):
    """A watcher was too slow, and what it would get next is not what came next."""


class Taps(Generic[T]):
    def __init__(self) -> None:
        self._taps: set[Tap[T]] = set()

    def put(self, item: T) -> None:
        for tap in self._taps:
            try:
                tap.queue.put_nowait(item)
            except asyncio.QueueFull:
                tap.lost += 1

    async def beating(self, idle_s: float) -> AsyncGenerator[T | None, None]:
        """Every item from now on, None where none came for `idle_s`; Lagged where one was lost."""
        tap: Tap[T] = Tap()
        self._taps.add(tap)
        try:
            while True:
                item: T | None = None
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(idle_s):
                        item = await tap.queue.get()
                if tap.lost:
                    raise Lagged
                yield item
        finally:
            self._taps.discard(tap)

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
