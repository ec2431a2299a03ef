"""A shadow model as a plain value with a hash, and back: what a model file holds.  No file is opened here.

The numbers are the kernel's own ea_shadow_model; names are the same.  The hash is over the canonical JSON of all
else, so a signed `config` record can name a model by it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edge_agent.judgement.learning import Floats, LearningRefused, Prior
from edge_agent.judgement.learning_tail import Calibration
from edge_agent.tools.model_file import FORMAT, digest
from edge_agent.words.language import worded

BASIS = 7                               # coefficients of one panel: EA_BASIS of the kernel; tests hold them equal
CLASSES = ("below 6 m", "6 to 9 m", "above 9 m")
EDGES_M = (6.0, 9.0)                    # detection.md 3.3
TYPICAL_M = (4.5, 7.5, 14.0)            # middle of each class; a vehicle still in the beam may turn out so long
DIGITS = 9                              # of a number in the file: beyond what any learning resolves
EIGEN_LEAST = -1e-9                     # of a covariance, relative: rounding of the file


def length_class(length_m: float) -> int:
    return int(length_m >= EDGES_M[0]) + int(length_m >= EDGES_M[1])


def to_plain(
    geometry: Mapping[str, Any], priors: Sequence[Prior | None], origin: str, thresholds: Mapping[str, float] | None = None,
    calibration: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The model as plain values with its hash; None for a class that is not learned.  `origin`: from what, in words.

    `calibration`: further members, as `calibrated` makes them; readers that do not know them pass them over.
    """
    plain: dict[str, Any] = {
        "format": FORMAT, "origin": origin, "geometry": dict(geometry), "edge_m": list(EDGES_M),
        "typical_m": list(TYPICAL_M), "thresholds": dict(thresholds or {}),
        "classes": [_class(name, prior) for name, prior in zip(CLASSES, priors, strict=True)], **(calibration or {}),
    }
    plain["sha256"] = digest(plain)
    return plain


def calibrated(found: Mapping[str, Calibration]) -> dict[str, Any]:
    """Tail and budget of each rule, so that an alarm can say how often chance alone would give it."""
    return {
        "tails": {rule: {"begins": _round(each.tail.begins), "share": _round(each.tail.share), "scale": _round(each.tail.scale)}
                  for rule, each in found.items()},
        "budgets": {rule: _round(each.rate) for rule, each in found.items()},
    }


def from_plain(plain: Mapping[str, Any]) -> tuple[Prior | None, ...]:
    """The priors of a model file, checked; refuses what the hash does not fit or what cannot be a covariance."""
    if plain.get("format") != FORMAT:
        raise LearningRefused(worded(
            "the model's format is {found!r}, not {expected!r}", found=plain.get("format"), expected=FORMAT))
    if plain.get("sha256") != digest(plain):
        raise LearningRefused(worded("the model's hash does not fit its numbers: it was changed by hand, or damaged"))
    try:
        panels, classes = int(plain["geometry"]["panels"]), list(plain["classes"])
        if len(classes) != len(CLASSES):
            raise LearningRefused(worded(
                "a model has {classes} length classes, not {classes2}", classes=len(CLASSES), classes2=len(classes)))
        return tuple(_prior(each, panels) for each in classes)
    except (KeyError, TypeError, ValueError) as problem:
        if isinstance(problem, LearningRefused):
            raise
        raise LearningRefused(worded("the model cannot be read: {problem!r}", problem=problem)) from None


def generic(plain: Mapping[str, Any], panels: int) -> tuple[Prior, ...]:
    """Priors for any number of panels from config/models/generic.json: depths and spreads in words."""
    if plain.get("format") != "edge-agent generic shadow/1":
        raise LearningRefused(worded("not a generic shadow: format {found!r}", found=plain.get("format")))
    if not 1 <= panels <= 16:
        raise LearningRefused(worded("1 to 16 panels, not {panels}", panels=panels))
    together, constant = float(plain["between_panels"]), float(plain["constant_sd"])
    return tuple(_generic(each, panels, together, constant) for each in plain["classes"])


def _generic(plain: Mapping[str, Any], panels: int, together: float, constant: float) -> Prior:
    sd = np.array([plain["depth_sd"], *plain["cosine_sd"], constant], float)
    mean = np.tile([plain["depth"], *[0.0] * (BASIS - 1)], panels).astype(float)
    between = together + (1.0 - together) * np.eye(panels)
    covariance: Floats = np.kron(between, np.diag(sd**2)).astype(np.float64)
    return Prior(mean, covariance, 0)


def _class(name: str, prior: Prior | None) -> dict[str, Any]:
    if prior is None:
        return {"name": name, "learned": 0, "mean": [], "covariance": []}
    if not (np.all(np.isfinite(prior.mean)) and np.all(np.isfinite(prior.covariance))):
        raise LearningRefused(worded("{name}: a number is not finite", name=name))
    return {
        "name": name, "learned": prior.passages, "mean": _rounded(prior.mean),
        "covariance": [_rounded(row) for row in prior.covariance],
    }


def _rounded(row: Floats) -> list[float]:
    return [_round(value) for value in row]


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _prior(plain: Mapping[str, Any], panels: int) -> Prior | None:
    learned = int(plain["learned"])
    if learned < 0:
        raise LearningRefused(worded("class {plain}: learned from {learned} passages", plain=plain["name"], learned=learned))
    if learned == 0 and not plain["mean"]:
        return None
    mean, covariance = np.array(plain["mean"], float), np.array(plain["covariance"], float)
    size = panels * BASIS
    if mean.shape != (size,) or covariance.shape != (size, size):
        raise LearningRefused(worded(
            "class {plain}: {size} coefficients are needed for {panels} panels", plain=plain["name"], size=size, panels=panels))
    if not (np.all(np.isfinite(mean)) and np.all(np.isfinite(covariance))):
        raise LearningRefused(worded("class {plain}: a number is not finite", plain=plain["name"]))
    scale = float(np.abs(covariance).max())
    least = float(np.linalg.eigvalsh(covariance).min())
    if not np.allclose(covariance, covariance.T, rtol=0, atol=1e-8 * scale) or least < EIGEN_LEAST * math.fabs(scale):
        raise LearningRefused(worded("class {plain}: that is not a covariance", plain=plain["name"]))
    return Prior(mean, covariance, learned)
