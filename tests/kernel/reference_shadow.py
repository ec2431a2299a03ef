"""The shadow test again, plainly: C written out and solved, one template after the other.

Written from detection.md 3.3 and the contract.  It is told the samples, so that binning and merging are checked too;
the background it takes from the kernel (tests/kernel/reference.py has that one).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

EDGE_M, REACH_M, STEP_M, BANK = 2.0, 1.0, 0.5, (1.0, 0.82, 1.22)
USUAL_MPS, WEIGHT, EASIEST, DARKEST = 8 / 3.6, 2.0, 16.0, 0.3
SHAPES = 7
BINS_MAX = 256

_erf = np.vectorize(math.erf)


def basis(x, length):
    """(bins, 7): g cos(k pi u) for k = 0..5, and 1."""
    x = np.asarray(x, float)
    g = (_erf(x / EDGE_M) - _erf((x - length) / EDGE_M)) / 2
    return np.stack([g * np.cos(k * np.pi * x / length) for k in range(SHAPES - 1)] + [np.ones_like(x)], axis=1)


def grid(samples):
    """Samples (t_s, interval_s, counts) on equal bins: (begin, bin length, slots, exposure, counts[bin][panel])."""
    begin, step, placed, following = samples[0][0] - samples[0][1], samples[0][1], [], 0
    for t_s, interval_s, counts in samples:
        late = (t_s - begin) / step - (following + 1)
        at = following if abs(late) <= 0.75 else max(0, following + math.floor(late + 0.5))
        placed.append((at, interval_s, counts))
        following = at + 1
    merged = 1
    while max(at for at, _, _ in placed) // merged >= BINS_MAX:
        merged *= 2
    bins: dict[int, list] = {}
    for at, interval_s, counts in placed:
        held = bins.setdefault(at // merged, [0.0, np.zeros(len(counts))])
        held[0] += interval_s
        held[1] = held[1] + np.array(counts)
    slots = sorted(bins)
    return (begin, step * merged, np.array(slots), np.array([bins[s][0] for s in slots]),
            np.array([bins[s][1] for s in slots]))


def template(geometry, panel, begin, end, speed, lateral):
    """Mean of response / r^2 over [begin, end] s after the source passed the beam."""
    h = max(0.1, math.hypot(lateral - geometry.across_m[panel], geometry.source_height_m - geometry.height_m[panel]))
    a, b = ((speed * t - geometry.along_m[panel]) / h for t in (begin, end))
    return geometry.response[panel] * (np.arctan(b) - np.arctan(a)) / (speed * h) / (end - begin)


def sources(passage, geometry, length, chosen, begin, bin_s, slots, exposure):
    """Every template: (slot, lateral, speed, counts of a source of strength 1 over panels and bins)."""
    speed = passage.speed or geometry.assumed_mps
    on, bin_m = (passage.on_s - begin) / bin_s - 0.5, speed * bin_s
    first = int(np.clip(math.ceil(on - REACH_M / bin_m), 0, slots[-1]))
    last = int(np.clip(math.floor(on + (length + REACH_M) / bin_m), first, slots[-1]))
    for v in [speed] if passage.speed else [speed * factor for factor in BANK]:
        for y in geometry.lateral_m:
            for slot in range(first, last + 1, max(1, int(STEP_M / bin_m))):
                t = (slots - slot - 0.5) * bin_s
                yield slot, y, v, np.concatenate(
                    [template(geometry, p, t, t + bin_s, v, y) * exposure for p in chosen])


def usual_information(geometry, chosen, background):
    """Of a source that passes at 8 km/h without a shadow, in the first place across the lane: s.B^-1 s."""
    h = [max(0.1, math.hypot(geometry.lateral_m[0] - geometry.across_m[p], geometry.source_height_m - geometry.height_m[p]))
         for p in chosen]
    return sum(geometry.response[p] ** 2 * math.pi / (2 * USUAL_MPS * d**3) / max(1.0, background[p])
               for p, d in zip(chosen, h, strict=True))


def weighed(plain, ease):
    square = plain * abs(plain) - WEIGHT * math.log(min(EASIEST, max(1 / EASIEST, ease)))
    return math.copysign(math.sqrt(abs(square)), square)


@dataclass
class Passage:
    samples: list
    on_s: float
    end_s: float                       # beam cleared; unfinished: the newest sample
    finished: bool
    speed: float | None
    background: np.ndarray             # counts/s per panel
    own_var: np.ndarray
    common_var: float
    mask: int


def one(passage, model, length):
    """(statistic, dict of what it explains) for one vehicle length, or None without a model of it."""
    geometry = model.geometry
    learned = model.classes[(length >= model.edge_m[0]) + (length >= model.edge_m[1])]
    if not learned.learned:
        return None
    begin, bin_s, slots, exposure, counts = grid(passage.samples)
    speed = passage.speed or geometry.assumed_mps
    chosen = [p for p in range(len(geometry.along_m)) if passage.mask >> p & 1]
    x = speed * (begin + (slots + 0.5) * bin_s - passage.on_s)
    rows, n = len(slots), SHAPES * len(geometry.along_m)
    mean, sigma = np.array(learned.mean), np.array(learned.covariance)
    u, flat, shade = np.zeros((rows * len(chosen), n)), [], []
    for i, p in enumerate(chosen):
        phi = basis(x - geometry.along_m[p], length)
        b = passage.background[p] * exposure
        u[i * rows : (i + 1) * rows, SHAPES * p : SHAPES * (p + 1)] = -b[:, None] * phi
        flat.append(b)
        shade.append(b * (1 - phi @ mean[SHAPES * p : SHAPES * (p + 1)]))
    constants = np.arange(SHAPES - 1, n, SHAPES)
    s = sigma.copy()
    s[np.ix_(constants, constants)] += passage.common_var
    s[constants, constants] += passage.own_var
    flat, shade = np.concatenate(flat), np.concatenate(shade)
    noise = np.maximum(np.maximum(shade, DARKEST * flat), 1.0)
    c = np.diag(noise) + u @ s @ u.T
    data = np.concatenate([counts[:, p] for p in chosen])
    r = data - shade
    inverse = np.linalg.inv(c)
    best, usual = None, usual_information(geometry, chosen, passage.background)
    for slot, y, v, source in sources(passage, geometry, length, chosen, begin, bin_s, slots, exposure):
        left = source @ inverse @ source
        if not left > 1e-6 * (source**2 / noise).sum():
            continue
        plain = source @ inverse @ r / math.sqrt(left)
        statistic = weighed(plain, left / usual)
        if best is None or statistic > best[0]:
            best = (statistic, plain, left, source, slot, y, v)
    if best is None:
        return None
    statistic, plain, left, source, slot, y, v = best
    fitted = shade + u @ s @ u.T @ inverse @ (r - plain / math.sqrt(left) * source)
    rate = source.reshape(len(chosen), rows).sum(axis=0) / exposure
    window = np.tile(rate >= rate.max() / 2, len(chosen))
    at = begin + (slot + 0.5) * bin_s
    freedom = len(data) - 1
    deep = np.zeros(n)
    deep[[SHAPES * p for p in chosen]] = 1.0
    coefficients = s @ u.T @ inverse @ r
    return statistic, {
        "at_s": at, "behind_m": speed * (at - passage.on_s), "lateral_m": y, "speed_mps": v,
        "strength": plain / math.sqrt(left), "plain": plain, "length_m": length, "counts": data[window].sum(),
        "expected": fitted[window].sum(), "background": flat[window].sum(),
        "misfit": (r @ inverse @ r - plain**2 - freedom) / math.sqrt(2 * freedom),
        "depth": deep @ coefficients / math.sqrt(deep @ s @ deep),
        "window_s": exposure[rate >= rate.max() / 2].sum(),
        "drawn": {"begin_s": begin + slots * bin_s, "exposure_s": exposure, "chosen": chosen, "counts": data,
                  "background": flat, "shadowed": fitted, "source": plain / math.sqrt(left) * source},
    }


def look(passage, model, hold_s=0.0):
    """The test: of the length measured, or the smallest over all lengths an unfinished vehicle may have."""
    speed, longest = passage.speed or model.geometry.assumed_mps, model.geometry.longest_m
    if passage.finished:
        return one(passage, model, speed * (passage.end_s - passage.on_s))
    least, so_far = (speed * (passage.end_s - held - passage.on_s) for held in (hold_s, 0.0))
    tried = [so_far, 1.3 * so_far] + [kind.typical_m for kind in model.classes]
    found = [one(passage, model, length) for length in [least] + [min(longest, t) for t in tried if t > least]]
    return None if None in found else min(found, key=lambda seen: seen[0])
