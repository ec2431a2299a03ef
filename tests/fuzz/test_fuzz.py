"""Short forms: every target takes its seeds, and some hundreds of bent ones, without anything but documented refusals."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from . import bend
from .targets import CONTROL, Target, dice, targets

INPUTS = 150
HANGS_S = 60  # for one input; the slowest takes milliseconds
TARGETS = {target.name: target for target in targets()}


@pytest.fixture(scope="module", autouse=True)
def closed() -> Iterator[None]:
    yield
    CONTROL.close()


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    yield
    signal.alarm(0)


@pytest.mark.parametrize("name", TARGETS)
def test_only_documented_refusals_come_out(name: str) -> None:
    target: Target = TARGETS[name]
    signal.alarm(HANGS_S)
    for seed in target.seeds:
        target(seed)
    for number in range(INPUTS if name not in ("history", "settings") else INPUTS // 5):
        data = bend.bytes_of(dice(name, number), target.seeds)
        signal.alarm(HANGS_S)
        try:
            target(data)
        except Exception as problem:
            problem.add_note(f"input {number} of {name}: {data[:2000]!r}")
            raise
