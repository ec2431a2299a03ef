"""Heartbeats, and the absence of them: three periods without a fresher one is silence, whatever else arrives.

A backlog that drains brings old heartbeats; only one with a higher seq than any before says the portal lives.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Any

from edge_agent.center.values import Log, Raised

PERIODS = 3
PERIOD_S = 60.0                     # until a heartbeat says
_SHORTEST_S, _LONGEST_S = 1.0, 3600.0   # a portal cannot talk itself out of being missed


@dataclass(frozen=True, slots=True)
class Beat:
    seq: int
    period_s: float
    wall_ms: int | None             # the portal's clock when it signed


def beat_of(seq: int, payload: dict[str, Any]) -> Beat:
    """What a heartbeat's body says, read defensively."""
    period = payload.get("period_s")
    if isinstance(period, bool) or not isinstance(period, int | float):
        period = PERIOD_S
    return Beat(seq, min(max(float(period), _SHORTEST_S), _LONGEST_S), wall_ms_of(payload))


class Watch:
    """When each log was last heard, on the monotonic clock: a step of the wall clock is not silence."""

    def __init__(self) -> None:
        self._since: dict[int, tuple[int, float]] = {}

    def heard(self, log: int, period_s: float, now_ns: int) -> None:
        self._since[log] = now_ns, period_s

    def begin(self, log: int, now_ns: int) -> None:
        """The first record ever: from here on heartbeats are due."""
        self._since.setdefault(log, (now_ns, PERIOD_S))

    def overdue(self, now_ns: int) -> list[int]:
        return [log for log, (since, period_s) in self._since.items() if now_ns - since > PERIODS * period_s * 1e9]

    def forget(self, logs: list[int]) -> None:
        """They have been called silent; the next heartbeat brings them back."""
        for log in logs:
            self._since.pop(log, None)


def resume(db: Connection, watch: Watch, now_ns: int) -> None:
    """Nobody could be heard while the centre was down: each log has its three periods again."""
    for row in db.execute("SELECT number, period_s FROM log WHERE heard_ms IS NOT NULL"):
        watch.heard(row["number"], row["period_s"], now_ns)


def take_beat(db: Connection, log: Log, beat: Beat, now_ms: int) -> tuple[bool, Raised | None]:
    """(whether it is the freshest, HEARD when the log had been silent)."""
    row = db.execute("SELECT heartbeat_seq, silent FROM log WHERE number = ?", (log.number,)).fetchone()
    if row["heartbeat_seq"] is not None and beat.seq <= row["heartbeat_seq"]:
        return False, None
    behind_ms = None if beat.wall_ms is None else now_ms - beat.wall_ms
    db.execute(
        "UPDATE log SET heartbeat_seq = ?, heard_ms = ?, period_s = ?, clock_ms = ?, silent = 0 WHERE number = ?",
        (beat.seq, now_ms, beat.period_s, behind_ms, log.number),
    )
    return True, Raised("HEARD", log.origin, str(now_ms), "again") if row["silent"] else None


def fall_silent(db: Connection, log: Log) -> Raised | None:
    """SILENT, once; None when it is known."""
    row = db.execute("SELECT heard_ms, period_s, silent FROM log WHERE number = ?", (log.number,)).fetchone()
    if row["silent"]:
        return None
    db.execute("UPDATE log SET silent = 1 WHERE number = ?", (log.number,))
    text = f"no heartbeat for {PERIODS} periods of {row['period_s']:g} s"
    return Raised("SILENT", log.origin, str(row["heard_ms"]), text)


def wall_ms_of(payload: dict[str, Any]) -> int | None:
    """The portal's clock when it signed, ms since 1970; None where it does not say."""
    stamp = payload.get("t")
    wall = stamp.get("wall") if isinstance(stamp, dict) else None
    try:
        moment = datetime.fromisoformat(wall) if isinstance(wall, str) else None
        return None if moment is None or moment.tzinfo is None else int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
