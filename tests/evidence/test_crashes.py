"""Kills, failing calls and crash states of the ledger's own files, in short; `make campaign` does tens of thousands.

A failure prints the seed; again: python -m benchmarks.campaign NAME --runs N --seed S
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.campaign import failing_calls, kills, states

SEED = 20261123

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc (Debian package gcc) to build the fault injector"),
]


def test_no_kill_loses_a_record_or_leaves_a_used_key() -> None:
    assert {row.name: row.bad for row in kills.rows(50, SEED)} == {"kill -9": 0, "  of which at the call": 0}


def test_no_state_of_the_disk_after_a_cut_loses_a_record_or_ends_the_log() -> None:
    """Also after syncs that failed: the kernel takes such pages for clean, and no later sync brings them to the disk."""
    assert [row.bad for row in states.rows(160, SEED)] == [0, 0]


@pytest.mark.parametrize("number", [1, 3, 4, 5])
def test_a_refused_commit_never_comes_back_in_part(number: int, tmp_path: Path) -> None:
    """The database had it, the log of writes that came back after the cut had not: records that were acknowledged went."""
    nth, more = states.FAILING[number]
    assert states.bare(tmp_path, states.record(tmp_path, 61126 + number, nth, more), 70).bad == 0


def test_no_failing_call_loses_a_record_or_passes_in_silence() -> None:
    found = list(failing_calls.rows(40, SEED))
    assert {row.name: row.bad for row in found} == {"each call fails once": 0, "each call fails for ever": 0}
    assert all(row.verdicts["told"] for row in found)
