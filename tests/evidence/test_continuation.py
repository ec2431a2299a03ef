"""The logs of a portal at start: one goes on, or a continuation begins and says of which log."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_agent.doors import sqlite
from edge_agent.hands.keys import SLOT_BYTES
from edge_agent.house import enrolment as enrolling
from edge_agent.house import identity
from edge_agent.house.audit import verify_state
from edge_agent.house.configuration import Configuration, load
from edge_agent.house.logbooks import Logbooks
from edge_agent.tools import jws
from edge_agent.tools.base64url import encode
from edge_agent.tools.merkle import Tree
from edge_agent.words.errors import EdgeAgentError, SettingsError

from .bench import T, lines_of

ORIGIN = "rpm.example.gov/portal/QX-0042"
TOML = """
version = 1
[portal]
origin = "{origin}"
state = "{state}"
[[lane]]
name = "2"
driver = "rapiscan"
link = {{ kind = "tcp", host = "127.0.0.1" }}
"""


class House:
    """A state directory, its configuration, and starts of the core as far as its logs go."""

    def __init__(self, directory: Path) -> None:
        self.state = directory / "state"
        path = directory / "edge-agent.toml"
        path.write_text(TOML.format(origin=ORIGIN, state=self.state))
        self.configuration: Configuration = load(path)
        enrolling.enrol(self.state, ORIGIN)

    def start(self, *, write: bool = True, more: int = 0) -> str:
        """Open the logs, write what every start begins with, and end; the origin that goes on."""
        async def story() -> str:
            books = await Logbooks.open(self.state, ORIGIN)
            try:
                if write:
                    boot = await books.next_boot()
                    moment = {**T, "boot": boot}
                    drafts = await books.opening(self.configuration, boot, "kernel-1")
                    await books.ledger.append(drafts, moment)
                    for number in range(more):
                        await books.ledger.append([("fault", {"n": number})], moment)
                return books.ledger.origin
            finally:
                await books.close()

        return asyncio.run(story())

    def log(self, number: int) -> Path:
        return self.state / "logs" / str(number)

    def payloads(self, number: int) -> list[tuple[str, dict[str, object]]]:
        parts = [jws.take_apart(line) for line in lines_of(self.log(number) / "ledger.db")]
        return [(part.kind, part.payload) for part in parts]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def wipe_key(house: House) -> None:
    (house.log(1) / "record.key").write_bytes(bytes(2 * SLOT_BYTES))


def remove_key(house: House) -> None:
    (house.log(1) / "record.key").unlink()


def break_log_key(house: House) -> None:
    (house.log(1) / "log.key").write_bytes(b"short")


def replace_log_key(house: House) -> None:
    (house.log(1) / "log.key").write_bytes(bytes(32))


def remove_ledger(house: House) -> None:
    for path in house.log(1).glob("ledger.db*"):
        path.unlink()


def ruin_ledger(house: House) -> None:
    for path in house.log(1).glob("ledger.db-*"):
        path.unlink()
    (house.log(1) / "ledger.db").write_bytes(b"no database" * 1000)


def forge_last_line(house: House) -> None:
    with sqlite3.connect(house.log(1) / "ledger.db") as database:
        line = bytearray(database.execute("SELECT line FROM record ORDER BY seq DESC LIMIT 1").fetchone()[0])
        line[-5] = ord("A") if line[-5] != ord("A") else ord("B")
        database.execute("UPDATE record SET line = ? WHERE seq = (SELECT max(seq) FROM record)", (bytes(line),))


def spoil_last_line(house: House) -> None:
    with sqlite3.connect(house.log(1) / "ledger.db") as database:
        database.execute("UPDATE record SET line = X'00FF' WHERE seq = (SELECT max(seq) FROM record)")


def lose_last_line(house: House) -> None:
    with sqlite3.connect(house.log(1) / "ledger.db") as database:
        database.execute("DELETE FROM record WHERE seq = (SELECT max(seq) FROM record)")


def lose_tree_nodes(house: House) -> None:
    with sqlite3.connect(house.log(1) / "ledger.db") as database:
        database.execute("DELETE FROM node")


LOSSES: list[Callable[[House], None]] = [
    wipe_key, remove_key, break_log_key, replace_log_key, remove_ledger, ruin_ledger, forge_last_line, spoil_last_line,
    lose_last_line,
]


def spoil_tree_nodes(house: House) -> None:
    with sqlite3.connect(house.log(1) / "ledger.db") as database:
        database.execute("UPDATE node SET hash = zeroblob(32)")


@pytest.mark.parametrize("spoil", [lose_tree_nodes, spoil_tree_nodes], ids=lambda spoil: spoil.__name__)
def test_tree_nodes_are_made_anew_from_the_lines_and_the_log_goes_on(house: House, spoil: Callable[[House], None]) -> None:
    house.start(more=5)
    house.start(more=5)
    spoil(house)
    assert house.start(more=3) == ORIGIN
    lines = lines_of(house.log(1) / "ledger.db")
    tree = Tree()
    for line in lines:
        tree.add(line)
    with sqlite3.connect(house.log(1) / "ledger.db") as database:
        for level, index, value in database.execute("SELECT level, idx, hash FROM node"):
            assert tree.node(level, index) == value


def test_a_log_without_loss_goes_on(house: House) -> None:
    assert [house.start(), house.start(), house.start()] == [ORIGIN] * 3


def test_the_first_start_is_said_to_be_the_first(house: House) -> None:
    house.start()
    assert house.payloads(1)[0][1]["cause"] == "first"


def test_boots_are_counted(house: House) -> None:
    for _ in range(3):
        house.start()
    assert [body["t"]["boot"] for kind, body in house.payloads(1) if kind == "boot"] == [1, 2, 3]  # type: ignore[index]


def test_the_configuration_is_a_record_once_while_it_stays_the_same(house: House) -> None:
    for _ in range(3):
        house.start()
    assert [kind for kind, _ in house.payloads(1)].count("config") == 1


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
def test_a_log_that_cannot_go_on_is_continued_in_another(house: House, lose: Callable[[House], None]) -> None:
    house.start(more=5)
    lose(house)
    assert house.start() == f"{ORIGIN}/2"


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
def test_a_continuation_begins_with_recovery_naming_the_old_log(house: House, lose: Callable[[House], None]) -> None:
    house.start(more=5)
    lose(house)
    house.start()
    kind, body = house.payloads(2)[0]
    assert (kind, body["of"]) == ("recovery", ORIGIN)


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
def test_a_continuation_that_was_cut_short_before_its_first_record_still_begins_with_recovery(
    house: House, lose: Callable[[House], None]
) -> None:
    """Power goes between making the new log and its first record."""
    house.start(more=5)
    lose(house)
    house.start(write=False)
    house.start()
    kind, body = house.payloads(2)[0]
    assert (kind, body.get("of")) == ("recovery", ORIGIN)


@pytest.mark.parametrize("lose", [wipe_key, remove_key], ids=lambda lose: lose.__name__)
def test_recovery_names_size_and_root_of_what_was_salvaged(house: House, lose: Callable[[House], None]) -> None:
    house.start(more=5)
    tree = Tree()
    for line in lines_of(house.log(1) / "ledger.db"):
        tree.add(line)
    lose(house)
    house.start()
    body = house.payloads(2)[0][1]
    assert (body["size"], body["root"], body["salvaged"]) == (7, encode(tree.root()), 7)


def test_a_ledger_restored_from_an_older_copy_is_continued_in_another(house: House, tmp_path: Path) -> None:
    house.start(more=2)
    shutil.copytree(house.log(1), tmp_path / "copy", ignore=shutil.ignore_patterns("*.key"))
    house.start(more=2)
    for path in house.log(1).glob("ledger.db*"):
        path.unlink()
    shutil.copy(tmp_path / "copy" / "ledger.db", house.log(1))
    assert house.start() == f"{ORIGIN}/2"


def test_recovery_after_an_older_copy_names_the_size_of_the_copy(house: House, tmp_path: Path) -> None:
    house.start(more=2)
    shutil.copytree(house.log(1), tmp_path / "copy", ignore=shutil.ignore_patterns("*.key"))
    house.start(more=2)
    for path in house.log(1).glob("ledger.db*"):
        path.unlink()
    shutil.copy(tmp_path / "copy" / "ledger.db", house.log(1))
    house.start()
    assert house.payloads(2)[0][1]["size"] == 4


def test_a_continuation_goes_on_as_itself(house: House) -> None:
    house.start(more=1)
    wipe_key(house)
    assert [house.start(), house.start()] == [f"{ORIGIN}/2"] * 2


def test_a_second_loss_is_a_third_log(house: House) -> None:
    house.start(more=1)
    wipe_key(house)
    house.start()
    (house.log(2) / "record.key").unlink()
    assert house.start() == f"{ORIGIN}/3"


def test_boots_go_on_counting_over_a_continuation(house: House) -> None:
    house.start()
    house.start()
    wipe_key(house)
    house.start()
    assert [body["t"]["boot"] for kind, body in house.payloads(2) if kind == "boot"] == [3]  # type: ignore[index]


def test_a_continuation_has_keys_of_its_own(house: House) -> None:
    house.start()
    wipe_key(house)
    house.start()
    one, two = identity.logs_of(house.state)
    assert one.first_key != two.first_key and one.log_key.key != two.log_key.key


def test_both_logs_verify_after_a_wiped_key(house: House) -> None:
    house.start(more=3)
    wipe_key(house)
    house.start()
    assert [report.problems for report in verify_state(house.state, None)] == [[], []]


def test_nothing_of_the_old_log_is_changed_by_a_continuation(house: House) -> None:
    house.start(more=3)
    before = lines_of(house.log(1) / "ledger.db")
    wipe_key(house)
    house.start()
    assert lines_of(house.log(1) / "ledger.db") == before


def test_a_portal_that_was_never_enrolled_is_told_how(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="edge-agent enrol"):
        asyncio.run(Logbooks.open(tmp_path, ORIGIN))


def test_another_origin_in_the_configuration_is_refused(house: House) -> None:
    with pytest.raises(SettingsError, match="keeps its name for ever"):
        asyncio.run(Logbooks.open(house.state, "rpm.example.gov/portal/OTHER"))


def test_enrolling_twice_gives_the_same_keys(house: House) -> None:
    assert enrolling.enrol(house.state, ORIGIN) == enrolling.enrol(house.state, ORIGIN)


def test_an_enrolment_cut_short_before_its_end_is_begun_anew(tmp_path: Path) -> None:
    directory = tmp_path / "logs" / "1"
    directory.mkdir(parents=True)
    (directory / "record.key").write_bytes(b"half")
    enrolling.enrol(tmp_path, ORIGIN)
    assert len(identity.logs_of(tmp_path)) == 1


def test_the_fingerprint_changes_with_every_key(house: House) -> None:
    enrolment = enrolling.enrol(house.state, ORIGIN)
    other = enrolling.enrol(house.state.parent / "other", ORIGIN)
    prints = {enrolling.fingerprint({**enrolment, name: other[name]}) for name in ("record_key", "log_key", "tls_cert")}
    assert len(prints | {enrolling.fingerprint(enrolment)}) == 4


def test_private_files_are_for_their_owner_alone(house: House) -> None:
    house.start()
    modes = {path.name: path.stat().st_mode & 0o077 for path in house.log(1).glob("*.key")}
    assert modes == {"record.key": 0, "log.key": 0}


def test_a_ledger_another_program_holds_is_not_the_end_of_its_log(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A technician's sqlite3 or a backup with an open transaction: wait or refuse to start, never break the log."""
    house.start(more=2)
    connect = functools.partial(sqlite.aiosqlite.connect, timeout=0.05)
    monkeypatch.setattr(sqlite.aiosqlite, "connect", connect)
    other = sqlite3.connect(house.log(1) / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with contextlib.suppress(EdgeAgentError):
        house.start()
    other.execute("ROLLBACK")
    other.close()
    assert house.start() == ORIGIN


@pytest.mark.parametrize("name", ["record.key", "log.key"])
def test_a_key_the_account_may_not_read_is_not_the_end_of_its_log(
    house: House, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip with chown is mended by a person; the log must still be there then.  (Tests may run as root: pretended.)"""
    house.start(more=2)
    read_bytes = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.name == name and path.parent == house.log(1):
            raise PermissionError(errno.EACCES, "Permission denied")
        return read_bytes(path)

    with monkeypatch.context() as slip:
        slip.setattr(Path, "read_bytes", refused)
        with contextlib.suppress(EdgeAgentError):
            house.start()
    assert house.start() == ORIGIN
