"""Passages drawn from a known prior on the kernel's own basis: what learning is judged by.  Pure numpy, seeded."""

from __future__ import annotations

import functools

import numpy as np
from edge_agent._kernel import lib

from edge_agent.judgement.learning import Passage, Prior
from edge_agent.tools.kernel import KernelSettings, Lane
from edge_agent.tools.kernel_values import Geometry
from edge_agent.words.reading import Radiation

RATES = (900.0, 1300.0)
PANELS, EACH = len(RATES), lib.EA_BASIS
PLACE = Geometry((0.0,) * 2, (-2.5, 2.5), (1.5,) * 2, (1.0,) * 2)


@functools.cache
def design(length_m: float) -> tuple[np.ndarray, np.ndarray]:
    """(basis, exposure) of a vehicle at 8 km/h, from the kernel: driven through a lane once."""
    lane = Lane(KernelSettings(PANELS, hold_in_s=2.0))
    for t in range(1, 121):
        lane.vacant_rate(Radiation.GAMMA, float(t), 1.0, RATES)
    speed, off = 8 / 3.6, round(length_m / (8 / 3.6) / 0.2)
    for k in range(-10, off + 10):
        t = 125.0 + 0.2 * k
        if k in (0, off):
            lane.beam(t, k == 0)
        lane.gamma(t, 0.2, [round(0.2 * rate) for rate in RATES])
    lane.speed(125.0, speed)
    found = lane.design(PLACE)
    assert found.why == lib.EA_SEEN, found.why
    return np.array(found.basis), np.array(found.exposure_s)


def truth(seed: int = 5) -> Prior:
    """A prior with a deep mean, strong correlation between panels and a nearly empty direction."""
    rng = np.random.default_rng(seed)
    sd = np.array([0.05, 0.03, 0.02, 0.01, 0.007, 0.005, 0.003])
    between = 0.7 + 0.3 * np.eye(PANELS)
    turn = 0.2 * rng.normal(size=(EACH, EACH)) + np.eye(EACH)
    own = np.diag(sd) @ turn @ turn.T @ np.diag(sd)
    return Prior(np.tile([0.12, 0.03, -0.02, 0.0, 0.0, 0.0, 0.0], PANELS), np.kron(between, own), 0)


def generic() -> Prior:
    sd = np.array([0.1, 0.08, 0.05, 0.03, 0.02, 0.015, 0.006])
    return Prior(np.zeros(PANELS * EACH), np.kron(0.5 + 0.5 * np.eye(PANELS), np.diag(sd**2)), 0)


def draw(rng: np.random.Generator, n: int, prior: Prior, own_sd: float = 0.003, common_sd: float = 0.002) -> list[Passage]:
    """Vehicles of 12, 14 and 16 m; the background's estimate is off by the errors that are stated with it."""
    out = []
    root = np.linalg.cholesky(prior.covariance)
    for i in range(n):
        length = (12.0, 14.0, 16.0)[i % 3]
        basis, exposure = design(length)
        c = (prior.mean + root @ rng.normal(size=len(prior.mean))).reshape(PANELS, EACH)
        real = np.array(RATES) * (1.0 + common_sd * rng.normal() + own_sd * rng.normal(size=PANELS))
        expected = np.array(RATES)[:, None] * exposure
        left = np.clip(1.0 - np.einsum("pbk,pk->pb", basis, c), 0.0, None)
        counts = rng.poisson(real[:, None] * exposure * left).astype(float)
        out.append(Passage(length, expected, counts, basis, common_sd**2, np.full(PANELS, own_sd**2)))
    return out
