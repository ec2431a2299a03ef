"""The plug of a virtual machine is pulled while its core appends to a ledger on ext4."""

from __future__ import annotations

import pytest

from benchmarks.campaign import machine, power_cuts
from tests import debian


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_the_plug_is_pulled() -> None:
    if packages := machine.missing():
        debian.install(*packages.split())
    if packages := machine.missing():
        pytest.skip(f"needs the Debian packages {packages}")
    if why := machine.cannot_run():
        pytest.skip(why)
    assert [(row.runs, row.bad) for row in power_cuts.rows(3, 20261123)] == [(3, 0)]
