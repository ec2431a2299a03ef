"""EIO from any call on a real process, once or for long: the core keeps judging, says so, and goes on when the disk heals."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.live.post import Post, payloads, wait_for

SHIM = Path(__file__).with_name("bad_disk.c")
PLACES = ["ledger.db", "record.key", "history.db", "/state/"]


@pytest.fixture
def fragile(post: Post) -> Post:
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc (Debian package gcc) to build the fault injector")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", post.where / "bad.so", SHIM, "-ldl"], check=True)
    post.portal("1", "--scene", "twenty", "--rate", "20", "--loop")
    post.configure(heartbeat_s=1)
    post.enrol()
    post.start_core({"LD_PRELOAD": str(post.where / "bad.so"), "BAD_DISK": str(post.where / "bad")})
    wait_for(lambda: post.status()["log"]["size"] >= 5, 20, "the first records")
    return post


def order(post: Post, calls: str, place: str) -> None:
    """Written beside and renamed: the core must never see half an order."""
    (post.where / "bad.new").write_text(f"{calls}\n{place}\n")
    (post.where / "bad.new").rename(post.where / "bad")


def told(post: Post) -> int:
    return sum(line.startswith("ALARM") for line in post.log("core").splitlines())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("call", ["read", "write", "fsync"])
def test_a_call_that_fails_once_and_then_for_long(fragile: Post, call: str, place: str) -> None:
    post = fragile
    shown: list[str] = post.all_lines()
    for _ in range(5):
        order(post, f"{call} once", place)
        post.ask("status")
    wait_for(lambda: post.status()["queued"] == 0 and not post.status()["storage"], 30, "the core goes on after one error")
    before = told(post)
    order(post, call, place)
    wait_for(lambda: told(post) > before, 60, "alarms are shown while the disk fails")
    if place != "history.db" and call in ("write", "fsync"):
        wait_for(lambda: post.status()["storage"], 20, "the storage fault is shown")
    assert post.processes["core"].poll() is None
    (post.where / "bad").unlink()
    wait_for(lambda: post.status()["queued"] == 0 and not post.status()["storage"], 40, "the queue is written")
    ours = post.all_lines()
    assert ours[: len(shown)] == shown, "a record that was shown is gone or changed"
    found = list(payloads(ours))
    assert [record["seq"] for record in found] == list(range(len(found))) and post.status()["overflowed"] == 0
    wait_for(lambda: sum(record["kind"] == "alarm" for record in payloads(post.all_lines())) >= told(post) - 1, 20, "every alarm")
    post.kill("core", 15)
    assert post.command("verify", "--config", post.config).returncode == 0
