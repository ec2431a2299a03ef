"""What goes first, how much at once, how long a wait may be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.paths import batch_size
from edge_agent.paths.batch_size import TARGET_S, Size
from edge_agent.words.delivery import Reply
from edge_agent.words.errors import EdgeAgentError, PeerError
from tests.evidence.bench import T

from .bench import Post


class Centre:
    """A centre by its answers: what was asked, in order."""

    def __init__(self, post: Post, *answers: int) -> None:
        self.post, self.asked, self.answers = post, list[str](), list(answers)

    def _say(self, what: str, body: bytes = b"") -> Reply:
        self.asked.append(what)
        status = self.answers.pop(0) if self.answers else 202 if what.startswith("express") else 200
        return Reply(status, body if status == 200 else b"", None)

    def entries(self, origin: str, lines: list[str], checkpoint: str) -> Reply:
        return self._say(f"entries {len(lines)}", self.post.cosigned(int(checkpoint.split("\n")[1])))

    def express(self, origin: str, parts: dict[str, Any]) -> Reply:
        return self._say(f"express {parts['index']}")

    def register(self, origin: str, public: dict[str, Any]) -> Reply:
        return self._say("register")


@pytest.fixture
def big(tmp_path: Path) -> Iterator[Post]:
    """Records of 10 kB, as occupancies with their counts are; an alarm at 8."""
    made = Post(tmp_path, [])
    made.run(made.ledger.append([("alarm" if n == 8 else "occupancy", {"counts": "7" * 10_000}) for n in range(12)], T))
    yield made
    made.close()


def test_an_alarm_that_the_next_batch_has_no_room_for_goes_ahead(big: Post) -> None:
    centre = Centre(big)
    moved = big.forwarder(centre)
    moved.step()
    assert centre.asked == ["express 8"], "16 KiB hold one such record: the alarm would have waited seven batches"
    moved.step()
    assert centre.asked[1] == "entries 1"


def test_alarms_raised_while_the_way_is_open_go_in_their_order_and_before_those_of_the_outage(tmp_path: Path) -> None:
    """Newest first let each newer one pass: an alarm of now waited 5.2 s on 32 kbit/s behind two newer ones and a batch."""
    post = Post(tmp_path, [])
    post.run(post.ledger.append([("alarm", {}), *[("occupancy", {"counts": "7" * 10_000})] * 20, ("alarm", {})], T))
    centre = Centre(post)
    moved = post.forwarder(centre)
    moved.step()
    post.run(post.ledger.append([("alarm", {})] * 3, T))
    for _ in range(3):
        moved.step()
    assert centre.asked == ["express 21", "express 22", "express 23", "express 24"]
    post.close()


def test_a_log_the_centre_does_not_know_is_registered_before_its_alarm_goes_ahead(big: Post) -> None:
    centre = Centre(big, 404, 201)
    moved = big.forwarder(centre)
    moved.step()
    moved.step()
    assert centre.asked == ["express 8", "register", "express 8"]


def test_lines_that_go_ahead_leave_the_log_its_turn(tmp_path: Path) -> None:
    """Heartbeats and alarms that come faster than the link carries them stopped the log for ever."""
    post = Post(tmp_path, [])
    post.run(post.ledger.append([("alarm" if n > 40 else "occupancy", {"counts": "7" * 10_000}) for n in range(60)], T))
    post.outbox._books[post.ledger.origin].notable = lambda: post.ledger.size - 1
    centre = Centre(post)
    moved = post.forwarder(centre)
    for _ in range(20):
        post.run(post.ledger.append([("heartbeat", {})], T))
        moved.step()
    kinds = [what.split()[0] for what in centre.asked]
    assert kinds == [*["express"] * 4, "entries"] * 4
    post.close()


def test_of_heartbeats_one_goes_ahead_for_each_batch(big: Post) -> None:
    big.outbox._books[big.ledger.origin].notable = lambda: big.ledger.size - 1
    centre = Centre(big)
    moved = big.forwarder(centre)
    for _ in range(6):
        big.run(big.ledger.append([("heartbeat", {"counts": "7" * 10_000})], T))
        moved.step()
    assert [what.split()[0] for what in centre.asked] == ["express", "entries"] * 3


@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 405, 500])
def test_a_box_that_answers_for_the_centre_does_not_use_an_alarm_up(big: Post, status: int) -> None:
    centre = Centre(big, status, *([404] if status == 404 else []))
    moved = big.forwarder(centre)
    with pytest.raises(EdgeAgentError):
        moved.step()
    moved.step()
    assert centre.asked[-1] == "express 8"


def test_a_fresh_alarm_ends_the_wait_for_a_busy_centre(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full jitter up to five minutes is for the backlog; a fresh alarm tries at once."""
    naps: list[float] = []
    moved = post.forwarder(Centre(post))
    post.run(post.outbox.receipt({"log": post.ledger.origin, "note": checkpoint(post, 3)}))

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            post.run(post.ledger.append([("alarm", {})], T))

    monkeypatch.setattr(time, "sleep", nap)
    moved._wait(300, "busy", for_alarms=True)
    assert sum(naps) == 6
    naps.clear()
    moved._wait(30, "Retry-After said so")
    assert sum(naps) == 30


def checkpoint(post: Post, size: int) -> str:
    batch = post.ask("batch", log=post.ledger.origin, **{"from": 0}, lines=size, bytes=10**6)
    return str(batch["checkpoint"] + post.cosigned(size).decode())


@pytest.mark.parametrize("bytes_per_s, round_trip_s", [(4000, 0.1), (4000, 1.0), (1e6, 1.0), (1e6, 0.02), (500, 3.0)])
def test_a_batch_comes_to_take_two_seconds(bytes_per_s: float, round_trip_s: float) -> None:
    """So long a fresh alarm may wait behind it: whatever the link, after a few batches, and never at its smallest."""
    size, took = Size(), 0.0
    for _ in range(14):
        took = round_trip_s + size.bytes * 0.6 / bytes_per_s        # 0.6: lines as gzip leaves them
        size.took(took)
    assert took <= TARGET_S * 1.05 or size.bytes == batch_size.LEAST_BYTES
    assert took > TARGET_S * 0.9 or size.bytes in (batch_size.LEAST_BYTES, batch_size.BATCH_BYTES_MAX)


def test_a_failure_is_told_with_what_comes_next(post: Post, caplog: pytest.LogCaptureFixture,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(Exception): ...

    def leave(seconds: float) -> None:
        raise Gone

    monkeypatch.setattr(time, "sleep", leave)
    centre = Centre(post)
    monkeypatch.setattr(centre, "entries", lambda *_: (_ for _ in ()).throw(PeerError("centre.example: no answer in time")))
    with pytest.raises(Gone):
        post.forwarder(centre).run()
    assert "no answer in time" in caplog.text and "next try in" in caplog.text
    assert post.reports["centre-link"] == "centre.example: no answer in time"
