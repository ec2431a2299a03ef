"""Branches of signing and keeping that only a damaged or failing disk takes: each says what is wrong and adds nothing."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge_agent.tools import notes
from edge_agent.tools.merkle import Tree
from edge_agent.words.errors import EvidenceError, StorageError, Unavailable

from .bench import CENTRE_KEY, vector
from .test_retention import Portal, pruned, story_of


def change(portal: Portal, statement: str, *values: object) -> None:
    with sqlite3.connect(portal.identity.database) as database:
        assert database.execute(statement, values).rowcount == 1


def test_a_key_that_cannot_be_written_stops_the_append_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(portal: Portal) -> tuple[int, int]:
        await portal.write("f")

        def refuse(*_: Any) -> int:
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as patched:
            patched.setattr(os, "pwrite", refuse)
            with pytest.raises(StorageError, match=r"cannot write the record key .*: Input/output error"):
                await portal.write("f")
        size = portal.ledger.size
        await portal.write("f")
        return size, portal.ledger.size

    assert story_of(tmp_path, story) == (1, 2)


def test_a_tree_that_cannot_be_read_now_is_not_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(portal: Portal) -> None:
        await portal.write("ffff")
        await portal.ledger.close()

        async def away(*_: Any) -> None:
            raise Unavailable("the device does not answer")

        with monkeypatch.context() as patched:
            patched.setattr("edge_agent.hands.ledger.Ledger._read_edge", away)
            patched.setattr("edge_agent.hands.ledger.Ledger.rebuild_tree", pytest.fail)
            with pytest.raises(Unavailable):
                await portal.open()
        await portal.open()

    story_of(tmp_path, story)


def test_a_node_that_the_heartbeat_contradicts_is_made_anew_from_the_lines(tmp_path: Path) -> None:
    async def story(portal: Portal) -> None:
        await portal.write("fffffh")
        await portal.ledger.close()
        change(portal, "UPDATE node SET hash = zeroblob(32) WHERE level = 2 AND idx = 0")
        ledger = await portal.open()
        tree = Tree()
        for line in await ledger.lines(0, 6):
            tree.add(line)
        assert await ledger.root(6) == tree.root()

    story_of(tmp_path, story)


def test_a_stump_without_its_line_or_with_other_hashes_is_none(tmp_path: Path) -> None:
    async def story(portal: Portal) -> None:
        await pruned(portal)
        change(portal, "UPDATE stump SET hashes = zeroblob(length(hashes))")
        with pytest.raises(EvidenceError, match="the stump at 7 does not lead to its checkpoint"):
            await portal.ledger.rebuild_tree()
        change(portal, "DELETE FROM record WHERE seq = 6")
        with pytest.raises(StorageError, match="record 6, the last before the cut, is missing"):
            await portal.ledger.stump()

    story_of(tmp_path, story)


def test_nothing_is_pruned_twice(tmp_path: Path) -> None:
    async def story(portal: Portal) -> None:
        await portal.write("ffff")
        await portal.receipt(3, 100)
        kept = await portal.ledger.receipt()
        assert kept is not None
        assert await portal.ledger.prune(kept) == 2
        assert await portal.ledger.prune(kept) == 0

    story_of(tmp_path, story)


def test_a_place_that_holds_no_line_is_damage_and_a_file_that_is_gone_is_noticed(tmp_path: Path) -> None:
    async def story(portal: Portal) -> None:
        await portal.write("ff")
        assert await portal.ledger.window().lines(0, 2) == await portal.ledger.lines(0, 2)
        with sqlite3.connect(portal.identity.database) as database:     # STRICT keeps numbers out: a damaged page does not ask
            database.execute("PRAGMA writable_schema = ON")
            database.execute("UPDATE sqlite_schema SET sql = replace(sql, ' STRICT', '') WHERE name = 'record'")
        with sqlite3.connect(portal.identity.database) as database:
            database.execute("UPDATE record SET line = 7 WHERE seq = 1")
        await portal.ledger.close()
        with pytest.raises(StorageError, match="record 1 is damaged: there is no line in its place"):
            await portal.open()
        change(portal, "UPDATE record SET line = ? WHERE seq = 1", b"x")
        assert not portal.ledger.replaced
        portal.identity.database.unlink()
        assert portal.ledger.replaced

    story_of(tmp_path, story)


def test_what_a_centre_says_is_read_without_the_portals_key_and_only_by_the_centres(tmp_path: Path) -> None:
    found = notes.open_cosigned(vector("receipt-1.txt"), CENTRE_KEY)
    assert (found.checkpoint.size, found.centre) == (2, CENTRE_KEY.name)
    with pytest.raises(EvidenceError):
        notes.open_cosigned(vector("receipt-1.txt").replace(b"\n2\n", b"\n3\n"), CENTRE_KEY)
