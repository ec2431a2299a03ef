"""How tests start a mock as a program.  Not in conftest: there may be more than one of that name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Start = Callable[..., tuple["subprocess.Popen[str]", str]]


def run(*args: str) -> subprocess.Popen[str]:
    """The mock as a program, from the repository's root: mocks are not installed."""
    return subprocess.Popen([sys.executable, "-m", "hardware_mocks.rapiscan", *args], cwd=ROOT, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
