"""A recording cut out of what was kept, over a start of the core anew, gives what was judged live."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime

from .post import Post, payloads, wait_for


def test_the_past_is_recorded_and_replays_as_it_was_judged(post: Post) -> None:
    post.portal("1", "--scene", "five", "--seed", "11", "--rate", "10", "--loop")
    post.configure()
    post.enrol()
    begin = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    post.start_core()
    wait_for(lambda: post.status()["lanes"]["1"]["counts"]["occupancies"] >= 3, 60, "vehicles")
    early = post.where / "early.capture"
    told = post.command("record", "1", "--from", begin, "--out", early, "--config", post.config).stdout
    assert f"{early}: " in told and "replay" in told
    signed = [alarm for alarm in payloads(post.all_lines(), "alarm") if alarm["rule"] != "vendor"]
    post.kill("core", signal.SIGTERM)
    post.start_core()
    post.status()
    whole = post.where / "whole.capture"
    post.command("record", "1", "--from", begin, "--out", whole, "--config", post.config)
    text = whole.read_text()
    assert text.count("# the controller was started anew here") <= 1 and text.startswith(early.read_text()[:2000])
    again = json.loads(post.command("replay", "--json", "--config", post.config, "--lane", "1", whole).stdout)["alarms"]
    found = [(alarm["rule"], alarm["statistic"], alarm["counts"]) for alarm in again]
    assert [(alarm["rule"], alarm["statistic"], alarm["counts"]) for alarm in signed] == found[: len(signed)] and signed
    nothing = post.command("record", "1", "--from", "2020-01-01T00:00", "--seconds", "60", "--out", post.where / "n.capture",
                           "--config", post.config, check=False)
    assert nothing.returncode == 3 and "nothing of lane 1 is kept" in nothing.stderr and "trend" in nothing.stderr
    never = post.command("record", "1", "--from", begin, "--out", whole, "--config", post.config, check=False)
    assert never.returncode != 0 and "there already" in never.stderr
    odd = post.command("record", "1", "--from", "yesterday", "--out", whole, "--config", post.config, check=False)
    assert odd.returncode == 2 and "2026-11-26T03:10" in odd.stderr
