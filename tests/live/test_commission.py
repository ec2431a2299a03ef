"""A person commissions a lane: a source at each panel, driven through, the cabinet opened; what is not fitted is said so."""

from __future__ import annotations

import json

import pytest

from edge_agent.tools import commissioning, jws
from tests.evidence.test_schemas import VALIDATORS

from .post import Post, wait_for
from .terminal import Terminal

SOURCE = """duration_s = 4000.0
[[high_backgrounds]]            # the source at the panels: each counts three times as much
at_s = 40.0
until_s = 250.0         # less than the 300 s after which it would be learned
factor = 3.0
"""
TAMPER = "[[tampers]]\nopen_s = {0}.0\nclose_s = {1}.0\n"
VEHICLE = (
    '[[vehicles]]\nname = "the source drives through"\narrives_s = {0}.0\nlength_m = 4.6\nshadow = 0.07\n'
    "source = {{ gamma_cps = 1500.0, position_m = 2.3 }}\n"
)


def records(post: Post, kind: str) -> list[dict]:  # type: ignore[type-arg]
    found, begin = [], 0
    while lines := (post.ask("lines", **{"from": begin}) or {"lines": []})["lines"]:
        found += [part.payload for part in (jws.take_apart(line.encode()) for line in lines) if part.kind == kind]
        begin += len(lines)
    return found


def post_with_a_source(post: Post) -> Post:
    scene = SOURCE + "".join(VEHICLE.format(at) for at in range(300, 3900, 40)) + "".join(
        TAMPER.format(at, at + 25) for at in range(340, 3900, 60))
    (post.where / "scene.toml").write_text(scene)
    (post.where / "sources.toml").write_text(
        '[[source]]\nid = "CS-1188"\nnuclide = "Cs-137"\nactivity_bq = 370000.0\ndate = "2020-01-01"\n')
    post.portal("1", "--scene", str(post.where / "scene.toml"), "--rate", "4")
    post.lanes[-1] += 'neutron = ["-", "-", "-", "-"]\n'
    post.configure()
    post.enrol()
    return post


@pytest.mark.slow
def test_a_lane_that_a_person_has_tried_passes_and_who_was_interrupted_goes_on(post: Post) -> None:
    post_with_a_source(post).start_core()
    wait_for(lambda: (post.ask("live") or {"lanes": {}})["lanes"].get("1", {}).get("radiations", {}).get("gamma", {}).get(
        "background_cps", [None])[0], 30, "a background")
    screen = Terminal("commission", "1", "--by", "R. Kazlauskas", "--config", str(post.config))
    try:
        screen.answer("which check source", "CS-9", "CS-1188")
        for panel in ("Aa1", "Aa2", "Ba1", "Ba2"):
            screen.until(f"holder at {panel}")
            wait_for(lambda: (post.ask("live") or {})["lanes"]["1"]["radiations"]["gamma"]["cps"][0] > 600, 60, "the source")
            screen.answer(f"holder at {panel}", "")
        screen.answer("where it is kept", "")
        screen.until("Cs-137 CS-1188: Aa1, Aa2, Ba1, Ba2 good")
        screen.until("A source is carried")
        screen.interrupt()
    finally:
        screen.process.kill()
    assert not post.status()["acts"] and not records(post, "commissioning")
    again = Terminal("commission", "1", "--by", "R. Kazlauskas", "--config", str(post.config))
    try:
        again.answer("once more", "perhaps", "no")
        again.answer("A source is carried", "yes")
        again.answer("was it as fast", "yes", seconds=200)
        again.answer("cabinet is opened", "yes")
        again.answer("mains are switched", "none", seconds=120)
        again.until("a page to print and sign", 60)
        again.process.wait(30)
    finally:
        again.process.kill()
    (done,) = records(post, "commissioning")
    assert not list(VALIDATORS["commissioning"].iter_errors(done))
    steps = {step["step"]: step for step in done["steps"]}
    by_person = ("source-check", "walk-through", "speed", "tamper", "mains", "annunciator")
    assert {steps[name]["verdict"] for name in by_person} == {"pass", "not fitted"}
    assert done["passed"] is (again.process.returncode == 0) is commissioning.passed(done["steps"])
    assert steps["walk-through"]["numbers"]["statistic"] > 5 and steps["tamper"]["verdict"] == "pass"
    assert steps["mains"]["verdict"] == "not fitted" and steps["source-check"]["check"]["source"] == "CS-1188"
    assert set(post.status()["upkeep"]["done"]["1"]) >= {"source-check", "walk-through"}, "nobody has to walk again today"
    assert not post.status()["acts"], "no exercise and no maintenance is left behind"
    walked = [body for body in records(post, "alarm") if body["rule"] != "test/1" and body.get("exercise")]
    assert walked, "the alarm of the walk-through is marked as an exercise"
    page = (post.where / "commissioning-1.html").read_text()
    assert "R. Kazlauskas" in page and "walk-through" in page
    assert "expected_cps" in (post.where / "sources.toml").read_text()
    assert json.loads((post.where / ".commissioning-1.json").read_text())["cfg"] == done["cfg"]


def test_without_a_person_it_says_so_and_a_lane_that_is_not_there_is_named(post: Post) -> None:
    post_with_a_source(post)
    wrong = post.command("commission", "2", "--config", post.config, check=False)
    assert wrong.returncode == 3 and "there are: 1" in wrong.stderr
    dead = post.command("commission", "1", "--config", post.config, check=False)
    assert dead.returncode == 9 and "Traceback" not in dead.stderr
