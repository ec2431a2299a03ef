"""The core's side of delivery: the uplink's word moves nothing, and no question of it does harm."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.hands.keys import LogKey
from edge_agent.hands.sockets import Door
from edge_agent.paths.outbox import Book, Outbox
from edge_agent.tools import ed25519, merkle, notes
from edge_agent.tools.merkle import Tree
from edge_agent.words.errors import EvidenceError
from edge_agent.words.record import Checkpoint

from .bench import ORIGIN, Place, T

CENTRE_SEED = bytes(range(32))
CENTRE = notes.VerifierKey("rpm.example.gov/mirror/test", notes.COSIGNER_KEY, ed25519.public(CENTRE_SEED))


class Desk:
    """An outbox over a log of ten records: an alarm at 3 and at 7."""

    def __init__(self, place: Place, book: Book) -> None:
        self.book = book
        self.reports: list[tuple[str, str, bool]] = []
        self.outbox = Outbox([book], CENTRE, lambda *report: self.reports.append(report), self._wait)
        self.place = place

    async def _wait(self, size: int, timeout_s: float) -> None: ...

    async def receipt_note(self, size: int, root: bytes | None = None, seed: bytes = CENTRE_SEED) -> str:
        root = root or await self.book.shelf.tree(lambda node: merkle.root(size, node))
        point = Checkpoint(ORIGIN, size, root)
        cosignature = notes.cosign(point, CENTRE.name, ed25519.SoftKey(seed), 1_795_000_000)
        return (notes.sign_checkpoint(point, self.book.signer) + cosignature).decode()

    async def ask(self, op: str, **more: Any) -> dict[str, Any]:
        found = await getattr(self.outbox, op)({"op": op, "log": ORIGIN, **more})
        assert isinstance(found, dict)
        return found


def at_desk(tmp_path: Path, story: Callable[[Desk], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        place = Place(tmp_path)
        key = LogKey.create(tmp_path / "log.key")
        ledger = await place.open()
        try:
            kinds = ["alarm" if number in (3, 7) else "fault" for number in range(10)]
            await ledger.append([(kind, {"n": number}) for number, kind in enumerate(kinds)], T)
            book = Book(ledger, notes.VerifierKey(ORIGIN, notes.LOG_KEY, key.public), key, {})
            return await story(Desk(place, book))
        finally:
            await ledger.close()

    return asyncio.run(run())


def test_a_batch_ends_where_its_checkpoint_does(tmp_path: Path) -> None:
    async def story(desk: Desk) -> tuple[int, int]:
        found = await desk.ask("batch", **{"from": 2, "lines": 5, "bytes": 10**6})
        return len(found["lines"]), notes.open_checkpoint(found["checkpoint"].encode(), desk.book.log_key).size

    assert at_desk(tmp_path, story) == (5, 7)


def test_a_batch_is_within_the_bytes_that_were_asked(tmp_path: Path) -> None:
    async def story(desk: Desk) -> int:
        found = await desk.ask("batch", **{"from": 0, "lines": 10, "bytes": 2000})
        return sum(len(line) + 1 for line in found["lines"])

    assert 0 < at_desk(tmp_path, story) <= 2000


def test_a_line_longer_than_the_bytes_asked_goes_alone(tmp_path: Path) -> None:
    async def story(desk: Desk) -> int:
        return len((await desk.ask("batch", **{"from": 0, "lines": 10, "bytes": 1}))["lines"])

    assert at_desk(tmp_path, story) == 1


def test_the_checkpoint_of_a_batch_has_the_root_of_its_lines(tmp_path: Path) -> None:
    async def story(desk: Desk) -> bool:
        found = await desk.ask("batch", **{"from": 0, "lines": 6, "bytes": 10**6})
        tree = Tree()
        for line in found["lines"]:
            tree.add(line.encode())
        return notes.open_checkpoint(found["checkpoint"].encode(), desk.book.log_key).root == tree.root()

    assert at_desk(tmp_path, story)


def test_a_receipt_of_this_log_is_kept(tmp_path: Path) -> None:
    async def story(desk: Desk) -> int:
        await desk.ask("receipt", note=await desk.receipt_note(6))
        found = await desk.ask("logs")
        return int(found["logs"][0]["receipted"])

    assert at_desk(tmp_path, story) == 6


@pytest.mark.parametrize("bend", ["root", "centre", "size", "text"])
def test_a_receipt_that_does_not_hold_moves_nothing(tmp_path: Path, bend: str) -> None:
    async def story(desk: Desk) -> int:
        note = {
            "root": await desk.receipt_note(6, root=bytes(32)), "centre": await desk.receipt_note(6, seed=bytes(32)),
            "size": await desk.receipt_note(60, root=bytes(32)), "text": "hello",
        }[bend]
        with pytest.raises(EvidenceError):
            await desk.ask("receipt", note=note)
        return int((await desk.ask("logs"))["logs"][0]["receipted"])

    assert at_desk(tmp_path, story) == 0


def test_an_older_receipt_does_not_replace_a_newer(tmp_path: Path) -> None:
    async def story(desk: Desk) -> int:
        for size in (8, 3):
            await desk.ask("receipt", note=await desk.receipt_note(size))
        return int((await desk.ask("logs"))["logs"][0]["receipted"])

    assert at_desk(tmp_path, story) == 8


def test_a_centre_shorter_than_its_receipt_is_a_fault(tmp_path: Path) -> None:
    async def story(desk: Desk) -> list[str]:
        await desk.ask("receipt", note=await desk.receipt_note(8))
        await desk.ask("receipt", note=await desk.receipt_note(3), latest=True)
        await desk.ask("behind")
        return [condition for condition, _, present in desk.reports if present]

    assert set(at_desk(tmp_path, story)) == {"centre-rollback"}


@pytest.mark.parametrize("receipted", [0, 1, 5, 10])
def test_an_express_delivery_verifies_on_its_own(tmp_path: Path, receipted: int) -> None:
    async def story(desk: Desk) -> tuple[bool, bool]:
        old = b""
        if receipted:
            await desk.ask("receipt", note=await desk.receipt_note(receipted))
            old = await desk.book.shelf.tree(lambda node: merkle.root(receipted, node))
        found = (await desk.ask("express", beyond=0))["express"]
        point = notes.open_checkpoint(found["checkpoint"].encode(), desk.book.log_key)
        steps = [b64decode(step) for step in found["inclusion"]]
        inside = merkle.included(merkle.leaf(found["line"].encode()), found["index"], found["size"], steps, point.root)
        if not receipted:
            return inside, found["consistency"] is None
        proof = [b64decode(step) for step in found["consistency"]["proof"]]
        return inside, merkle.consistent(receipted, old, point.size, point.root, proof)

    assert at_desk(tmp_path, story) == (True, True)


def test_alarms_go_express_newest_first_and_once(tmp_path: Path) -> None:
    async def story(desk: Desk) -> list[int | None]:
        seqs = []
        for _ in range(3):
            found = await desk.ask("express", beyond=0)
            seqs.append(found.get("seq"))
            if found:
                await desk.ask("expressed", seq=found["seq"])
        return seqs

    assert at_desk(tmp_path, story) == [7, 3, None]


ODD: list[dict[str, Any]] = [
    {"op": "batch", "from": -5, "lines": 10, "bytes": 10}, {"op": "batch", "from": 11, "lines": 10, "bytes": 10},
    {"op": "batch", "from": 10**30, "lines": 10, "bytes": 10}, {"op": "batch", "from": 0, "lines": -1, "bytes": -1},
    {"op": "batch"}, {"op": "batch", "from": "x", "lines": 1, "bytes": 1}, {"op": "express", "beyond": 10**30},
    {"op": "express", "beyond": -(10**30)}, {"op": "receipt"}, {"op": "receipt", "note": 5},
    {"op": "receipt", "note": "\ud800"}, {"op": "expressed", "seq": None}, {"op": "wait", "size": 0, "timeout_s": "soon"},
    {"op": "batch", "from": 5, "lines": 0, "bytes": 100},
]


@pytest.mark.parametrize("request_", ODD, ids=lambda request: str(request)[:60])
def test_an_odd_question_is_answered_in_one_line(tmp_path: Path, request_: dict[str, Any]) -> None:
    """Answered, with or without a refusal; never by a crash that shows no reason."""
    async def story(desk: Desk) -> list[Any]:
        names = ("wait", "batch", "express", "expressed", "receipt")
        door = Door(tmp_path / "uplink.sock", "nobody", {name: getattr(desk.outbox, name) for name in names}, {})
        import json

        line = json.dumps({"log": ORIGIN, **request_}).encode()
        return [answer async for answer in door._answers(line)]

    assert len(at_desk(tmp_path, story)) == 1


def test_a_question_of_another_log_is_refused(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        with pytest.raises(EvidenceError, match="no log"):
            await desk.ask("batch", log="rpm.example.gov/portal/OTHER", **{"from": 0, "lines": 1, "bytes": 1})

    at_desk(tmp_path, story)


def test_no_checkpoint_is_signed_over_records_that_are_not_there(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        try:
            found = await desk.ask("batch", **{"from": 500, "lines": 1, "bytes": 10**6})
        except Exception:
            return
        assert notes.open_checkpoint(found["checkpoint"].encode(), desk.book.log_key).size <= 10

    at_desk(tmp_path, story)
