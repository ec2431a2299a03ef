"""Debian packages that tests need: installed where this account may, else the test is skipped and names them."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "PATH": PATH, "LC_ALL": "C"}
# Two workers may install at once: the second waits for the first.
INSTALL = ("apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "-qq", "--no-install-recommends")


def need(package: str, proof: str) -> str:
    """Where `proof` is, a program or a file's full path; the package installed if it is not there, else the test skipped."""
    if not (found := _there(proof)):
        install(package)
        found = _there(proof)
    if not found:
        pytest.skip(f"needs the Debian package {package}: apt-get install {package}")
    return found


def install(*packages: str) -> bool:
    """Whether they are installed now; a new machine's lists are read first."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    _lists()
    return _apt(*INSTALL, *packages)


@functools.cache
def _lists() -> None:
    _apt("apt-get", "-o", "DPkg::Lock::Timeout=300", "update", "-qq")


def _apt(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=900, env=ENVIRONMENT, check=False).returncode == 0


def _there(proof: str) -> str:
    return (proof if Path(proof).exists() else "") if proof.startswith("/") else shutil.which(proof, path=PATH) or ""
