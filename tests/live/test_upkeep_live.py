"""Upkeep on a running portal: done is on record, survives a kill, and ends the reminder."""

from __future__ import annotations

import json

from edge_agent.tools import jws
from tests.evidence.test_schemas import VALIDATORS

from .post import Post, wait_for
from .test_every_command import check


def test_what_is_due_is_said_until_somebody_did_it(post: Post) -> None:
    post.portal("1", "--scene", "quiet", "--rate", "4")
    post.configure()
    (post.where / "upkeep.toml").write_text('[[task]]\nid = "clean"\nevery_days = 7\ntext = "Clean the lenses"\n')
    post.enrol()
    state = post.where / "state"
    state.mkdir(exist_ok=True)
    (state / "upkeep.json").write_text('{"begun": "2026-01-01T00:00:00.000Z", "done": {}}')
    post.start_core()
    wait_for(lambda: post.ask("status"), 30, "the core")
    where = ("--config", post.config)
    assert "due: 1 task of upkeep, first clean of lane 1" in post.command("status", *where, check=False).stdout
    told = json.loads(post.command("upkeep", "list", "--json", *where).stdout)
    check("upkeep", told)
    (one,) = told["due"]
    assert one["task"] == "clean" and one["last"] is None and one["over_days"] > 300
    wrong = post.command("upkeep", "done", "1", "wash", *where, check=False)
    assert wrong.returncode == 3 and "there are: clean" in wrong.stderr
    assert post.command("upkeep", "done", "2", "clean", *where, check=False).returncode == 3
    post.command("upkeep", "done", "1", "clean", "--note", "left lens was dirty", "--by", "R. Kazlauskas", *where)
    post.kill("core")
    post.start_core()
    wait_for(lambda: post.ask("status"), 30, "the core again")
    assert "due:" not in post.command("status", *where, check=False).stdout
    assert "due in 7 days" in post.command("upkeep", "list", "--all", *where).stdout
    parts = [jws.take_apart(line.encode()) for line in (post.ask("lines", **{"from": 0}) or {})["lines"]]
    (record,) = [part.payload for part in parts if part.kind == "operator"]
    assert record["action"] == "upkeep" and record["task"] == "clean" and record["by"]["name"] == "R. Kazlauskas"
    assert not list(VALIDATORS["operator"].iter_errors(record))
