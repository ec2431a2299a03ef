"""Times as records write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def iso(wall_ns: int) -> str | None:
    """UTC with milliseconds, RFC 3339; None where its four digits of a year do not reach (records may say null)."""
    try:
        moment = datetime.fromtimestamp(wall_ns // 10**9, UTC)   # a float would round 0.9999996 s up to the next second
    except (ValueError, OverflowError, OSError):
        return None
    if moment.year < 1000:          # strftime writes such a year with fewer digits
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{wall_ns // 1_000_000 % 1000:03d}Z"


def moment(at_ns: int, boot: int, mono_ns: int, wall_ns: int) -> dict[str, Any]:
    """A CLOCK_BOOTTIME stamp with the UTC it corresponds to now; the monotonic pair is what counts."""
    return {"boot": boot, "mono_ms": at_ns // 1_000_000, "wall": iso(wall_ns - (mono_ns - at_ns))}


def local(wall: str | None) -> str:
    """What iso() wrote, for a person: local time with UTC beside, UTC alone where that is local; ? where it is not known."""
    if wall is None:
        return "?"
    try:
        at = parsed(wall).astimezone()
    except (ValueError, OverflowError):
        return wall
    return f"{at:%Y-%m-%d %H:%M:%S} ({wall[11:]})" if at.utcoffset() else wall.replace("T", " ")


def parsed(text: str) -> datetime:
    """What iso() wrote; ValueError where it is none of that."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} does not say UTC")
    return found
