"""A recording is a test: a `.capture` with its `.expected` beside it adds a case; nobody edits a list."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent import drivers
from edge_agent.tools import capture, register_meanings, toml_settings
from edge_agent.words.settings import Profile

ROOT = Path(__file__).resolve().parents[1]
CAPTURES = sorted(ROOT.glob("tests/captures/*/*.capture"))


def profile_of(driver: str) -> Profile:
    path = ROOT / f"config/profiles/{driver}.toml"
    return toml_settings.read(Profile, path.read_text(), str(path))


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_capture_reads_as_it_did(path: Path) -> None:
    lines = path.read_text(encoding="ascii").splitlines()
    profile = register_meanings.settle(profile_of(path.parent.name), capture.said(lines[0], "count_means"))
    decoder = drivers.find(path.parent.name).decoder(profile)
    chunks = capture.read(lines, str(path))
    got = [repr(reading) for chunk in chunks for reading in decoder.feed(chunk)]
    assert got == path.with_suffix(".expected").read_text().splitlines()


def test_there_are_captures() -> None:
    assert CAPTURES
