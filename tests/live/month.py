"""Days without a centre, written in seconds: a real log whose records are those of a short real run, again and again,
signed by the portal's own keys under a clock that is told what time it is."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edge_agent.hands.ledger import Draft
from edge_agent.house.identity import logs_of
from edge_agent.house.salvage import open_log
from edge_agent.tools import times
from tests.live.post import Post, payloads, wait_for

HEARTBEATS, OCCUPANCIES, ALARMS = 1440, 376, 6      # a day of one lane of a border (docs/diagnostics.md: 376 vehicles)
BATCH = 500
DAY_NS = 86_400 * 10**9
BEGAN_NS = 1_793_491_200 * 10**9                    # 2026-11-01 00:00 UTC
CHAIN = ("v", "log", "seq", "prev", "nk", "t", "kind")


@dataclass(frozen=True)
class Written:
    records: int
    megabytes: float                # of lines


def prepare(post: Post) -> dict[str, list[dict[str, Any]]]:
    """A post with its centre, enrolled; the bodies of real records by kind.  Nothing runs afterwards but the mock portal."""
    post.make_centre()
    post.portal("1", "--scene", "twenty", "--rate", "60", "--loop")
    post.configure(heartbeat_s=1)
    post.enrol()
    post.start_core()
    wanted = ("heartbeat", "occupancy", "alarm")
    wait_for(lambda: post.status()["log"]["size"] > 60, 60, "some records")
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in wanted}
    for record in payloads(post.all_lines()):
        if record["kind"] in wanted:
            found[record["kind"]].append({name: value for name, value in record.items() if name not in CHAIN})
    post.kill("core", 15)
    post.kill("portal-1")
    assert all(found.values()), "a kind that the run did not give"
    return found


def write(post: Post, bodies: dict[str, list[dict[str, Any]]], days: float) -> Written:
    """So many days go by without a core or a centre."""
    return asyncio.run(_write(post, bodies, days))


async def _write(post: Post, bodies: dict[str, list[dict[str, Any]]], days: float) -> Written:
    ledger, length = await open_log(logs_of(post.where / "state")[-1]), 0
    before = ledger.size
    day = list(_day(bodies))
    step_ns = DAY_NS // len(day)
    try:
        todo = itertools.islice(itertools.cycle(day), int(days * len(day)))
        for number, batch in enumerate(iter(lambda: list(itertools.islice(todo, BATCH)), [])):
            at_ns = BEGAN_NS + number * BATCH * step_ns
            await ledger.append(batch, {"wall": times.iso(at_ns), "boot": 1, "mono_ms": (at_ns - BEGAN_NS) // 10**6,
                                        "src": "ntp", "unc_ms": 40})
            length += sum(len(line) for line in await ledger.lines(ledger.size - len(batch), len(batch)))
        return Written(ledger.size - before, length / 1e6)
    finally:
        await ledger.close()


def _day(bodies: dict[str, list[dict[str, Any]]]) -> Iterator[Draft]:
    """A day's drafts in the order they come."""
    kinds = [("heartbeat", HEARTBEATS), ("occupancy", OCCUPANCIES), ("alarm", ALARMS)]
    order = sorted((((n + 0.5) / count, kind) for kind, count in kinds for n in range(count)))
    sources = {kind: itertools.cycle(found) for kind, found in bodies.items()}
    yield from ((kind, next(sources[kind])) for _, kind in order)
