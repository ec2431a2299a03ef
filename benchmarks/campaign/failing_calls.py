"""Each call of the ledger fails, once and for ever: nothing acknowledged is lost, and no fault passes in silence."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.campaign import shim
from benchmarks.campaign.row import Row


def rows(runs: int, seed: int) -> Iterator[Row]:
    return shim.rows("benchmarks.campaign.failing", runs, seed)
