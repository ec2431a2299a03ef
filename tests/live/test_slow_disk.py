"""Every fsync held for 5 s, or failing: stamps stay right, people are told at once, nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.live.post import Post, payloads, wait_for

SHIM = Path(__file__).with_name("slow_disk.c")
STAMP_MS = 50           # the bounds of the issue: stamps right to 50 ms,
TOLD_S = 0.5            # people told within half a second


@pytest.fixture
def slow_post(post: Post) -> Post:
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc (Debian package gcc) to build the fault injector")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", post.where / "slow.so", SHIM, "-ldl"], check=True)
    post.portal("1", "--scene", "demo", "--seed", "7")
    post.configure(heartbeat_s=5)
    post.enrol()
    post.start_core({"LD_PRELOAD": str(post.where / "slow.so"), "SLOW_DISK": str(post.where / "slow")})
    return post




def test_every_fsync_held_for_five_seconds(slow_post: Post) -> None:
    post = slow_post
    wait_for(lambda: (post.ask("status") or {}).get("queued") == 0, 20, "the core")
    (post.where / "slow").write_text("5.0")
    told = wait_for(lambda: _told(post), 60, "the annunciator")
    (post.where / "slow").unlink()
    wait_for(lambda: post.status()["lanes"]["1"]["counts"]["occupancies"] >= 2, 40, "the passage")
    wait_for(lambda: post.status()["queued"] == 0, 60, "the queue is written")
    records = list(payloads(post.all_lines()))
    alarms = [record for record in records if record["kind"] == "alarm"]
    assert alarms and post.status()["overflowed"] == 0
    first = alarms[0]
    begin = next(record["begin"] for record in records if record["kind"] == "occupancy" and first["id"] in record["alarms"])
    arrived_ms = max(first["at"]["mono_ms"], begin["mono_ms"])     # records of the opening burst are stamped in the past
    behind_s = told[1] - arrived_ms / 1000
    assert behind_s < TOLD_S, f"people were told {behind_s:.2f} s after the sample"
    assert first["t"]["mono_ms"] - first["at"]["mono_ms"] > 1000, "the record itself waited for the disk"
    begins = [record["begin"]["mono_ms"] for record in records if record["kind"] == "occupancy"]
    assert abs(begins[1] - begins[0] - _truth_gap_ms(post)) < STAMP_MS


def _told(post: Post) -> tuple[str, float] | None:
    for line in post.log("core").splitlines():
        if line.startswith("ALARM"):
            return line, time.clock_gettime(time.CLOCK_BOOTTIME)
    return None


def _truth_gap_ms(post: Post) -> float:
    truth = post.truth("1")
    return (truth[1]["begins_s"] - truth[0]["begins_s"]) * 1000


def test_a_disk_that_fails_keeps_the_lane_and_says_so(slow_post: Post) -> None:
    post = slow_post
    wait_for(lambda: (post.ask("status") or {}).get("queued") == 0, 20, "the core")
    (post.where / "slow").write_text("EIO")
    wait_for(lambda: post.status()["storage"], 30, "the storage fault is shown")
    wait_for(lambda: _told(post), 60, "an alarm is shown while the disk fails")
    assert "STORAGE FAULT" in post.log("core")
    (post.where / "slow").unlink()
    wait_for(lambda: post.status()["queued"] == 0 and not post.status()["storage"], 60, "the queue is written")
    records = list(payloads(post.all_lines()))
    assert [record for record in records if record["kind"] == "alarm"]
    post.kill("core", 15)
    assert post.command("verify", "--config", post.config).returncode == 0
