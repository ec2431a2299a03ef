"""An inbox: each document one record, whatever happens to the file, the disk or the core on the way."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Any, cast

import pytest

from edge_agent.paths.inbox import FILES_MAX, KEPT_S, UNSURE_NS, Inbox, Store
from edge_agent.words.document_settings import InboxSettings
from edge_agent.words.errors import Unavailable

from .documents import of_2006, of_2012


class _Clock:
    mono, wall = 0, 1_800_000_000 * 10**9       # the instrument's clock, and that of the files, may say anything

    def mono_ns(self) -> int:
        return self.mono

    def wall_ns(self) -> int:
        return self.wall


class Bench:
    """An inbox and a log in memory; a new Inbox is a core that was killed."""

    def __init__(self, where: Path) -> None:
        self.where, self.clock = where, _Clock()
        self.blobs: dict[str, bytes] = {}
        self.records: list[dict[str, Any]] = []
        self.log: list[dict[str, Any]] = []             # what has reached the disk
        self.faults: dict[str, str] = {}
        self.full = False
        self.restart()

    def restart(self) -> None:
        self.inbox = Inbox(InboxSettings(str(self.where), lane="2"), cast(Any, self.clock), Store(
            self._keep, self._named, lambda kind, body: self.records.append({"kind": kind, **body}), self._report,
            lambda at_ns: {"at_ns": at_ns}))

    async def _keep(self, data: bytes, kind: str) -> str:
        if self.full:
            raise Unavailable("no room")
        name = hashlib.sha256(data).hexdigest()
        self.blobs[name] = data
        return name

    async def _named(self, sha256: str) -> bool:
        return any(record["blob"]["sha256"] == sha256 for record in self.log)

    def _report(self, condition: str, detail: str, present: bool) -> None:
        self.faults.pop(condition, None)
        if present:
            self.faults[condition] = detail

    def drop(self, name: str, data: bytes) -> None:
        (self.where / name).write_bytes(data)

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            asyncio.run(self.inbox.look())

    def write(self) -> None:
        """The queued records reach the disk."""
        self.log, self.records = self.log + self.records, []

    def names(self, room: str = "") -> set[str]:
        where = self.where / room
        return {path.name for path in where.iterdir() if path.is_file()} if where.is_dir() else set()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_document_becomes_one_record_and_is_kept(bench: Bench) -> None:
    bench.drop("a.n42", of_2012())
    bench.look()
    assert not bench.records, "it may still be written"
    bench.look(3)
    (record,) = bench.records
    assert bench.blobs[record["blob"]["sha256"]] == of_2012() and bench.names() == {"a.n42"}
    assert (record["kind"], record["lane"], record["gamma_cps"]) == ("instrument", "2", 0.9)
    assert record["instrument"] == {"class": "handheld", "maker": "FLIR", "model": "R400", "serial": "7"}
    bench.write()
    bench.look(2)
    assert (bench.names(), bench.names("kept"), len(bench.log)) == (set(), {"a.n42"}, 1)


@pytest.mark.parametrize("written", [False, True])
def test_a_core_that_is_killed_reads_no_document_twice_and_loses_none(bench: Bench, written: bool) -> None:
    bench.drop("a.n42", of_2012())
    bench.look(2)
    if written:
        bench.write()
    bench.records.clear()           # what had not reached the disk is gone
    bench.restart()
    bench.look(2)
    bench.write()
    bench.look(2)
    assert len(bench.log) == 1 and bench.names("kept") == {"a.n42"}


def test_the_same_document_by_another_name_or_a_month_later_is_no_second_record(bench: Bench) -> None:
    for name in ("a.n42", "b.n42"):
        bench.drop(name, of_2012())
    bench.look(3)
    bench.write()
    bench.look(2)
    bench.drop("a.n42", of_2012())
    bench.look(2)
    assert len(bench.log) == 1 and bench.names() == set() and bench.names("kept") == {"a.n42", "b.n42", "1-a.n42"}


def test_a_file_that_grows_is_not_read_before_it_stands(bench: Bench) -> None:
    for length in (100, 700, 1200):
        bench.drop("a.n42", of_2012()[:length])
        bench.look()
    bench.drop("a.n42", of_2012())
    bench.look(2)
    assert len(bench.records) == 1 and not bench.names("refused")


def test_what_is_no_document_is_put_aside_with_the_reason(bench: Bench) -> None:
    bench.drop("photo.n42", b"\xff\xd8\xff\xe0")
    bench.drop("good.n42", of_2006())
    bench.look(2)
    bench.clock.mono += UNSURE_NS
    bench.look()
    assert bench.names("refused") == {"photo.n42", "photo.n42.reason.txt"} and len(bench.records) == 1
    assert "not well-formed" in (bench.where / "refused/photo.n42.reason.txt").read_text()
    assert "photo.n42" in bench.faults["inbox-refused"]


def test_a_copy_that_stands_still_for_seconds_is_read_when_it_is_whole(bench: Bench) -> None:
    """A slow network share, a USB stick: an empty or half a file stood for two seconds, and was refused."""
    for length in (0, 900):
        bench.drop("a.n42", of_2012()[:length])
        for _ in range(3):
            bench.look()
            bench.clock.mono += 2 * 10**9
    bench.drop("a.n42", of_2012())
    bench.look(2)
    assert len(bench.records) == 1 and not bench.names("refused") and not bench.faults


def test_a_file_we_may_not_read_is_named_and_keeps_no_other_waiting(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def of_another_account(path: Any, flags: int, *more: Any) -> int:
        if Path(path).name.startswith("locked"):
            raise PermissionError(13, "Permission denied")
        return opened(path, flags, *more)

    monkeypatch.setattr("edge_agent.paths.inbox.os.open", of_another_account)
    for number in range(FILES_MAX):
        bench.drop(f"locked-{number:03}.n42", of_2012())
    bench.look(2)
    bench.drop("z.n42", of_2012())
    bench.look(3)
    assert len(bench.records) == 1
    assert "locked-000.n42: Permission denied" in bench.faults["inbox"]
    for path in bench.where.glob("locked-*"):
        path.unlink()
    bench.look()
    assert "inbox" not in bench.faults


@pytest.mark.parametrize("name", ["Cs\x1b[31m\n.n42", "ž" * 127, "x" * 250 + ".n42"])
def test_no_name_keeps_a_document_from_being_read(bench: Bench, name: str) -> None:
    """Names with control characters, or longer than 200, stood in the inbox for ever, and nothing said so."""
    for data in (of_2012(), of_2006()):
        bench.drop(name, data)
        bench.look(2)
        bench.write()
        bench.look()
    bench.drop(name, b"no document")
    bench.look(2)
    bench.clock.mono += UNSURE_NS
    bench.look()
    assert len(bench.log) == 2 and bench.names() == set()
    assert len(bench.names("kept")) == len(bench.names("refused")) == 2
    assert all(kept.isprintable() for room in ("kept", "refused") for kept in bench.names(room))


def test_a_full_disk_keeps_the_file_where_it_is(bench: Bench) -> None:
    bench.full = True
    bench.drop("a.n42", of_2012())
    with pytest.raises(Unavailable):
        bench.look(2)
    assert bench.names() == {"a.n42"}
    bench.full = False
    bench.look(1)
    assert len(bench.records) == 1


def test_links_pipes_directories_and_hidden_files_are_left_alone(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "link.n42").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.n42")
    (tmp_path / "dir.n42").mkdir()
    bench.drop(".half.n42", of_2012())
    bench.look(3)
    assert not bench.records and not bench.names("refused") and (tmp_path / "link.n42").is_symlink()


def test_what_was_kept_for_a_month_goes(bench: Bench) -> None:
    bench.drop("a.n42", of_2012())
    bench.look(2)
    bench.write()
    bench.look()
    assert bench.names("kept") == {"a.n42"}
    bench.clock.wall += round((KEPT_S + 10) * 1e9)
    bench.look()
    assert bench.names("kept") == set()
