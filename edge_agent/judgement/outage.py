"""What a lane loses while panels or tubes are out of service.  Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from edge_agent.words.language import worded

# Places of a source that are tried: across the lane (detection.md 3.3) and above the ground, car floor to truck roof.
NEVER_HEARD = 0.1       # of the others' mean: the kernel guesses a twentieth (native/health_limits.c)
ACROSS_M, ABOVE_M = (0.0, 0.8, -0.8), (0.5, 1.5, 2.5)


def remaining(rates_cps: Mapping[str, float], out: Collection[str]) -> float:
    """Sensitivity of the sum without `out`, 1.0 with all: the share f of the counts is left of a source as of its
    background, so its significance s / sqrt(b) falls to sqrt(f).  Rates unknown: channels count alike; so does one that was
    never heard, whose rate is a guess far below its neighbours'."""
    heard = [rate for name, rate in rates_cps.items() if name not in out and rate > 0]
    alike = sum(heard) / len(heard) if heard else 0.0
    known = {name: alike if rate < NEVER_HEARD * alike else max(rate, 0.0) for name, rate in rates_cps.items()}
    total = sum(known.values())
    if total <= 0:
        return math.sqrt(1 - len(set(out) & known.keys()) / len(known)) if known else 1.0
    return math.sqrt(max(0.0, 1 - sum(known[name] for name in out if name in known) / total))


def worst_place(geometry: Mapping[str, Sequence[float]], names: Collection[str], out: Collection[str]) -> float | None:
    """The same where it is worst: a source beside the missing panel, 1/r^2 at closest approach, alike panels.
    None without a geometry of every panel."""
    if not names or not all(name in geometry for name in names):
        return None
    rest = [name for name in names if name not in out]
    ratios = []
    for across in ACROSS_M:
        for above in ABOVE_M:
            near = {name: 1 / max(0.01, (geometry[name][1] - across) ** 2 + (geometry[name][2] - above) ** 2) for name in names}
            seen = sum(near[name] for name in rest) / sum(near.values())
            ratios.append(seen / math.sqrt(len(rest) / len(names)) if rest else 0.0)
    return min(ratios)


def sentence(sensitivity: float, worst: float | None) -> str:
    """For people: how much stronger a source has to be."""
    if sensitivity <= 0:
        return worded("nothing is left to see with")
    if not worst:
        return worded("a source must be {times:.2f} times as strong to be seen", times=1 / sensitivity)
    return worded("a source must be {times:.2f} times as strong to be seen, at the worst place {worst:.1f} times",
                  times=1 / sensitivity, worst=1 / worst)
