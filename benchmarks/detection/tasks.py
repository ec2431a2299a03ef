"""The pieces of work the study is cut into.  Each is a plain function of plain arguments: it runs in any process."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.detection import bounds, lanes, models
from benchmarks.detection.scenarios import Scene
from edge_agent.judgement.learning import Passage
from hardware_mocks.passages import Batch, simulate, with_source

CHUNK = 1000                            # passages at once: about 100 MB at most


@dataclass(frozen=True)
class Statistics:
    """Largest values per passage; glrt: passages x priors."""

    ksigma: np.ndarray
    focus: np.ndarray
    glrt: np.ndarray
    radioactive: np.ndarray
    depth: np.ndarray                   # as glrt: how much deeper than the prior it shadows, and what the fit leaves
    misfit: np.ndarray


def clean(scene: Scene, seed: int, n: int, priors: list[dict]) -> Statistics:
    """Passages without a source (but with what the scene calls innocent)."""
    batch = simulate(seed, n, scene.site, scene.traffic, scene.conditions)
    seen = lanes.judge(batch, batch.vacant, batch.counts, scene.form, scene.panels, priors)
    return Statistics(seen.ksigma, seen.focus, seen.glrt, batch.radioactive, seen.depth, seen.misfit)


def drawn(scene: Scene, seed: int, n: int, prior: dict) -> tuple[np.ndarray, np.ndarray]:
    """Shadow test and FOCuS of passages drawn from the model."""
    batch = simulate(seed, n, scene.site, scene.traffic, scene.conditions)
    return lanes.drawn(batch, scene.form, scene.panels, prior, np.random.default_rng(seed + 1))


def source(scene: Scene, seed: int, n: int, cps: np.ndarray, priors: list[dict]) -> Statistics:
    """The same n passages with a source of each strength: arrays of n x strengths (x priors)."""
    batch, rng = simulate(seed, n, scene.site, scene.traffic, scene.conditions), np.random.default_rng(seed + 1)
    found = []
    for strength in cps:
        vacant, counts = with_source(rng, batch, np.full(n, strength))
        found.append(lanes.judge(batch, vacant, counts, scene.form, scene.panels, priors))
    return Statistics(
        np.stack([s.ksigma for s in found], 1), np.stack([s.focus for s in found], 1),
        np.stack([s.glrt for s in found], 1), batch.radioactive, np.stack([s.depth for s in found], 1),
        np.stack([s.misfit for s in found], 1),
    )


def limits(scene: Scene, seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    return bounds.efficacies(simulate(seed, n, scene.site, scene.traffic, scene.conditions), scene, seed + 1)


def learn(scene: Scene, seed: int, n: int) -> dict:
    """EM on clean passages; then once more without the 1 % whose statistic under the first result is largest."""
    chunks: list[tuple[Batch, lanes.Seen]] = []
    for k in range(0, n, CHUNK):
        batch = simulate(seed + k, min(CHUNK, n - k), scene.site, scene.traffic, scene.conditions)
        chunks.append((batch, lanes.judge(batch, batch.vacant, batch.counts, scene.form, scene.panels, [], learn=True)))
    passages: list[Passage] = [p for _, seen in chunks for p in seen.passages if p is not None]
    first = models.learned(passages)
    statistics = np.concatenate([
        lanes.judge(batch, batch.vacant, batch.counts, scene.form, scene.panels, [first]).glrt[:, 0] for batch, _ in chunks
    ])
    there = np.array([p is not None for _, seen in chunks for p in seen.passages])
    return models.learned(passages, np.nan_to_num(statistics[there], nan=0.0))
