"""A disk that cannot be read must not end the program that watches the lanes."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from edge_agent.house.caretaker import Caretaker, patiently
from edge_agent.house.core import Core
from edge_agent.words.errors import StorageError


async def refused() -> None:
    raise StorageError("ledger.db: disk I/O error")


def test_a_refusing_disk_costs_a_round_and_is_said(caplog: pytest.LogCaptureFixture) -> None:
    asyncio.run(patiently(refused()))
    assert "disk I/O error; measuring goes on" in caplog.text


@pytest.mark.parametrize("task", [Core._beat, Caretaker.go_round])
def test_tasks_of_the_core_that_read_the_disk_are_patient(task: object) -> None:
    """A task that ends ends the core: each awaits the disk through `patiently`."""
    assert "await patiently(" in inspect.getsource(task)  # type: ignore[arg-type]
