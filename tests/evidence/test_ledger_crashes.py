"""The disk refuses, or the power goes, at every step of an append: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.doors.sqlite import Database
from edge_agent.hands.keys import RecordKeys
from edge_agent.hands.ledger import Draft, Ledger
from edge_agent.tools import jws
from edge_agent.tools.verify import verify_log
from edge_agent.words.errors import StorageError

from .bench import Place, T, files_holding, lines_of

POINTS = ("stage before", "stage after", "write before", "write after", "retire before", "retire after")


class Fate:
    """Raises at one point of the next appends, `times` times."""

    def __init__(self) -> None:
        self.point, self.times = "", 0

    def at(self, point: str) -> None:
        if point == self.point and self.times:
            self.times -= 1
            raise StorageError(f"the disk refuses: {point}")


class FatefulKeys(RecordKeys):
    def __init__(self, path: Path, fate: Fate) -> None:
        super().__init__(path)
        self._fate = fate

    def stage(self, seq: int, seed: bytes, keep_seq: int | None) -> None:
        self._fate.at("stage before")
        super().stage(seq, seed, keep_seq)
        self._fate.at("stage after")

    def retire(self, keep_seq: int) -> None:
        self._fate.at("retire before")
        super().retire(keep_seq)
        self._fate.at("retire after")


def curse(ledger: Ledger, fate: Fate) -> None:
    """Let the transactions of this ledger fail where fate says."""
    database: Database = ledger._database
    write = database.write

    async def fateful(statements: Any) -> None:
        fate.at("write before")
        await write(statements)
        fate.at("write after")

    database.write = fateful  # type: ignore[method-assign]


def drafts(first: int, count: int) -> list[Draft]:
    return [("fault", {"n": number}) for number in range(first, first + count)]


def found(place: Place) -> list[int]:
    return [jws.take_apart(line).payload["n"] for line in lines_of(place.directory / "ledger.db")]


async def insist(ledger: Ledger, batch: list[Draft]) -> int:
    """What the scribe does: the same drafts again until they are taken."""
    for _ in range(20):
        try:
            return await ledger.append(batch, T)
        except StorageError:
            continue
    raise AssertionError("never taken")


async def with_trouble(place: Place, point: str, times: int) -> Ledger:
    """A ledger of three records whose next append meets trouble."""
    fate = Fate()
    ledger = await place.open(FatefulKeys(place.directory / "record.key", fate))
    curse(ledger, fate)
    await ledger.append(drafts(0, 3), T)
    fate.point, fate.times = point, times
    return ledger


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("point", POINTS)
def test_the_same_drafts_again_are_written_once(place: Place, point: str, times: int) -> None:
    async def story() -> None:
        ledger = await with_trouble(place, point, times)
        await insist(ledger, drafts(3, 2))
        await insist(ledger, drafts(5, 1))
        await ledger.close()

    asyncio.run(story())
    assert found(place) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("point", POINTS)
def test_append_after_trouble_says_where_the_drafts_are(place: Place, point: str, times: int) -> None:
    async def story() -> int:
        ledger = await with_trouble(place, point, times)
        begin = await insist(ledger, drafts(3, 2))
        await ledger.close()
        return begin

    assert asyncio.run(story()) == 3


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("point", POINTS)
def test_the_chain_is_whole_and_used_keys_are_gone_after_trouble(place: Place, point: str, times: int) -> None:
    async def story() -> None:
        ledger = await with_trouble(place, point, times)
        await insist(ledger, drafts(3, 2))
        await insist(ledger, drafts(5, 1))
        await ledger.close()

    asyncio.run(story())
    left = {name for seed in place.seeds[:-1] for name in files_holding(place.directory, seed)}
    assert (verify_log(lines_of(place.directory / "ledger.db"), place.first_key).problems, left) == ([], set())


@pytest.mark.parametrize("point", POINTS)
def test_a_power_cut_loses_nothing_that_was_acknowledged(place: Place, point: str) -> None:
    """The process ends at the point; a new one opens the same files."""
    async def until_the_cut() -> None:
        ledger = await with_trouble(place, point, 1)
        with pytest.raises(StorageError):
            await ledger.append(drafts(3, 2), T)
        await ledger._database.close()

    async def new_process() -> None:
        ledger = await place.open()
        await ledger.append(drafts(100, 1), T)
        await ledger.close()

    asyncio.run(until_the_cut())
    asyncio.run(new_process())
    assert found(place) in ([0, 1, 2, 100], [0, 1, 2, 3, 4, 100])


@pytest.mark.parametrize("point", POINTS)
def test_the_chain_is_whole_and_used_keys_are_gone_after_a_power_cut(place: Place, point: str) -> None:
    async def until_the_cut() -> None:
        ledger = await with_trouble(place, point, 1)
        with pytest.raises(StorageError):
            await ledger.append(drafts(3, 2), T)
        await ledger._database.close()

    async def new_process() -> None:
        await (await place.open()).close()

    asyncio.run(until_the_cut())
    asyncio.run(new_process())
    lines = lines_of(place.directory / "ledger.db")
    due = jws.next_key(jws.take_apart(lines[-1]).payload)
    used = [seed for seed in place.seeds if place.keys.find(due) != seed]
    left = {name for seed in used for name in files_holding(place.directory, seed)}
    assert (verify_log(lines, place.first_key).problems, left) == ([], set())


@pytest.mark.parametrize("point", POINTS)
def test_trouble_while_the_head_is_read_again_does_not_double_a_record(place: Place, point: str) -> None:
    """The disk refuses the commit although it landed, then refuses the wiping of the key at the re-read too."""
    async def story() -> None:
        ledger = await with_trouble(place, "write after", 1)
        fate = ledger._keys._fate  # type: ignore[attr-defined]
        with pytest.raises(StorageError):
            await ledger.append(drafts(3, 2), T)
        fate.point, fate.times = point, 2
        await insist(ledger, drafts(3, 2))
        await ledger.close()

    asyncio.run(story())
    assert found(place) == [0, 1, 2, 3, 4]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(POINTS), st.integers(0, 3), st.integers(1, 4)), min_size=1, max_size=6))
def test_any_run_of_troubles_leaves_every_draft_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, troubles: list[tuple[str, int, int]]
) -> None:
    place = Place(tmp_path_factory.mktemp("ledger"))
    expected = [0, 1, 2]

    async def story() -> None:
        ledger = await with_trouble(place, "", 0)
        fate = ledger._keys._fate  # type: ignore[attr-defined]
        for point, times, count in troubles:
            fate.point, fate.times = point, times
            batch = drafts(expected[-1] + 1, count)
            expected.extend(range(expected[-1] + 1, expected[-1] + 1 + count))
            await insist(ledger, batch)
        await ledger.close()

    asyncio.run(story())
    assert found(place) == expected
    assert verify_log(lines_of(place.directory / "ledger.db"), place.first_key).whole
