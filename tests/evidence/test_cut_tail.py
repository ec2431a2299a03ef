"""A tail cut off with its receipts leaves a chain that verifies: the one-time key says what is missing."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from edge_agent.house.audit import verify_state

from .test_continuation import House, house, remove_key, wipe_key

__all__ = ["house"]


def cut(house: House, count: int) -> None:
    with sqlite3.connect(house.log(1) / "ledger.db") as database:
        database.execute("DELETE FROM record WHERE seq > (SELECT max(seq) FROM record) - ?", (count,))
        database.execute("DELETE FROM receipt")


def test_a_whole_log_has_nothing_missing(house: House) -> None:
    house.start(more=5)
    assert verify_state(house.state, None)[0].problems == []


@pytest.mark.parametrize("count", [1, 3, 6])
def test_a_cut_tail_is_named_from_first_to_last_record(house: House, count: int) -> None:
    house.start(more=5)                 # records 0 to 6
    cut(house, count)
    problems = verify_state(house.state, None)[0].problems
    assert len(problems) == 1 and f"records {7 - count} to 6 are missing" in problems[0]


def test_keys_of_another_history_are_named(house: House, tmp_path: Path) -> None:
    house.start(more=2)
    shutil.copytree(house.log(1), tmp_path / "copy")
    house.start(more=1)
    for path in house.log(1).glob("*"):
        path.unlink()
    shutil.copytree(tmp_path / "copy", house.log(1), dirs_exist_ok=True)
    key = (house.log(1) / "record.key").read_bytes()
    house.start(more=1)
    (house.log(1) / "ledger.db").write_bytes((tmp_path / "copy/ledger.db").read_bytes())
    assert "missing" in verify_state(house.state, None)[0].problems[0]
    (house.log(1) / "record.key").write_bytes(key)
    assert verify_state(house.state, None)[0].problems == []


@pytest.mark.parametrize("lose", [wipe_key, remove_key], ids=lambda lose: lose.__name__)
def test_a_key_that_is_gone_says_nothing(house: House, lose: object) -> None:
    house.start(more=2)
    lose(house)  # type: ignore[operator]
    assert verify_state(house.state, None)[0].problems == []
