"""The one thread that touches the database.  The loop never waits on disk; an append is never cancelled."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from edge_agent.center.desk import Desk
from edge_agent.words.errors import StorageError

T = TypeVar("T")
URGENT, BATCH, END = 0, 1, 2        # an express alarm does not queue behind other portals' backlogs
_Job = tuple[int, int, Callable[[Desk], Any], "asyncio.Future[Any]"]


class Writer:
    def __init__(self, open_desk: Callable[[], Desk]) -> None:
        self._open = open_desk
        self._desk: Desk | None = None
        self._thread = ThreadPoolExecutor(1, "center-writer")
        self._jobs: asyncio.PriorityQueue[_Job] = asyncio.PriorityQueue()
        self._order = itertools.count()
        self._task = asyncio.create_task(self._work())

    async def do(self, job: Callable[[Desk], T], priority: int = BATCH) -> T:
        """The job's result; once queued it runs to its end, whether or not anyone still waits."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait((priority, next(self._order), job, answer))
        return await answer

    async def close(self) -> None:
        """Finish what is queued, then close the database."""
        self._jobs.put_nowait((END, next(self._order), _nothing, asyncio.get_running_loop().create_future()))
        await self._task
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def _work(self) -> None:
        while True:
            priority, _, job, answer = await self._jobs.get()
            if priority == END:
                return
            try:
                result = await asyncio.get_running_loop().run_in_executor(self._thread, self._run, job)
            except Exception as problem:
                if not answer.done():
                    answer.set_exception(problem)
                continue
            if not answer.done():
                answer.set_result(result)

    def _run(self, job: Callable[[Desk], T]) -> T:
        try:
            if self._desk is None:
                self._desk = self._open()
            return job(self._desk)
        except sqlite3.Error as problem:
            self._close()           # after an error of the disk the handle is not trusted: the next job opens anew
            raise StorageError(f"the database refused: {problem}") from problem

    def _close(self) -> None:
        desk, self._desk = self._desk, None
        if desk is not None:
            desk.close()


def _nothing(_: Desk) -> None:
    """What the last job does."""
