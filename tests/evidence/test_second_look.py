"""A disk that refuses once must not end a log: SQLite calls a read that failed "malformed"."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from edge_agent.doors.files import read_through
from edge_agent.doors.sqlite import sync_directory
from edge_agent.house import logbooks
from edge_agent.house.identity import create_log
from edge_agent.house.logbooks import Logbooks
from edge_agent.words.errors import StorageError, Unavailable

ORIGIN = "rpm.example.gov/portal/T-9"


def opened(state: Path) -> str:
    async def story() -> str:
        books = await Logbooks.open(state, ORIGIN)
        try:
            return books.identity.origin
        finally:
            await books.close()

    return asyncio.run(story())


def refusing(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    real, left = logbooks.open_log, [times]

    async def open_log(identity: object) -> object:
        left[0] -= 1
        if left[0] >= 0 and getattr(identity, "origin", "") == ORIGIN:
            raise StorageError("database disk image is malformed")
        return await real(identity)     # type: ignore[arg-type]

    monkeypatch.setattr(logbooks, "open_log", open_log)


def test_a_log_that_holds_at_a_second_look_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_log(tmp_path, ORIGIN, 1)
    refusing(monkeypatch, 1)
    assert opened(tmp_path) == ORIGIN


def test_a_log_that_does_not_hold_twice_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_log(tmp_path, ORIGIN, 1)
    refusing(monkeypatch, 2)
    assert opened(tmp_path) == f"{ORIGIN}/2"


def test_files_the_device_does_not_give_end_no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_log(tmp_path, ORIGIN, 1)
    refusing(monkeypatch, 2)

    def unreadable(directory: Path) -> None:
        raise Unavailable("cannot read")

    monkeypatch.setattr(logbooks, "read_through", unreadable)
    with pytest.raises(Unavailable):
        opened(tmp_path)
    assert not (tmp_path / "logs/2").exists()


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    read_through(tmp_path)
    with pytest.raises(Unavailable, match="nowhere"):
        read_through(tmp_path / "nowhere")


def test_a_directory_that_cannot_be_synced_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(handle: int) -> None:
        raise OSError(5, os.strerror(5))

    monkeypatch.setattr(os, "fsync", refused)
    with pytest.raises(StorageError, match="cannot sync the directory"):
        sync_directory(tmp_path)
