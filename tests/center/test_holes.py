"""A centre that lost records which the portal has pruned: it goes on by its own receipt, and the hole stays for ever."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge_agent.center import audit, directory, registry, report, store
from edge_agent.commands import main
from edge_agent.tools import merkle
from edge_agent.tools.stump import Stump

from .bench import Centre, Got
from .portal import Portal

LOST_FROM, CUT, ALL = 3, 8, 12


def stump_of(centre: Centre, portal: Portal, size: int) -> Stump:
    note = centre.kept("SELECT note FROM receipt WHERE size = ?", size)[0][0]
    left = tuple(portal.tree.node(*name) for name in merkle.left_of(size - 1))
    return Stump(size, portal.lines[size - 1], left, bytes(note))


def put(centre: Centre, portal: Portal, body: bytes) -> Got:
    return centre.ask(portal.certificate, "PUT", f"/v1/logs/{portal.id}/stump", body)


def forget(centre: Centre, size: int) -> None:
    """The centre's database comes back from a backup made when it held `size` records."""
    with sqlite3.connect(centre.path / store.NAME) as db:
        line, hashed = db.execute("SELECT line, hash FROM line WHERE seq = ?", (size - 1,)).fetchone() if size else (None, None)
        for table, column in (("line", "seq"), ("receipt", "size - 1"), ("commitment", "size - 1"), ("express", "seq")):
            db.execute(f"DELETE FROM {table} WHERE {column} >= ?", (size,))
        db.execute("DELETE FROM node WHERE (at + 1) << level > ?", (size,))
        from edge_agent.tools import jws

        key = jws.next_key(jws.take_apart(line).payload) if line else db.execute("SELECT record_key FROM log").fetchone()[0]
        db.execute("UPDATE log SET next_seq = ?, last_hash = ?, next_key = ?", (size, hashed, key))


def rolled_back(centre: Centre, portal: Portal, size: int = LOST_FROM) -> Stump:
    portal.write_many(CUT)
    for end in (2, LOST_FROM, CUT):
        assert centre.post(portal, portal.batch(0, end)).status == 200
    kept = stump_of(centre, portal, CUT)
    portal.write_many(ALL - CUT)
    forget(centre, size)
    return kept


def body(stump: Stump, **other: Any) -> bytes:
    return json.dumps({**stump.plain(), **other}).encode()


@pytest.mark.parametrize("size", [0, 1, LOST_FROM, 6, CUT - 1])
def test_the_log_goes_on_after_the_stump(centre: Centre, portal: Portal, size: int) -> None:
    kept = rolled_back(centre, portal, size)
    got = put(centre, portal, body(kept))
    assert (got.status, got.body) == (200, kept.note.splitlines(keepends=True)[-1])
    after = centre.post(portal, portal.batch(CUT))
    assert centre.receipt(portal, after).checkpoint.size == ALL
    assert centre.root(portal) == (ALL, portal.tree.root())


def test_the_hole_is_told_and_stays(centre: Centre, portal: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    put(centre, portal, body(rolled_back(centre, portal)))
    assert "records 3 to 6 are lost" in centre.wait("HOLE")
    centre.post(portal, portal.batch(CUT))
    with store.opened(centre.path) as db:
        log = registry.find(db, portal.origin)
        found = audit.verify(db, log, directory.public_key(centre.path))
        status = report.log_list(db, 0)
    assert (found.problems, found.size, len(found.receipts)) == (["records 3 to 6 are lost here"], ALL, 4)
    assert [problem["kind"] for problem in status[0]["problems"]] == ["HOLE"]
    assert main(["center", "verify", str(centre.path)]) == 6
    assert "records 3 to 6 are lost here" in capsys.readouterr().out


def test_the_centre_opens_again_with_a_hole(centre: Centre, portal: Portal, tmp_path: Path) -> None:
    put(centre, portal, body(rolled_back(centre, portal)))
    centre.post(portal, portal.batch(CUT, 10))
    with store.opened(centre.path) as db:
        from edge_agent.center import shelves

        shelves.check_heads(db)
    assert centre.post(portal, portal.batch(10)).status == 200


def test_records_of_the_hole_sent_after_all_are_refused_in_words(centre: Centre, portal: Portal) -> None:
    put(centre, portal, body(rolled_back(centre, portal)))
    got = centre.post(portal, portal.batch(4))
    assert (got.status, b"a hole stays" in got.body) == (422, True)


def test_an_express_alarm_from_before_the_hole_is_answered(centre: Centre, portal: Portal) -> None:
    put(centre, portal, body(rolled_back(centre, portal)))
    got = centre.ask(portal.certificate, "POST", f"/v1/logs/{portal.id}/express", portal.express(10, ALL, since=5))
    assert got.status in (202, 422)


def test_where_nothing_is_missing_the_newest_receipt_is_the_answer(centre: Centre, portal: Portal) -> None:
    portal.write_many(CUT)
    centre.post(portal, portal.batch())
    got = put(centre, portal, body(stump_of(centre, portal, CUT)))
    assert (got.status, got.body) == (409, stump_of(centre, portal, CUT).note)


def test_a_checkpoint_that_this_centre_did_not_cosign_opens_no_hole(centre: Centre, portal: Portal) -> None:
    portal.write_many(CUT)
    centre.post(portal, portal.batch(0, 2))
    left = tuple(portal.tree.node(*name) for name in merkle.left_of(CUT - 1))
    got = put(centre, portal, body(Stump(CUT, portal.lines[CUT - 1], left, portal.checkpoint(CUT))))
    assert (got.status, b"no cosignature" in got.body) == (422, True)


@pytest.mark.parametrize("change", [
    {"line": "x.y.z"}, {"left": []}, {"size": CUT + 1}, {"checkpoint": "x"}, {"left": None}, {"size": 0}, {"line": "é"},
])
def test_a_bent_stump_is_refused(centre: Centre, portal: Portal, change: dict[str, Any]) -> None:
    kept = rolled_back(centre, portal)
    assert put(centre, portal, body(kept, **change)).status in (400, 422)
    assert centre.root(portal)[0] == LOST_FROM


def test_other_lines_than_those_still_here_are_refused(centre: Centre, portal: Portal) -> None:
    """The centre's own database contradicts its own receipt: nothing goes on over that."""
    kept = rolled_back(centre, portal, 6)
    with sqlite3.connect(centre.path / store.NAME) as db:
        db.execute("UPDATE node SET hash = zeroblob(32) WHERE level = 2 AND at = 0")
    got = put(centre, portal, body(kept))
    assert (got.status, b"not those of the stump" in got.body) == (422, True)
