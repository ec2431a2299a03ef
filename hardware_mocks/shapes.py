"""Shapes in space and time that passages of the detection study and live scenes share: 1/r^2, a load, rain.  Pure."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

RAIN_TAU_S, RAIN_HALF_S = 1200.0, 1800.0    # washed-out Pb-214/Bi-214 builds up, then decays with about 30 min
LOAD_POINTS = 7                             # a load is so many points over its length
LEAK_GROWS_S = 60.0                         # a light leak opens within about a minute: our choice


def inverse_square(across_m: Floats, height_m: Floats, along_m: Floats, beside_m: Floats, up_m: Floats) -> Floats:
    """1/r^2 to each panel over its sum at closest approach: n x times x panels.

    across, height      of the panels
    along               n x times, of the source beyond the panels; n x times x panels where they stand apart
    beside, up          n, of the source
    """
    across = across_m[None, :] - beside_m[:, None]
    up = height_m[None, :] - up_m[:, None]
    aside2 = across**2 + up**2
    along = along_m[:, :, None] if along_m.ndim == 2 else along_m
    out: Floats = (1.0 / (along**2 + aside2[:, None])) / (1.0 / aside2).sum(1)[:, None, None]
    return out


def load_place(begins_m: Floats, lasts_m: Floats, k: int) -> Floats:
    """Where the k-th point of each load is, behind the front bumper."""
    out: Floats = begins_m + lasts_m * (k + 0.5) / LOAD_POINTS
    return out


def rain(since_s: Floats, lasts_s: Floats) -> Floats:
    """What a shower adds, 0 to 1 of its most, so long after it began: it builds up, and decays after its end."""
    grown = 1.0 - np.exp(-np.clip(since_s, 0.0, lasts_s) / RAIN_TAU_S)
    out: Floats = grown * 0.5 ** (np.clip(since_s - lasts_s, 0.0, None) / RAIN_HALF_S)
    return out
