"""Acts between two starts, over time, and what nobody may ask."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.paths.acting import Acting
from edge_agent.paths.lane import Lane
from edge_agent.tools import acts
from edge_agent.words.act import Act, Person
from edge_agent.words.errors import EdgeAgentError, SettingsError
from tests.judgement.bench import Watched

S = 10**9


class _Clock:
    mono, wall = 100 * S, 1_800_000_000 * S

    def mono_ns(self) -> int:
        return self.mono

    def wall_ns(self) -> int:
        return self.wall


class _Lane:
    name = "2"

    def __init__(self) -> None:
        self.portal = Watched().portal


class Bench:
    def __init__(self, where: Path) -> None:
        self.clock, self.records = _Clock(), list[tuple[str, dict[str, Any]]]()
        self.lane = cast(Lane, _Lane())
        self.acting = Acting(
            where / "acting.json", [self.lane], cast(Any, self.clock), lambda kind, body: self.records.append((kind, body)),
            lambda at_ns: {"at_ns": at_ns}, lambda: "T/1/1",
        )

    def ask(self, op: str, **values: Any) -> dict[str, Any]:
        return cast(dict[str, Any], asyncio.run(self.acting.asks()[op]({"by": "A. Person", "uid": 0, **values})))


def test_what_lasted_long_enough_ends_by_itself(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.ask("begin", kind="exercise", reason="drill", for_s=600)
    bench.clock.mono += 599 * S
    bench.acting.look()
    assert len(bench.records) == 1 and bench.acting.mark("alarm", {"lane": "2"})["exercise"] == "E-T/1/1"
    bench.clock.mono += S
    bench.acting.look()
    kind, body = bench.records[-1]
    assert (kind, body["phase"], body["ended"], body["alarms"]) == ("exercise", "end", "time", 1)
    assert bench.acting.mark("alarm", {"lane": "2"}) == {"lane": "2"} and bench.acting.plain() == []


@pytest.mark.parametrize(("away_s", "left_s"), [(60, 540), (3600, 0), (-7200, 600 + 7200)])
def test_a_restart_goes_on_with_what_is_left(tmp_path: Path, away_s: int, left_s: int) -> None:
    """A wall clock that went back leaves at most the longest of its kind, never for good."""
    bench = Bench(tmp_path)
    bench.ask("begin", kind="exercise", reason="drill", for_s=600)
    again = Bench(tmp_path)
    again.clock.wall += away_s * S
    again.clock.mono = 5 * S
    again.acting.restore()
    assert again.acting.plain()[0]["left_s"] == left_s and again.records[0][1]["phase"] == "begin"


def test_a_spoiled_file_keeps_nobody_from_starting(tmp_path: Path) -> None:
    for text in (b"", b"{", b'{"acts": [{}], "out": {}}', b"[" * 5000, b'{"acts": 5, "out": []}'):
        (tmp_path / "acting.json").write_bytes(text)
        bench = Bench(tmp_path)
        bench.acting.restore()
        assert bench.acting.plain() == []


@pytest.mark.parametrize(("op", "values"), [
    ("begin", {"kind": "party", "reason": "x"}), ("begin", {"kind": "exercise", "reason": ""}),
    ("begin", {"kind": "exercise", "reason": 5}), ("begin", {"kind": "exercise", "reason": "x", "for_s": 1e9}),
    ("begin", {"kind": "exercise", "reason": "x", "for_s": "long"}), ("begin", {"kind": "maintenance", "reason": "x"}),
    ("begin", {"kind": "exercise", "reason": "x", "lane": "9"}),
    ("begin", {"kind": "exercise", "reason": "x", "by": ""}), ("begin", {"kind": "exercise", "reason": "a\x1b[31m"}),
    ("begin", {"kind": "exercise", "reason": "x" * 501}), ("panel", {"lane": "2", "detectors": [], "out": True, "text": "x"}),
    ("panel", {"lane": "2", "detectors": ["No"], "out": True, "text": "x"}), ("panel", {"detectors": ["Aa1"], "text": "x"}),
    ("note", {"text": ""}),
])
def test_what_nobody_may_ask_is_refused_and_changes_nothing(tmp_path: Path, op: str, values: dict[str, Any]) -> None:
    bench = Bench(tmp_path)
    with pytest.raises(SettingsError):
        bench.ask(op, **values)
    assert not bench.records and not (tmp_path / "acting.json").exists()


@pytest.mark.parametrize("steps", [
    None, [], [{"a": 1}], [{"step": "background", "verdict": "splendid"}],
    [{"step": "other", "verdict": "pass", "text": "x" * 2001}],
    [{"step": "other", "verdict": "pass", "numbers": {"a": float("nan")}}],
    [{"step": "other", "verdict": "pass", "numbers": {"a": True}}],
])
def test_a_commissioning_of_another_form_is_refused(steps: object) -> None:
    with pytest.raises(SettingsError):
        acts.steps(steps)


@pytest.mark.parametrize("changed", [
    {"detectors": {}}, {"detectors": {"Aa1": {"passed": True}}}, {"nuclide": ""}, {"activity_bq": float("nan")},
    {"activity_bq": -1},
])
def test_a_source_check_of_another_form_is_refused(changed: dict[str, Any]) -> None:
    one = {"background_cps": 250.0, "source_cps": 900, "expected_cps": None, "seconds": 20.0, "passed": True}
    good = {"nuclide": "Cs-137", "source": "CS-1", "activity_bq": 1e5, "detectors": {"Aa1": one}}
    assert acts.check(good) == {**good, "passed": True}
    with pytest.raises(SettingsError):
        acts.check({**good, **changed})


def test_a_panel_is_out_once_and_in_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.ask("panel", lane="2", detectors=["Aa1", "Aa2"], out=True, text="wet")["out"] == ["Aa1", "Aa2"]
    with pytest.raises(EdgeAgentError, match="out already"):
        bench.ask("panel", lane="2", detectors=["Aa1"], out=True, text="wet")
    assert bench.ask("panel", lane="2", detectors=["Aa1"], out=False, text="dry")["out"] == ["Aa2"]
    with pytest.raises(EdgeAgentError, match="not taken out"):
        bench.ask("panel", lane="2", detectors=["Aa1"], out=False, text="dry")
    assert [body["action"] for _, body in bench.records] == ["panel-out", "panel-in"]


@given(st.builds(
    Act, st.sampled_from(["exercise", "maintenance"]), st.text(), st.none() | st.text(),
    st.builds(Person, st.text(), st.text()), st.text(),
    st.integers(0, 2**62), st.integers(0, 2**62), st.integers(0, 10**6)))
def test_what_is_kept_is_what_is_read(act: Act) -> None:
    (again,), out = acts.load(acts.dump([act], {"2": {"Aa1": "x"}}), 0, 0)
    assert out == {"2": {"Aa1": "x"}}
    assert (again.kind, again.id, again.lane, again.by, again.reason, again.alarms) == (
        act.kind, act.id, act.lane, act.by, act.reason, act.alarms)
