"""A lane's whole lesson: priors of every length class, passages without a source to set a floor by, a proposal.

The caller (`edge-agent learn`) reads passages, asks the kernel for designs and statistics, shows the proposal, asks a
person, writes the file and the signed record.  Here nothing is read, written or decided for good.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge_agent.judgement.learning import LEAST_PASSAGES, Floats, LearningRefused, Passage, Prior, keeps, learn
from edge_agent.judgement.learning_model import length_class
from edge_agent.judgement.learning_tail import Calibration, calibrate, split
from edge_agent.words.language import worded

GLRT, FOCUS, FOCUS_ALONE = "glrt", "focus", "focus_alone"


@dataclass(frozen=True, slots=True)
class Lesson:
    """Priors by length class (None: too few passages), and how many there were of each."""

    priors: tuple[Prior | None, ...]
    passages: tuple[int, ...]


def lesson(
    passages: Sequence[Passage], start: Sequence[Prior], statistics: Floats | None = None, least: int = LEAST_PASSAGES
) -> Lesson:
    """`start`: the generic prior.  `statistics`: T under the model in force or a first lesson; its top 1 % is dropped."""
    if statistics is not None and len(statistics) != len(passages):
        raise LearningRefused(worded("one statistic per passage is needed"))
    kind = np.array([length_class(p.length_m) for p in passages])
    rows = [np.flatnonzero(kind == number).tolist() for number in range(len(start))]
    return Lesson(
        tuple(
            learn([passages[i] for i in own], prior, None if statistics is None else statistics[own])
            if len(own) >= least else None
            for own, prior in zip(rows, start, strict=True)
        ),
        tuple(len(own) for own in rows),
    )


def without_source(passage: Passage, prior: Prior, rng: np.random.Generator) -> Floats:
    """Counts of such a passage drawn from the model itself (panels x bins): shadow, background's error, Poisson."""
    panels, _, each = passage.basis.shape
    c = rng.multivariate_normal(prior.mean, prior.covariance, method="cholesky").reshape(panels, each)
    c[:, -1] -= np.sqrt(passage.common_var) * rng.normal() + np.sqrt(passage.own_var) * rng.normal(size=panels)
    left = 1.0 - np.einsum("pbk,pk->pb", passage.basis, c)
    out: Floats = rng.poisson(passage.background * np.clip(left, 0.0, None)).astype(np.float64)
    return out


def thresholds(
    statistics: Mapping[str, Floats], null: Mapping[str, Floats], present: Mapping[str, float], budget: float
) -> dict[str, Calibration]:
    """What the budget asks of each rule; `statistics`: of the site's passages, `null`: of `without_source` ones.

    `focus_alone`: FOCuS with the whole budget, for passages the shadow test has nothing to say of.  `present`: in force now
    (inf: not armed); a passage above it alarmed, so FOCuS' tail is cut there.  T of another model in force is another statistic.
    """
    glrt, focus = split(budget, GLRT in statistics)
    asked = {GLRT: (GLRT, glrt), FOCUS: (FOCUS, focus), FOCUS_ALONE: (FOCUS, budget)}
    found = {
        name: calibrate(statistics[rule], null[rule], present[rule] if rule == FOCUS else math.inf, rate)
        for name, (rule, rate) in asked.items() if rule in statistics
    }
    return {name: _against(each, present.get(name, present[asked[name][0]])) for name, each in found.items()}


def _against(found: Calibration, present: float) -> Calibration:
    """Compared with the threshold in force, of whatever model."""
    return replace(
        found, present=present, less_sensitive=found.threshold > present, rate_at_present=found.tail.rate(present),
    )


def traffic(statistics: Mapping[str, Floats], glrt: Calibration) -> dict[str, float]:
    """What judgement.traffic compares with; the top 1 % are left out, as in learning."""
    kept = keeps(statistics[GLRT])
    found = {"tail": glrt.tail.begins}
    for name in ("depth", "misfit"):
        found[f"{name}_mean"], found[f"{name}_sd"] = float(statistics[name][kept].mean()), float(statistics[name][kept].std())
    return {name: float(f"{value:.4g}") for name, value in found.items()}
