"""The centre is away for two minutes and comes back: how soon the first record, a fresh alarm, all of them."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from tests.live.post import Post, wait_for

AWAY_S = 120


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ea-") as where:
        post = Post(Path(where))
        try:
            measure(post)
        finally:
            post.close()


def since_return(post: Post) -> str:
    return post.log("centre").rsplit("ready ", 1)[1]


def measure(post: Post) -> None:
    post.make_centre()
    post.start_centre()
    post.portal("busy", "--scene", "twenty", "--rate", "30", "--loop")
    post.configure(heartbeat_s=1)
    post.enrol()
    post.start_core()
    post.start_uplink()
    wait_for(lambda: post.centre_lines(), 20, "the first records")
    post.kill("centre")
    time.sleep(AWAY_S)
    before = len(post.centre_lines())
    backlog = post.status()["log"]["unreceipted"]
    post.start_centre()
    began = time.monotonic()
    wait_for(lambda: "ALARM" in since_return(post), 30, "an alarm")
    alarm_s = time.monotonic() - began
    pending = "state=pending" in since_return(post).split("ALARM", 1)[1].splitlines()[0]
    wait_for(lambda: len(post.centre_lines()) > before, 30, "the first record in order")
    first_s = time.monotonic() - began
    wait_for(lambda: post.status()["log"]["unreceipted"] < 20, 120, "the backlog")
    print(f"away {AWAY_S} s, backlog {backlog} records")
    print(f"first alarm shown after          {alarm_s:6.1f} s   ({'ahead of the backlog' if pending else 'in order'})")
    print(f"first record in order after      {first_s:6.1f} s   (goal 5 s)")
    print(f"backlog through after            {time.monotonic() - began:6.1f} s")


if __name__ == "__main__":
    main()
