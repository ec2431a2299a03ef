"""The neutron template again, plainly: the log likelihood written out for each moment, strength and speed."""

from __future__ import annotations

import math

import numpy as np
from reference_shadow import BANK, REACH_M, STEP_M, grid

STRENGTHS = (1.5, 3.0, 6.0, 12.0)
BIN_MOST = math.log(100.0)              # a bin speaks for a source by this factor at most


def shape(geometry, begin, end, speed):
    """Mean over [begin, end] s of the sum over panels of response / r^2, source in the middle; 1 at closest approach."""
    total, top = np.zeros_like(begin), 0.0
    for across, height, response in zip(geometry.across_m, geometry.height_m, geometry.response, strict=True):
        h = max(0.1, math.hypot(across, geometry.source_height_m - height))
        total = total + response * (np.arctan(speed * end / h) - np.arctan(speed * begin / h)) / (h * speed * (end - begin))
        top += response / h**2
    return total / top


def log_poisson(n, mean):
    return n * np.log(mean) - mean


def look(samples, on_s, off_s, speed, assumed, vacant, vacant_s, geometry, finished=True):
    """Every (log ratio, strength, moment) from clipped samples (t_s, interval_s, counts)."""
    begin, bin_s, slots, exposure, counts = grid([(t, e, [n]) for t, e, n in samples])
    n, used = counts[:, 0], speed or assumed
    vacant = max(1.0, vacant)
    b0 = (vacant + n.sum()) / (vacant_s + exposure.sum())
    on, off, bin_m = ((on_s - begin) / bin_s - 0.5, (off_s - begin) / bin_s - 0.5, used * bin_s)
    first = int(np.clip(math.ceil(on - REACH_M / bin_m), 0, slots[-1]))
    settled = -max(abs(a) for a, weight in zip(geometry.across_m, geometry.response, strict=True) if weight > 0)
    final = math.floor(off + (REACH_M if finished else settled) / bin_m)
    last, every = int(np.clip(final, first, slots[-1])), []
    if final < first and not finished:
        return []
    for v in [speed] if speed else [used * factor for factor in BANK]:
        for slot in range(first, last + 1, max(1, int(STEP_M / bin_m))):
            t = (slots - slot - 0.5) * bin_s
            source = shape(geometry, t, t + bin_s, v) * exposure
            for cps in STRENGTHS:
                b1 = (vacant + n.sum() - cps * source.sum()) / (vacant_s + exposure.sum())
                if b1 <= 0:
                    continue
                bins = log_poisson(n, b1 * exposure + cps * source) - log_poisson(n, b0 * exposure)
                behind = log_poisson(vacant, b1 * vacant_s) - log_poisson(vacant, b0 * vacant_s)
                every.append((float(np.minimum(bins, BIN_MOST).sum() + behind), cps, begin + (slot + 0.5) * bin_s))
    return every
