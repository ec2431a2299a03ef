"""kill -9 of a core at every call and at any moment: in start, append, key turn, checkpoint, receipt, prune, end."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.campaign import shim
from benchmarks.campaign.row import Row


def rows(runs: int, seed: int) -> Iterator[Row]:
    return shim.rows("benchmarks.campaign.killing", runs, seed)
