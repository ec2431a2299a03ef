"""What the centre has receipted may leave the disk; what is left still verifies, goes on, and is delivered."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.doors.clock import RealClock
from edge_agent.hands.history import History
from edge_agent.hands.keys import LogKey
from edge_agent.hands.ledger import Ledger
from edge_agent.house import audit
from edge_agent.house.identity import LogIdentity, create_log
from edge_agent.paths.keeping import Keeping
from edge_agent.paths.outbox import Book, Outbox
from edge_agent.paths.retention import DAY_S, LINES_AT_ONCE, Retention
from edge_agent.paths.room import Room
from edge_agent.tools import ed25519, jws, merkle, notes, stump
from edge_agent.tools.base64url import encode
from edge_agent.tools.verify import verify_log
from edge_agent.words.errors import EvidenceError, StorageError
from edge_agent.words.record import Checkpoint

from .bench import CENTRE_KEY, LOG_KEY, ORIGIN, StillClock, T, vector

CENTRE_SIGNER = ed25519.SoftKey(bytes(range(32)))
CENTRE = notes.VerifierKey("rpm.example.gov/mirror/test", notes.COSIGNER_KEY, CENTRE_SIGNER.public)
NOW_S = StillClock().wall_ns() // 10**9


@dataclass
class Portal:
    """A log of this portal with its keys, and a centre that receipts it."""

    state: Path
    identity: LogIdentity = field(init=False)
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.identity = create_log(self.state, ORIGIN, 1)
        self.signer: LogKey = self.identity.signer()

    async def open(self) -> Ledger:
        from edge_agent.house.salvage import open_log

        self.ledger = await open_log(self.identity)
        return self.ledger

    async def note(self, size: int, time_s: int, root: bytes | None = None) -> bytes:
        point = Checkpoint(ORIGIN, size, root or await self.ledger.root(size))
        return notes.sign_checkpoint(point, self.signer) + notes.cosign(point, CENTRE.name, CENTRE_SIGNER, time_s)

    async def receipt(self, size: int, days_ago: float) -> None:
        note = await self.note(size, int(NOW_S - days_ago * DAY_S))
        await self.ledger.keep_receipt(notes.open_receipt(note, self.identity.log_key, CENTRE), note)

    async def write(self, kinds: str) -> None:
        """One record a letter: f fault, a alarm, h heartbeat."""
        for letter in kinds:
            if letter == "h":
                receipt = await self.ledger.receipt()
                named = {"size": receipt.size, "sha256": encode(receipt.sha256)} if receipt else None
                await self.ledger.append([("heartbeat", {"receipt": named})], T)
            else:
                await self.ledger.append([({"f": "fault", "a": "alarm"}[letter], {"n": self.ledger.size})], T)

    async def spare(self) -> None:
        """There are no documents beside this log."""

    def retention(self, days: int = 90, clock: Any = None) -> Retention:
        return Retention([(self.ledger, self.identity.log_key)], CENTRE, clock or StillClock(), days)

    def seqs(self) -> list[int]:
        with sqlite3.connect(self.identity.database) as connection:
            return [row[0] for row in connection.execute("SELECT seq FROM record ORDER BY seq")]

    def problems(self) -> list[str]:
        return [problem for report in audit.verify_state(self.state, CENTRE) for problem in report.problems]


def story_of(tmp_path: Path, story: Callable[[Portal], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        portal = Portal(tmp_path)
        await portal.open()
        try:
            return await story(portal)
        finally:
            await portal.ledger.close()

    return asyncio.run(run())


async def pruned(portal: Portal) -> None:
    """Twelve records, cut at 7."""
    await portal.write("fhafhff")
    await portal.receipt(3, 200)
    await portal.receipt(7, 100)
    await portal.write("ahfff")
    await portal.receipt(12, 0)
    assert await portal.retention().prune(90) == 6


def test_only_what_is_older_than_it_must_be_goes(tmp_path: Path) -> None:
    story_of(tmp_path, pruned)
    portal_seqs = sqlite3.connect(tmp_path / "logs/1/ledger.db").execute("SELECT min(seq), max(seq) FROM record").fetchone()
    assert portal_seqs == (6, 11)


def test_a_pruned_log_verifies(tmp_path: Path) -> None:
    async def story(portal: Portal) -> list[str]:
        await pruned(portal)
        return portal.problems()

    assert story_of(tmp_path, story) == []


@pytest.mark.parametrize("days_ago", [(100, 95), (89, 80), (10, 0)])
def test_records_without_a_receipt_never_go(tmp_path: Path, days_ago: tuple[int, int]) -> None:
    async def story(portal: Portal) -> list[int]:
        await portal.write("f" * 9)
        await portal.receipt(2, days_ago[0])
        await portal.receipt(4, days_ago[1])
        await portal.retention().prune(0)
        return portal.seqs()

    assert story_of(tmp_path, story) == [3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("wall_s", [0, NOW_S - 60 * DAY_S, NOW_S + 4000 * DAY_S])
def test_a_wild_clock_of_ours_prunes_nothing_young(tmp_path: Path, wall_s: int) -> None:
    """At 1970 nothing is old; years ahead, the centre's time of the newest receipt is now."""
    class Wild(StillClock):
        def wall_ns(self) -> int:
            return wall_s * 10**9

    async def story(portal: Portal) -> list[int]:
        await portal.write("f" * 9)
        for size, days in ((3, 100), (5, 80), (9, 0)):
            await portal.receipt(size, days)
        await portal.retention(clock=Wild()).prune(90)
        return portal.seqs()

    assert story_of(tmp_path, story)[0] == (2 if wall_s > NOW_S else 0)


def test_a_centre_whose_clock_ran_away_prunes_nothing_young(tmp_path: Path) -> None:
    async def story(portal: Portal) -> list[int]:
        await portal.write("f" * 9)
        await portal.receipt(5, 10)
        await portal.receipt(9, -4000)
        await portal.retention().prune(90)
        return portal.seqs()

    assert story_of(tmp_path, story)[0] == 0


def test_a_receipt_row_that_does_not_hold_prunes_nothing(tmp_path: Path) -> None:
    async def story(portal: Portal) -> list[int]:
        await portal.write("f" * 9)
        note = await portal.note(5, NOW_S - 100 * DAY_S, root=bytes(32))
        await portal.ledger.keep_receipt(notes.open_receipt(note, portal.identity.log_key, CENTRE), note)
        await portal.receipt(9, 0)
        await portal.retention().prune(90)
        return portal.seqs()

    assert story_of(tmp_path, story)[0] == 0


def test_receipts_of_another_centre_allow_nothing(tmp_path: Path) -> None:
    async def story(portal: Portal) -> list[int]:
        await portal.write("f" * 9)
        await portal.receipt(5, 100)
        await portal.receipt(9, 0)
        other = notes.VerifierKey(CENTRE.name, notes.COSIGNER_KEY, ed25519.SoftKey(b"o" * 32).public)
        await Retention([(portal.ledger, portal.identity.log_key)], other, StillClock(), 90).prune(90)
        return portal.seqs()

    assert story_of(tmp_path, story)[0] == 0


def test_a_pruned_log_goes_on_after_a_restart(tmp_path: Path) -> None:
    async def story(portal: Portal) -> tuple[int, list[str]]:
        await pruned(portal)
        await portal.ledger.close()
        await portal.open()
        await portal.write("fha")
        return portal.ledger.cut, portal.problems()

    assert story_of(tmp_path, story) == (7, [])


def test_nodes_lost_from_a_pruned_log_are_made_anew(tmp_path: Path) -> None:
    async def story(portal: Portal) -> bool:
        await pruned(portal)
        before = await portal.ledger.root(12)
        await portal.ledger.close()
        with sqlite3.connect(portal.identity.database) as connection:
            connection.execute("DELETE FROM node")
        await portal.open()
        return await portal.ledger.root(12) == before

    assert story_of(tmp_path, story)


@pytest.mark.parametrize("statement", [
    "DELETE FROM record WHERE seq < 9", "DELETE FROM stump", "UPDATE stump SET size = 8",
    "DELETE FROM record WHERE seq = 6",
])
def test_lines_missing_beyond_the_cut_are_seen_at_start_and_by_verify(tmp_path: Path, statement: str) -> None:
    async def story(portal: Portal) -> list[str]:
        await pruned(portal)
        await portal.ledger.close()
        with sqlite3.connect(portal.identity.database) as connection:
            connection.execute(statement)
        with pytest.raises((EvidenceError, StorageError)):
            await portal.open()
        return portal.problems()

    assert story_of(tmp_path, story)


def test_proofs_after_the_cut_are_those_of_the_whole_log(tmp_path: Path) -> None:
    """Every root, inclusion and consistency proof that starts at the cut or later."""
    async def story(portal: Portal) -> None:
        await portal.write("f" * 45)
        lines = await portal.ledger.lines(0, 45)
        whole = merkle.Tree()
        for line in lines:
            whole.add(line)
        for cut in range(2, 45):
            await portal.receipt(cut, 1)
            await portal.receipt(45, 0)
            await portal.retention().prune(1)
            assert portal.ledger.cut == cut
            for size in range(cut, 46):
                assert await portal.ledger.root(size) == whole.root(size)
                for old in (cut, (cut + size) // 2, size):
                    found = await portal.ledger.tree(lambda node, old=old, size=size: merkle.consistency(old, size, node))
                    assert found == merkle.consistency(old, size, whole.node)
            for index in range(cut - 1, 45):
                found = await portal.ledger.tree(lambda node, index=index: merkle.inclusion(index, 45, node))
                assert found == merkle.inclusion(index, 45, whole.node)

    story_of(tmp_path, story)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.one_of(
    st.text("fah", min_size=1, max_size=6), st.integers(1, 40).map(lambda part: ("receipt", part)),
    st.integers(0, 120).map(lambda days: ("prune", days)), st.just(("restart", 0)),
), min_size=1, max_size=25))
def test_any_history_of_appends_receipts_prunings_and_restarts_verifies(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    async def story(portal: Portal) -> None:
        whole, kept, days_ago = merkle.Tree(), 0, 4000.0
        for step in steps:
            if isinstance(step, str):
                begin = portal.ledger.size
                await portal.write(step)
                for line in await portal.ledger.lines(begin, len(step)):
                    whole.add(line)
            elif step[0] == "receipt" and portal.ledger.size > kept:
                days_ago /= 1.7
                kept += max(1, (portal.ledger.size - kept) * step[1] // 40)
                await portal.receipt(kept, days_ago)
            elif step[0] == "prune":
                await portal.retention().prune(step[1])
            elif step[0] == "restart":
                await portal.ledger.close()
                await portal.open()
            assert portal.ledger.cut <= kept
        if portal.ledger.size:
            assert portal.problems() == []
            assert await portal.ledger.root(portal.ledger.size) == whole.root()

    story_of(tmp_path_factory.mktemp("portal"), story)


def test_a_long_backlog_is_pruned_in_steps(tmp_path: Path) -> None:
    """No one transaction takes much more than LINES_AT_ONCE lines."""
    async def story(portal: Portal) -> list[int]:
        for _ in range(60):
            await portal.ledger.append([("fault", {"n": 0})] * 100, T)
        for size in range(1000, 6001, 1000):
            await portal.receipt(size, 100 - size / 1000)
        steps: list[int] = []
        prune = portal.ledger.prune

        async def counted(to: Any) -> int:
            steps.append(await prune(to))
            return steps[-1]

        portal.ledger.prune = counted  # type: ignore[method-assign]
        await portal.retention().prune(0)
        return steps

    steps = story_of(tmp_path, story)
    assert sum(steps) == 5999
    assert max(steps) <= LINES_AT_ONCE


class Spent:
    """Keeping without a history: it is shed already."""

    off, spoiled = True, False


def test_a_full_disk_keeps_less_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """30 days, 7, 1, then all that is receipted; never more than is needed."""
    async def story(portal: Portal) -> list[int]:
        await portal.write("f" * 50)
        for size, days in ((10, 60), (20, 20), (30, 3), (40, 0)):
            await portal.receipt(size, days)
        room = Room(tmp_path, Spent(), portal.retention(), lambda *report: None, portal.spare)  # type: ignore[arg-type]
        cuts = []
        for _ in range(5):
            await room.look()
            cuts.append(portal.ledger.cut)
        return cuts

    monkeypatch.setattr("edge_agent.paths.room.space", lambda path: (1 << 20, 1 << 34))
    assert story_of(tmp_path, story) == [10, 20, 30, 40, 40]


def test_room_inside_the_file_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(portal: Portal) -> tuple[int, int]:
        for _ in range(20):
            await portal.ledger.append([("fault", {"n": "x" * 3000})] * 100, T)
        for size, days in ((1000, 60), (2000, 0)):
            await portal.receipt(size, days)
        monkeypatch.setattr("edge_agent.paths.room.space", lambda path: (1 << 20, 1 << 26))     # 5 % are 3.2 MB
        room = Room(tmp_path, Spent(), portal.retention(), lambda *report: None, portal.spare)  # type: ignore[arg-type]
        for _ in range(4):
            await room.look()
        return portal.ledger.cut, await portal.ledger.spare_bytes()

    cut, spare = story_of(tmp_path, story)
    assert cut == 1000
    assert spare > 3 << 20


# --- crashes

@pytest.mark.parametrize("after", [False, True])
def test_a_prune_that_the_disk_refuses_leaves_the_old_state_or_the_new(tmp_path: Path, after: bool) -> None:
    async def story(portal: Portal) -> list[str]:
        await portal.write("fhafhff")
        await portal.receipt(3, 200)
        await portal.receipt(7, 0)
        write = portal.ledger._database.write

        async def fateful(statements: Any) -> None:
            if after:
                await write(statements)
            portal.ledger._database.write = write  # type: ignore[method-assign]
            raise StorageError("the disk refuses")

        portal.ledger._database.write = fateful  # type: ignore[method-assign]
        with pytest.raises(StorageError):
            await portal.retention().prune(90)
        assert portal.ledger.cut == (3 if after else 0)
        await portal.write("ff")
        await portal.retention().prune(90)
        return portal.problems()

    assert story_of(tmp_path, story) == []


# --- delivery

def desk_of(portal: Portal) -> tuple[Outbox, list[tuple[str, str, bool]]]:
    told: list[tuple[str, str, bool]] = []

    async def wait(size: int, timeout_s: float) -> None: ...

    book = Book(portal.ledger, portal.identity.log_key, portal.signer, {})
    return Outbox([book], CENTRE, lambda *report: told.append(report), wait), told


def test_a_batch_from_before_the_cut_is_the_stump(tmp_path: Path) -> None:
    async def story(portal: Portal) -> dict[str, Any]:
        await pruned(portal)
        return await desk_of(portal)[0].batch({"log": ORIGIN, "from": 3, "lines": 10, "bytes": 10**6})

    found = story_of(tmp_path, story)
    read = stump.read(json.dumps(found["stump"]).encode())
    log_key = create_log_key(tmp_path)
    receipt = stump.check(read, log_key, CENTRE)
    assert (found["lines"], found["from"], receipt and receipt.checkpoint.size) == ([], 7, 7)


def create_log_key(state: Path) -> notes.VerifierKey:
    from edge_agent.house.identity import logs_of

    return logs_of(state)[0].log_key


def test_a_batch_from_the_cut_on_is_sent_as_ever(tmp_path: Path) -> None:
    async def story(portal: Portal) -> tuple[int, int]:
        await pruned(portal)
        found = await desk_of(portal)[0].batch({"log": ORIGIN, "from": 7, "lines": 3, "bytes": 10**6})
        return len(found["lines"]), notes.open_checkpoint(found["checkpoint"].encode(), portal.identity.log_key).size

    assert story_of(tmp_path, story) == (3, 10)


@pytest.mark.parametrize("size", [3, 9])
def test_a_centre_that_lost_records_is_told_with_its_own_receipt(tmp_path: Path, size: int) -> None:
    async def story(portal: Portal) -> tuple[str, str, bool]:
        await pruned(portal)
        note = await portal.note(size, NOW_S, None if size > 7 else b"r" * 32)
        outbox, told = desk_of(portal)
        await outbox.receipt({"log": ORIGIN, "note": note.decode(), "latest": True})
        newest = await portal.ledger.receipt()
        assert newest
        assert encode(newest.sha256) in told[0][1]
        return told[0]

    name, why, present = story_of(tmp_path, story)
    assert (name, present, "a hole stays" in why) == ("centre-rollback", True, size < 6)


# --- the form of a stump

def spoiled(data: bytes) -> list[bytes]:
    return [data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1:] for at in range(0, len(data), 3)]


def vector_stump() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(vector("stump.json"))
    return {**found, "checkpoint": vector(found["checkpoint"]).decode()}


def test_the_vector_is_accepted() -> None:
    receipt = stump.check(stump.read(json.dumps(vector_stump()).encode()), LOG_KEY, CENTRE_KEY)
    assert receipt
    assert receipt.checkpoint.size == 4


def test_every_changed_byte_of_the_vector_is_refused() -> None:
    good = vector_stump()
    changed = [{**good, "line": line.decode("latin-1")} for line in spoiled(good["line"].encode())]
    changed += [{**good, "checkpoint": note.decode("utf-8", "replace")} for note in spoiled(good["checkpoint"].encode())]
    changed += [{**good, "left": [left.decode(), good["left"][1]]} for left in spoiled(good["left"][0].encode())]
    changed += [{**good, "size": size} for size in (3, 5)]
    changed += [{**good, "left": left} for left in (good["left"][:1], good["left"][::-1])]
    for each in changed:
        with pytest.raises(EvidenceError):
            stump.check(stump.read(json.dumps(each).encode()), LOG_KEY, CENTRE_KEY)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["size", "line", "left", "checkpoint"]), inner, max_size=4), max_leaves=8))
def test_what_is_no_stump_is_refused(value: Any) -> None:
    with pytest.raises(EvidenceError):
        stump.check(stump.read(json.dumps(value).encode()), LOG_KEY, CENTRE_KEY)


@pytest.fixture(scope="module")
def verifier() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "verifiers/python/verify_log.py"
    spec = importlib.util.spec_from_file_location("verify_log", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["verify_log"] = module
    spec.loader.exec_module(module)
    return module


def test_the_verifier_that_needs_nothing_of_ours_agrees(tmp_path: Path, verifier: ModuleType) -> None:
    async def story(portal: Portal) -> None:
        await pruned(portal)
        found = await portal.ledger.stump()
        assert found
        lines = await portal.ledger.lines(7, 100)
        (tmp_path / "log.ndjson").write_bytes(b"".join(line + b"\n" for line in lines))
        (tmp_path / "stump.json").write_text(json.dumps(found.plain()))
        (tmp_path / "receipt.txt").write_bytes(await portal.note(12, NOW_S))
        ours = verify_log(lines, b"", pruned=found, log_key=portal.identity.log_key)
        assert (ours.problems, ours.cut, ours.records, ours.size) == ([], 7, 5, 12)

    story_of(tmp_path, story)
    (tmp_path / "log.vkey").write_text(create_log_key(tmp_path).text())
    (tmp_path / "centre.vkey").write_text(CENTRE.text())
    arguments = ["--log", "log.ndjson", "--stump", "stump.json", "--receipt", "receipt.txt", "--log-key", "log.vkey",
                 "--centre-key", "centre.vkey"]
    arguments = [text if text.startswith("--") else str(tmp_path / text) for text in arguments]
    assert verifier.main(arguments) == 0
    lines = (tmp_path / "log.ndjson").read_bytes().splitlines(keepends=True)
    (tmp_path / "log.ndjson").write_bytes(b"".join(lines[1:]))
    assert verifier.main(arguments) == 6


def test_a_pruned_alarm_is_told_as_gone(tmp_path: Path) -> None:
    async def story(portal: Portal) -> list[bytes]:
        await pruned(portal)
        return await portal.ledger.alarms(10)

    assert [jws.take_apart(line).payload["seq"] for line in story_of(tmp_path, story)] == [7]


def test_a_history_that_cannot_be_opened_is_no_full_disk(tmp_path: Path) -> None:
    """Found by attack: "disk-low", with 75 GB free, and the remedy was to free some."""
    async def story(portal: Portal) -> list[set[str]]:
        told: set[str] = set()
        keeping = Keeping(None, RealClock())

        def tell(name: str, why: str, on: bool) -> None:
            (told.add if on else told.discard)(name)

        room = Room(tmp_path, keeping, portal.retention(), tell, portal.spare)
        (tmp_path / "history.db").mkdir()
        await room.look()
        found = [set(told)]
        (tmp_path / "history.db").rmdir()
        await room.look()
        await keeping.close()
        return [*found, set(told)]

    assert story_of(tmp_path, story) == [{"history-unreadable"}, set()]


def test_a_history_spoiled_while_it_is_in_use_is_set_aside(tmp_path: Path) -> None:
    """Found by attack: nothing was kept any more, for ever, and only the log said so."""
    async def story(portal: Portal) -> int:
        history = await History.open(tmp_path / "history.db")
        for n in range(60):
            await history.keep_passage("2", n, {"lane": "2", "n": list(range(n, n + 900))})
        await history.close()
        with (tmp_path / "history.db").open("r+b") as file:
            file.seek(4096)                         # all but the schema
            file.write(b"\xa5" * ((tmp_path / "history.db").stat().st_size - 4096))
        keeping = Keeping(await History.open(tmp_path / "history.db"), RealClock())
        room = Room(tmp_path, keeping, portal.retention(), lambda *report: None, portal.spare)
        for _ in range(3):
            keeping.passage({"lane": "2"})
            await asyncio.gather(*keeping._pending)
            await room.look()
        assert keeping._history is not None
        kept = await keeping._history.passages("2", 10)
        await keeping.close()
        return len(kept)

    assert story_of(tmp_path, story) == 2           # the first was refused
    assert (tmp_path / "history.db.damaged").exists()
