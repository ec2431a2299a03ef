"""`trend` beside a real core: its minutes are there after an end, it takes nothing from the lane and leaves no memory behind."""

from __future__ import annotations

import json
import signal

from .delivered import memory_kb
from .post import Post, wait_for


def test_who_asks_for_the_trend_takes_nothing_from_the_lane(post: Post) -> None:
    post.portal("1", "--scene", "demo", "--loop", pty=True)
    post.configure()
    post.enrol()
    post.start_core()
    wait_for(lambda: post.status()["lanes"]["1"]["counts"]["samples"] > 0, 40, "samples")
    before = post.status()["lanes"]["1"]["counts"]["samples"]
    post.kill("core", signal.SIGTERM)
    post.start_core()
    post.status()
    found = json.loads(post.command("trend", "1", "--json", "--config", post.config).stdout)
    assert found["minutes"] >= 1, "an orderly end writes the minute under way"
    wait_for(lambda: post.status()["lanes"]["1"]["counts"]["samples"] > 0, 40, "samples")
    first = memory_kb(post, "core")["core"][0]
    for _ in range(300):
        assert post.ask("minutes", lane="1")
    shown = post.command("trend", "1", "--hours", "1", "--csv", post.where / "t.csv", "--config", post.config)
    assert "Aa1" in shown.stdout and max(map(len, shown.stdout.splitlines())) <= 80
    lane = post.status()["lanes"]["1"]
    assert not lane["faults"] and lane["counts"]["late"] == 0 and lane["counts"]["unreadable"] == 0
    assert memory_kb(post, "core")["core"][0] < first + 8 * 1024
    post.kill("core", signal.SIGTERM)
    post.start_core()
    post.status()
    post.command("trend", "1", "--hours", "1", "--csv", post.where / "t.csv", "--config", post.config)
    head, *rows = [line.split(",") for line in (post.where / "t.csv").read_text().splitlines()]
    kept = sum(int(row[head.index("samples")]) for row in rows)
    assert kept >= before + lane["counts"]["samples"], "every sample of both runs is in a minute"
    unknown = post.command("trend", "9", "--config", post.config, check=False)
    assert unknown.returncode == 3 and "there are: 1" in unknown.stderr
    post.kill("core")
    nobody = post.command("trend", "1", "--config", post.config, check=False)
    assert nobody.returncode == 9 and "Is it running?" in nobody.stderr


def test_without_a_lane_each_is_shown(post: Post) -> None:
    for name in ("1", "2"):
        post.portal(name, "--scene", "quiet", "--loop", pty=True)
    post.configure()
    post.enrol()
    post.start_core()
    post.status()
    shown = post.command("trend", "--hours", "1", "--config", post.config).stdout
    assert [line.split("   ")[0] for line in shown.splitlines() if line.startswith("lane ")] == ["lane 1", "lane 2"]
    lines = post.command("trend", "--json", "--config", post.config).stdout.splitlines()
    assert [json.loads(line)["lane"] for line in lines] == ["1", "2"]
    which = post.command("trend", "--svg", post.where / "t.svg", "--config", post.config, check=False)
    assert which.returncode == 3 and "edge-agent trend 1 --svg" in which.stderr and not (post.where / "t.svg").exists()
