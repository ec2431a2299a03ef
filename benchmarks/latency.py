"""From the last byte of a crossing sample to the annunciator, and to the signed record on the disk."""

from __future__ import annotations

import queue
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from edge_agent.hands.asking import Core
from tests.live.post import Post, wait_for

PASSAGES = 100          # a lane that makes more events than it can have is held back: slower than that
QUIET, LOUD = b"GS,000050,000050,000050,000050\r\n", b"GS,000500,000500,000500,000500\r\n"
VACANT = b"NB,000001,000001,000001,000001\r\nGB,000250,000250,000250,000250\r\n"
END = b"GX,%06d,000000,000000,000000\r\n"


def now_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def told(path: Path, out: queue.Queue[float]) -> None:
    """When the core's socket says an alarm."""
    with Core(path) as core:
        for event in core.follow("events"):
            if event["kind"] == "alarm":
                out.put(now_s())


def committed(core: Core, beyond: int) -> float:
    core.ask("wait", size=beyond, timeout_s=10)
    return now_s()


def passages(portal: socket.socket, post: Post, alarms: queue.Queue[float]) -> Iterator[tuple[float, float]]:
    """(seconds to the annunciator, seconds to the disk) of each."""
    with Core(post.where / "run/uplink.sock") as core:
        for number in range(PASSAGES):
            portal.sendall(VACANT)
            portal.sendall(QUIET)
            time.sleep(0.02)
            size = wait_for(lambda: settled(core), 5, "the ledger at rest")
            while not alarms.empty():
                alarms.get()
            sent = now_s()
            portal.sendall(LOUD)
            durable = committed(core, size)
            shown = alarms.get(timeout=5)
            yield shown - sent, durable - sent
            portal.sendall(QUIET + END % number)
            time.sleep(0.3)


def settled(core: Core) -> int:
    size: int = core.ask("logs")["logs"][-1]["size"]
    time.sleep(0.02)
    return size if core.ask("logs")["logs"][-1]["size"] == size else 0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix=".ea-", dir=Path.cwd()) as where, socket.create_server(("127.0.0.1", 0)) as door:
        post = Post(Path(where))
        try:
            results = list(measure(post, door))
        finally:
            post.close()
    print(f"{PASSAGES} crossings                          p50 ms   p99 ms")
    shown, durable = zip(*results, strict=True)
    for name, seconds in (("to the annunciator", shown), ("to the signed record on disk", durable)):
        print(f"{name:34} {median(seconds) * 1e3:9.2f} {quantiles(seconds, n=100)[98] * 1e3:8.2f}")


def measure(post: Post, door: socket.socket) -> Iterator[tuple[float, float]]:
    post.make_centre()
    link = f'{{ kind = "tcp", host = "127.0.0.1", port = {door.getsockname()[1]} }}'
    post.lanes.append(f'[[lane]]\nname = "1"\ndriver = "rapiscan"\nlink = {link}\n')
    post.configure(heartbeat_s=3600)
    post.enrol()
    post.start_core()
    portal: Any = door.accept()[0]
    portal.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wait_for(lambda: post.ask("status"), 20, "the core")
    for _ in range(40):
        portal.sendall(VACANT)
        time.sleep(0.01)
    time.sleep(3)               # vacant counts younger than the guard do not survive the next occupancy
    alarms: queue.Queue[float] = queue.Queue()
    threading.Thread(target=told, args=(post.where / "run/control.sock", alarms), daemon=True).start()
    time.sleep(0.5)
    yield from passages(portal, post, alarms)


if __name__ == "__main__":
    main()
