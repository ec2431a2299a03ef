"""A recording of the whole wire, judged again with the lane's own settings, gives the numbers of the signed records."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

from tests.live.post import ENVIRONMENT, Post, payloads, wait_for

NUMBERS = ("radiation", "rule", "statistic", "threshold", "window_s", "counts", "expected", "expected_sd", "sum", "place",
           "detectors", "speed_mps", "notes")


def test_a_recording_from_the_first_byte_on_gives_the_numbers_of_the_ledger(post: Post) -> None:
    post.portal("1", "--scene", "five", "--seed", "11", "--rate", "10", "--once")
    post.configure()
    post.enrol()
    portal = post.processes["portal-1"]
    portal.send_signal(signal.SIGSTOP)          # nothing is sent before the recording runs
    out = post.where / "lane.capture"
    try:
        post.start_core()
        post.status()
        recorder = subprocess.Popen(
            [sys.executable, "-m", "edge_agent", "record", "1", "--out", str(out), "--config", str(post.config)], env=ENVIRONMENT
        )
        wait_for(lambda: out.exists(), 20, "the recording")
        time.sleep(1.0)                         # its stream follows its first answer
    finally:
        portal.send_signal(signal.SIGCONT)
    wait_for(lambda: post.status()["lanes"]["1"]["counts"]["occupancies"] >= 5, 60, "the vehicles")
    recorder.send_signal(signal.SIGINT)
    recorder.wait(20)
    records = [alarm for alarm in payloads(post.all_lines(), "alarm") if alarm["rule"] != "vendor"]
    again = json.loads(post.command("replay", "--json", "--config", post.config, "--lane", "1", out).stdout)["alarms"]
    assert len(records) >= 2
    found, signed = ([{key: alarm[key] for key in NUMBERS} for alarm in each] for each in (again, records))
    assert found == signed
