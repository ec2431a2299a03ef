"""Does the statistic mean what it says: its distribution without a source, and what it sees that FOCuS does not."""

from __future__ import annotations

import numpy as np
import pytest
import shadow_power as road
from reference_shadow import EASIEST, WEIGHT, Passage, basis, grid, sources, usual_information
from test_kernel_shadow import model

from edge_agent.tools.kernel import KernelSettings, Lane, ShadowModel, Why
from edge_agent.words.reading import Radiation

S = KernelSettings(4, level_sd=0.0, before_s=2.0, after_s=1.0)
SPEED, SECONDS, RATE = 2.2, 3.2, 20_000.0       # many counts: rounding and Poisson are then normal


def test_without_a_source_it_is_the_largest_of_correlated_normals() -> None:
    rng = np.random.default_rng(11)
    learned = model(4, rng)
    length, t = SPEED * SECONDS, 1000.1 + 0.2 * np.arange(-10, 21)
    kind = learned.classes[1]
    found = []
    for _ in range(1500):
        level = rng.normal(0, 1, 4) / np.sqrt(RATE * 100)
        c = rng.multivariate_normal(kind.mean, kind.covariance).reshape(4, 7)
        lane = Lane(S)
        lane.learned(learned)
        lane.put_background(Radiation.GAMMA, 998.0, 0.0, 100.0, (RATE * (1 + level)).tolist())
        along = np.array(learned.geometry.along_m)
        shade = np.stack([basis(SPEED * (t - 1000.0) - along[p], length) @ c[p] for p in range(4)], axis=1)
        for i, counts in enumerate(rng.poisson(RATE * 0.2 * (1 - shade)).tolist()):
            if i in (10, 26):
                lane.beam(1000.0 + 0.2 * (i - 10), i == 10)
            lane.gamma(1000.0 + 0.2 * (i - 9), 0.2, counts)
        lane.speed(1004.2, SPEED)
        look = lane.shadow()
        assert look.why is Why.SEEN
        found.append(look.statistic)
    design = lane.design(learned.geometry)
    expected = largest(design, learned, length, rng)
    for q in (0.1, 0.5, 0.9, 0.99):
        assert np.quantile(found, q) == pytest.approx(np.quantile(expected, q), abs=0.08 if q < 0.95 else 0.25), q


def largest(design, learned, length, rng) -> np.ndarray:
    """The largest over all templates, drawn: of normals correlated as the templates are."""
    kept = [(t, 0.2, [0] * 4) for t in design.grid_s + 0.2 * (np.array(design.slot) + 1)]
    passage = Passage(kept, 1000.0, 1000.0 + SECONDS, True, SPEED, np.array(design.background_cps),
                      np.array(design.own_var), design.common_var, 15)
    begin, bin_s, slots, exposure, _ = grid(kept)
    rows, n = len(slots), 28
    u, flat = np.zeros((4 * rows, n)), []
    for p in range(4):
        b = design.background_cps[p] * exposure
        u[p * rows : (p + 1) * rows, 7 * p : 7 * p + 7] = -b[:, None] * np.array(design.basis[p])
        flat.append(b)
    s = np.array(learned.classes[1].covariance)
    s[np.ix_(range(6, n, 7), range(6, n, 7))] += design.common_var + np.diag(design.own_var)
    inverse = np.linalg.inv(np.diag(np.concatenate(flat)) + u @ s @ u.T)
    place = learned.geometry
    every = np.array([x[3] for x in sources(passage, place, length, range(4), begin, bin_s, slots, exposure)])
    gram = every @ inverse @ every.T
    scale = np.sqrt(np.diag(gram))
    plain = rng.multivariate_normal(np.zeros(len(every)), gram / np.outer(scale, scale), 20_000)
    ease = np.clip(scale**2 / usual_information(place, range(4), design.background_cps), 1 / EASIEST, EASIEST)
    square = plain * np.abs(plain) - WEIGHT * np.log(ease)
    return (np.sign(square) * np.sqrt(np.abs(square))).max(axis=1)


@pytest.mark.slow
def test_behind_a_shadow_it_sees_clearly_weaker_sources_than_focus(monkeypatch) -> None:
    monkeypatch.setattr(road, "LEARN", 400)
    rng = np.random.default_rng(2)
    learned = ShadowModel(road.PLACE, tuple(road.learned(rng, kind) for kind in range(3)))
    limit = np.quantile(road.both(rng, learned, 2000, 0.0), 0.998, axis=0)
    seen = (road.both(rng, learned, 400, 600.0) >= limit).mean(axis=0)
    assert seen[1] > 0.9
    assert seen[1] > seen[0] + 0.1
    assert seen[2] > seen[1] - 0.02                     # looks inside cost nothing that matters
