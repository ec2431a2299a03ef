"""What passed stays passed for whoever is stopped; what a killed run left under way is told."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edge_agent.house import commissioning
from edge_agent.house.commissioning import Commissioning
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


def test_an_exercise_that_a_killed_run_left_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not any("still under way" in text for text in commissioned(monkeypatch, tmp_path, {}))
    said = commissioned(monkeypatch, tmp_path, {}, [ACT, {**ACT, "lane": "3", "id": "E-T/1/2"}])
    (told,) = [text for text in said if "still under way" in text]
    assert "E-T/1/1" in told and "edge-agent exercise end" in told
