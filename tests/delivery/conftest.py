from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .bench import Post


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    made = Post(tmp_path, ["heartbeat", "alarm", "heartbeat"])
    yield made
    made.close()
