"""A disk with no byte left, on a file system of its own: the portal is watched, people are told, alarms survive the end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.post import Post, payloads, wait_for

SIZE_KB = 2048


@pytest.fixture
def small(post: Post) -> Iterator[Post]:
    """The demo scene on a state directory of 2 MB, used once so that ledger and keys are there."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a tmpfs of 2 MB")
    state = post.where / "state"
    state.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_KB}k,mode=0711", "tmpfs", state], capture_output=True)
    if done.returncode:
        pytest.skip(f"cannot mount a tmpfs here: {done.stderr.decode().strip()}")
    try:
        post.portal("1", "--scene", "demo", "--seed", "7", "--loop")
        post.configure(heartbeat_s=1)
        post.enrol()
        post.start_core()
        wait_for(lambda: post.status()["log"]["size"] >= 3, 20, "the first records")
        yield post
    finally:
        post.close()
        subprocess.run(["umount", "-l", state], check=True)


def fill(post: Post) -> Path:
    """Not a byte is left."""
    path = post.where / "state/fill"
    with path.open("ab", buffering=0) as file:
        for piece in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * piece)
            except OSError:
                continue
    assert shutil.disk_usage(post.where / "state").free == 0
    return path


def told(post: Post) -> list[str]:
    return [line for line in post.log("core").splitlines() if line.startswith("ALARM")]


def ledger_alarms(post: Post) -> list[str]:
    return [record["id"] for record in payloads(post.all_lines(), "alarm")]


def test_a_start_on_a_full_disk_watches_and_alarms_survive_sigterm(small: Post) -> None:
    post = small
    post.kill("core", signal.SIGTERM)
    assert (post.where / "state/reserve").exists()
    fill(post)
    before = len(told(post))
    post.start_core()
    wait_for(lambda: post.status()["storage"], 30, "the storage fault is shown")
    assert "disk-low" in post.status()["faults"]
    shown = wait_for(lambda: told(post)[before:], 60, "an alarm is shown on a full disk")
    assert post.processes["core"].poll() is None and post.status()["queued"] > 0
    post.kill("core", signal.SIGTERM)
    assert not (post.where / "state/reserve").exists(), "its room went to the last records"
    assert "are lost with the end" not in post.log("core")
    (post.where / "state/fill").unlink()
    post.start_core()
    kept = wait_for(lambda: ledger_alarms(post), 20, "the alarms")
    assert all(any(line.endswith(name) for name in kept) for line in shown)
    post.kill("core", signal.SIGTERM)
    assert post.command("verify", "--config", post.config).returncode == 0


def test_records_wait_in_memory_and_are_written_once_there_is_room(small: Post) -> None:
    post = small
    full = fill(post)
    wait_for(lambda: post.status()["storage"], 30, "the storage fault is shown")
    wait_for(lambda: told(post), 60, "an alarm is shown on a full disk")
    wait_for(lambda: post.status()["lanes"]["1"]["faults"] == [], 5, "the lane is well")
    full.unlink()
    wait_for(lambda: post.status()["queued"] == 0 and not post.status()["storage"], 30, "the queue is written")
    wait_for(lambda: "disk-low" not in post.status()["faults"], 60, "room is seen")
    assert len(ledger_alarms(post)) >= len(told(post)) > 0 and post.status()["overflowed"] == 0
    assert post.command("verify", "--config", post.config).returncode == 0, "others can read beside the core again"


def test_a_second_start_after_the_reserve_is_used_watches_too(small: Post) -> None:
    post = small
    fill(post)
    for _ in range(2):
        post.kill("core", signal.SIGTERM)
        fill(post)
        post.start_core()
        wait_for(lambda: post.status()["storage"], 30, "the storage fault is shown")
        assert post.status()["lanes"]["1"]["heard_s"] is None or post.status()["lanes"]["1"]["state"]
    post.kill("core")
    fill(post)
    post.start_core()
    wait_for(lambda: post.status()["storage"], 30, "also after kill -9")
