"""Panels named by a source: the field that rises, clearly and not by chance; only the lane's own lines of the file change."""

from __future__ import annotations

import math
import os
import pty
import random
import select
import statistics
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.commands import acting
from edge_agent.house import fresh_counts
from edge_agent.tools import lane_edit, panel_naming
from edge_agent.tools.answers import Answers, LaneAnswers, configuration
from edge_agent.words.errors import SettingsError

ROOT = Path(__file__).resolve().parents[2]
BACKGROUND = [250.0, 260.0, 240.0, 255.0]
PANELS = ["Aa1", "Aa2", "Ba1", "Ba2"]


@pytest.mark.parametrize(("gross", "field", "words"), [
    ([251.0, 1260.0, 300.0, 255.0], 1, "field 2 rose"), ([252.0, 262.0, 241.0, 254.0], None, "no field rose"),
    ([850.0, 900.0, 241.0, 254.0], None, "rose alike"), ([200.0, 210.0, 190.0, 205.0], None, "no field rose"),
])
def test_the_field_that_rises_is_the_panel(gross: list[float], field: int | None, words: str) -> None:
    found = panel_naming.risen(BACKGROUND, gross, 10.0)
    assert found.field == field and words in found.text()


def test_a_field_that_is_another_panels_already_is_told_at_once() -> None:
    found = panel_naming.risen(BACKGROUND, [251.0, 1260.0, 300.0, 255.0], 10.0, {"Aa1": 1})
    assert found.field is None and "field 2 rose, and it is Aa1's already" in found.text()
    assert panel_naming.risen(BACKGROUND, [251.0, 1260.0, 300.0, 255.0], 10.0, {"Aa1": 0}).field == 1


def test_enter_pressed_before_it_was_asked_answers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person presses it while a panel is counted in silence: the next panel would be counted with nobody there."""
    master, slave = pty.openpty()
    waiting: list[object] = []
    with open(slave) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        monkeypatch.setattr("builtins.input", lambda: waiting.append(select.select([terminal], [], [], 0)[0]))
        os.write(master, b"\n")
        select.select([terminal], [], [])
        acting.enter("Hold the source at panel Aa2, then press Enter")
    os.close(master)
    assert waiting == [[]]


def test_a_lane_with_one_panel_can_be_told() -> None:
    assert panel_naming.risen([250.0], [900.0], 10.0).field == 0


def walked(dice: random.Random, means: list[float], each_s: float, early: bool) -> tuple[int | None, float]:
    """The field that is told by samples of `each_s` up to 10 s, and the seconds that took."""
    rates: list[list[float]] = []
    while len(rates) * each_s < 10.0 and not (early and panel_naming.certain(BACKGROUND, rates, each_s)):
        rates.append([_poisson(dice, mean * each_s) / each_s for mean in means])
    gross = [sum(column) / len(rates) for column in zip(*rates, strict=True)]
    return panel_naming.risen(BACKGROUND, gross, len(rates) * each_s).field, len(rates) * each_s


def _poisson(dice: random.Random, mean: float) -> int:
    """Knuth's, in parts that do not underflow."""
    told = 0
    while mean > 0:
        product, limit = dice.random(), math.exp(-min(mean, 500.0))
        while product > limit:
            told, product = told + 1, product * dice.random()
        mean -= 500.0
    return told


@pytest.mark.parametrize("each_s", [1.0, 0.2])
@pytest.mark.parametrize("net", [
    [0, 0, 0, 0], [0, 300, 300, 0], [0, 300, 200, 0], [0, 60, 40, 0], [0, 300, 160, 0], [40, 40, 40, 40], [0, 1500, 900, 0],
])
def test_stopping_early_names_no_field_that_the_full_count_does_not(net: list[float], each_s: float) -> None:
    """No source, and one beside two panels: less than twice the next field's rise is no name."""
    means = [background + rise for background, rise in zip(BACKGROUND, net, strict=True)]
    named = {early: sum(walked(random.Random(seed), means, each_s, early)[0] is not None for seed in range(40))
             for early in (True, False)}
    assert named[True] <= named[False]


@pytest.mark.parametrize(("rise", "most_s"), [(1500.0, 2.0), (250.0, 3.0), (100.0, 8.0)])
def test_a_source_clearly_at_one_panel_is_told_long_before_the_full_count(rise: float, most_s: float) -> None:
    means = [250.0, 260.0 + rise, 240.0 + rise / 25, 255.0]
    told = [walked(random.Random(seed), means, 1.0, early=True) for seed in range(60)]
    assert {field for field, _ in told} == {1} and statistics.median(seconds for _, seconds in told) <= most_s


def test_one_sample_alone_is_never_certain() -> None:
    """It may be spoiled, or of a source that is carried past another panel."""
    assert not panel_naming.certain(BACKGROUND, [[250.0, 9e5, 240.0, 255.0]], 1.0)
    assert not panel_naming.certain(BACKGROUND, [[250.0, 9e5, 240.0, 255.0], [1750.0, 260.0, 240.0, 255.0]], 1.0)
    assert panel_naming.certain(BACKGROUND, [[250.0, 1760.0, 240.0, 255.0]] * 2, 1.0)
    assert not panel_naming.certain(BACKGROUND, [[250.0, 1760.0, 240.0, 255.0]] * 9, 0.2), "1.8 s: it may still be carried"


@given(st.permutations(range(4)))
def test_the_order_of_the_wire_is_what_was_found(fields: list[int]) -> None:
    order = panel_naming.order(dict(zip(PANELS, fields, strict=True)), 4)
    assert [order[field] for field in fields] == PANELS


def test_one_field_for_two_panels_is_refused() -> None:
    with pytest.raises(SettingsError, match="one field"):
        panel_naming.order({"Aa1": 0, "Aa2": 0, "Ba1": 2, "Ba2": 3}, 4)


@pytest.mark.parametrize("text", ["", "Aa1", "Aa1 Aa1 Ba1 Ba2", "Aa1 Aa2 Ba1 Ba3", "sources"])
def test_an_order_names_every_panel_once(text: str) -> None:
    with pytest.raises(SettingsError, match="unverified, source"):
        panel_naming.given(text, PANELS)
    assert panel_naming.given("Ba1, Ba2 Aa1,Aa2", PANELS) == ["Ba1", "Ba2", "Aa1", "Aa2"]


def written(*lanes: str) -> str:
    return configuration(Answers("rpm.example.gov/portal/X", "/s", "/r", "log", [
        LaneAnswers(lane, "vehicle", "rapiscan", {"kind": "tcp", "host": "127.0.0.1"}) for lane in lanes]))


@pytest.mark.parametrize("lane", ["1", "2", "a.b"])
def test_only_that_lane_changes(lane: str) -> None:
    text = written("1", "2", "a.b")
    before, after = tomllib.loads(text), tomllib.loads(lane_edit.with_panels(text, lane, PANELS))
    for one, other in zip(before["lane"], after["lane"], strict=True):
        changed = {"gamma": PANELS, "panels_verified": True} if one["name"] == lane else {}
        assert other == {**one, **changed}
    assert lane_edit.with_panels(lane_edit.with_panels(text, lane, PANELS), lane, PANELS[::-1]).count("gamma") == 1


def test_the_shipped_example_can_be_changed_and_keeps_its_comments() -> None:
    text = (ROOT / "config/edge-agent.toml").read_text()
    made = lane_edit.with_panels(text, "2", PANELS)
    assert len(made.split("\n")) == len(text.split("\n")) + 1 and made.count("#") > 40


@pytest.mark.parametrize("text", [
    '[[lane]]\nname = "2"\ngamma = [\n "Aa1",\n]\n', 'lane = [{name = "2"}]\n', '[[lane]]\n"name" = "2"\n', "",
])
def test_a_file_written_too_freely_is_left_alone(text: str) -> None:
    with pytest.raises(SettingsError):
        lane_edit.with_panels(text, "2", PANELS)


def test_a_sample_that_a_stalled_wire_made_longer_counts_for_as_much_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of 9 s after one of 0.2 s: both weighed the same and stood for 18 s; noise of the short one named a panel."""
    now_s, told = [0.0], iter([(0.2, 325.0), (9.0, 250.0), (0.9, 250.0)])
    live = {"radiations": {"gamma": {"age_s": None, "cps": None}}}

    def asked(found: object, lane: str) -> dict[str, Any]:
        interval_s, rate = next(told)
        now_s[0] += interval_s + 0.1
        return {"radiations": {"gamma": {"age_s": 0.0, "interval_s": interval_s, "exposure_s": None, "cps": [rate]}}}

    asked_first = iter([live])
    monkeypatch.setattr(fresh_counts.asked, "live", lambda found, lane: next(asked_first, None) or asked(found, lane))
    monkeypatch.setattr(fresh_counts, "time", SimpleNamespace(monotonic=lambda: now_s[0], sleep=lambda seconds: None))
    counted = fresh_counts.count(None, "1", "gamma", 10.0, lambda text: None)  # type: ignore[arg-type]
    mean = sum(rates[0] for rates in counted.rates) / len(counted.rates)
    assert counted.seconds == pytest.approx(10.1, abs=0.2) and mean == pytest.approx(251.5, abs=0.5)
