"""Minutes on the disk: seldom written, asked for while some are not yet, within the budget, first to go."""

from __future__ import annotations

import asyncio
import base64
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from edge_agent.hands.history import OLDEST, History
from edge_agent.judgement.minutes import Minutes
from edge_agent.paths import chronicle
from edge_agent.paths.chronicle import Chronicle
from edge_agent.paths.keeping import Keeping
from edge_agent.paths.lane import Lane
from edge_agent.tools import minute_block
from edge_agent.words.clock import Trust
from edge_agent.words.errors import SettingsError, StorageError
from edge_agent.words.minute import Minute
from tests.judgement.bench import Watched

NOW_S = 1_790_000_000


class HandClock:
    """Sleeps at once, as often as `minutes` says; then the sleeper waits for more."""

    def __init__(self) -> None:
        self.mono, self.minutes = 0, 0

    def mono_ns(self) -> int:
        return self.mono

    def wall_ns(self) -> int:
        return NOW_S * 10**9 + self.mono

    def trust(self) -> Trust:
        return Trust("ntp", 1)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        while self.minutes == 0:
            await asyncio.sleep(0.001)
        self.minutes, self.mono = self.minutes - 1, self.mono + round(seconds * 1e9)


class _Lane:
    def __init__(self, name: str) -> None:
        self.name, self.minutes = name, Minutes(Watched().portal)


class Bench:
    def __init__(self, history: History | None, lanes: tuple[str, ...] = ("1", "2")) -> None:
        self.clock, self.history = HandClock(), history
        self.keeping = Keeping(history, self.clock)
        self.chronicle = Chronicle([cast(Lane, _Lane(name)) for name in lanes], self.keeping, self.clock)
        self.task: asyncio.Task[None] | None = None

    async def pass_minutes(self, minutes: int) -> None:
        self.clock.minutes = minutes
        if self.task is None:
            self.task = asyncio.create_task(self.chronicle.run())
        while self.clock.minutes:
            await asyncio.sleep(0.001)
        for _ in range(50):                 # a write under way
            await asyncio.sleep(0.001)

    async def asked(self, lane: str = "1", **span: Any) -> list[Minute]:
        found: list[Minute] = []
        after = 0
        while True:
            answer = await self.chronicle.minutes({"lane": lane, "after": after, **span})
            found += [minute for block in answer["blocks"] for minute in minute_block.unpack(base64.b64decode(block))]
            if answer["next"] is None:
                return found
            after = answer["next"]

    async def end(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        await self.chronicle.finish()
        await self.keeping.close()


def run(path: Path, story: Callable[[Bench], Awaitable[None]], lanes: tuple[str, ...] = ("1", "2")) -> None:
    async def whole() -> None:
        bench = Bench(await History.open(path), lanes)
        try:
            await story(bench)
        finally:
            await bench.end()

    asyncio.run(whole())


def kept(path: Path) -> list[tuple[str, int]]:
    with sqlite3.connect(path) as database:
        rows = database.execute("SELECT lane, body FROM minutes ORDER BY id").fetchall()
    database.close()
    return [(lane, minute.begin_s) for lane, body in rows for minute in minute_block.unpack(body)]


def test_minutes_are_written_in_tens_and_asked_for_at_once(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.pass_minutes(9)
        assert kept(tmp_path / "h.db") == [], "nine minutes wait for the tenth: a card is written seldom"
        assert [minute.begin_s for minute in await bench.asked()] == [NOW_S + 60 * i for i in range(9)]
        await bench.pass_minutes(4)
        assert len(kept(tmp_path / "h.db")) == 20
        assert [minute.begin_s for minute in await bench.asked("2")] == [NOW_S + 60 * i for i in range(13)]

    run(tmp_path / "h.db", story)
    assert len(kept(tmp_path / "h.db")) == 2 * 14, "an orderly end writes the rest, and the minute under way"


def test_a_kill_costs_the_minutes_not_written_and_no_more(tmp_path: Path) -> None:
    async def killed() -> None:
        bench = Bench(await History.open(tmp_path / "h.db"))
        await bench.pass_minutes(25)
        assert bench.task is not None
        bench.task.cancel()
        await bench.keeping.close()         # the process is gone: nobody finishes

    asyncio.run(killed())
    assert len(kept(tmp_path / "h.db")) == 2 * 20

    async def story(bench: Bench) -> None:
        assert len(await bench.asked()) == 20

    run(tmp_path / "h.db", story)


def test_only_the_time_that_is_asked_for_is_given_in_as_many_answers_as_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chronicle, "BLOCKS_MAX", 3)

    async def story(bench: Bench) -> None:
        await bench.pass_minutes(125)
        assert [minute.begin_s for minute in await bench.asked()] == [NOW_S + 60 * i for i in range(125)]
        few = await bench.asked(begin_s=NOW_S + 3600, end_s=NOW_S + 3660)
        assert {NOW_S + 3600, NOW_S + 3660} <= {minute.begin_s for minute in few} and len(few) <= 10

    run(tmp_path / "h.db", story)


def test_beyond_the_budget_the_oldest_go(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        assert bench.history is not None
        bench.history.minutes.budget = 100 * 200
        for _ in range(30):
            await bench.pass_minutes(50)
        times = [begin_s for lane, begin_s in kept(tmp_path / "h.db") if lane == "1"]
        assert times == sorted(times) and times[-1] == NOW_S + 60 * 1499, "the newest stay"
        assert times[0] > NOW_S, "the oldest are gone"
        with sqlite3.connect(tmp_path / "h.db") as database:
            held, blocks = database.execute("SELECT sum(bytes), count(*) FROM minutes").fetchone()
        database.close()
        assert held <= bench.history.minutes.budget and blocks > 2 * OLDEST

    run(tmp_path / "h.db", story)


def test_without_a_disk_the_last_hours_are_held_and_written_once_there_is_room(tmp_path: Path) -> None:
    async def whole() -> None:
        bench = Bench(None)
        await bench.pass_minutes(300)
        held = await bench.asked()
        assert [held[0].begin_s, held[-1].begin_s] == [NOW_S + 60 * 60, NOW_S + 299 * 60]
        bench.keeping.resume(await History.open(tmp_path / "h.db"))
        await bench.pass_minutes(10)
        assert len(kept(tmp_path / "h.db")) == 2 * 240
        await bench.keeping.shed()
        assert not (tmp_path / "h.db").exists() and await bench.asked() == []
        await bench.pass_minutes(10)
        assert len(await bench.asked()) == 10
        await bench.end()

    asyncio.run(whole())


def test_a_disk_that_refuses_costs_no_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Bench) -> None:
        assert bench.history is not None
        real = bench.history.minutes.keep

        async def refuse(blocks: Any) -> None:
            raise StorageError("no space left")

        monkeypatch.setattr(bench.history.minutes, "keep", refuse)
        await bench.pass_minutes(20)
        assert len(await bench.asked()) == 20 and kept(tmp_path / "h.db") == []
        monkeypatch.setattr(bench.history.minutes, "keep", real)
        await bench.pass_minutes(10)
        assert len(kept(tmp_path / "h.db")) == 60

    run(tmp_path / "h.db", story)


@pytest.mark.parametrize("request_", [{}, {"lane": "9"}, {"lane": None}])
def test_an_unknown_lane_is_named_with_those_there_are(request_: dict[str, Any]) -> None:
    async def story() -> None:
        with pytest.raises(SettingsError, match="there are: 1, 2"):
            await Bench(None).chronicle.minutes(request_)

    asyncio.run(story())


def test_numbers_beyond_every_clock_are_taken_as_ever(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.pass_minutes(10)
        assert len(await bench.asked(begin_s=-10**30, end_s=10**30)) == 10
        with pytest.raises(ValueError):
            await bench.asked(begin_s="yesterday")

    run(tmp_path / "h.db", story)
