"""What a person has begun and has not ended: an exercise, repair work on a lane, a panel taken out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Who it was: the name given, and how that is known."""

    name: str
    how: str                    # "act.sock, uid 1001 (j.petraitis)"


@dataclass(frozen=True, slots=True)
class Act:
    """An exercise (lane None: every lane) or maintenance of one lane, from its begin to its end."""

    kind: str                   # "exercise" or "maintenance"
    id: str
    lane: str | None
    by: Person
    reason: str
    ends_wall_ns: int           # ends by itself then, at the latest
    ends_ns: int                # the same as CLOCK_BOOTTIME, of this run
    alarms: int = 0             # marked so far
