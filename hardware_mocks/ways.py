"""How a vehicle moves: speed along the lane, swings, crawls and stops, and from them where its front is at any time.

Metres along the lane from the light beam; seconds from the moment the front breaks it.  Shared by the passages of the
detection study (thousands at once) and the live scenes (one at a time).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

REACH_M = 60.0                  # at 60 m 1/r^2 is 0.2 % of its value at 2.6 m
NODE_M = 0.5                    # the way is followed in such steps


def nodes(longest_m: float) -> tuple[Floats, int]:
    """Places from out of reach to out of reach again, and which of them is the beam."""
    before, after = int(REACH_M / NODE_M), int((longest_m + REACH_M) / NODE_M)
    x: Floats = np.arange(-before, after + 1, dtype=np.float64) * NODE_M
    return x, before


def swings(x: Floats, wobble: Floats, wave_m: Floats, phase: Floats) -> Floats:
    """Slowness against the mean at each place, n x nodes: a driver's foot, a sine in the logarithm of the speed."""
    out: Floats = np.exp(-wobble[:, None] * np.sin(2 * np.pi * x[None, :] / wave_m[:, None] + phase[:, None]))
    return out


def clock(slow: Floats, speed_mps: Floats, beam: int) -> Floats:
    """When the front is at each node, n x nodes, without stops; 0 at the beam."""
    step = 0.5 * (slow[:, 1:] + slow[:, :-1]) * NODE_M / speed_mps[:, None]
    t = np.concatenate([np.zeros((len(slow), 1)), np.cumsum(step, 1)], 1)
    out: Floats = t - t[:, [beam]]
    return out


class Way:
    """One vehicle's way.  `stops`: (where the front stands, for how long), reached and left at once."""

    def __init__(self, x: Floats, t: Floats, stops: Sequence[tuple[float, float]] = ()) -> None:
        self._x, self._t = x, t
        self._stops = sorted((at_m, float(np.interp(at_m, x, t)), for_s) for at_m, for_s in stops if for_s > 0)
        self._waits_s = sum(for_s for at_m, _, for_s in self._stops if at_m < 0)    # spent before the beam

    def front_m(self, at_s: Floats) -> Floats:
        """Where the front is, metres beyond the beam; it is not followed out of reach, where it seems to stand."""
        moving = at_s + self._waits_s if self._waits_s else at_s
        for _, since, for_s in self._stops:
            moving = moving - np.clip(moving - since, 0.0, for_s)
        out: Floats = np.interp(moving, self._t, self._x)
        return out

    def reaches_s(self, place_m: float) -> float:
        """When the front leaves that place: a stop there is over."""
        stood = sum(for_s for at_m, _, for_s in self._stops if at_m <= place_m)
        return float(np.interp(place_m, self._x, self._t)) + stood - self._waits_s

    @property
    def ends_s(self) -> tuple[float, float]:
        """When it comes into reach and when it is out of it."""
        return (float(self._t[0]) - self._waits_s,
                float(self._t[-1]) + sum(for_s for _, _, for_s in self._stops) - self._waits_s)

    def speed_mps(self, place_m: float) -> float:
        """While it moves, at that place."""
        k = int(np.clip(np.searchsorted(self._x, place_m, "right") - 1, 0, len(self._x) - 2))
        return float((self._x[k + 1] - self._x[k]) / (self._t[k + 1] - self._t[k]))
