"""Shadow models between plain values, priors and the kernel's structs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from edge_agent._kernel import ffi, lib

from edge_agent.judgement import learning, learning_model
from edge_agent.judgement.learning import Passage, Prior
from hardware_mocks.passages import Site

ROOT = Path(__file__).resolve().parents[2]
SITE = Site()
LATERALS_M = (0.0, 0.8, -0.8)           # detection.md 3.3
GEOMETRY = {
    "panels": 4, "lateral_m": list(LATERALS_M), "source_height_m": 1.5, "along_m": [0.0] * 4,
    "across_m": list(SITE.across_m), "height_m": list(SITE.height_m), "response": [1.0] * 4,
    "assumed_mps": 0.0, "longest_m": 26.0, "gap_m": 0.5,
}


def generic() -> dict:
    plain = json.loads((ROOT / "config/models/generic.json").read_text(encoding="utf-8"))
    return learning_model.to_plain(GEOMETRY, learning_model.generic(plain, 4), "generic")


def learned(passages: list[Passage], statistics: np.ndarray | None = None) -> dict:
    """Each class by itself, begun at the generic prior; a class with too few passages keeps it."""
    start = learning_model.from_plain(generic())
    priors: list[Prior] = []
    kind = np.array([learning_model.length_class(p.length_m) for p in passages])
    for number, prior in enumerate(start):
        rows = np.flatnonzero(kind == number)
        own = [passages[i] for i in rows]
        few = len(own) < learning.LEAST_PASSAGES // 10
        priors.append(prior if few else learning.learn(own, prior, None if statistics is None else statistics[rows]))
    return learning_model.to_plain(GEOMETRY, priors, "benchmarks/detection")


def geometry_in_c(plain: dict) -> object:
    out = ffi.new("ea_geometry *")
    _fill_geometry(out, plain)
    return out


def _fill_geometry(out: object, plain: dict) -> None:
    for name, value in plain.items():
        if isinstance(value, list):
            getattr(out, name)[0:len(value)] = value
        else:
            setattr(out, name, value)
    out.laterals = len(plain["lateral_m"])


def in_c(plain: dict) -> object:
    out = ffi.new("ea_shadow_model *")
    _fill_geometry(out.geometry, plain["geometry"])
    out.edge_m[0:2] = plain["edge_m"]
    out.typical_m[0:3] = plain["typical_m"]
    for k, prior in enumerate(learning_model.from_plain(plain)):
        if prior is None:
            continue
        out.learned[k] = max(1, prior.passages)         # a generic prior is used like any other here
        out.mean[k][0:prior.mean.size] = prior.mean.tolist()
        out.covariance[k][0:prior.covariance.size] = prior.covariance.ravel().tolist()
    return out


def work() -> tuple[object, object]:
    """Scratch of the shadow test, and the memory that must live as long as it."""
    memory = ffi.new("double[]", lib.ea_work_size() // ffi.sizeof("double") + 1)
    return ffi.cast("ea_work *", memory), memory


def passage(design: object) -> Passage | None:
    """What learning takes, of the panels in service; None where the kernel had a reason not to build it."""
    if design.why != lib.EA_SEEN:
        return None
    bins, panels = design.bins, [p for p in range(design.panels) if design.mask >> p & 1]
    rates = np.array([design.background_cps[p] for p in panels])
    exposure = np.array(list(design.exposure_s[0:bins]))
    basis = np.frombuffer(ffi.buffer(design.basis)).reshape(lib.EA_GAMMA_MAX, lib.EA_PASSAGE_BINS, lib.EA_BASIS)
    counts = np.frombuffer(ffi.buffer(design.counts)).reshape(lib.EA_GAMMA_MAX, lib.EA_PASSAGE_BINS)
    return Passage(
        design.length_m, rates[:, None] * exposure, counts[panels, :bins].copy(), basis[panels, :bins].copy(),
        design.common_var, np.array([design.own_var[p] for p in panels]),
    )
