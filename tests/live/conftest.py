"""Every test here gets a post of its own; whatever it started is stopped."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.post import Post


@pytest.fixture
def post() -> Iterator[Post]:
    # not tmp_path: a Unix socket's path holds 107 bytes
    with tempfile.TemporaryDirectory(prefix="ea-", ignore_cleanup_errors=True) as where:
        made = Post(Path(where))
        try:
            yield made
        finally:
            made.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/live" in str(item.path):
            item.add_marker(pytest.mark.slow)
