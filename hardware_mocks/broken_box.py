"""What a controller's own computer would measure of itself when something of it fails.  Values, and one real wound.

Drawn by a seed.  Nothing here knows how an agent asks for them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Box:
    """A healthy one, where nothing is said."""

    clock_synced: bool = True
    clock_off_s: float = 0.01           # against the centre's
    clock_steps: int = 0                # in the last day
    disk_free_share: float = 0.6
    disk_read_only: bool = False
    disk_sync_s: float = 0.01           # an fsync takes so long: cards slow down as they wear
    certificate_days: float = 200.0     # to its end
    link_breaks_at: str = ""            # dns, tcp, tls or http
    unsent: int = 0
    oldest_unsent_s: float = 0.0
    refused: int = 0                    # records the centre would not take
    mains: bool = True
    battery_low: bool = False


def _clock_unset(c: random.Random) -> dict[str, object]:
    return {"clock_synced": False, "clock_off_s": -c.uniform(1.0, 20.0) * 365 * 86400}


def _clock_steps(c: random.Random) -> dict[str, object]:
    return {"clock_steps": c.randint(2, 20), "clock_off_s": c.choice((-1, 1)) * c.uniform(1.0, 3600.0)}


def _link(c: random.Random) -> dict[str, object]:
    hours = c.uniform(1.0, 100.0)
    return {"link_breaks_at": c.choice(("dns", "tcp", "tls", "http")), "unsent": round(hours * c.uniform(2, 20)),
            "oldest_unsent_s": hours * 3600}


def _piling(c: random.Random) -> dict[str, object]:
    return {"unsent": c.randint(500, 50000), "oldest_unsent_s": c.uniform(2.0, 200.0) * 3600}


FAULTS: dict[str, Callable[[random.Random], dict[str, object]]] = {
    "clock_unset": _clock_unset,
    "clock_steps": _clock_steps,
    "disk_full": lambda c: {"disk_free_share": c.uniform(0.0, 0.01)},
    "disk_read_only": lambda c: {"disk_read_only": True},
    "disk_worn": lambda c: {"disk_sync_s": c.uniform(2.0, 20.0)},
    "certificate_ends": lambda c: {"certificate_days": c.uniform(-5.0, 10.0)},
    "link_down": _link,
    "piling_up": _piling,
    "refused_record": lambda c: {"refused": c.randint(1, 20)},
    "mains_lost": lambda c: {"mains": False},
    "battery_low": lambda c: {"mains": c.random() < 0.3, "battery_low": True},
}


def broken(names: tuple[str, ...], seed: int) -> Box:
    """A box with these faults.  KeyError: no such fault."""
    box = Box()
    for name in names:
        box = replace(box, **FAULTS[name](random.Random(f"{name} {seed}")))  # type: ignore[arg-type]
    return box


def wound(file: Path, seed: int) -> int:
    """Turn one bit of a file over, as a dying card does; where, in bytes.  ValueError: an empty file has none."""
    data, chance = bytearray(file.read_bytes()), random.Random(seed)
    if not data:
        raise ValueError(f"{file} is empty")
    at = chance.randrange(len(data))
    data[at] ^= 1 << chance.randrange(8)
    file.write_bytes(data)
    return at
