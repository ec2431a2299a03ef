"""The kernel's own tests, without Python: C tests under sanitizers and a short fuzz."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NATIVE = Path(__file__).parents[2] / "native"

needs_compiler = pytest.mark.skipif(
    not (shutil.which("gcc") and shutil.which("make")), reason="gcc and make are not installed")


def make(*arguments: str) -> str:
    done = subprocess.run(
        ["make", "-C", str(NATIVE), "CC=gcc", *arguments], capture_output=True, text=True, check=False,
        env=os.environ | {"ASAN_OPTIONS": "detect_leaks=0"},      # leak checking needs ptrace; nothing allocates
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_compiler
def test_c_tests_under_sanitizers() -> None:
    said = make("test")
    assert "test_kernel: 0 failed" in said
    assert "test_shadow: 0 failed" in said


@needs_compiler
def test_a_short_fuzz_finds_nothing() -> None:
    assert "nothing found" in make("fuzz", "SECONDS=3")
