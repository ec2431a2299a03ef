"""Which of several faults a person reads first: what is dangerous to him, then what leaves a lane unwatched.  Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

DISTANCE = ("overload", "over-range:*", "*-over-range")         # a very strong source: nobody goes near before it is measured
LATER = (
    ("dose-rate-high", "*instrument-alarm"),                    # people too, and by its own limit only
    ("blind", "link", "silence", "unreadable", "not-ready", "portal-judges-nothing", "storage", "queue-overflow"),
    ("neutron-blind", "*-silence", "dead:*", "stuck:*", "out-of-service:*", "occupancy-unknown", "*low-background*",
     "ledger-file", "disk-low", "lamps"),
)


def danger(name: str) -> bool:
    """Whether this fault says KEEP DISTANCE."""
    return any(fnmatchcase(name, pattern) for pattern in DISTANCE)


def rank(name: str) -> int:
    """0 is read first; faults that are in no list come last."""
    grades = (DISTANCE, *LATER)
    return next((at for at, names in enumerate(grades) if any(fnmatchcase(name, one) for one in names)), len(grades))


def ordered(names: Iterable[str]) -> list[str]:
    """The gravest first; those alike as they came, `overload` itself before the panels it names."""
    return sorted(names, key=lambda name: (rank(name), name != "overload"))
