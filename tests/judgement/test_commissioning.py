"""What setup makes of the rates of an empty lane."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.commands import status
from edge_agent.tools import commissioning, commissioning_page, po_file, report_page
from edge_agent.words import language

LITHUANIAN = Path(__file__).resolve().parents[2] / "config/languages/lt.po"
PANELS = ["Aa1", "Aa2", "Ba1", "Ba2"]


@pytest.mark.parametrize(("rates", "verdicts"), [
    ({"Aa1": 250.0, "Aa2": 240.0, "Ba1": 300.0, "Ba2": 255.0, "Aa1N": 2.0}, ["pass", "pass"]),
    ({"Aa1": 250.0, "Aa2": 240.0, "Ba1": 3.0, "Ba2": 255.0}, ["pass", "fail"]),
    ({"Aa1": 250.0}, ["pass", "left out"]), ({}, ["fail", "left out"]), (dict.fromkeys(PANELS, 0.0), ["fail", "left out"]),
])
def test_panels_that_do_not_agree_fail_and_what_could_not_be_compared_is_left_out(
    rates: dict[str, float], verdicts: list[str]
) -> None:
    steps = commissioning.judged(rates, PANELS, 120)
    assert [step["verdict"] for step in steps] == verdicts
    assert "Ba1" in steps[1]["text"] or verdicts[1] != "fail"


def test_the_page_names_what_failed_and_what_was_left_out_and_runs_nothing() -> None:
    steps = commissioning.judged({"Aa1": 250.0, "Aa2": 3.0, "Ba1": 240.0}, PANELS, 120)
    text = commissioning_page.page("t.example/p/T", "<2>", "R. K.", "abc", steps, False, "now")
    assert "NOT passed. Failed: balance." in text and "<2>" not in text and "&lt;2&gt;" in text
    assert 'class="bad"' in text
    whole = commissioning_page.page("t.example/p/T", "2", "R. K.", "abc", steps[:1], True, "now")
    assert "Passed." in whole and 'class="bad"' not in whole


@pytest.fixture
def lithuanian() -> Iterator[None]:
    language.speak(po_file.catalogue(po_file.read(LITHUANIAN.read_text(), "lt.po"), "lt.po"))
    yield
    language.speak(None)


@pytest.mark.parametrize(("rates", "said"), [
    ({"Aa1": 250.0, "Aa2": 240.0, "Ba1": 300.0}, ["naudojamo detektoriaus, imp./s", "nuo 0.96 iki 1.20 vidurinio bloko"]),
    ({"Aa1": 250.0, "Aa2": 3.0, "Ba1": 240.0}, ["Aa2: skiriasi nuo vidurinio bloko daugiau nei 2 kartus"]),
    ({"Aa1": 250.0, "Aa2": 0.0, "Ba1": 240.0}, ["Aa2 nieko neskaičiuoja"]), ({}, ["per 120 s jo nėra"]),
])
def test_what_was_found_is_in_the_language_of_the_page_and_english_on_record(
    rates: dict[str, float], said: list[str], lithuanian: None
) -> None:
    steps = commissioning.judged(rates, PANELS, 120)
    page = commissioning_page.page("t.example/p/T", "2", "R. K.", "abc", steps, False, "now")
    screen = "\n".join(commissioning.line("2", step) for step in steps)
    assert all(text in page and text in screen for text in said)
    recorded = json.dumps([step["text"] for step in steps])
    english = ("in service", "middle panel", "counts nothing", "none within")
    assert recorded.isascii() and any(word in recorded for word in english)


def test_the_titles_of_what_a_person_does_are_as_well(lithuanian: None) -> None:
    assert commissioning.title("source-check neutron") == "patikra šaltiniu neutronai"
    assert commissioning.title("walk-through") == "perėjimas su šaltiniu"


def test_alarms_of_a_walk_through_are_as_well(lithuanian: None) -> None:
    good = commissioning.alarmed([alarm("ksigma/1", 9.0)], 1)
    assert commissioning.said(good) == "gama aliarmas A ksigma/1 pagal ksigma/1" and good["text"].startswith("gamma alarm A")
    assert "aliarmo nedavė nė vienas" in commissioning.said(commissioning.alarmed([], 2))
    assert commissioning.said(commissioning.alarmed([], 0)).startswith("niekas neužstojo spindulio")


NO_NEUTRON = commissioning.step("source-check", "left out", commissioning.NEVER["neutron"])


def test_a_post_without_a_neutron_source_does_not_pass_but_sees_that_all_else_did() -> None:
    """The tubes were never seen to count: nobody may read "passed" of them."""
    steps = [commissioning.step("source-check", "pass", "Cs-137 CS-1: Aa1 good"), NO_NEUTRON]
    assert not commissioning.passed(steps)
    text = commissioning_page.page("t.example/p/T", "2", "R. K.", "abc", steps, False, "now")
    assert ("NOT complete. Left out: source-check (no neutron check source is kept at this post). All that was tried passed."
            in text)
    (row,) = report_page._acts([{"kind": "commissioning", "at": {"wall": "2026-11-20T10:00:00.000Z"}, "lane": "2",
                                 "by": {"name": "R. K."}, "steps": steps, "passed": False}])
    assert "source-check (no neutron check source is kept at this post) left out" in str(row[3])


def test_status_says_what_the_last_commissioning_did_not_check() -> None:
    lines = status.left_open({"upkeep": {"open": {"2": [NO_NEUTRON]}}})
    assert max(map(len, lines)) <= 80 and " ".join(" ".join(lines).split()) == (
        "lane 2: commissioning not complete: source-check (no neutron check source is kept at this post). "
        "edge-agent commission 2")
    assert not status.left_open({}) and not status.left_open({"upkeep": {"open": {}}})


def test_what_is_kept_from_another_day_is_translated_as_well(lithuanian: None) -> None:
    kept = {**NO_NEUTRON, "text": NO_NEUTRON["text"] + " (2026-11-20 10:00 UTC)"}
    assert "neutron check source" not in commissioning.said(kept) and "(2026-11-20" in commissioning.said(kept)


def alarm(rule: str, statistic: float | None) -> dict[str, object]:
    return {"rule": rule, "statistic": statistic, "threshold": 5.0, "radiation": "gamma", "id": f"A {rule}"}


def test_a_walk_through_passes_by_an_alarm_of_the_agents_own() -> None:
    good = commissioning.alarmed([alarm("vendor", None), alarm("focus/1", 7.0), alarm("ksigma/1", 9.0)], 1)
    assert good["verdict"] == "pass" and "A ksigma/1" in good["text"] and good["numbers"]["statistic"] == 9.0
    for alarms, vehicles, said in (([alarm("vendor", None)], 1, "only the portal's own"), ([], 2, "2 passed and none alarmed"),
                                   ([], 0, "nothing broke the beam")):
        step = commissioning.alarmed(alarms, vehicles)
        assert step["verdict"] == "fail" and said in step["text"]


def test_what_nobody_tried_keeps_a_lane_from_passing_and_what_is_not_fitted_does_not() -> None:
    done = [commissioning.step(name, "pass", "") for name in ("source-check", "walk-through", "speed", "tamper")]
    assert not commissioning.passed([*done, *commissioning.left_out(done)])
    none = [commissioning.step(name, "not fitted", "says R. K.") for name in ("mains", "annunciator")]
    assert commissioning.passed([*done, *none]) and not commissioning.left_out([*done, *none])
