"""The queue before the ledger: order, nothing lost while the disk refuses, what finds no room is counted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.hands.ledger import Draft, Ledger
from edge_agent.paths.scribe import BATCH_MAX, QUEUE_MAX, RESERVE, Scribe
from edge_agent.tools import jws
from edge_agent.words.errors import StorageError
from tests.evidence.bench import Place, StillClock, T, lines_of

LESSER = QUEUE_MAX - RESERVE        # room for records that are not alarms


class Disk:
    """A ledger in memory that refuses as it is told."""

    origin, size = "log", 0

    def __init__(self, refusals: Sequence[bool] = ()) -> None:
        self.refusals, self.records = list(refusals), cast(list[Draft], [])
        self.batches: list[int] = []

    async def append(self, drafts: Sequence[Draft], moment: Mapping[str, Any]) -> int:
        await asyncio.sleep(0)
        if self.refusals and self.refusals.pop(0):
            raise StorageError("no space left on device")
        begin = len(self.records)
        self.records += drafts
        self.batches.append(len(drafts))
        return begin


def scribe_on(disk: Disk) -> Scribe:
    return Scribe(cast(Ledger, disk), StillClock(), lambda: T)


def numbers(disk: Disk) -> list[int | None]:
    return [body.get("n") for _, body in disk.records]


async def run_to_the_end(scribe: Scribe) -> None:
    task = asyncio.create_task(scribe.run())
    while scribe.queued:
        await asyncio.sleep(0)
    scribe.finish()
    await asyncio.wait_for(task, 10)


def test_drafts_are_written_in_the_order_they_came() -> None:
    disk = Disk()
    scribe = scribe_on(disk)
    for number in range(500):
        scribe.submit("fault", {"n": number})
    asyncio.run(run_to_the_end(scribe))
    assert numbers(disk) == list(range(500))


def test_a_batch_is_bounded() -> None:
    disk = Disk()
    scribe = scribe_on(disk)
    for number in range(500):
        scribe.submit("fault", {"n": number})
    asyncio.run(run_to_the_end(scribe))
    assert max(disk.batches) <= BATCH_MAX


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), max_size=20), st.lists(st.integers(0, 5), max_size=20))
def test_whatever_the_disk_refuses_every_draft_is_written_once_in_order(refusals: list[bool], bursts: list[int]) -> None:
    async def story() -> list[int]:
        disk = Disk(refusals)
        scribe = scribe_on(disk)
        task, number = asyncio.create_task(scribe.run()), 0
        for burst in bursts:
            for _ in range(burst):
                scribe.submit("fault", {"n": number})
                number += 1
            await asyncio.sleep(0)
        while scribe.queued:
            await asyncio.sleep(0)
        scribe.finish()
        await asyncio.wait_for(task, 10)
        return numbers(disk)

    assert asyncio.run(story()) == list(range(sum(bursts)))


def test_while_the_disk_refuses_it_says_why() -> None:
    async def story() -> str | None:
        scribe = scribe_on(Disk([True]))
        scribe.submit("fault", {"n": 0})
        await scribe.write_some()
        return scribe.trouble

    assert asyncio.run(story()) == "no space left on device"


def test_when_the_disk_takes_again_the_trouble_is_over() -> None:
    async def story() -> str | None:
        scribe = scribe_on(Disk([True]))
        scribe.submit("fault", {"n": 0})
        await scribe.write_some()
        await scribe.write_some()
        return scribe.trouble

    assert asyncio.run(story()) is None


def test_submitting_never_waits_for_the_disk() -> None:
    scribe = scribe_on(Disk([True] * 1000))
    for number in range(1000):
        scribe.submit("fault", {"n": number})
    assert scribe.queued == 1000


def test_what_finds_the_queue_full_is_counted() -> None:
    scribe = scribe_on(Disk())
    for number in range(LESSER + 7):
        scribe.submit("fault", {"n": number})
    assert (scribe.queued, scribe.overflowed) == (LESSER, 7)


def test_a_queue_full_of_lesser_records_still_takes_an_alarm() -> None:
    scribe = scribe_on(Disk())
    for number in range(QUEUE_MAX * 2):
        scribe.submit("fault", {"n": number})
    before = scribe.queued
    scribe.submit("alarm", {"n": 0})
    assert scribe.queued == before + 1


def test_a_full_queue_keeps_the_oldest_in_order() -> None:
    disk = Disk()
    scribe = scribe_on(disk)
    for number in range(LESSER + 7):
        scribe.submit("fault", {"n": number})
    asyncio.run(run_to_the_end(scribe))
    *kept, confession = numbers(disk)
    assert (kept, confession) == (list(range(LESSER)), None)     # the last says what was lost


def test_the_end_writes_what_is_queued() -> None:
    disk = Disk()

    async def story() -> None:
        scribe = scribe_on(disk)
        for number in range(200):
            scribe.submit("fault", {"n": number})
        scribe.finish()
        await asyncio.wait_for(scribe.run(), 10)

    asyncio.run(story())
    assert numbers(disk) == list(range(200))


def test_the_end_does_not_wait_for_a_disk_that_refuses_for_ever() -> None:
    async def story() -> None:
        scribe = scribe_on(Disk([True] * 100_000))
        scribe.submit("fault", {"n": 0})
        task = asyncio.create_task(scribe.run())
        await asyncio.sleep(0.01)
        scribe.finish()
        await asyncio.wait_for(task, 10)

    asyncio.run(story())


def test_the_newest_of_each_kind_is_known_by_its_seq() -> None:
    async def story() -> dict[str, int]:
        scribe = scribe_on(Disk())
        for kind in ("boot", "fault", "heartbeat", "fault"):
            scribe.submit(kind, {})
        await scribe.write_some()
        return scribe.newest

    assert asyncio.run(story()) == {"boot": 0, "fault": 3, "heartbeat": 2}


# --- on a real ledger

def written(place: Place) -> list[Any]:
    return [jws.take_apart(line).payload.get("n", "another") for line in lines_of(place.directory / "ledger.db")]


def write_all(place: Place, bodies: list[dict[str, Any]], rounds: int = 6) -> None:
    """What the scribe writes of these bodies, given a few rounds."""
    async def story() -> None:
        ledger = await place.open()
        scribe = Scribe(ledger, StillClock(), lambda: T)
        try:
            for body in bodies:
                scribe.submit("fault", body)
            for _ in range(rounds):
                await scribe.write_some()
        finally:
            await ledger.close()

    asyncio.run(story())


def test_records_reach_the_disk_in_order(tmp_path: Path) -> None:
    place = Place(tmp_path)
    write_all(place, [{"n": number} for number in range(150)])
    assert written(place) == list(range(150))


ODD = {
    "too long for a line": {"n": "odd", "pad": "x" * 70_000},
    "a number that is none": {"n": "odd", "value": float("nan")},
    "half a character": {"n": "odd", "detail": "\ud800"},
    "not JSON": {"n": "odd", "value": b"bytes"},
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_one_draft_that_can_never_be_a_record_does_not_block_those_after_it(tmp_path: Path, body: dict[str, Any]) -> None:
    place = Place(tmp_path)
    write_all(place, [{"n": 1}, body, {"n": 2}])
    assert [n for n in written(place) if isinstance(n, int)] == [1, 2]


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_one_draft_that_can_never_be_a_record_leaves_another_in_its_place(tmp_path: Path, body: dict[str, Any]) -> None:
    """Nothing vanishes without a record that says so."""
    place = Place(tmp_path)
    write_all(place, [{"n": 1}, body, {"n": 2}])
    assert written(place) == [1, "another", 2]


def test_an_integer_no_centre_would_read_is_never_signed(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with contextlib.suppress(ValueError):
        write_all(place, [{"n": 1, "value": 2**53}])
    for line in lines_of(place.directory / "ledger.db"):
        jws.take_apart(line)        # refuses what is beyond 2^53


def test_records_lost_from_a_full_queue_are_owned_up_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.paths.scribe.QUEUE_MAX", 4)
    monkeypatch.setattr("edge_agent.paths.scribe.RESERVE", 0)
    place = Place(tmp_path)
    write_all(place, [{"n": number} for number in range(7)])
    found = [jws.take_apart(line).payload for line in lines_of(place.directory / "ledger.db")]
    assert [body["numbers"]["lost"] for body in found if body.get("condition") == "queue-overflow"] == [3]
