"""Offline for long, then drained: whole, in order, memory flat.  30 days with figures: python -m benchmarks offline_month."""

from __future__ import annotations

from tests.live import month
from tests.live.delivered import compare, memory_kb
from tests.live.post import Post, wait_for


def test_a_day_offline_arrives_whole_and_in_order(post: Post) -> None:
    bodies = month.prepare(post)
    written = month.write(post, bodies, 1)
    assert written.records > 1800
    post.start_centre()
    post.start_core()
    post.status()
    post.start_uplink()
    wait_for(lambda: post.status()["log"]["receipted"], 60, "a first receipt: both are up")
    first = memory_kb(post, "core", "uplink")
    wait_for(lambda: post.status()["log"]["receipted"] >= written.records, 120, "the day")
    found = compare(post)
    assert found.records > written.records and (found.lost, found.duplicate) == (0, 0) and found.verified
    for name, (now, _) in memory_kb(post, "core", "uplink").items():
        assert now < first[name][0] + 40 * 1024, f"{name} holds the backlog in memory"
