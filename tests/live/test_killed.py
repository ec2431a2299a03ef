"""kill -9 at random moments: nothing lost, nothing twice at the centre, the chain whole."""

from __future__ import annotations

import random
import time

import pytest

from tests.live.post import ORIGIN, Post, payloads, wait_for

KILLS = 50              # of each process, as the issue asks
SEED = 20261123


@pytest.fixture
def busy_post(post: Post) -> Post:
    """Two lanes with twenty times the traffic, so that every kill meets a record under way."""
    post.make_centre()
    post.start_centre()
    post.portal("a", "--scene", "twenty", "--rate", "20", "--loop")
    post.portal("b", "--scene", "faults", "--rate", "20", "--loop", pty=True)
    post.configure(heartbeat_s=1)
    post.enrol()
    return post


def test_core_and_uplink_killed_fifty_times_each(busy_post: Post) -> None:
    post, dice = busy_post, random.Random(SEED)
    post.start_core()
    post.start_uplink()
    kept: list[str] = []                    # what a reader was shown: never to change again
    for _ in range(KILLS):
        wait_for(lambda: post.ask("status"), 20, "the core is back")
        time.sleep(dice.uniform(0.0, 0.6))
        kept += (post.ask("lines", **{"from": len(kept)}) or {"lines": []})["lines"]
        for name, start in (("core", post.start_core), ("uplink", post.start_uplink)):
            post.kill(name)
            start()
            time.sleep(dice.uniform(0.0, 0.2))
    wait_for(lambda: post.ask("status"), 20, "the core is back")
    wait_for(post.all_receipted, 60, "receipts after the last kill")

    ours = post.all_lines()
    assert ours[: len(kept)] == kept, "a record that was shown is gone or changed"
    wait_for(lambda: len(post.centre_lines()) >= len(ours), 30, "the centre holds them all")
    assert post.centre_lines()[: len(ours)] == ours
    assert [record["seq"] for record in payloads(ours)] == list(range(len(ours)))
    identities = [record["id"] for record in payloads(ours, "alarm")]
    assert len(identities) == len(set(identities))
    starts = [record["t"]["boot"] for record in payloads(ours, "boot")]
    assert starts == sorted(set(starts))
    assert "REFUSED" not in post.log("centre") and "FORK" not in post.log("centre")
    assert {record["log"] for record in payloads(ours)} == {ORIGIN}, "no continuation log was needed"
    post.kill("core")
    assert post.command("verify", "--config", post.config).returncode == 0


def test_the_centre_killed_while_it_receives(busy_post: Post) -> None:
    post, dice = busy_post, random.Random(SEED + 1)
    post.start_core()
    post.start_uplink()
    wait_for(lambda: post.centre_lines(), 20, "the first records")
    for _ in range(8):
        post.kill("centre")
        post.start_centre()
        time.sleep(dice.uniform(0.5, 3.0))
    wait_for(post.all_receipted, 30, "receipts after the last kill")
    ours = post.all_lines()
    theirs = post.centre_lines()
    assert theirs and theirs[: len(ours)] == ours[: len(theirs)]
    assert "FORK" not in post.log("centre")
    assert "centre-rollback" not in post.log("core")
