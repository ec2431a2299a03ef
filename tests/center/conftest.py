from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .bench import Centre
from .portal import Certificate, Portal


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    with Centre(tmp_path / "centre") as running:
        yield running


@pytest.fixture
def portal(centre: Centre, tmp_path: Path) -> Portal:
    """Enrolled, with nothing sent yet."""
    return centre.enrolled(Portal(Certificate(tmp_path)))
