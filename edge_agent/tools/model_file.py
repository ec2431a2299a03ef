"""A learned shadow model as a file: read by the daemon, without numpy, and checked against its own hash.

Written by learning (judgement/learning_model.py).  The hash is over the canonical JSON of all else, so that a signed
`config` record can name the model that was in force.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_agent.tools.kernel_values import Geometry, ShadowClass, ShadowModel
from edge_agent.words.errors import SettingsError

FORMAT = "edge-agent shadow model/2"
_GEOMETRY = ("along_m", "across_m", "height_m", "response", "lateral_m")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model, its thresholds from calibration (sigma, by rule), and its name."""

    model: ShadowModel
    thresholds: dict[str, float]
    sha256: str


def digest(plain: Mapping[str, Any]) -> str:
    """Hash of a model's plain values, its own `sha256` left out."""
    rest = {key: value for key, value in plain.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def read(text: str, name: str, panels: int) -> ModelFile:
    """The model of a lane with so many panels; SettingsError says why it cannot be used."""
    try:
        plain = json.loads(text)
        if plain["format"] != FORMAT or plain["sha256"] != digest(plain):
            raise SettingsError(
                f"{name}: changed by hand or damaged: its hash does not fit.\n  Learn it again, or restore the file."
            )
        learned_for = int(plain["geometry"]["panels"])
        if learned_for != panels:
            raise SettingsError(f"{name}: learned for {learned_for} panels, this lane has {panels}.\n  Learn it again.")
        return ModelFile(_model(plain), {key: float(value) for key, value in plain["thresholds"].items()}, plain["sha256"])
    except (ValueError, KeyError, TypeError, IndexError) as problem:
        raise SettingsError(f"{name}: not a shadow model ({problem!r}).\n  Give the file that edge-agent learn wrote.") from None


def _model(plain: Mapping[str, Any]) -> ShadowModel:
    geometry = plain["geometry"]
    one, two, three = (_class(found, typical) for found, typical in zip(plain["classes"], plain["typical_m"], strict=True))
    low, high = plain["edge_m"]
    return ShadowModel(
        Geometry(
            **{key: tuple(float(value) for value in geometry[key]) for key in _GEOMETRY},
            source_height_m=float(geometry["source_height_m"]), assumed_mps=float(geometry["assumed_mps"]),
            longest_m=float(geometry["longest_m"]), gap_m=float(geometry["gap_m"]),
        ),
        (one, two, three), (float(low), float(high)),
    )


def _class(plain: Mapping[str, Any], typical_m: float) -> ShadowClass:
    mean = tuple(float(value) for value in plain["mean"])
    covariance = tuple(tuple(float(value) for value in row) for row in plain["covariance"])
    learned = int(plain["learned"]) or int(bool(mean))      # a generic prior has numbers and no passages behind it
    return ShadowClass(learned, float(typical_m), mean, covariance)
