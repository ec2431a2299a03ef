"""What cannot be beaten, passage by passage, in closed form.

Bound:  source known (place, moment, side, height), shadow unknown: Gaussian with the true mean and covariance of the
        shadows of such a vehicle, drawn from the simulator's own family, and the background's error below.
Oracle: everything known, background and shadow of this very vehicle too.
Both are the best linear test; its mean and variance with a source of A cps are exact, the normal quantiles are not
(counts of 200 and more: good to 1 % in A).
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from benchmarks.detection.scenarios import Scene, begins
from hardware_mocks import passage_shadows
from hardware_mocks.passages import Batch

DRAWN = 300                             # shadows per passage; their covariance is good to 8 %
# What the best estimate of the background leaves: the random walk of Conditions.walk_per_min through a Kalman filter
# of 4300 cps has sd 0.17 %; 0.12 % of it common beyond each panel's own counting over 120 s.
COMMON_SD = 0.0012
NORMAL = NormalDist()


def efficacies(batch: Batch, scene: Scene, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Bound and oracle, n x 2 each: (e, v) of a passage.  With A cps the statistic has mean A e and variance 1 + A v."""
    rng = np.random.default_rng(seed)
    panels = [p for p in range(len(scene.site.rate_cps)) if scene.panels >> p & 1]
    bound, oracle = np.empty((len(batch), 2)), np.empty((len(batch), 2))
    for i in range(len(batch)):
        row = _bins(batch, i, scene, panels)
        oracle[i] = _known(row["mean"], row["unit"])
        dips = _dips(rng, batch, scene, i, panels)
        bound[i] = _unknown(row["open"], row["unit"], dips, scene, panels)
    return bound, oracle


def strength(efficacy: np.ndarray, rate: float, wanted: float) -> float:
    """Where the mean detection probability over passages reaches `wanted`."""
    z = NORMAL.inv_cdf(1.0 - rate)
    low, high = 1.0, 1e5
    for _ in range(60):
        a = math.sqrt(low * high)
        score = (a * efficacy[:, 0] - z) / np.sqrt(1.0 + a * efficacy[:, 1])
        seen = float(np.mean([NORMAL.cdf(float(x)) for x in score]))
        low, high = (a, high) if seen < wanted else (low, a)
    return math.sqrt(low * high)


def _bins(batch: Batch, i: int, scene: Scene, panels: list[int]) -> dict[str, np.ndarray]:
    rows = slice(begins(batch, i, scene), int(batch.end[i]))
    return {name: values[i, rows][:, panels].ravel()
            for name, values in (("mean", batch.mean), ("open", batch.open_mean), ("unit", batch.unit))}


def _known(mean: np.ndarray, unit: np.ndarray) -> tuple[float, float]:
    weight = unit / mean
    e2 = float(weight @ unit)
    return math.sqrt(e2), float(weight**2 @ unit) / e2


def _dips(rng: np.random.Generator, batch: Batch, scene: Scene, i: int, panels: list[int]) -> np.ndarray:
    """DRAWN x (samples x panels): what such a vehicle may take away."""
    front = batch.front_m[i, begins(batch, i, scene):int(batch.end[i])]
    if not scene.shadows:
        return np.zeros((1, len(front) * len(panels)))
    like = batch.vehicles.take(np.full(DRAWN, i))
    low = np.array([1.0 if h < np.mean(scene.site.height_m) else 0.0 for h in scene.site.height_m])
    shadows = passage_shadows.draw(rng, like, low, scene.conditions.family, scene.conditions.deeper)
    return shadows.at(like, np.broadcast_to(front, (DRAWN, len(front))))[:, :, panels].reshape(DRAWN, -1)


def _unknown(
    opened: np.ndarray, unit: np.ndarray, dips: np.ndarray, scene: Scene, panels: list[int]
) -> tuple[float, float]:
    """C = diag(mean) + U U', by Woodbury: U has a column per drawn shadow and per error of the background."""
    mean = opened * (1.0 - dips.mean(0))
    off = (dips - dips.mean(0)) * opened / math.sqrt(len(dips))
    columns = [off] if len(dips) > 1 else []
    columns.append(opened[None, :] * COMMON_SD)
    vacancy = scene.site.vacant_s if scene.form == "steady" else scene.site.vacant_s / 5.0
    for k, panel in enumerate(panels):
        own = np.zeros_like(opened)
        own[k::len(panels)] = opened[k::len(panels)] / math.sqrt(scene.site.rate_cps[panel] * vacancy)
        columns.append(own[None, :])
    u = np.concatenate(columns)
    scaled = u / mean
    inside = np.eye(len(u)) + scaled @ u.T
    weight = unit / mean
    weight = weight - scaled.T @ np.linalg.solve(inside, scaled @ unit)
    e2 = float(weight @ unit)
    return math.sqrt(e2), float(weight**2 @ unit) / e2
