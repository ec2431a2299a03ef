"""The ledger on a real disk: what was acknowledged is there, once, whole, and its keys are gone."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge_agent.doors.files import hold
from edge_agent.hands.keys import SLOT_BYTES, LogKey, RecordKeys, new_seed
from edge_agent.hands.ledger import Draft
from edge_agent.tools import jws
from edge_agent.tools.base64url import encode
from edge_agent.tools.merkle import Tree
from edge_agent.tools.verify import verify_log
from edge_agent.words.errors import BusyError, EvidenceError, StorageError

from .bench import ORIGIN, Place, T, files_holding, lines_of


def drafts(*numbers: int) -> list[Draft]:
    return [("fault", {"n": number}) for number in numbers]


def numbers_in(place: Place) -> list[int]:
    return [jws.take_apart(line).payload["n"] for line in lines_of(place.directory / "ledger.db")]


def problems(place: Place) -> list[str]:
    return verify_log(lines_of(place.directory / "ledger.db"), place.first_key).problems


async def write(place: Place, *batches: list[Draft], keys: Any = None) -> None:
    ledger = await place.open(keys)
    try:
        for batch in batches:
            await ledger.append(batch, T)
    finally:
        await ledger.close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_was_appended_is_there_after_reopening(place: Place) -> None:
    asyncio.run(write(place, drafts(0, 1, 2), drafts(3)))
    asyncio.run(write(place, drafts(4)))
    assert (numbers_in(place), problems(place)) == ([0, 1, 2, 3, 4], [])


def test_append_says_the_seq_of_the_first_draft(place: Place) -> None:
    async def story() -> list[int]:
        ledger = await place.open()
        found = [await ledger.append(drafts(0, 1, 2), T), await ledger.append(drafts(3), T), await ledger.append(drafts(4), T)]
        await ledger.close()
        return found

    assert asyncio.run(story()) == [0, 3, 4]


def test_a_long_log_goes_on_after_reopening(place: Place) -> None:
    """Longer than what is verified at start."""
    asyncio.run(write(place, *(drafts(*range(i, i + 50)) for i in range(0, 600, 50))))
    asyncio.run(write(place, drafts(600)))
    assert (len(numbers_in(place)), problems(place)) == (601, [])


def test_roots_of_the_ledger_are_those_of_its_lines(place: Place) -> None:
    from edge_agent.tools import merkle

    async def story() -> list[bytes]:
        ledger = await place.open()
        roots = []
        for number in range(37):
            await ledger.append(drafts(number), T)
            roots.append(await ledger.tree(lambda node: merkle.root(ledger.size, node)))
        await ledger.close()
        return roots

    roots = asyncio.run(story())
    tree, expected = Tree(), []
    for line in lines_of(place.directory / "ledger.db"):
        tree.add(line)
        expected.append(tree.root())
    assert roots == expected


def test_a_heartbeat_signs_the_tree_before_it_also_inside_a_batch(place: Place) -> None:
    asyncio.run(write(place, [*drafts(0, 1), ("heartbeat", {}), *drafts(3), ("heartbeat", {})]))
    lines = lines_of(place.directory / "ledger.db")
    tree = Tree()
    for line in lines[:4]:
        tree.add(line)
    assert jws.take_apart(lines[4]).payload["tree"] == {"size": 4, "root": encode(tree.root())}


def test_a_key_file_of_another_log_is_refused(place: Place, tmp_path: Path) -> None:
    other = RecordKeys(tmp_path / "other.key")
    other.create()
    with pytest.raises(EvidenceError, match="not in the key file"):
        asyncio.run(write(place, drafts(0), keys=other))


def test_a_missing_key_file_is_a_storage_error(place: Place) -> None:
    (place.directory / "record.key").unlink()
    with pytest.raises(StorageError, match="record key"):
        asyncio.run(write(place, drafts(0)))


@pytest.mark.parametrize("at", [0, 9, 20, 50, 79])
def test_with_both_slots_damaged_the_log_cannot_go_on(place: Place, at: int) -> None:
    asyncio.run(write(place, drafts(0)))
    path = place.directory / "record.key"
    data = bytearray(path.read_bytes())
    for slot in (0, 1):
        data[slot * SLOT_BYTES + at] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(EvidenceError, match="not in the key file"):
        asyncio.run(write(place, drafts(1)))


@pytest.mark.parametrize("size", [0, 10, SLOT_BYTES - 1])
def test_a_key_file_cut_short_never_crashes_the_start(place: Place, size: int) -> None:
    asyncio.run(write(place, drafts(0), drafts(1)))
    path = place.directory / "record.key"
    path.write_bytes(path.read_bytes()[:size])
    try:
        asyncio.run(write(place, drafts(2)))
    except EvidenceError:
        return
    assert problems(place) == []


def test_the_key_file_is_for_its_owner_alone(place: Place) -> None:
    assert (place.directory / "record.key").stat().st_mode & 0o777 == 0o600


def test_a_private_key_is_never_written_over_an_old_file(tmp_path: Path) -> None:
    LogKey.create(tmp_path / "log.key")
    with pytest.raises(StorageError):
        LogKey.create(tmp_path / "log.key")


def test_a_damaged_log_key_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "log.key").write_bytes(b"short")
    with pytest.raises(StorageError, match="damaged"):
        LogKey(tmp_path / "log.key")


def test_a_changed_record_near_the_end_stops_the_start(place: Place) -> None:
    asyncio.run(write(place, drafts(*range(20))))
    with sqlite3.connect(place.directory / "ledger.db") as database:
        line = bytearray(database.execute("SELECT line FROM record WHERE seq = 12").fetchone()[0])
        line[200] ^= 1
        database.execute("UPDATE record SET line = ? WHERE seq = 12", (bytes(line),))
    with pytest.raises(EvidenceError, match="record 12"):
        asyncio.run(write(place, drafts(20)))


def test_a_missing_last_record_stops_the_start(place: Place) -> None:
    asyncio.run(write(place, drafts(*range(5))))
    with sqlite3.connect(place.directory / "ledger.db") as database:
        database.execute("DELETE FROM record WHERE seq = 4")
    with pytest.raises(EvidenceError, match="not in the key file"):
        asyncio.run(write(place, drafts(5)))


def test_a_record_missing_in_the_middle_stops_the_start(place: Place) -> None:
    asyncio.run(write(place, drafts(*range(9))))
    with sqlite3.connect(place.directory / "ledger.db") as database:
        database.execute("DELETE FROM record WHERE seq = 4")
    with pytest.raises(EvidenceError):
        asyncio.run(write(place, drafts(9)))


@pytest.mark.parametrize("data", [b"not a database" * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_a_storage_error(place: Place, data: bytes) -> None:
    (place.directory / "ledger.db").write_bytes(data)
    with pytest.raises(StorageError):
        asyncio.run(write(place, drafts(0)))


def test_a_draft_too_large_for_a_line_leaves_the_log_as_it_was(place: Place) -> None:
    async def story() -> None:
        ledger = await place.open()
        try:
            with pytest.raises(EvidenceError):
                await ledger.append([*drafts(0), ("fault", {"pad": "x" * 70_000})], T)
            await ledger.append(drafts(0), T)
        finally:
            await ledger.close()

    asyncio.run(story())
    assert (numbers_in(place), problems(place)) == ([0], [])


def test_no_superseded_private_key_is_in_any_file_after_any_append(place: Place) -> None:
    async def story() -> None:
        ledger = await place.open()
        for number in range(30):
            await ledger.append(drafts(*range(number % 4 + 1)), T)
            found = {name for seed in place.seeds[:-1] for name in files_holding(place.directory, seed)}
            assert not found, f"append {number}: a used key is still in {found}"
        await ledger.close()

    asyncio.run(story())


def test_the_key_that_is_due_is_in_the_key_file_alone(place: Place) -> None:
    asyncio.run(write(place, drafts(0, 1), drafts(2)))
    assert files_holding(place.directory, place.seeds[-1]) == [str(place.directory / "record.key")]


def test_every_private_key_signs_once(place: Place) -> None:
    asyncio.run(write(place, drafts(0, 1, 2), drafts(3), drafts(4, 5)))
    kids = [jws.take_apart(line).kid for line in lines_of(place.directory / "ledger.db")]
    assert len(set(kids)) == len(kids)


def test_a_second_core_on_one_directory_is_refused(tmp_path: Path) -> None:
    hold(tmp_path / "core.lock", "an edge-agent core")
    with pytest.raises(BusyError, match="already running"):
        hold(tmp_path / "core.lock", "an edge-agent core")


def test_seeds_are_new_every_time() -> None:
    assert len({new_seed() for _ in range(100)}) == 100


def test_the_origin_is_that_of_the_log(place: Place) -> None:
    asyncio.run(write(place, drafts(0)))
    assert jws.take_apart(lines_of(place.directory / "ledger.db")[0]).payload["log"] == ORIGIN
