"""Neutrons: the deployed rule, the kernel's, and what cannot be beaten, without and with cosmic-ray showers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from edge_agent._kernel import ffi, lib

from edge_agent.tools.kernel import KernelSettings, Lane

RATE_CPS, TUBES = 2.0, 2                # of their sum, as in detection.md 2
VACANT_S = 302
INTERVAL_S, PASSAGE_S = 0.2, 10.0       # 8 km/h; a window of 10 s around the source
SPEED_MPS, ASIDE_M = 8.0 / 3.6, 2.6
SHOWERS_PER_S, SHOWER_MEAN = 0.01, 4.0  # as native/simulate.c: one per 100 s, geometric, one sample
CPS = np.geomspace(2.0, 30.0, 14)


@dataclass(frozen=True)
class Neutrons:
    """Per passage and strength: the largest statistic.  Strength 0 for the clean ones."""

    ksigma: np.ndarray
    kernel: np.ndarray
    oracle: np.ndarray
    clips: int


def unit() -> np.ndarray:
    """Expected counts per sample of 1 cps at closest approach, the source passing in the middle."""
    t = (np.arange(round(PASSAGE_S / INTERVAL_S)) + 0.5) * INTERVAL_S - 0.5 * PASSAGE_S
    return INTERVAL_S / (1.0 + (SPEED_MPS * t / ASIDE_M) ** 2)


def run(seed: int, n: int, cps: float, showers: bool) -> Neutrons:
    rng = np.random.default_rng(seed)
    shape = unit()
    vacant = rng.poisson(RATE_CPS, (n, VACANT_S))
    counts = rng.poisson(RATE_CPS * INTERVAL_S + cps * shape, (n, len(shape)))
    if showers:
        hit = rng.random(counts.shape) < SHOWERS_PER_S * INTERVAL_S
        counts = counts + np.where(hit, rng.geometric(1.0 / SHOWER_MEAN, counts.shape), 0)
    background = vacant[:, :300].mean(1)
    window = np.array([counts[:, k:k + 5].sum(1) for k in range(counts.shape[1] - 4)]).T
    ksigma = ((window - background[:, None]) / np.sqrt(np.maximum(background, 1e-9))[:, None]).max(1)
    # everything known: the likelihood ratio of one strength, the middle of the range that matters
    weight = np.log1p(9.0 * shape / (RATE_CPS * INTERVAL_S))
    kernel, clips = _kernel(vacant, counts)
    return Neutrons(ksigma, kernel, counts @ weight, clips)


def _kernel(vacant: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, int]:
    lane = Lane(KernelSettings(1, TUBES))
    ptr, settings = lane._lane, lane._settings
    looks, tally = ffi.new("ea_look[]", counts.shape[1]), ffi.new("ea_tally *")
    offset = lib.EA_RULE_NEUTRON * ffi.sizeof("ea_score") + ffi.offsetof("ea_score", "statistic")
    seen = np.frombuffer(ffi.buffer(looks), np.dtype(
        {"names": ["z"], "formats": ["f8"], "offsets": [offset], "itemsize": ffi.sizeof("ea_look")}))
    rates = np.zeros((*vacant.shape, TUBES))
    rates[:, :, 0] = vacant
    shots = np.zeros((*counts.shape, TUBES), np.uint32)
    shots[:, :, 0] = counts                         # the rule is of the sum; how tubes share it does not matter
    out, clips = np.empty(len(counts)), 0
    for i in range(len(counts)):
        lib.ea_lane_init(ptr, settings)
        at = ffi.from_buffer("double[]", rates[i])
        for k in range(vacant.shape[1]):
            lib.ea_vacant_rate(ptr, lib.EA_NEUTRON, k + 1.0, 1.0, at + k * TUBES)
        begin_s = vacant.shape[1] + 2.0
        lib.ea_beam(ptr, begin_s, 1)
        shot = ffi.from_buffer("uint32_t[]", shots[i])
        for k in range(counts.shape[1]):
            lib.ea_neutron(ptr, begin_s + INTERVAL_S * (k + 1), INTERVAL_S, shot + k * TUBES, looks + k)
        out[i] = seen["z"].max()
        lib.ea_tally_now(ptr, begin_s + PASSAGE_S, tally)
        clips += tally.neutron_clips
    return out, clips
