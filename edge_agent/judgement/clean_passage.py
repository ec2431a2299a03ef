"""Which passages of the record may be learned from, by one check; every other is left out for a reason that is told.

What a disk or another program has spoiled is refused here: the kernel would refuse it too, and end the lesson.  Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from edge_agent.judgement.passage import KSIGMA_ONLY
from edge_agent.words.settings import Profile

DAY_MS = 86_400_000
SPEEDS_MPS = (0.05, 60.0)           # as docs/replay.md
INTERVALS_S = (0.01, 600.0)         # the kernel's own
ABOVE, BELOW = 2.0, 0.2             # of its background, over a whole passage: a clean vehicle shadows by 40 % at most
                                    # (detection.md 1); a panel beyond was dead, spoiled, or saw what should have alarmed


class _Strange(ValueError):
    """A value no passage has; what kind of value."""


def why_not(body: Mapping[str, Any], lane: str, panels: Sequence[str], profile: Profile) -> str:
    """Why a passage is not learned from; "" for one that is (detection.md 3.4)."""
    try:
        return _unclean(body) or _elsewhere(body, lane, panels) or _checked(body, panels, profile)
    except _Strange as what:
        return f"damaged: {what}"
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
        return "damaged"


def _unclean(body: Mapping[str, Any]) -> str:
    if body["alarms"] or body["vendor"]["gamma"] or body["vendor"]["neutron"]:
        return "alarmed"
    if any(note.startswith(KSIGMA_ONLY) for note in body["notes"]):
        return "too little background"
    if body["notes"] or body["ended"] != "portal":
        return "not seen whole"
    if body["speed_mps"] is None:
        return "no speed"
    if "gamma" not in body["series"] or "gamma" not in body.get("background", {}):
        return "no background"
    return ""


def _elsewhere(body: Mapping[str, Any], lane: str, panels: Sequence[str]) -> str:
    """Names stand in the order of the wire: in another order they were other panels."""
    if body["lane"] != lane:
        return "of another lane"
    return "another panel map" if list(body["series"]["gamma"]["counts"]) != list(panels) else ""


def _checked(body: Mapping[str, Any], panels: Sequence[str], profile: Profile) -> str:
    series, background = body["series"]["gamma"], body["background"]["gamma"]
    begin, end, first = (_number(at["mono_ms"], "times") for at in (body["begin"], body["end"], series["begin"]))
    interval_s = _within(series["interval_s"], *INTERVALS_S, "counting time")
    _within(end - begin, 1, DAY_MS, "times")
    _within(first - begin, -DAY_MS, DAY_MS, "times")
    _within(body["speed_mps"], *SPEEDS_MPS, "speed")
    exposure_s = _within(background["exposure_s"], INTERVALS_S[0], DAY_MS, "background")
    _within(background["age_s"], 0.0, DAY_MS, "background")
    most = profile.count_max * max(1, round(interval_s / profile.gamma_interval_s))
    lengths = {len(series["counts"][name]) for name in panels}
    if len(lengths) != 1 or not lengths.pop():
        raise _Strange("counts")
    for name in panels:
        rate = _within(background["cps"][name], 0.0, math.inf, "background")
        if not rate:
            return "a panel without background"
        counts = [_count(count, most) for count in series["counts"][name]]
        due = rate * interval_s * len(counts)
        if not _near(sum(counts), due, rate * exposure_s):
            return "a panel far from its background"
    return ""


def _near(counts: int, due: float, behind: float) -> bool:
    """Within what a clean vehicle makes of `due` counts, six errors of both numbers left to chance."""
    error = 6.0 * math.sqrt(due + due * due / max(behind, 1.0))
    return BELOW * due - error <= counts <= ABOVE * due + error


def _count(value: Any, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise _Strange("counts")
    return value


def _number(value: Any, what: str) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise _Strange(what)
    return float(value)


def _within(value: Any, low: float, high: float, what: str) -> float:
    number = _number(value, what)
    if not low <= number <= high:
        raise _Strange(what)
    return number
