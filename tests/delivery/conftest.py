from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.center.conftest import centre, portal
from tests.live.post import Post as Live

from .bench import Post

__all__ = ["centre", "live", "portal", "post"]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    made = Post(tmp_path, ["heartbeat", "alarm", "heartbeat"])
    yield made
    made.close()


@pytest.fixture
def live() -> Iterator[Live]:
    """Real processes."""
    with tempfile.TemporaryDirectory(prefix="ea-", ignore_cleanup_errors=True) as where:     # a socket's path is short
        made = Live(Path(where))
        try:
            yield made
        finally:
            made.close()
