"""The centre is away and comes back: first record soon, a fresh alarm before the backlog, the log in order."""

from __future__ import annotations

import re
import time

from tests.live.post import Post, payloads, wait_for

AWAY_S = 25.0           # the full two minutes are in benchmarks/outage.py


def test_a_fresh_alarm_overtakes_the_backlog_of_an_outage(post: Post) -> None:
    post.make_centre()
    post.start_centre()
    post.portal("busy", "--scene", "twenty", "--rate", "60", "--loop")
    post.configure(heartbeat_s=1)
    post.enrol()
    post.start_core()
    post.start_uplink()
    wait_for(lambda: post.centre_lines(), 20, "the first records")
    post.kill("centre")
    time.sleep(AWAY_S)
    backlog = post.status()["log"]["unreceipted"]
    assert backlog > 150, "the scene must make more than a batch, or there is nothing to overtake"
    post.start_centre()
    wait_for(lambda: "ALARM" in post.log("centre").rsplit("ready ", 1)[1], 20, "an alarm at the centre")
    first = re.search(r"^ALARM .*$", post.log("centre").rsplit("ready ", 1)[1], re.MULTILINE)
    assert first is not None and "state=pending" in first[0], "a fresh alarm is shown before its backlog arrived"
    post.kill("portal-busy")
    wait_for(post.all_receipted, 60, "the backlog")
    ours = post.all_lines()
    theirs = post.centre_lines()
    assert theirs[: len(ours)] == ours[: len(theirs)]
    assert [record["seq"] for record in payloads(theirs)] == list(range(len(theirs)))


def test_records_are_kept_and_measuring_goes_on_without_a_centre(post: Post) -> None:
    post.make_centre()
    post.portal("1", "--scene", "five", "--rate", "10")
    post.configure(heartbeat_s=1)
    post.enrol()
    post.start_core()
    post.start_uplink()
    wait_for(lambda: post.status()["lanes"]["1"]["counts"]["occupancies"] >= 5, 40, "the vehicles")
    assert post.status()["log"]["receipted"] == 0
    wait_for(lambda: "centre-link" in post.status()["faults"], 20, "the outage is a fault that everyone sees")
    post.start_centre()
    wait_for(post.all_receipted, 30, "receipts")
    wait_for(lambda: not post.status()["faults"], 20, "the fault is over")
