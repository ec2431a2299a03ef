"""Files are replaced whole, and devices are left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_agent.doors.files import make_directory, write_whole
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


@pytest.mark.parametrize("below", ["", "/state"])
def test_a_file_where_a_directory_is_asked_for_is_never_given_away(tmp_path: Path, below: str) -> None:
    """Found by attack: with state = "/etc/passwd" the remedy was "chown edge-agent /etc/passwd"."""
    (tmp_path / "passwd").write_text("x")
    with pytest.raises(StorageError, match="is a file") as caught:
        make_directory(Path(f"{tmp_path}/passwd{below}"), key="portal.state")
    assert "Choose another directory (portal.state)" in str(caught.value) and "chown" not in str(caught.value)


def test_a_read_only_file_system_is_called_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by attack: the remedy was chown, which a file system that took an error refuses."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(StorageError, match=r"Permission denied.*\n.*chown"):
        make_directory(tmp_path)
    monkeypatch.setattr(os, "statvfs", lambda path: type("Of", (), {"f_flag": os.ST_RDONLY})())
    with pytest.raises(StorageError, match=r"read-only.*\n.*dmesg"):
        make_directory(tmp_path)
