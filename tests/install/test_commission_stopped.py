"""What passed stays passed for whoever is stopped; what a killed run left under way is told."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edge_agent.house import asked, commissioning, due, person_steps, source_checking
from edge_agent.house.commissioning import Commissioning
from edge_agent.house.person_steps import PersonSteps
from edge_agent.paths.upkeeping import Upkeeping
from edge_agent.tools import commissioning as tried
from edge_agent.tools.commissioning import step

FOUND = cast(Any, SimpleNamespace(hash="H", settings=SimpleNamespace(portal=SimpleNamespace(origin="t.example/portal/T"))))
ACT = {"kind": "exercise", "lane": "2", "reason": "commissioning", "by": "R. K.", "left_s": 3000, "alarms": 1, "id": "E-T/1/1"}


class Person:
    """Answers `no` to whatever passed before."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def ask(self, key: str, question: str, default: str, check: Any) -> Any:
        self.said.append(question)
        return default

    def say(self, text: str) -> None:
        self.said.append(text)


def commissioned(monkeypatch: pytest.MonkeyPatch, pages: Path, todo: dict[str, Any], acts: list[dict[str, Any]] | None = None,
                 ) -> list[str]:
    monkeypatch.setattr(commissioning, "PersonSteps", lambda *words: SimpleNamespace(todo=lambda: todo))
    monkeypatch.setattr(commissioning.asked, "act", lambda *words, **more: {})
    monkeypatch.setattr(commissioning.asked, "status", lambda found: {"acts": acts or [], "lanes": {}})
    person = Person()
    Commissioning(cast(Any, person), "R. K.", pages).lane(FOUND, "2", heard=False, tried=True, person=True)
    return person.said


def stopped() -> list[Any]:
    raise KeyboardInterrupt


def again() -> list[Any]:
    raise AssertionError("it is done once more, and nobody asked")


def test_what_passed_is_kept_when_the_next_run_is_stopped_before_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    walked = {"walk-through": lambda: [step("walk-through", "pass", "gamma alarm")]}
    no_source = {"source-check": lambda: [step("source-check", "left out", "no source was here")]}
    commissioned(monkeypatch, tmp_path, {**no_source, **walked})
    with pytest.raises(KeyboardInterrupt):
        commissioned(monkeypatch, tmp_path, {**no_source, "tamper": stopped, "walk-through": stopped})
    said = commissioned(monkeypatch, tmp_path, {**no_source, "walk-through": again})
    assert any("walk-through is done (gamma alarm" in text for text in said)


class Keeper(Person):
    """Has no neutron source, and says so."""

    def ask(self, key: str, question: str, default: str, check: Any) -> Any:
        self.said.append(question)
        return check("none") if key.endswith(("neutron", "mains", "tamper")) else default


def test_a_post_without_a_neutron_source_says_so_and_keeps_its_gamma(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`later` was the only answer: the lane stayed "not commissioned" without a reason, and gamma was measured anew each time."""
    found = cast(Any, SimpleNamespace(path=tmp_path / "edge-agent.toml"))
    known = {"Aa1": "gamma", "Aa1N": "neutron"}
    monkeypatch.setattr(source_checking, "detectors", lambda *words: known)
    person = Keeper()
    todo = PersonSteps(cast(Any, person), "R. K.", found, "2").todo()
    assert [name for name in todo if name.startswith("source-check")] == ["source-check gamma", "source-check neutron"]
    (none,) = todo["source-check neutron"]()
    assert none["verdict"] == "left out" and none["text"] == "no neutron check source is kept at this post"
    assert "none: no such source is kept here" in person.said[0]
    steps = {"source-check gamma": lambda: [step("source-check", "pass", "CS-1 good")], "source-check neutron": lambda: [none]}
    commissioned(monkeypatch, tmp_path, steps)
    said = commissioned(monkeypatch, tmp_path, {**steps, "source-check gamma": again})
    assert any("source-check gamma is done (CS-1 good" in text for text in said)


def test_where_all_that_was_tried_passed_it_says_that_and_what_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(commissioning.asked, "status", lambda found: None)
    person = Person()
    steps = [step("background", "pass", ""), step("source-check", "left out", tried.NEVER["neutron"])]
    Commissioning(cast(Any, person), "R. K.", tmp_path)._tell(FOUND, "2", steps, False)
    assert ("all that was tried passed.  Not commissioned yet, left out: source-check (no neutron check source is kept at this "
            "post)") in person.said[0]


class Walker(Person):
    """Carries the source."""

    def ask(self, key: str, question: str, default: str, check: Any) -> Any:
        return check("yes") if key.endswith("walk") else default


class Still:
    def wall_ns(self) -> int:
        return 1_800_000_000 * 10**9


def test_what_was_not_checked_is_known_to_the_next_start_until_it_is(tmp_path: Path) -> None:
    def core() -> Upkeeping:
        made = Upkeeping(tmp_path / "upkeep.json", ["2"], cast(Any, Still()), lambda *words: None, lambda at_ns: {})
        made.restore()
        return made

    core().commissioned("2", [step("background", "pass", ""), step("source-check", "left out", tried.NEVER["neutron"])])
    held = core().plain()
    assert [one["text"] for one in held["open"]["2"]] == [tried.NEVER["neutron"]] and not held["done"]["2"]
    core().commissioned("2", [step("background", "pass", "")])
    held = core().plain()
    assert held["open"] == {} and "commissioning" in held["done"]["2"]


@pytest.mark.parametrize(("alarms", "done"), [
    ([{"rule": "focus/1", "statistic": 7.0, "threshold": 5.0, "radiation": "gamma", "id": "A/1"}], ["walk-through"]),
    ([{"rule": "vendor", "statistic": None, "threshold": None, "radiation": "gamma", "id": "A/1"}], []),
])
def test_a_walk_through_that_passed_is_upkeep_done(
    monkeypatch: pytest.MonkeyPatch, alarms: list[dict[str, Any]], done: list[str], tmp_path: Path,
) -> None:
    """The task of the day was due still, an hour after a person had walked."""
    told: list[str] = []
    monkeypatch.setattr(asked, "under", lambda *words: contextlib.nullcontext())
    monkeypatch.setattr(asked, "log", lambda found: {"size": 0})
    monkeypatch.setattr(asked, "act", lambda found, by, op, **more: told.append(more["task"]))
    monkeypatch.setattr(asked, "records", lambda found, begin, kind: [
        {"lane": "2", **one} for one in (alarms if kind == "alarm" else [{"speed_mps": None}])])
    monkeypatch.setattr(person_steps, "LOOK_S", 0.0)
    PersonSteps(cast(Any, Walker()), "R. K.", FOUND, "2").walk()
    assert told == done
    (task,) = [task for task in due.tasks(tmp_path / "edge-agent.toml") if task.id == "walk-through"]
    assert task.after == "walk-through", "a site's own list may call it otherwise"


def test_an_exercise_that_a_killed_run_left_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not any("still under way" in text for text in commissioned(monkeypatch, tmp_path, {}))
    said = commissioned(monkeypatch, tmp_path, {}, [ACT, {**ACT, "lane": "3", "id": "E-T/1/2"}])
    (told,) = [text for text in said if "still under way" in text]
    assert "E-T/1/1" in told and "edge-agent exercise end" in told
