"""What was delivered: both ends of a post compared, and what its processes weigh."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.live.post import ORIGIN, Post, payloads

VERIFIED_S = 1800               # 55 000 records take two minutes of a processor that is shared


@dataclass(frozen=True)
class Delivered:
    """Both ends after everything was receipted."""

    records: int
    lost: int                       # records of the portal that are not at the centre, byte for byte, in their place
    duplicate: int                  # records or alarms that the centre has twice
    alarm_s: dict[int, float]       # seq of each alarm -> from its signing to its first showing at the centre, s
    ahead: int                      # alarms first shown ahead of their backlog
    verified: bool                  # chain, tree and every receipt, by the programs of both ends


def compare(post: Post) -> Delivered:
    size = post.status()["log"]["receipted"]    # first: receipts go on while we look
    ours, theirs = post.all_lines(), post.centre_lines()
    common = min(len(ours), len(theirs))        # what was written or delivered while we looked does not count
    lost = sum(mine != yours for mine, yours in zip(ours[:common], theirs[:common], strict=True))
    lost += max(0, size - len(theirs))
    shown = _ask(post, "SELECT key, at_ms FROM event WHERE kind = 'ALARM' ORDER BY at_ms")
    first: dict[int, tuple[str, int]] = {}
    for key, at_ms in shown:
        first.setdefault(int(key.split()[0]), (key.split()[1], at_ms))
    wall = {record["seq"]: datetime.fromisoformat(record["t"]["wall"]).timestamp() for record in payloads(theirs, "alarm")}
    both = [post.command(*words, check=False, timeout_s=VERIFIED_S).returncode for words in (
        ("center", "verify", post.where / "centre"), ("verify", "--config", post.config))]
    return Delivered(
        common, lost, _twice(record["seq"] for record in payloads(theirs)) + _twice(key.rsplit(" ", 1)[0] for key, _ in shown),
        {seq: first[seq][1] / 1000 - at for seq, at in wall.items() if seq in first},
        sum(state == "pending" for state, _ in first.values()), both == [0, 0],
    )


def centre_size(post: Post) -> int:
    """Records in order at the centre, read beside it."""
    found = _ask(post, "SELECT next_seq FROM log WHERE origin = ?", (ORIGIN,))
    return int(found[0][0]) if found else 0


def memory_kb(post: Post, *names: str) -> dict[str, tuple[int, int]]:
    """Process -> (resident now, its peak), KiB."""
    found = {}
    for name in names:
        text = Path(f"/proc/{post.processes[name].pid}/status").read_text()
        values = {line.split(":")[0]: int(line.split()[1]) for line in text.splitlines() if line.startswith(("VmRSS", "VmHWM"))}
        found[name] = (values["VmRSS"], values["VmHWM"])
    return found


def _ask(post: Post, sql: str, values: Sequence[Any] = ()) -> list[Any]:
    with contextlib.closing(sqlite3.connect(f"file:{post.where}/centre/center.db?mode=ro", uri=True, timeout=10)) as db:
        return list(db.execute(sql, values))


def _twice(things: Any) -> int:
    return sum(count - 1 for count in Counter(things).values())
