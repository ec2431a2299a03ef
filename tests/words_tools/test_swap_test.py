"""The guided swap test names the right part: each part of a dead, frozen or noisy panel is broken, both swaps are made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_agent.commands import main
from edge_agent.hands import asking
from edge_agent.house import guide
from edge_agent.tools import diagnosis, swap_test
from edge_agent.words.errors import SettingsError

GUIDE = guide.findings(None)
CONFIGURATION = """version = 1
[portal]
origin = "rpm.example.gov/portal/QX-0042"
[[lane]]
name = "2"
driver = "rapiscan"
link = { kind = "tcp", host = "192.168.2.3" }
"""
PANELS = ("Aa1", "Aa2", "Ba1", "Ba2")


def faulty_field(broken: str, end: str) -> str:
    """The input that shows the fault of Aa1 while its cable and Aa2's are exchanged at that end."""
    if end == "input":                  # cable and panel of Aa1 end at the input of Aa2
        return "Aa1" if broken == "input" else "Aa2"
    return "Aa2" if broken == "panel" else "Aa1"        # panel Aa1 speaks by the cable of Aa2, into input Aa2


def found_with(fault: str, field: str) -> list[diagnosis.Found]:
    return diagnosis.diagnose({f"{fault}:{field}": "", f"out-of-service:{field}": ""}, GUIDE)


@pytest.mark.parametrize("fault", ["dead", "stuck", "noisy"])
@pytest.mark.parametrize("broken", swap_test.STAYED["input"] + swap_test.WENT["input"])
def test_two_swaps_lead_to_the_part(fault: str, broken: str) -> None:
    sides = {"panel", "cable", "input"}
    for end in swap_test.ENDS:
        here = found_with(fault, faulty_field(broken, end))
        told = swap_test.judge("Aa1", "Aa2", end, {name for one in here for name in one.subjects})
        sides &= set(told.sides)
        if told.sides == ("input",):
            break
    assert sides == {broken}
    one = swap_test.narrowed(here[0], told.sides)
    known = {cause.side for cause in here[0].causes}
    assert broken not in known or {cause.side for cause in one.causes} == {broken}


def test_a_fault_that_is_gone_was_a_connector_and_two_are_said() -> None:
    gone, both = (swap_test.judge("Aa1", "Aa2", "input", faulty) for faulty in (set(), {"Aa1", "Aa2"}))
    assert gone.verdict == "gone" and "connector" in gone.text() and gone.sides == ("cable",)
    assert both.verdict == "both" and not both.sides and "put the cables back" in both.text()


def test_every_swap_ends_with_what_to_do_with_the_cables() -> None:
    texts = [swap_test.judge("Aa1", "Aa2", end, faulty).text() for end in swap_test.ENDS for faulty in ({"Aa1"}, {"Aa2"}, set())]
    assert all("cables back" in text for text in texts)


@pytest.mark.parametrize("text", ["", "Aa1", "Aa1:Aa1", "Aa1:Cc1", ":Aa1", "Aa1:Aa2:Ba1"])
def test_a_pair_is_two_panels_of_the_lane(text: str) -> None:
    with pytest.raises(SettingsError, match="expected BAD:GOOD"):
        swap_test.pair(text, PANELS)
    assert swap_test.pair("Aa1:Ba2", PANELS) == ("Aa1", "Ba2")


@pytest.mark.parametrize(("minutes", "verdict", "said"), [
    (None, "early", "not known when"), (1, "early", "for 9 minutes more"), (10, "stayed", "it is in the input"),
])  # fmt: skip
def test_a_fault_older_than_the_swap_convicts_nothing(
    minutes: int | None, verdict: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Asked with no cable moved, or a second after: "100 % its counter input"."""
    lane = {"faults": ["dead:Aa2"], "fault_details": {}, "detectors": dict.fromkeys(PANELS), "counts": {"samples": 9}, "acts": []}

    class Answers:
        def __init__(self, path: Path) -> None: ...
        def __enter__(self) -> Answers: return self
        def __exit__(self, *_: object) -> None: ...
        def ask(self, op: str, **_: object) -> dict[str, Any]:
            return {"lanes": {"2": lane}, "faults": [], "fault_details": {}}

    monkeypatch.setattr(asking, "Core", Answers)
    (tmp_path / "edge-agent.toml").write_text(CONFIGURATION)
    asked = ["diagnose", "2", "--swapped", "Aa2:Aa1", "--config", str(tmp_path / "edge-agent.toml"), "--json"]
    code = main([*asked, *(["--minutes", str(minutes)] if minutes else [])])
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == verdict and said in told["text"] and bool(told["findings"]) == (verdict != "early")
    assert code == (10 if verdict == "early" else 11)


def test_a_lane_without_two_panels_has_no_swap_test() -> None:
    """The lane of an I/O module: it ended in a traceback."""
    with pytest.raises(SettingsError, match="no two panels to exchange"):
        swap_test.pair("Aa1:Aa2", [])
