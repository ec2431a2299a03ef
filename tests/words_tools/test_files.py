"""Files are replaced whole, and devices are left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_agent.doors.files import write_whole
from edge_agent.words.errors import StorageError


def test_a_device_or_a_pipe_is_never_replaced_by_a_file(tmp_path: Path) -> None:
    """Found by attack: an export to /dev/full said "written", and the device was a file from then on."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match="no file"):
        write_whole(tmp_path / "pipe", b"x")
    assert (tmp_path / "pipe").is_fifo()


def test_a_large_file_is_there_to_its_last_byte(tmp_path: Path) -> None:
    data = os.urandom(3_000_001)
    write_whole(tmp_path / "large", data)
    assert (tmp_path / "large").read_bytes() == data
