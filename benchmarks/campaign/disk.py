"""What a disk may hold after the power went, given every call before: pure.

What was synced is there.  Of what was not, any part may be: each write by itself, a write torn at sectors of 512 bytes, each
name made, moved or removed by itself (a directory is synced like a file).  This is more than ext4 or any real device does.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

SECTOR = 512
WAITING, DOUBTFUL, SURE = "waiting", "doubtful", "sure"
_ENTRY = struct.Struct("<cQIH")


@dataclass(frozen=True, slots=True)
class Call:
    op: str                         # Write, Truncate, Sync, Failed sync, Create, Unlink, Rename, Mark
    path: str
    at: int = 0
    data: bytes = b""               # written; for Rename the new path


def read(trace: bytes) -> Iterator[Call]:
    """The calls of a trace of fault.c."""
    at = 0
    while at < len(trace):
        op, offset, length, named = _ENTRY.unpack_from(trace, at)
        at += _ENTRY.size
        path = trace[at : at + named].decode()
        at += named
        data = trace[at : at + length] if op in b"WR" else b""
        at += len(data)
        yield Call(op.decode(), path, offset, data)


@dataclass
class File:
    """`synced`, and over it, in order, what is not surely there: (call, how sure)."""

    synced: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[Call, str]] = field(default_factory=list)       # WAITING, DOUBTFUL for ever, or SURE above a doubtful one

    def sync(self, *, failed: bool) -> None:
        """What waited is there; after a failed sync it may never be, whatever later syncs say."""
        self.waiting = [(call, (DOUBTFUL if failed else SURE) if how == WAITING else how) for call, how in self.waiting]
        self._settle()
        emptied = [number for number, (call, how) in enumerate(self.waiting) if how == SURE and call.op == "T" and call.at == 0]
        if emptied:                     # nothing before it is left to doubt
            self.synced, self.waiting = bytearray(), self.waiting[emptied[-1] + 1 :]
            self._settle()

    def _settle(self) -> None:
        while self.waiting and self.waiting[0][1] == SURE:
            self.synced = applied(self.synced, [self.waiting.pop(0)[0]])


class Disk:
    """The files of a directory, as far as they are surely there, and what is under way."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._made = [File(bytearray(data)) for data in files.values()]
        self._names = dict(zip(files, range(len(files)), strict=True))      # as the process sees them
        self._sure = dict(self._names)                                      # as they are on the disk
        self._moves: list[tuple[str, str | None, int | None]] = []          # (name gone, name made, file), not synced

    def take(self, call: Call) -> None:
        if call.op == "C":
            self._made.append(File())
            self._move("", call.path, len(self._made) - 1)
        elif call.op == "U":
            self._move(call.path, None, None)
        elif call.op == "R":
            self._move(call.path, call.data.decode(), self._names.get(call.path))
        elif call.op == "S" and call.path in self._names:
            self._made[self._names[call.path]].sync(failed=False)
        elif call.op == "F":
            if call.path in self._names:
                self._made[self._names[call.path]].sync(failed=True)
        elif call.op == "S":
            self._sync_names(call.path)
        elif call.path in self._names:
            self._made[self._names[call.path]].waiting.append((call, WAITING))

    def _move(self, gone: str, made: str | None, file: int | None) -> None:
        self._names.pop(gone, None)
        if made is not None and file is not None:
            self._names[made] = file
        self._moves.append((gone, made, file))

    def _sync_names(self, directory: str) -> None:
        here = [move for move in self._moves if str(PurePath(move[0] or move[1] or "").parent) == directory]
        self._moves = [move for move in self._moves if move not in here]
        for move in here:
            _rename(self._sure, move)

    @property
    def waiting(self) -> int:
        """Calls whose effect may be there or not."""
        return len(self._moves) + sum(len(self._made[file].waiting) for file in set(self._names.values()))

    def after_a_cut(self, dice: random.Random, share: float, torn: float) -> dict[str, bytes]:
        """One thing the disk may hold: each unsynced call is there with probability `share`, a write torn with `torn`."""
        names = dict(self._sure)
        for move in self._moves:
            if dice.random() < share:
                _rename(names, move)
        found = {}
        for path, number in names.items():
            file = self._made[number]
            kept = [
                [call] if how == SURE or dice.random() >= torn else _torn(call, dice)
                for call, how in file.waiting if how == SURE or dice.random() < share
            ]
            found[path] = bytes(applied(file.synced, [part for call in kept for part in call]))
        return found


def _rename(names: dict[str, int], move: tuple[str, str | None, int | None]) -> None:
    gone, made, file = move
    names.pop(gone, None)
    if made is not None and file is not None:
        names[made] = file


def _torn(call: Call, dice: random.Random) -> list[Call]:
    """Some of the sectors of a write."""
    if call.op != "W":
        return [call]
    begin, parts = call.at, []
    while begin < call.at + len(call.data):
        end = min((begin // SECTOR + 1) * SECTOR, call.at + len(call.data))
        if dice.random() < 0.5:
            parts.append(Call("W", call.path, begin, call.data[begin - call.at : end - call.at]))
        begin = end
    return parts


def applied(content: bytearray, calls: list[Call]) -> bytearray:
    """The content after writes and truncations; a hole reads as zeros."""
    made = bytearray(content)
    for call in calls:
        if call.op == "T":
            del made[call.at :]
        if len(made) < call.at:
            made.extend(bytes(call.at - len(made)))
        made[call.at : call.at + len(call.data)] = call.data
    return made
