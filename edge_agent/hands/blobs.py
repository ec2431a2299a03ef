"""Documents beside the log, one file each, named by the SHA-256 of what is in it: nothing can be put in another's place."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from pathlib import Path

from edge_agent.doors.files import make_directory, write_whole
from edge_agent.doors.sqlite import sync_directory
from edge_agent.words.blob import SHA256
from edge_agent.words.errors import StorageError, Unavailable
from edge_agent.words.language import worded


class Blobs:
    """The store, `<state>/blobs`.  Made with its first document."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = asyncio.Lock()             # two that bring one document would write one file at once

    async def keep(self, data: bytes) -> str:
        """The document on the disk, with its name, before this returns; its SHA-256.  The same document again costs nothing."""
        async with self._lock:
            return await asyncio.to_thread(self._keep, data)

    async def tidy(self) -> None:
        """Away with what a power cut left half written: no record names it, whoever brought it was not told yes."""
        async with self._lock:
            await asyncio.to_thread(self._tidy)

    def _tidy(self) -> None:
        for path in self._directory.glob(".*"):
            self._drop(path)

    def _keep(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        path = self._directory / name
        if self._read(path) == data:
            with contextlib.suppress(OSError):
                path.touch()                    # its days begin anew
        else:
            make_directory(self._directory)
            write_whole(path, data, 0o600)
        sync_directory(self._directory)
        sync_directory(self._directory.parent)
        return name

    async def whole(self, sha256: str) -> bool:
        """Whether the document is here and is still the one of this name."""
        data = await asyncio.to_thread(self._read, self._path(sha256))
        return data is not None and hashlib.sha256(data).hexdigest() == sha256

    async def piece(self, sha256: str, begin: int, count: int) -> bytes:
        """Bytes [begin, begin + count) as far as they go."""
        return await asyncio.to_thread(self._piece, self._path(sha256), begin, count)

    def _piece(self, path: Path, begin: int, count: int) -> bytes:
        try:
            with path.open("rb") as file:
                file.seek(begin)
                return file.read(count)
        except FileNotFoundError:
            return b""
        except OSError as problem:
            raise Unavailable(worded(
                "cannot read {path}: {strerror}; is the disk well?", path=path, strerror=problem.strerror)) from None

    async def names(self) -> list[tuple[str, int]]:
        """(SHA-256, time of its file in seconds since 1970) of every document here."""
        return await asyncio.to_thread(self._names)

    def _names(self) -> list[tuple[str, int]]:
        try:
            found = [path for path in self._directory.iterdir() if SHA256.fullmatch(path.name)]
            return [(path.name, int(path.stat().st_mtime)) for path in sorted(found)]
        except FileNotFoundError:
            return []
        except OSError as problem:
            raise Unavailable(worded(
                "cannot read {path}: {strerror}; is the disk well?", path=self._directory, strerror=problem.strerror)) from None

    async def drop(self, sha256: str) -> None:
        await asyncio.to_thread(self._drop, self._path(sha256))

    def _drop(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as problem:
            raise Unavailable(worded(
                "cannot delete {path}: {strerror}; is the disk well?", path=path, strerror=problem.strerror)) from None

    def _path(self, sha256: str) -> Path:
        if not SHA256.fullmatch(sha256):            # it comes over a socket, and it becomes a path
            raise StorageError(worded("{sha256!a} is no SHA-256 in lowercase hex", sha256=sha256[:80]))
        return self._directory / sha256

    def _read(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise Unavailable(worded(
                "cannot read {path}: {strerror}; is the disk well?", path=path, strerror=problem.strerror)) from None
