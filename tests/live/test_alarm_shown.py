"""One alarm of a running core, told and drawn; and from its ledger once the core has stopped."""

from __future__ import annotations

import json
import signal

from tests.live.post import Post, payloads, wait_for


def test_an_alarm_is_told_and_drawn_with_and_without_the_core(post: Post) -> None:
    post.portal("1", "--scene", "five", "--seed", "11", "--rate", "10", "--once")
    post.configure()
    post.enrol()
    post.start_core()
    wait_for(lambda: post.status()["lanes"]["1"]["counts"]["occupancies"] >= 5, 60, "the vehicles")
    alarm = next(payloads(post.all_lines(), "alarm"))
    assert alarm["id"] in post.command("alarms", "--config", post.config).stdout
    out = post.where / "alarm.svg"
    told = post.command("alarms", "show", alarm["id"], "--config", post.config, "--plot", out).stdout
    assert f"occupancy {alarm['occupancy']}" in told and "has no shadow model" in told and "<svg" in out.read_text()
    post.kill("core", signal.SIGTERM)
    gone = post.command("alarms", "show", alarm["id"], "--config", post.config, check=False)
    assert gone.returncode == 9 and "--ledger" in gone.stderr
    ledger = post.where / "state/logs/1/ledger.db"
    found = json.loads(post.command("alarms", "show", alarm["id"], "--config", post.config, "--ledger", ledger, "--json").stdout)
    assert found["alarm"]["id"] == alarm["id"] and alarm["id"] in found["occupancy"]["alarms"]
