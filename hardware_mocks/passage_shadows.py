"""How much of each panel's background a vehicle takes away: two families that have little in common.

Depths of the sum: cars 2-12 %, trucks 10-25 %, up to 40 % reported (detection.md 1, Ludlum's and Lo Presti's
figures); vans between.  The shapes are invented: no public series of many passages exists.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hardware_mocks.passage_vehicles import CAR, TRUCK, Ints, Vehicles, between
from hardware_mocks.ways import Floats

DEPTH = ((0.02, 0.12), (0.05, 0.16), (0.10, 0.25))
DEEPEST = 0.45                  # of one panel; 40 % is the most anyone reports of a sum
TERMS = 4                       # of the smooth family
SHAPE_SD = 0.15                 # of the first cosine, relative to the depth: two sd make one end twice the other;
                                # the k-th has 1/k^2 of it, as every profile without jumps (steps are the other family)
BLOCKS = 4                      # of the stepped family: engine, cab, two parts of the load


@dataclass(frozen=True, slots=True)
class Shadows:
    """Of n vehicles, two bodies each.  Stepped: `edges_m` cuts a body into blocks; smooth: cosines on one box."""

    stepped: bool
    panels: Floats                  # n x bodies x panels: relative depth
    cosines: Floats                 # n x bodies x panels x TERMS (smooth)
    softness_m: Floats              # n: how the edges rise
    edges_m: Floats                 # n x bodies x (BLOCKS + 1), behind the front bumper
    heights: Floats                 # n x bodies x panels x BLOCKS (stepped)

    def take(self, rows: Ints) -> Shadows:
        names = self.__slots__[1:]
        return Shadows(self.stepped, *(getattr(self, name)[rows] for name in names))

    def at(self, v: Vehicles, front_m: Floats, deepest: float = DEEPEST) -> Floats:
        """Part of the background taken: n x times x panels."""
        shape = self._steps if self.stepped else self._smooth
        deep = sum(shape(v, front_m, body) for body in (0, 1))
        return np.clip(deep, 0.0, deepest)

    def _smooth(self, v: Vehicles, front_m: Floats, body: int) -> Floats:
        from_m, length = v.body_at_m[:, body, None], v.body_m[:, body, None]
        inside = front_m - from_m
        soft = self.softness_m[:, None]
        box = 0.5 * (erf(inside / soft) - erf((inside - length) / soft))
        along = np.clip(inside / np.maximum(length, 1e-9), 0.0, 1.0)
        waves = np.stack([np.cos((k + 1) * np.pi * along) for k in range(self.cosines.shape[3])])      # terms x n x times
        shape = 1.0 + np.einsum("npk,knt->ntp", self.cosines[:, body], waves)
        out: Floats = box[:, :, None] * shape * self.panels[:, body, None, :]
        return out

    def _steps(self, v: Vehicles, front_m: Floats, body: int) -> Floats:
        edges = self.edges_m[:, body]
        rise = 0.5 + np.arctan((front_m[:, :, None] - edges[:, None, :]) / self.softness_m[:, None, None]) / np.pi
        blocks = rise[:, :, :-1] - rise[:, :, 1:]               # n x times x BLOCKS
        out: Floats = np.einsum("ntb,npb->ntp", blocks, self.heights[:, body]) * self.panels[:, body, None, :]
        return out


def erf(x: Floats) -> Floats:
    """Abramowitz and Stegun 7.1.26: good to 1.5e-7, far below a count."""
    t = 1.0 / (1.0 + 0.3275911 * np.abs(x))
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    out: Floats = np.sign(x) * (1.0 - poly * np.exp(-x * x))
    return out


def draw(rng: np.random.Generator, v: Vehicles, low: Floats, family: str, deeper: float = 1.0,
         told: Floats | None = None) -> Shadows:
    """`low`: one flag per panel, 1.0 for the lower ones; family none, smooth or blocks; `deeper` scales all depths.

    `told`: n x bodies, depths to use instead of drawn ones where above 0.
    """
    n, panels = len(v), len(low)
    depth = between(rng, np.array(DEPTH)[v.kind]) * (deeper if family != "none" else 0.0)
    second = depth * rng.uniform(0.5, 1.5, n)                                   # what is pulled, or follows
    there = np.stack([depth, np.where(v.body_m[:, 1] > 0, second, 0.0)], 1)
    if told is not None:
        there = np.where(told > 0, told, there)
    share = there[:, :, None] * _by_panel(rng, v.kind, low)[:, None, :]
    if family == "blocks":
        return Shadows(True, share, np.zeros((n, 2, panels, TERMS)), rng.uniform(0.6, 1.3, n), *_blocks(rng, v, low))
    scale = SHAPE_SD / np.arange(1.0, TERMS + 1) ** 2
    cosines = (rng.normal(size=(n, 2, 1, TERMS)) + 0.3 * rng.normal(size=(n, 2, panels, TERMS))) * scale
    waves = np.cos(np.pi * np.outer(np.arange(1, TERMS + 1), np.linspace(0.0, 1.0, 33)))
    peak = (1.0 + cosines.mean(2) @ waves).max(2)                   # DEPTH is of the deepest place
    empty = np.zeros((n, 2, BLOCKS + 1)), np.zeros((n, 2, panels, BLOCKS))
    return Shadows(False, share / peak[:, :, None], cosines, rng.uniform(1.4, 2.6, n), *empty)


def _by_panel(rng: np.random.Generator, kind: Ints, low: Floats) -> Floats:
    """Low panels lose more behind a car, all alike behind a truck; the sides differ by where it drives."""
    n, panels = len(kind), len(low)
    tilt = np.select([kind == CAR, kind == TRUCK], [0.4, 0.0], 0.2)[:, None] * (2.0 * low[None, :] - 1.0)
    side = rng.normal(0.0, 0.1, n)[:, None] * np.where(np.arange(panels) < panels / 2, 1.0, -1.0)
    out: Floats = (1.0 + tilt) * np.exp(side + rng.normal(0.0, 0.1, (n, panels)))
    return out


def _blocks(rng: np.random.Generator, v: Vehicles, low: Floats) -> tuple[Floats, Floats]:
    """Engine, cab, and a load in two parts that may be empty; the engine sits low."""
    n, panels = len(v), len(low)
    cuts = np.stack([rng.uniform(0.10, 0.25, n), rng.uniform(0.30, 0.40, n), rng.uniform(0.55, 0.80, n)], 1)
    ends = np.concatenate([np.zeros((n, 1)), cuts, np.ones((n, 1))], 1)         # of one body, 0..1
    edges = v.body_at_m[:, :, None] + ends[:, None, :] * v.body_m[:, :, None]
    level = np.stack([rng.uniform(0.8, 1.3, (n, 2)), rng.uniform(0.3, 0.7, (n, 2)),
                      rng.uniform(0.1, 1.2, (n, 2)), rng.uniform(0.1, 1.2, (n, 2))], 2)
    level /= level.max(2, keepdims=True)                            # DEPTH is of the deepest place
    sits_low = np.ones((panels, BLOCKS))
    sits_low[:, 0] += 0.3 * (2.0 * low - 1.0)
    return edges, level[:, :, None, :] * sits_low[None, None]
