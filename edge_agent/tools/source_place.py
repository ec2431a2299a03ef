"""Where a source is on a vehicle, of what the rules say in the end: record bodies in, one place out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# A source is tried in the middle and 0.8 m to either side (docs/decisions/0003): nearer to a side than to the middle.
SIDE_M = 0.4
FIRST = ("shadow", "neutron-template")      # gammas are many: they tell the place better, and the side


def side_of(across_m: float | None) -> str | None:
    """Left, middle or right as driven; `across_m` counts from the lane's middle, the driver's left negative."""
    if across_m is None:
        return None
    return "middle" if abs(across_m) < SIDE_M else "left" if across_m < 0 else "right"


def placed(found: Mapping[str, float]) -> dict[str, Any]:
    """One rule's source as an alarm tells its own: place and side."""
    return {"place": dict(found), "side": side_of(found.get("across_m"))}


def best(sources: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """The place to search first; empty where no rule knows one."""
    known = {rule.partition("/")[0]: found for rule, found in sources.items() if "behind_m" in found}
    return next((placed(known[rule]) for rule in FIRST if rule in known), {})
