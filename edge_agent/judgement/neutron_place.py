"""Where on a vehicle its neutrons come from, and how strong the source is: the best fit of the whole passage, once it is over.

The template of the kernel (native/template.c) is there to alarm: it looks while the vehicle is still in the beam, each bin
speaks for a source by a factor of 100 at most and samples are clipped, so of a strong source its best moment is only the first
that is good enough.  Here every count counts, the strength is free, and nothing is decided.  Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edge_agent.tools.kernel_values import Geometry

BEYOND_M = 1.0          # places tried beyond the vehicle's ends, as native/scan.c
COARSE_M, FINE_M = 1.0, 0.25
LONGEST_M = 28.0        # what is longer at this speed stood in between: no place is known
BINS_MOST = 150         # neighbours are summed down to so many
ROUNDS = 12             # of Newton's method, from a start that is good already
LEAST_M = 0.1           # as native/template.c


@dataclass(frozen=True, slots=True)
class Counted:
    """Neutrons of a passage over all tubes in service, bin by bin; times in s on the clock of `on_s`."""

    begin_s: float
    bin_s: float
    counts: Sequence[int]
    background_cps: float


@dataclass(frozen=True, slots=True)
class Fit:
    behind_m: float         # the source, behind the front bumper
    source_cps: float       # at closest approach, over all tubes
    source_sd: float


def fit(seen: Counted, on_s: float, off_s: float, speed_mps: float, geometry: Geometry) -> Fit | None:
    """None where it is no single drive through the portal, or nothing stands out."""
    length_m = (off_s - on_s) * speed_mps
    seen = _coarser(seen)
    if not 0.0 < length_m <= LONGEST_M or not seen.background_cps > 0.0 or len(seen.counts) < 3:
        return None
    wide = [-BEYOND_M + step * COARSE_M for step in range(math.ceil((length_m + 2 * BEYOND_M) / COARSE_M) + 1)]
    near = max(wide, key=lambda at_m: _at(seen, on_s, at_m, speed_mps, geometry)[0])
    fine = [near + step * FINE_M for step in range(-round(COARSE_M / FINE_M), round(COARSE_M / FINE_M) + 1)]
    tried = {at_m: _at(seen, on_s, at_m, speed_mps, geometry) for at_m in fine}
    behind_m = max(fine, key=lambda at_m: tried[at_m][0])
    gain, cps, sd = tried[behind_m]
    return Fit(min(max(behind_m, 0.0), length_m), cps, sd) if gain > 0.0 else None


def _coarser(seen: Counted) -> Counted:
    counts, bin_s = list(seen.counts), seen.bin_s
    while len(counts) > BINS_MOST:
        counts = counts[: len(counts) // 2 * 2]
        counts, bin_s = [a + b for a, b in zip(counts[::2], counts[1::2], strict=True)], 2 * bin_s
    return Counted(seen.begin_s, bin_s, counts, seen.background_cps)


def _at(seen: Counted, on_s: float, behind_m: float, speed_mps: float, geometry: Geometry) -> tuple[float, float, float]:
    """(log likelihood ratio, strength, its sd) of the likeliest source so far behind the bumper."""
    closest_s = on_s + behind_m / speed_mps
    worth = _shape(seen, closest_s, speed_mps, geometry)
    bkg, total = seen.background_cps * seen.bin_s, sum(worth)
    if not total > 0.0:
        return 0.0, 0.0, 0.0
    cps = max(0.0, sum(w * (n - bkg) for w, n in zip(worth, seen.counts, strict=True)) / sum(w * w for w in worth))
    curve = 0.0
    for _ in range(ROUNDS):             # the likelihood is concave in the strength
        parts = [(w, n / (bkg + cps * w)) for w, n in zip(worth, seen.counts, strict=True)]
        slope = sum(w * part for w, part in parts) - total
        curve = sum(w * w * part / (bkg + cps * w) for w, part in ((w, part) for w, part in parts))
        if not curve > 0.0:
            break
        cps = max(0.0, cps + slope / curve)
    gain = sum(n * math.log1p(cps * w / bkg) for w, n in zip(worth, seen.counts, strict=True)) - cps * total
    return gain, cps, 1.0 / math.sqrt(curve) if curve > 0.0 else 0.0


def _shape(seen: Counted, closest_s: float, speed_mps: float, geometry: Geometry) -> list[float]:
    """Per bin: counts of a source of 1 count/s at closest approach; the integral of 1/r^2 over each bin."""
    worth, top = [0.0] * len(seen.counts), 0.0
    edges = [(seen.begin_s + number * seen.bin_s - closest_s) * speed_mps for number in range(len(seen.counts) + 1)]
    for across, height, weight in zip(geometry.across_m, geometry.height_m, geometry.response, strict=True):
        h = max(LEAST_M, math.hypot(across, geometry.source_height_m - height))
        top += weight / (h * h)
        turned = [math.atan(edge / h) for edge in edges]
        for number in range(len(worth)):
            worth[number] += weight * (turned[number + 1] - turned[number]) / (h * speed_mps)
    return [w / top for w in worth]
