"""A learned shadow model as a file: read by the daemon, without numpy, and checked against its own hash.

Written by learning (judgement/learning_model.py).  The hash is over the canonical JSON of all else, so that a signed
`config` record can name the model that was in force.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_agent.tools import model_bounds
from edge_agent.tools.kernel_values import Geometry, ShadowClass, ShadowModel
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded

FORMAT = "edge-agent shadow model/2"
_GEOMETRY = ("along_m", "across_m", "height_m", "response", "lateral_m")


@dataclass(frozen=True, slots=True)
class TailLaw:
    """P(T >= t) of a clean passage = share exp(-(t^2 - begins^2) / scale), t in sigma and at least `begins`."""

    begins: float
    share: float
    scale: float

    def rate(self, statistic: float) -> float:
        """Clean passages with a statistic at least this high, per passage."""
        return self.share * math.exp(-max(0.0, statistic**2 - self.begins**2) / self.scale)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model, its thresholds from calibration (sigma, by rule), and its name.  Tails and budgets: newer files hold them."""

    model: ShadowModel
    thresholds: dict[str, float]
    sha256: str
    tails: dict[str, TailLaw] = field(default_factory=dict)     # by rule: "glrt", "focus"
    budgets: dict[str, float] = field(default_factory=dict)     # false alarms per passage the thresholds were set for
    traffic: dict[str, float] = field(default_factory=dict)     # how its depths and misfits scatter (judgement/traffic.py)
    origin: str = ""                                            # from what it was learned, in words
    home: str = ""                                              # portal and lane it was learned at; newer files say so
    panels: tuple[str, ...] = ()                                # their names in the order of the numbers; newer files


def digest(plain: Mapping[str, Any]) -> str:
    """Hash of a model's plain values, its own `sha256` left out."""
    rest = {key: value for key, value in plain.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def read(text: str, name: str, panels: int, armed: bool = True) -> ModelFile:
    """The model of a lane with so many panels; SettingsError says why it cannot be used.  `armed`: it has its thresholds."""
    try:
        plain = json.loads(text)
        if plain["format"] != FORMAT:
            raise SettingsError(worded(
                "{name}: of the form {plain!r}, expected {expected!r}.\n  Learn it: edge-agent learn LANE --out FILE",
                name=name, plain=str(plain["format"])[:40], expected=FORMAT))
        if plain["sha256"] != digest(plain):
            raise SettingsError(worded(
                "{name}: changed by hand or damaged: its hash does not fit.\n  Learn it again, or restore the file.",
                name=name))
        learned_for = int(plain["geometry"]["panels"])
        if learned_for != panels:
            raise SettingsError(worded(
                "{name}: learned for {learned_for} panels, this lane has {panels}.\n  Learn it again.",
                name=name, learned_for=learned_for, panels=panels))
        model_bounds.check(plain, armed)
        return ModelFile(
            _model(plain), {key: float(value) for key, value in plain["thresholds"].items()}, plain["sha256"],
            {rule: _tail(found) for rule, found in plain.get("tails", {}).items()},
            {rule: float(value) for rule, value in plain.get("budgets", {}).items()},
            {name: float(value) for name, value in plain.get("traffic", {}).items()},
            str(plain.get("origin", "")), str(plain.get("home", "")), _names(plain["geometry"], panels),
        )
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as problem:
        raise SettingsError(worded(
            "{name}: not a shadow model: {why}.\n  Give the file that edge-agent learn wrote.",
            name=name, why=_in_words(problem))) from None


def _in_words(problem: Exception) -> str:
    match problem:
        case json.JSONDecodeError():
            return f"no JSON at line {problem.lineno}, column {problem.colno}"
        case KeyError():
            return f"{problem.args[0]} is missing"
        case RecursionError():
            return "nested deeper than any model"
        case model_bounds.Odd():
            return str(problem)
        case _:
            return "a value is not of its kind (number, list or table)"


def _names(geometry: Mapping[str, Any], panels: int) -> tuple[str, ...]:
    names = tuple(str(name) for name in geometry.get("names", ()))
    if names and len(names) != panels:
        raise model_bounds.Odd(f"{len(names)} names of {panels} panels")
    return names


def _tail(plain: Mapping[str, Any]) -> TailLaw:
    return TailLaw(
        model_bounds.within(plain["begins"], 0.0, model_bounds.THRESHOLD_SIGMA[1], "begin of a tail"),
        model_bounds.within(plain["share"], 1e-6, 1.0, "share of a tail"),
        model_bounds.within(plain["scale"], 1e-3, 1e3, "scale of a tail"),
    )


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
