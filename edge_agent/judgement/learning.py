"""What shadows look like at this portal: mean and covariance of the kernel's shadow coefficients, by EM.

Passages in, a prior out; pure numpy, no I/O, no clock, no randomness.  The daemon never imports this room.
For passage i with background B (counts), the kernel's own basis phi (ea_passage_design) and coefficients c:

    B - n = X c + X d + e,     X = B phi,   c ~ N(mu, Sigma) of its length class,   e ~ N(0, diag B)

d is the background's error (common and per panel, from the kernel), which acts on the constant coefficients only.
The same model as the shadow test (detection.md 3.3), so what is learned is what is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from edge_agent.words.language import worded

Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]

LEAST_PASSAGES = 2000       # per length class before a learned model is used (detection.md 3.4)
DROPPED = 0.01              # of the passages, those with the largest statistic (detection.md 3.4)
ROUNDS_MAX = 150
STILL = 1e-3                # gain of mean log likelihood per passage and round at which EM has arrived
SCALES = (1.0, 0.1, 0.01, 1e-3, 1e-4)      # of the starting covariance
ROUNDS_TRIED = 5
LEAST_SD = 1e-4             # of a coefficient, added at each step: 1/15 of what never averages out of a background's
                            # level (0.15 %, detection.md 3.2), and the covariance stays invertible


class LearningRefused(ValueError):
    """These passages cannot be learned from.  The message says why."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One clean passage as ea_passage_design gave it; panels out of service are left out by the caller's choice."""

    length_m: float
    background: Floats          # panels x bins: expected counts without a vehicle
    counts: Floats              # panels x bins
    basis: Floats               # panels x bins x coefficients of one panel; the last is the constant
    common_var: float           # relative variance of the background that panels share
    own_var: Floats             # panels


@dataclass(frozen=True, slots=True)
class Prior:
    """Of one length class, coefficients panel by panel."""

    mean: Floats
    covariance: Floats
    passages: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that EM needs of n passages: their likelihood of c is exp(-c'Ac/2 + b'c), the background's error included."""

    precision: Floats           # n x k x k: A
    lean: Floats                # n x k: b


def evidence(passages: Sequence[Passage]) -> Evidence:
    if not passages:
        raise LearningRefused(worded("no passages"))
    size = _coefficients(passages[0])
    for number, each in enumerate(passages):
        _check(each, size, number)
    pairs = [_one(each) for each in passages]
    return Evidence(np.stack([a for a, _ in pairs]), np.stack([b for _, b in pairs]))


def learn(passages: Sequence[Passage], start: Prior, statistics: Floats | None = None) -> Prior:
    """EM from `start` (the generic prior).  `statistics`: T of each passage; the largest 1 % are left out."""
    kept = list(passages)
    if statistics is not None:
        if len(statistics) != len(passages) or not np.all(np.isfinite(statistics)):
            raise LearningRefused(worded("one finite statistic per passage is needed"))
        kept = [each for each, keep in zip(passages, keeps(statistics), strict=True) if keep]
    return fit(evidence(kept), start)


def keeps(statistics: Floats) -> Flags:
    """False for the largest 1 %: where a source or a NORM load that did not alarm would be."""
    dropped = int(np.ceil(DROPPED * len(statistics)))
    out = np.ones(len(statistics), bool)
    out[np.argsort(statistics, kind="stable")[len(statistics) - dropped:]] = False
    return out


def fit(e: Evidence, start: Prior) -> Prior:
    size = e.lean.shape[1]
    if start.mean.shape != (size,) or start.covariance.shape != (size, size):
        raise LearningRefused(worded(
            "the starting prior has {mean} coefficients, the passages {size}", mean=len(start.mean), size=size))
    covariance, before = _begin(e, start), -np.inf
    for _ in range(ROUNDS_MAX):
        mean, covariance, likelihood = _round(e, covariance)
        if likelihood - before < STILL:
            break
        before = likelihood
    return Prior(mean, covariance, len(e.lean))


def _begin(e: Evidence, start: Prior) -> Floats:
    """The starting covariance at the scale these passages are likeliest at: EM is slow over orders of magnitude."""
    tried = []
    for scale in SCALES:
        covariance, likelihood = scale * start.covariance, -np.inf
        for _ in range(ROUNDS_TRIED):
            _, covariance, likelihood = _round(e, covariance)
        tried.append((likelihood, covariance))
    return max(tried, key=lambda each: each[0])[1]


def _round(e: Evidence, covariance: Floats) -> tuple[Floats, Floats, float]:
    """One step of EM: the likeliest mean for this covariance, the next covariance, the mean log likelihood before it.

    Plain EM takes thousands of steps where a variance is nearly zero (a lane of empty vehicles).  So mu is taken from
    the likelihood itself (ECME), and the deviations are expanded, c - mu = a b with one factor a per coefficient
    regressed on the counts (PX-EM; Liu, Rubin, Wu, Biometrika 85:755, 1998).  The likelihood never falls either.
    """
    inverse = np.linalg.inv(covariance)
    inverse = 0.5 * (inverse + inverse.T)
    inside = inverse + e.precision
    spread = np.linalg.inv(inside)
    seen = e.precision - e.precision @ spread @ e.precision         # what is known of mu by itself, c integrated out
    lean = e.lean - np.einsum("nij,njk,nk->ni", e.precision, spread, e.lean)
    mean = np.linalg.solve(seen.sum(0), lean.sum(0))
    rest = e.lean - e.precision @ mean
    off = np.einsum("nij,nj->ni", spread, rest)
    likelihood = float(np.mean(
        0.5 * np.einsum("ni,ni->n", rest, off) - 0.5 * np.linalg.slogdet(inside)[1]
        + e.lean @ mean - 0.5 * (e.precision @ mean) @ mean
    ) + 0.5 * np.linalg.slogdet(inverse)[1])
    squares = spread + off[:, :, None] * off[:, None, :]
    factor = np.linalg.solve(np.sum(e.precision * squares, 0), np.sum(off * rest, 0))
    total = factor[:, None] * squares.mean(0) * factor[None, :] + np.eye(len(mean)) * LEAST_SD**2
    return mean, 0.5 * (total + total.T), likelihood


def _coefficients(p: Passage) -> int:
    if p.basis.ndim != 3:
        raise LearningRefused(worded("the basis is panels x bins x coefficients"))
    return int(p.basis.shape[0] * p.basis.shape[2])


def _check(p: Passage, size: int, number: int) -> None:
    panels, bins = p.basis.shape[0], p.basis.shape[1] if p.basis.ndim == 3 else 0
    if _coefficients(p) != size or p.counts.shape != (panels, bins) or p.background.shape != (panels, bins):
        raise LearningRefused(worded("passage {number} is of another shape than the first", number=number))
    if p.own_var.shape != (panels,) or p.common_var < 0 or np.any(p.own_var < 0):
        raise LearningRefused(worded("passage {number}: variances of the background", number=number))
    if bins < 1 or not np.all(p.background > 0) or not np.all(p.counts >= 0):
        raise LearningRefused(worded("passage {number}: counts and a background above zero are needed", number=number))
    if not (np.all(np.isfinite(p.basis)) and np.all(np.isfinite(p.counts)) and np.all(np.isfinite(p.background))):
        raise LearningRefused(worded("passage {number}: a number is not finite", number=number))


def _one(p: Passage) -> tuple[Floats, Floats]:
    """(A, b) of one passage.  X' diag(B)^-1 X is block-diagonal; the background's error takes a part of it away."""
    panels, _, each = p.basis.shape
    a, b = np.zeros((panels * each, panels * each)), np.zeros(panels * each)
    for panel in range(panels):
        block = slice(panel * each, (panel + 1) * each)
        weighted = p.basis[panel] * p.background[panel][:, None]
        a[block, block] = p.basis[panel].T @ weighted
        b[block] = p.basis[panel].T @ (p.background[panel] - p.counts[panel])
    constants = np.arange(panels) * each + each - 1
    error = np.diag(p.own_var) + p.common_var
    columns = a[:, constants]
    # (D + X J E J'X')^-1 seen through X: A - A_J (1 + E A_JJ)^-1 E A_J'
    middle = np.linalg.solve(np.eye(panels) + error @ columns[constants], error)
    return a - columns @ middle @ columns.T, b - columns @ (middle @ b[constants])
