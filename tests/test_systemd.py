"""The units are what systemd accepts, and stay as closed as they are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = sorted((Path(__file__).resolve().parents[1] / "systemd").glob("*.service"))
SCORE_MAX = 2.0         # of `systemd-analyze security`; an unprotected unit has 9.6
# the scoring moves by a tenth or two between versions of systemd; 252 (Debian 12) gives 1.7 and 1.4

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs the Debian package systemd")


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units with a program that exists, so that nothing but the unit itself is judged."""
    made = []
    for unit in UNITS:
        copy = tmp_path / unit.name
        copy.write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", unit.read_text()))
        made.append(copy)
    return made


@needs_systemd
def test_systemd_accepts_the_units(units: list[Path]) -> None:
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr.strip(), done.stderr


@needs_systemd
def test_the_sandbox_is_as_strict_as_it_was(units: list[Path]) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", f"--threshold={round(SCORE_MAX * 10)}", *units],
        capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stdout[-400:]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_nothing_on_the_portal_may_listen_and_no_core_file_is_written(unit: Path) -> None:
    text = unit.read_text()
    assert "SocketBindDeny=any" in text
    assert "LimitCORE=0" in text
    assert "Type=notify" in text and "WatchdogSec=" in text


def test_the_uplink_reaches_neither_ledger_nor_control_socket() -> None:
    text = next(unit for unit in UNITS if "uplink" in unit.name).read_text()
    assert "InaccessiblePaths=-/var/lib/edge-agent/logs" in text
    assert not re.search(r"^SupplementaryGroups=.*\bedge-agent\b(?!-)", text, re.MULTILINE)
