"""Neutrons: the deployed rule, the kernel's, and what cannot be beaten, without and with cosmic-ray showers."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from edge_agent._kernel import ffi, lib

from benchmarks.detection import models
from edge_agent.tools.kernel import KernelSettings, Lane
from edge_agent.words.settings import AlarmSettings

RATE_CPS, TUBES = 2.0, 2                # of their sum, as in detection.md 2
VACANT_S = 302
INTERVAL_S, PASSAGE_S = 0.2, 10.0       # 8 km/h; a window of 10 s around the source
SPEED_MPS, ASIDE_M, HIGHER_M = 8.0 / 3.6, 2.6, 0.714      # 2.5 m to each side and 0.714 m below: 2.6 m
SHOWERS_PER_S, SHOWER_MEAN = 0.01, 4.0  # as native/simulate.c: one per 100 s, geometric, one sample
CPS = np.geomspace(2.0, 30.0, 14)
NORMAL = NormalDist()


@dataclass(frozen=True)
class Neutrons:
    """Per passage and strength: the largest statistic.  Strength 0 for the clean ones."""

    ksigma: np.ndarray
    kernel: np.ndarray                  # exact binomial
    template: np.ndarray                # the kernel's template likelihood at the end of the passage
    oracle: np.ndarray
    clips: int


def statistic(found: Neutrons, rule: str) -> np.ndarray:
    """Of one rule; `together`: the template, or what the windows are beyond the template when both are armed as in a lane."""
    if rule == "together":
        armed = AlarmSettings()
        apart = armed.neutron_template_threshold - NORMAL.inv_cdf(1.0 - armed.neutron_p)
        return np.maximum(found.template, found.kernel + apart)
    out: np.ndarray = getattr(found, rule)
    return out


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
    kernel, template, clips = _kernel(*(_shared(rng, each) for each in (vacant, counts)))
    return Neutrons(ksigma, kernel, template, counts @ weight, clips)


def _shared(rng: np.random.Generator, sums: np.ndarray) -> np.ndarray:
    one = rng.binomial(sums, 1.0 / TUBES)
    return np.stack([one, sums - one], -1)


def _kernel(vacant: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    lane = Lane(KernelSettings(TUBES, TUBES))       # the template takes the places of the tubes from the panels
    ptr, settings, found = lane._lane, lane._settings, ffi.new("ea_neutron_source *")
    place = models.geometry_in_c(models.GEOMETRY | {
        "panels": TUBES, "along_m": [0.0] * 2, "across_m": [-2.5, 2.5], "height_m": [1.5 - HIGHER_M] * 2,
        "response": [1.0] * 2})
    looks, tally = ffi.new("ea_look[]", counts.shape[1]), ffi.new("ea_tally *")
    offset = lib.EA_RULE_NEUTRON * ffi.sizeof("ea_score") + ffi.offsetof("ea_score", "statistic")
    seen = np.frombuffer(ffi.buffer(looks), np.dtype(
        {"names": ["z"], "formats": ["f8"], "offsets": [offset], "itemsize": ffi.sizeof("ea_look")}))
    rates, shots = vacant.astype(np.float64), counts.astype(np.uint32)
    out, template, clips, begin_s = np.empty(len(counts)), np.empty(len(counts)), 0, vacant.shape[1] + 2.0
    for i in range(len(counts)):
        lib.ea_lane_init(ptr, settings)
        at, shot = ffi.from_buffer("double[]", rates[i]), ffi.from_buffer("uint32_t[]", shots[i])
        for k in range(vacant.shape[1]):
            lib.ea_vacant_rate(ptr, lib.EA_NEUTRON, k + 1.0, 1.0, at + k * TUBES, looks)
        lib.ea_beam(ptr, begin_s, 1)
        lib.ea_speed(ptr, begin_s, SPEED_MPS)
        for k in range(counts.shape[1]):
            lib.ea_neutron(ptr, begin_s + INTERVAL_S * (k + 1), INTERVAL_S, shot + k * TUBES, looks + k)
        lib.ea_beam(ptr, begin_s + PASSAGE_S, 0)
        out[i] = seen["z"].max()
        lib.ea_neutron_look(ptr, place, found)
        template[i] = found.statistic
        lib.ea_tally_now(ptr, begin_s + PASSAGE_S, tally)
        clips += tally.neutron_clips
    return out, template, clips
