"""Mocks live beside the package and are not installed; a mock program for a test, stopped at its end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from mock_program import Start, run  # noqa: E402  # the paths come first


@pytest.fixture
def start() -> Iterator[Start]:
    """Start the mock and wait for its ready line: the process and its place."""
    running: list[subprocess.Popen[str]] = []

    def _start(*args: str) -> tuple[subprocess.Popen[str], str]:
        running.append(run(*args))
        assert running[-1].stdout is not None
        word, *place = running[-1].stdout.readline().split()
        assert word == "ready"
        return running[-1], place[1]

    yield _start
    for process in running:
        process.kill()
        process.communicate()
