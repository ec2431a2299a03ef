"""A directory that cannot be made is refused where it is asked for, and nothing is made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import pytest

from edge_agent.house.interview import Interview
from edge_agent.words.errors import SettingsError


class Person:
    """Names that directory for the state."""

    def __init__(self, state: Path) -> None:
        self.given = {"origin": "rpm.example.gov/portal/X", "state": str(state), "sockets": str(state.parent)}

    def ask(self, key: str, question: str, default: str, check: Any) -> Any:
        return check(self.given[key])


def asked(state: Path) -> tuple[str, str, str]:
    return Interview(cast(Any, Person(state)), cast(Any, None)).this_controller()


@pytest.mark.parametrize(("below", "why"), [("x" * 300, "File name too long"), ("link/state", "No such file")])
def test_one_that_cannot_be_made_is_refused_at_its_question(tmp_path: Path, below: str, why: str) -> None:
    """It was taken, and told two questions and a search of the wires later, when the keys were made."""
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SettingsError, match=f"cannot be made or written to: {why}.*\n.*Name another"):
        asked(tmp_path / below)
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


def test_a_file_system_that_keeps_no_files_is_refused() -> None:
    with pytest.raises(SettingsError, match="Operation not permitted"):
        asked(Path("/proc/edge-agent"))


def test_one_closed_to_this_account_or_read_only_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(SettingsError, match="Permission denied"):
        asked(tmp_path / "state")
    about = type("Of", (), {"f_flag": os.ST_RDONLY, "f_blocks": 1, "f_namemax": 255})()
    monkeypatch.setattr(os, "statvfs", lambda path: about)
    with pytest.raises(SettingsError, match="Read-only"):
        asked(tmp_path / "state")


def test_one_that_can_be_made_is_not_made_yet(tmp_path: Path) -> None:
    assert asked(tmp_path / "a/b/state")[1] == f"{tmp_path}/a/b/state" and not list(tmp_path.iterdir())
