"""Damage to any file of a log: the core starts, nothing acknowledged is lost unsaid, what is genuine is counted and carried.

`DAMAGES=500 python -m pytest tests/evidence/test_damage.py` for the long form.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.house import genuine
from edge_agent.house.audit import verify_state
from edge_agent.house.genuine import Genuine
from edge_agent.house.identity import logs_of
from edge_agent.house.logbooks import Logbooks
from edge_agent.words.errors import StorageError

from .bench import T
from .test_continuation import ORIGIN, House

DAMAGES = int(os.environ.get("DAMAGES", "25"))
RECORDS = 360           # more than the start verifies


class Post(House):
    """A state directory as a power cut leaves it: ledger, its -wal and -shm; and an older -wal of the same ledger."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.cut, self.older, work = directory / "cut", directory / "older-wal", self.state
        self.start(more=RECORDS - 62)

        async def story() -> None:
            books = await Logbooks.open(work, ORIGIN)
            for number in range(60):
                kind = "alarm" if number % 10 == 0 else "fault"
                await books.ledger.append([(kind, {"n": number})], T)
                if number == 40:
                    shutil.copy(self.log(1) / "ledger.db-wal", self.older)
            shutil.copytree(work, self.cut)
            await books.close()

        asyncio.run(story())

    def damaged(self, how: Callable[[Path], object]) -> str:
        """The origin that goes on after this was done to the log's directory."""
        shutil.rmtree(self.state)
        shutil.copytree(self.cut, self.state)
        how(self.log(1))
        return self.start()

    def lines(self, number: int) -> int:
        with sqlite3.connect(self.log(number) / "ledger.db") as database:
            return int(database.execute("SELECT count(*) FROM record").fetchone()[0])


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Post:
    return Post(tmp_path_factory.mktemp("damage"))


def flip(path: Path, at: int, count: int, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for place in range(at, min(at + count, len(data))):
        data[place] ^= chance.randrange(1, 256)
    path.write_bytes(bytes(data))


def cut(path: Path, at: int) -> None:
    path.write_bytes(path.read_bytes()[:at])


def test_an_intact_copy_goes_on_whole(post: Post) -> None:
    assert post.damaged(lambda log: None) == ORIGIN
    assert post.lines(1) == RECORDS + 1
    assert [report.problems for report in verify_state(post.state, None)] == [[]]


@pytest.mark.parametrize("how", [
    lambda log: (log / "ledger.db-shm").unlink(), lambda log: (log / "ledger.db-shm").write_bytes(b"\xa5" * 32768),
], ids=["no shm", "spoiled shm"])
def test_the_shared_memory_of_sqlite_is_nothing_that_can_be_lost(post: Post, how: Callable[[Path], object]) -> None:
    assert post.damaged(how) == ORIGIN
    assert post.lines(1) == RECORDS + 1


@pytest.mark.parametrize("how", [
    lambda log: (log / "ledger.db-wal").unlink(), lambda log: cut(log / "ledger.db-wal", 0),
    lambda log: cut(log / "ledger.db-wal", 31), lambda log: cut(log / "ledger.db-wal", 100_001),
    lambda log: (log / "ledger.db-wal").write_bytes(bytes((log / "ledger.db-wal").stat().st_size)),
    lambda log: shutil.copy(log.parents[2] / "older-wal", log / "ledger.db-wal"),
    lambda log: (shutil.copy(log.parents[2] / "older-wal", log / "ledger.db-wal"), (log / "ledger.db-shm").unlink()),
    lambda log: flip(log / "ledger.db-wal", 50_000, 1, random.Random(1)),
], ids=["gone", "empty", "half a head", "cut", "zeroed", "older", "older, no shm", "one byte"])
def test_a_lost_or_older_wal_is_a_continuation_that_says_how_far_the_disk_went(post: Post, how: Callable[[Path], object]) -> None:
    """SQLite opens such a file without a word and with fewer records; the one-time key knows better."""
    assert post.damaged(how) == f"{ORIGIN}/2"
    kind, body = post.payloads(2)[0]
    assert kind == "recovery"
    assert "is not in the key file" in str(body["reason"])
    assert body["size"] == body["salvaged"] == post.lines(1) < RECORDS


def test_any_damage_of_any_file_leaves_a_core_that_starts_and_says_what_is_lost(post: Post) -> None:
    """Bytes flipped, files cut: whole as before, or a continuation; damage deeper than the start looks is told by verify."""
    chance = random.Random(DAMAGES)
    for number in range(DAMAGES):
        name = chance.choice(["ledger.db"] * 5 + ["ledger.db-wal", "record.key"])
        size = (post.cut / "logs/1" / name).stat().st_size
        at, count = chance.randrange(size), chance.choice([1, 8, 512, 4096])
        if chance.random() < 0.15:
            origin = post.damaged(lambda log, name=name, at=at: cut(log / name, at))
        else:
            origin = post.damaged(lambda log, name=name, at=at, count=count: flip(log / name, at, count, chance))
        case = f"damage {number}: {name} at {at}, {count} bytes"
        if origin != ORIGIN:
            assert post.payloads(2)[0][0] == "recovery", case
        else:
            try:
                report = verify_state(post.state, None)[0]
                assert (report.whole and report.size == RECORDS + 1) or report.problems, case
            except StorageError:
                pass                        # verify says that the file cannot be read


def test_records_behind_a_damaged_place_are_counted_by_their_signatures_and_alarms_are_carried(post: Post) -> None:
    """Line 315 is unreadable, so nothing behind it can be delivered in order: its alarms come again in the continuation."""
    def how(log: Path) -> None:
        with sqlite3.connect(log / "ledger.db") as database:
            database.execute("UPDATE record SET line = zeroblob(900) WHERE seq = 315")

    assert post.damaged(how) == f"{ORIGIN}/2"
    records = post.payloads(2)
    body = records[0][1]
    assert body["salvaged"] == RECORDS - 2         # without the one that is gone, and the one after it, whose key it named
    assert isinstance(body["tail"], dict)
    carried = [payload["carried"] for kind, payload in records if kind == "alarm"]
    assert [found["seq"] for found in carried if isinstance(found, dict)] == [320, 330, 340, 350]
    assert (body["tail"]["from"], body["tail"]["carried"]) == (315, 4)


def test_forged_lines_are_not_salvaged(post: Post) -> None:
    """A row that someone put there, signed by no key the log announced, is not genuine."""
    post.damaged(lambda log: None)
    identity = logs_of(post.state)[0]
    with sqlite3.connect(identity.database) as database:
        line = database.execute("SELECT line FROM record WHERE seq = 200").fetchone()[0]
        database.execute("UPDATE record SET line = ? WHERE seq = 201", (line,))
    told = Genuine()
    found = [record.seq for record in genuine.records(identity.database, ORIGIN, identity.first_key, 0, told)]
    assert (told.gap, told.count) == (201, len(found))
    assert set(range(RECORDS + 1)) - set(found) == {201, 202}


@pytest.mark.parametrize("what", ["gone", "empty", "words", "huge", "directory-less"])
def test_the_number_of_a_start_never_comes_again_when_its_file_is_damaged(post: Post, what: str) -> None:
    post.damaged(lambda log: None)
    post.start()
    counted = post.state / "boot"
    if what == "gone":
        counted.unlink()
    else:
        counted.write_bytes({"empty": b"", "words": b"\xff\xfenumber", "huge": b"9" * 40, "directory-less": b"-7\n"}[what])
    post.start()
    boots = [payload["t"]["boot"] for kind, payload in post.payloads(1) if kind == "boot" and isinstance(payload["t"], dict)]
    assert boots == sorted(set(boots))


def test_the_number_of_a_start_goes_on_when_the_log_that_knew_it_is_unreadable(post: Post) -> None:
    def how(log: Path) -> None:
        (log / "ledger.db-wal").unlink()
        flip(log / "ledger.db", 4096, 200_000, random.Random(3))

    assert post.damaged(how) == f"{ORIGIN}/2"
    boot = next(payload["t"] for kind, payload in post.payloads(2) if kind == "boot")
    assert isinstance(boot, dict)
    assert boot["boot"] == 2
