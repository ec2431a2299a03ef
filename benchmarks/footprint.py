"""Memory and CPU of core and uplink with four lanes of mock portals and a real centre."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from tests.live.post import Post, wait_for

LANES, SECONDS = 4, 60


def pss_mib(pid: int) -> float:
    """Proportional set size, MiB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ea-") as where:
        post = Post(Path(where))
        try:
            measure(post)
        finally:
            post.close()


def measure(post: Post) -> None:
    post.make_centre()
    post.start_centre()
    for lane in range(LANES):
        post.portal(str(lane), "--scene", "twenty", "--seed", str(lane), "--loop")
    post.configure(heartbeat_s=60)
    post.enrol()
    post.start_core()
    post.start_uplink()
    wait_for(lambda: post.ask("status"), 20, "the core")
    time.sleep(25)                                  # past start-up and the first vehicles
    pids = {name: post.processes[name].pid for name in ("core", "uplink")}
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    time.sleep(SECONDS)
    print(f"{LANES} lanes, {SECONDS} s of traffic     PSS MiB    CPU %")
    total = 0.0
    for name, pid in pids.items():
        memory, spent = pss_mib(pid), (cpu_s(pid) - before[name]) / SECONDS * 100
        total += memory
        print(f"{name:30} {memory:9.1f} {spent:8.2f}")
    print(f"{'together':30} {total:9.1f}      (goal: 60 MiB and 2 %, core alone 35 MiB)")


if __name__ == "__main__":
    main()
