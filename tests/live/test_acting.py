"""Exercises, maintenance and panels out over a real core: named, marked on every record, kept over a kill."""

from __future__ import annotations

import signal
from typing import Any

import jsonschema
import pytest

from edge_agent.tools import jws
from tests.evidence.test_schemas import VALIDATORS

from .post import Post, wait_for


def act(post: Post, *words: str, code: int = 0) -> str:
    done = post.command(*words, "--config", post.config, check=False)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


def records(post: Post, *kinds: str) -> list[dict[str, Any]]:
    lines = (post.ask("lines", **{"from": 0}) or {})["lines"]
    parts = [jws.take_apart(line.encode()) for line in lines]
    return [{**part.payload, "kind": part.kind} for part in parts if not kinds or part.kind in kinds]


def started(post: Post) -> None:
    post.portal("1", "--scene", "five", "--rate", "10", "--loop", pty=True)
    post.configure(heartbeat_s=2)
    post.enrol()
    post.start_core()
    wait_for(lambda: post.ask("status"), 30, "the core")


def test_an_exercise_marks_alarms_and_mutes_none(post: Post) -> None:
    started(post)
    said = act(post, "exercise", "begin", "--reason", "drill, source in a car", "--by", "J. Petraitis")
    assert "drill, source in a car (J. Petraitis)" in said
    assert "End it first" in act(post, "exercise", "begin", "--reason", "again", code=1)
    name = post.status()["acts"][0]["id"]
    wait_for(lambda: [r for r in records(post, "alarm") if r.get("exercise")], 60, "a marked alarm")
    assert "EXERCISE: drill" in post.command("status", "--config", post.config, check=False).stdout
    wait_for(lambda: [r for r in records(post, "heartbeat") if r.get("acts")], 20, "a heartbeat that says so")
    act(post, "exercise", "end", "--by", "J. Petraitis")
    begin, end = wait_for(lambda: (found := records(post, "exercise"))[1:] and found, 10, "both records")
    assert begin["id"] == name
    assert begin["by"]["name"] == "J. Petraitis" and "act.sock, uid" in begin["by"]["how"]
    assert end["ended"] == "person" and end["alarms"] >= 1
    marked = [r for r in records(post, "alarm", "occupancy") if r.get("exercise") == begin["id"]]
    assert {r["kind"] for r in marked} >= {"alarm"}
    before = len(records(post, "alarm"))
    later = wait_for(lambda: records(post, "alarm")[before:], 60, "an alarm of after it")
    assert not any(r.get("exercise") for r in later)
    for record in records(post, "exercise", "alarm", "heartbeat"):
        kind = record.pop("kind")
        assert not list(VALIDATORS[kind].iter_errors(record)), jsonschema.ValidationError
    assert "status shows what is" in act(post, "exercise", "end", code=1)
    page = post.where / "post.html"
    act(post, "report", "--out", str(page))
    text = page.read_text()
    assert begin["id"] in text and "drill, source in a car" in text and "J. Petraitis" in text and "Signature" in text
    assert text.count("<table") == text.count("</table") and "<script" not in text and "http" not in text


def test_maintenance_and_a_panel_out_survive_a_kill_and_name_who(post: Post) -> None:
    started(post)
    act(post, "maintenance", "begin", "1", "--reason", "Aa1 noisy", "--by", "R. Kazlauskas")
    said = act(post, "panel", "out", "1", "Aa1", "--reason", "noisy since the rain", "--by", "R. Kazlauskas")
    assert "1.15 times as strong" in said
    wait_for(lambda: post.status()["lanes"]["1"]["out_of_service"] == ["Aa1"], 20, "the panel out")
    wait_for(lambda: records(post, "operator"), 10, "the record of it")
    post.kill("core", signal.SIGKILL)
    post.start_core()
    wait_for(lambda: post.ask("status"), 30, "the core again")
    wait_for(lambda: post.status()["lanes"]["1"]["out_of_service"] == ["Aa1"], 40, "the panel still out")
    assert post.status()["acts"][0]["kind"] == "maintenance"
    act(post, "panel", "in", "1", "Aa1", "--reason", "dried, source check good", "--by", "R. Kazlauskas")
    act(post, "maintenance", "end", "1", "--done", "cable dried", "--swapped", "cable:Aa1:C-1:C-2", "--void", "Aa1")
    wait_for(lambda: post.status()["lanes"]["1"]["out_of_service"] == [], 20, "the panel in")
    found = wait_for(lambda: (r := records(post, "maintenance", "operator"))[4:] and r, 10, "all records")
    assert [r.get("phase") or r["action"] for r in found] == ["begin", "panel-out", "begin", "panel-in", "end"]
    assert found[-1]["parts"] == [{"part": "cable", "detector": "Aa1", "old_serial": "C-1", "new_serial": "C-2"}]
    assert found[-1]["void"] == ["Aa1"] and found[1]["loss"]["SUM"] == pytest.approx(1.1547, abs=1e-3)
    for record in found:
        assert not list(VALIDATORS[record.pop("kind")].iter_errors(record))
    act(post, "maintenance", "begin", "1", "--reason", "Aa1 noisy", "--by", "R. Kazlauskas")
    for words, why in ((("panel", "out", "1", "Xx9", "--reason", "x"), "has no Xx9"),
                       (("maintenance", "end", "1", "--done", "x", "--swapped", "cable:Xx9:C-1:C-2"), "has no Xx9"),
                       (("maintenance", "end", "1", "--done", "x", "--void", "Xx9"), "has no Xx9"),
                       (("panel", "out", "9", "Aa1", "--reason", "x"), "no lane"),
                       (("maintenance", "end", "1", "--done", "x", "--swapped", ":::"), "expected PART")):
        assert why in act(post, *words, code=3)
