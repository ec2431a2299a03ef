"""What setup makes of the rates of an empty lane."""

from __future__ import annotations

import pytest

from edge_agent.house import commissioning
from edge_agent.tools import commissioning_page

PANELS = ["Aa1", "Aa2", "Ba1", "Ba2"]


@pytest.mark.parametrize(("rates", "verdicts"), [
    ({"Aa1": 250.0, "Aa2": 240.0, "Ba1": 300.0, "Ba2": 255.0, "Aa1N": 2.0}, ["pass", "pass"]),
    ({"Aa1": 250.0, "Aa2": 240.0, "Ba1": 3.0, "Ba2": 255.0}, ["pass", "fail"]),
    ({"Aa1": 250.0}, ["pass", "left out"]), ({}, ["fail", "left out"]), (dict.fromkeys(PANELS, 0.0), ["fail", "left out"]),
])
def test_panels_that_do_not_agree_fail_and_what_could_not_be_compared_is_left_out(
    rates: dict[str, float], verdicts: list[str]
) -> None:
    steps = commissioning.judged(rates, PANELS)
    assert [step["verdict"] for step in steps] == verdicts
    assert "Ba1" in steps[1]["text"] or verdicts[1] != "fail"


def test_the_page_names_what_failed_and_what_was_left_out_and_runs_nothing() -> None:
    steps = commissioning.judged({"Aa1": 250.0, "Aa2": 3.0, "Ba1": 240.0}, PANELS)
    text = commissioning_page.page("t.example/p/T", "<2>", "R. K.", "abc", steps, False, "now")
    assert "NOT passed. Failed: balance." in text and "<2>" not in text and "&lt;2&gt;" in text
    assert 'class="bad"' in text
    whole = commissioning_page.page("t.example/p/T", "2", "R. K.", "abc", steps[:1], True, "now")
    assert "Passed." in whole and 'class="bad"' not in whole
