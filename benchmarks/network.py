"""What befalls networks, between a post and a centre in two network namespaces: a row for each fault.  Needs root.

Degraded for as long as it takes, with a backlog of half a minute: seconds from the uplink's start.
Cut for half a minute while records come: seconds from the moment the wire is whole again.
`alarm`: the longest from the signing of a fresh alarm to its showing at the centre, since that moment.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.live import month
from tests.live.delivered import Delivered, centre_size, compare, memory_kb
from tests.live.places import CENTRE, MOVED, Places, far_away, missing, two_places
from tests.live.post import Post, wait_for

BACKLOG_S = 30
PATIENCE_S = 900
ON_THE_WAY = 6                  # records that are always under way when a post writes and its link is slow


@dataclass(frozen=True)
class Fault:
    name: str
    at: Callable[[Post, Places], AbstractContextManager[object]]
    cut: bool = False           # nothing passes while it lasts


def _rule(begin: Callable[[Places], object], end: Callable[[Places], object] = Places.heal) -> Callable[
    [Post, Places], AbstractContextManager[object]
]:
    @contextlib.contextmanager
    def lasting(post: Post, places: Places) -> Iterator[None]:
        begin(places)
        try:
            yield
        finally:
            end(places)
    return lasting


@contextlib.contextmanager
def _flapping(post: Post, places: Places) -> Iterator[None]:
    for _ in range(10):
        places.down()
        time.sleep(1)
        places.up()
        time.sleep(1)
    yield


FAULTS = (
    Fault("none", _rule(lambda places: None)),
    Fault("5 % loss", _rule(lambda places: places.loss(5))),
    Fault("reset of 1 packet in 40", _rule(lambda places: places.resets(40))),
    Fault("32 kbit/s", _rule(lambda places: places.rate(32))),
    Fault("1 s round trip", lambda post, places: far_away(post, places, 1.0)),
    Fault("link down", _rule(Places.down, Places.up), cut=True),
    Fault("black hole", _rule(Places.black_hole), cut=True),
    Fault("connection forgotten", _rule(Places.forget), cut=True),
    Fault("flapping, 1 s down, 1 s up", _flapping, cut=True),
    Fault("another address", _rule(lambda places: places.move(MOVED), lambda places: None), cut=True),
)


@dataclass(frozen=True)
class Seen:
    backlog: int
    first_s: float
    drained_s: float
    alarm_s: float
    delivered: Delivered


def main() -> None:
    if why := missing():
        print(f"not run: {why}")
        return
    with tempfile.TemporaryDirectory(prefix="ea-") as where, two_places() as places:
        post = places.post(Path(where))
        try:
            begin(post)
            before = memory_kb(post, "core", "uplink", "centre")
            print(f"{'fault':28} {'backlog':>7} {'first s':>8} {'drained s':>10} {'alarm s':>8}"
                  f" {'ahead':>6} {'lost':>5} {'dup':>4}", flush=True)
            for fault in FAULTS:
                print(row(fault, measure(post, places, fault)), flush=True)
            after = memory_kb(post, "core", "centre")       # the uplink was started anew again and again
            print("resident, MB, before and after: " + ", ".join(
                f"{name} {before[name][0] / 1024:.0f} {now / 1024:.0f}" for name, (now, _) in after.items()))
        finally:
            post.close()
    thin_line()


def thin_line(days: float = 0.2, kbit: int = 32) -> None:
    """A backlog over a thin line: what it costs there, and whether a fresh alarm waits behind it."""
    with tempfile.TemporaryDirectory(prefix="ea-") as where, two_places() as places:
        post = places.post(Path(where))
        try:
            written = month.write(post, month.prepare(post), days)
            post.portal("2", "--scene", "five", "--rate", "2", "--loop")
            post.configure(heartbeat_s=10)
            post.start_centre()
            post.start_core()
            fresh = post.status()["log"]["size"]
            places.rate(kbit)
            began, sent = time.monotonic(), places.sent_bytes()
            post.start_uplink()
            wait_for(lambda: centre_size(post) >= written.records, PATIENCE_S, "the backlog")
            spent, sent = time.monotonic() - began, places.sent_bytes() - sent
            drained(post)
            places.heal()
            found = compare(post)
            late = [seconds for seq, seconds in found.alarm_s.items() if seq >= fresh]
            typical, longest = (of(late) if late else float("nan") for of in (median, max))
            print(f"{kbit} kbit/s, backlog {written.records} records, {written.megabytes:.2f} MB: {spent:.0f} s, "
                  f"{sent / spent:.0f} bytes/s, {sent / written.records:.0f} bytes a record on the wire\n"
                  f"  {len(late)} fresh alarms shown after {typical:.1f} s, the longest {longest:.1f} s; "
                  f"lost {found.lost}, twice {found.duplicate}", flush=True)
        finally:
            post.close()


def begin(post: Post, rate: float = 5) -> None:
    post.make_centre()
    post.start_centre()
    post.portal("1", "--scene", "twenty", "--rate", str(rate), "--loop")
    post.configure(heartbeat_s=3)
    post.enrol()
    post.start_core()
    post.start_uplink()
    wait_for(lambda: centre_size(post), 30, "the first records")


def measure(post: Post, places: Places, fault: Fault, backlog_s: float = BACKLOG_S) -> Seen:
    """One fault, from a post that has delivered everything to one that has again."""
    drained(post)
    with contextlib.ExitStack() as lasting:
        if fault.cut:
            with fault.at(post, places):
                time.sleep(backlog_s)
        else:
            post.kill("uplink")
            time.sleep(backlog_s)
            lasting.enter_context(fault.at(post, places))
            post.start_uplink()
        began, size = time.monotonic(), centre_size(post)
        log = post.status()["log"]
        wait_for(lambda: centre_size(post) > size, PATIENCE_S, f"{fault.name}: the first record")
        first_s = time.monotonic() - began
        drained(post)
        drained_s = time.monotonic() - began
    if fault.name == "another address":
        places.move(CENTRE)
    found = compare(post)
    late = [seconds for seq, seconds in found.alarm_s.items() if seq >= log["size"]]
    return Seen(log["unreceipted"], first_s, drained_s, max(late, default=float("nan")), found)


def drained(post: Post) -> None:
    wait_for(lambda: post.status()["log"]["unreceipted"] < ON_THE_WAY, PATIENCE_S, "the backlog")


def row(fault: Fault, seen: Seen) -> str:
    done = seen.delivered
    return (f"{fault.name:28} {seen.backlog:7} {seen.first_s:8.1f} {seen.drained_s:10.1f} {seen.alarm_s:8.1f} {done.ahead:6}"
            f" {done.lost:5} {done.duplicate:4}{'' if done.verified else '   DOES NOT VERIFY'}")


if __name__ == "__main__":
    main()
