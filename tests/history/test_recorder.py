"""The wire of the last weeks: packed without loss, asked for while some is not written yet, under a budget, first to go."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.hands.history import History
from edge_agent.paths.keeping import Keeping
from edge_agent.paths.lane import Lane
from edge_agent.paths.recorder import STRETCH_BYTES, Recorder
from edge_agent.tools import wire_block
from edge_agent.tools.wire_block import About, Stretch
from edge_agent.words.errors import SettingsError, StorageError
from edge_agent.words.reading import Chunk

from .test_chronicle import NOW_S, HandClock

S = 10**9
ABOUT = About("rapiscan", "", 3, NOW_S * S, 7 * S)
LANE = cast(Lane, SimpleNamespace(name="1", portal=SimpleNamespace(lane=SimpleNamespace(driver="rapiscan", count_means=""))))
chunks = st.lists(st.tuples(st.integers(0, 10**15), st.binary(max_size=300)), max_size=40)


@given(chunks)
def test_what_came_comes_out_to_the_byte_and_the_nanosecond(found: list[tuple[int, bytes]]) -> None:
    stretch, at_ns, put = Stretch(ABOUT), ABOUT.start_ns, []
    for since_ns, data in found:
        at_ns += since_ns
        put.append(Chunk(at_ns, data))
        stretch.add(put[-1])
    assert wire_block.unpack(stretch.packed()) == (ABOUT, put)


@given(st.integers(0, 10**6), st.integers(0, 7))
def test_a_block_the_disk_spoiled_is_refused(at: int, bit: int) -> None:
    stretch = Stretch(ABOUT)
    for number in range(50):
        stretch.add(Chunk(ABOUT.start_ns + number * S, b"GS,000051,000051,000051,000051\r\n"))
    block = bytearray(stretch.packed())
    block[at % len(block)] ^= 1 << bit
    with contextlib.suppress(ValueError):
        assert wire_block.unpack(bytes(block)) == wire_block.unpack(stretch.packed())      # a bit zlib does not look at


class Bench:
    def __init__(self, history: History | None) -> None:
        self.clock, self.history = HandClock(), history
        self.keeping = Keeping(history, self.clock)
        self.recorder = Recorder([LANE], self.keeping, self.clock, 3)

    async def hear(self, count: int, size: int = 30) -> None:
        """A chunk a second, each told from every other."""
        for _ in range(count):
            self.clock.mono += S
            await self.recorder.take(LANE, Chunk(self.clock.mono, (b"%d " % (self.clock.mono // S)).ljust(size, b".")))

    async def seconds(self, **span: int) -> list[int]:
        """The seconds of what is kept, as the chunks themselves say."""
        found: list[int] = []
        after = 0
        while True:
            answer = await self.recorder.wire_blocks({"lane": "1", "after": after, **span})
            for block in answer["blocks"]:
                found += [int(chunk.data.split()[0]) for chunk in wire_block.unpack(base64.b64decode(block))[1]]
            if answer["next"] is None:
                return found
            after = answer["next"]


def run(path: Path, story: Callable[[Bench], Awaitable[None]], wire_bytes: int = 1 << 20) -> None:
    async def whole() -> None:
        bench = Bench(await History.open(path, wire_bytes))
        try:
            await story(bench)
        finally:
            await bench.keeping.close()

    asyncio.run(whole())


def test_all_of_it_can_be_asked_for_written_or_not(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.hear(600)
        await bench.recorder.write()
        await bench.hear(50)
        assert await bench.seconds() == list(range(1, 651))
        assert await bench.seconds(begin_s=NOW_S + 620) == list(range(601, 651)), "blocks whole: whoever asks cuts"
        await bench.recorder.write()
        assert await bench.seconds() == list(range(1, 651))

    run(tmp_path / "h.db", story)


def test_a_stretch_that_is_being_packed_is_not_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was neither under way nor waiting for the disk just then."""
    async def story(bench: Bench) -> None:
        await bench.hear(40)
        packed, going, go_on = bench.recorder._packed, asyncio.Event(), asyncio.Event()

        async def slowly(name: str, stretch: Stretch) -> Any:
            going.set()
            await go_on.wait()
            return await packed(name, stretch)

        monkeypatch.setattr(bench.recorder, "_packed", slowly)
        writing = asyncio.create_task(bench.recorder.write())
        await going.wait()
        asked = asyncio.create_task(bench.seconds())
        for _ in range(20):
            await asyncio.sleep(0)
        go_on.set()
        assert await asked == list(range(1, 41))
        await writing

    run(tmp_path / "h.db", story)


def test_it_is_there_after_a_start(tmp_path: Path) -> None:
    async def first(bench: Bench) -> None:
        await bench.hear(100)
        await bench.recorder.write()

    async def second(bench: Bench) -> None:
        assert await bench.seconds() == list(range(1, 101))

    run(tmp_path / "h.db", first)
    run(tmp_path / "h.db", second)


def test_a_busy_wire_is_packed_before_it_fills_memory(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.hear(3 * STRETCH_BYTES // 4000 + 1, size=4000)
        assert len(bench.recorder._pending["1"]) >= 2
        assert await bench.seconds() == list(range(1, 3 * STRETCH_BYTES // 4000 + 2))

    run(tmp_path / "h.db", story)


def test_the_oldest_go_and_the_budget_is_held(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        assert bench.history is not None
        for _ in range(200):
            await bench.hear(40)
            await bench.recorder.write()
        found = await bench.seconds()
        assert found == list(range(found[0], 8001)) and found[0] > 1
        rows = await bench.history._database.rows("SELECT sum(bytes) FROM wire")
        assert rows[0][0] <= 20_000

    run(tmp_path / "h.db", story, wire_bytes=20_000)


def test_a_budget_of_nothing_keeps_nothing(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.hear(40)
        await bench.recorder.write()
        assert await bench.seconds() == []

    run(tmp_path / "h.db", story, wire_bytes=0)


def test_what_the_disk_refuses_waits_and_is_kept_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Bench) -> None:
        assert bench.history is not None
        real = bench.history.wire.keep

        async def refuse(blocks: Any) -> None:
            raise StorageError("disk full")

        monkeypatch.setattr(bench.history.wire, "keep", refuse)
        await bench.hear(40)
        await bench.recorder.write()
        assert await bench.seconds() == list(range(1, 41))
        monkeypatch.setattr(bench.history.wire, "keep", real)
        await bench.recorder.write()
        assert not bench.recorder._pending["1"] and await bench.seconds() == list(range(1, 41))

    run(tmp_path / "h.db", story)


def test_no_lane_of_that_name_is_said() -> None:
    async def story() -> None:
        with pytest.raises(SettingsError, match="there are: 1"):
            await Bench(None).recorder.wire_blocks({"lane": "9"})

    asyncio.run(story())
