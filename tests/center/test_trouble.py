"""The disk refuses, a schema is there, an alarm does not queue behind backlogs."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from edge_agent.center import shelves, store
from edge_agent.center.kinds import Bodies
from edge_agent.center.writer import BATCH, URGENT, Writer
from edge_agent.words.errors import SettingsError, StorageError

from .bench import Centre
from .portal import Portal


def test_a_disk_that_refuses_is_said_and_nothing_is_receipted(
    centre: Centre, portal: Portal, monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    portal.write_many(3)
    with monkeypatch.context() as broken:
        broken.setattr(shelves, "store", refuse)
        got = centre.post(portal, portal.batch())
        assert got.status == 503 and got.headers["Retry-After"] and got.body.count(b"\n") == 1
        assert "disk I/O error" in centre.wait("STORAGE")
    assert centre.root(portal)[0] == 0
    assert centre.receipt(portal, centre.post(portal, portal.batch())).checkpoint.size == 3


def test_a_defect_of_ours_is_one_line_and_stores_nothing(
    centre: Centre, portal: Portal, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shelves, "store", None)
    got = centre.post(portal, portal.write_many(1).batch())
    assert (got.status, got.body) == (500, b"the centre failed; its log says why\n")
    assert centre.root(portal)[0] == 0


def test_a_busy_centre_says_when_to_come_again(
    centre: Centre, portal: Portal, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_agent.center.server.OPEN_MAX", 0)
    portal.alarm()
    got = centre.post(portal, portal.batch())
    assert got.status == 503 and got.headers["Retry-After"].isdigit()
    assert centre.express(portal, portal.express(0)).status == 202      # an alarm is taken all the same


def test_refusals_are_capped_and_alarms_are_not(
    centre: Centre, portal: Portal, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shelves, "EVENTS_MAX", 2)
    for odd in ("a", "b", "c", "d"):
        portal.write(f"odd-{odd}")
        portal.alarm()
    centre.post(portal, portal.batch())
    said = [line.split()[0] for line in centre.announced()]
    assert said.count("MARKED") == 2 and said.count("ALARM") == 4
    assert len(centre.kept("SELECT * FROM line WHERE mark LIKE 'unknown%'")) == 4


def test_a_database_that_lost_its_end_is_not_built_on(centre: Centre, portal: Portal) -> None:
    centre.post(portal, portal.write_many(3).batch())
    db = store.open_store(centre.path)
    db.execute("DELETE FROM line WHERE seq = 2")
    with pytest.raises(StorageError, match="do not end where"):
        shelves.check_heads(db)
    db.close()


def test_full_sync_is_read_back(tmp_path: Path) -> None:
    store.create(tmp_path)
    with store.opened(tmp_path) as db:
        assert db.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        db.execute("PRAGMA user_version = 9")
    with pytest.raises(SettingsError, match="another version"):
        store.open_store(tmp_path)
    (tmp_path / store.NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError), store.opened(tmp_path):
        pass


def test_a_body_that_fails_its_schema_is_marked() -> None:
    bodies = Bodies({"sonar": {"type": "object", "properties": {"depth_m": {"type": "number"}}}})
    assert bodies.mark("sonar", {"depth_m": 3}) is None
    assert bodies.mark("sonar", {"depth_m": "\x1b[2J"}) == '$.depth_m: "\\u001b[2J" is not of type "number"'
    assert bodies.mark("alarm", {}) is None
    assert bodies.mark("radar", {}) == "unknown kind radar"


def test_an_alarm_overtakes_the_batches_that_wait() -> None:
    class NoDesk:
        def close(self) -> None:
            done.append("close")

    done: list[str] = []
    gate = threading.Event()

    async def work() -> None:
        writer = Writer(NoDesk)     # type: ignore[arg-type]
        waiting = [asyncio.ensure_future(writer.do(lambda desk: gate.wait(20), BATCH))]
        await asyncio.sleep(0)
        for name, priority in (("batch 1", BATCH), ("batch 2", BATCH), ("alarm", URGENT)):
            waiting.append(asyncio.ensure_future(writer.do(lambda desk, name=name: done.append(name), priority)))
        waiting[1].cancel()         # whoever asked has gone; an append is never cancelled
        await asyncio.sleep(0)
        gate.set()
        await writer.close()
        assert await asyncio.gather(*waiting[2:]) == [None, None]

    asyncio.run(work())
    assert done[-1] == "close" and done.index("alarm") < done.index("batch 2")
