"""The plug of a virtual machine is pulled while its core appends to a ledger on ext4."""

from __future__ import annotations

import os
import subprocess

import pytest

from benchmarks.campaign import power_cuts


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_the_plug_is_pulled() -> None:
    if (packages := power_cuts.missing()) and os.geteuid() == 0:
        subprocess.run(["apt-get", "install", "-y", "-qq", *packages.split()], check=False, capture_output=True, timeout=300)
    if packages := power_cuts.missing():
        pytest.skip(f"needs the Debian packages {packages}")
    assert [(row.runs, row.bad) for row in power_cuts.rows(3, 20261123)] == [(3, 0)]
