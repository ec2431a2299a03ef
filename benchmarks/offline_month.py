"""30 days without a centre, then drained by real processes: records per second, peak memory, how soon a fresh alarm."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.live import month
from tests.live.delivered import compare, memory_kb
from tests.live.post import Post, wait_for

DAYS = (3, 30)
PROCESSES = ("core", "uplink", "centre")
PATIENCE_S = 3600


def main() -> None:
    print(f"{'days':>5} {'records':>8} {'MB':>6} {'written/s':>10} {'drained/s':>10} {'lost':>5} {'dup':>4} {'verified':>9}"
          f" {'alarms':>7} {'ahead':>6} {'worst s':>8}   peak RSS, MB: {', '.join(PROCESSES)}", flush=True)
    for days in DAYS:
        with tempfile.TemporaryDirectory(prefix="ea-") as where:
            post = Post(Path(where))
            try:
                print(measure(post, days), flush=True)
            finally:
                post.close()


def measure(post: Post, days: float) -> str:
    bodies = month.prepare(post)
    began = time.monotonic()
    written = month.write(post, bodies, days)
    write_s = time.monotonic() - began
    post.lanes.clear()
    post.portal("2", "--scene", "five", "--rate", "5", "--loop")        # alarms are raised while it drains
    post.configure(heartbeat_s=5)
    post.start_centre()
    post.start_core()
    fresh = post.status()["log"]["size"]
    began = time.monotonic()
    post.start_uplink()
    wait_for(lambda: post.status()["log"]["receipted"] >= written.records, PATIENCE_S, "the backlog")
    drain_s = time.monotonic() - began
    wait_for(lambda: post.status()["log"]["unreceipted"] < 3, 60, "the rest")
    peaks = memory_kb(post, *PROCESSES)
    print(f"  {days} days: drained in {drain_s:.0f} s; now both ends are verified", file=sys.stderr, flush=True)
    post.kill("portal-2")
    found = compare(post)
    late = {seq: seconds for seq, seconds in found.alarm_s.items() if seq >= fresh}
    state = "yes" if found.verified else "NO"
    return (
        f"{days:5} {written.records:8} {written.megabytes:6.1f} {written.records / write_s:10.0f}"
        f" {written.records / drain_s:10.0f} {found.lost:5} {found.duplicate:4} {state:>9} {len(late):7} {found.ahead:6}"
        f" {max(late.values(), default=float('nan')):8.1f}   "
        + ", ".join(f"{peak / 1024:.0f}" for _, peak in peaks.values())
    )


if __name__ == "__main__":
    main()
