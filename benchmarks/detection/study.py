"""Runs the study on all cores and keeps what each scene gave.  What is printed stands in report.py."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from benchmarks.detection import bounds, models, neutrons, tasks
from benchmarks.detection.power import Measured, Rule, fixed, grid
from benchmarks.detection.scenarios import CHANGED, NORM, POWER, STAND, Scene
from benchmarks.detection.tasks import Statistics
from edge_agent.judgement.learning_tail import GLRT_SHARE

RATES = (1e-3, 1e-4)
GENERIC, LEARNED = 0, 1                 # of the priors every task is given
DEPLOYED, FIXED, FOCUS, DAY_ONE, GLRT, BOTH = (
    "k-sigma 1 s on the sum (deployed)", "the same, N = 7", "FOCuS", "GLRT, generic prior", "GLRT, learned",
    "GLRT learned + FOCuS, 90:10",
)


@dataclass(frozen=True)
class Size:
    """Passages; of a scene with share 1."""

    clean: int
    source: int
    limits: int
    learn: int
    strengths: int
    neutron: int
    judged: int                         # clean passages more, that self-calibrated sites are judged on
    drawn: int                          # from the model, for their floors


FULL = Size(clean=120_000, source=2000, limits=800, learn=16_000, strengths=16, neutron=100_000, judged=120_000, drawn=40_000)
QUICK = Size(clean=6000, source=240, limits=160, learn=3000, strengths=12, neutron=6000, judged=6000, drawn=10_000)


def carried(glrt: np.ndarray, focus: np.ndarray) -> np.ndarray:
    """FOCuS of the passages the shadow test had nothing to say of: there it has the whole budget."""
    return np.where(np.isnan(glrt), focus, 0.0)


@dataclass(frozen=True)
class Result:
    scene: Scene
    clean: Statistics
    source: Statistics
    cps: np.ndarray
    bound: np.ndarray
    oracle: np.ndarray

    def rules(self) -> list[Rule]:
        c, s = self.clean, self.source
        glrt = [(c.glrt[:, k], s.glrt[:, :, k]) for k in (GENERIC, LEARNED)]
        return [
            Rule(DEPLOYED, [c.ksigma], [s.ksigma], [1.0]), Rule(FOCUS, [c.focus], [s.focus], [1.0]),
            Rule(DAY_ONE, [glrt[0][0]], [glrt[0][1]], [1.0]), Rule(GLRT, [glrt[1][0]], [glrt[1][1]], [1.0]),
            Rule(BOTH, [glrt[1][0], c.focus, c.focus], [glrt[1][1], s.focus, carried(glrt[1][1], s.focus)],
                 [GLRT_SHARE, 1.0 - GLRT_SHARE, 1.0]),
        ]

    def table(self, wanted: float) -> dict[str, list[Measured]]:
        rng = np.random.default_rng(1)
        out = {r.name: [r.at_strength(self.cps, rate, wanted, rng) for rate in RATES] for r in self.rules()}
        out[FIXED] = [fixed(self.cps, self.source.ksigma, 7.0, wanted, rng)] * len(RATES)
        for name, efficacy in (("bound", self.bound), ("oracle", self.oracle)):
            out[name] = [_limit(efficacy, rate, wanted, rng) for rate in RATES]
        return out


def _limit(efficacy: np.ndarray, rate: float, wanted: float, rng: np.random.Generator) -> Measured:
    n = len(efficacy)
    draws = [bounds.strength(efficacy[rng.integers(0, n, n)], rate, wanted) for _ in range(40)]
    low, high = (float(q) for q in np.quantile(draws, (0.025, 0.975)))
    return Measured(bounds.strength(efficacy, rate, wanted), low, high)


class Work:
    """Tasks of one study in a pool; begun in the order asked for, gathered when wanted."""

    def __init__(self, size: Size, workers: int) -> None:
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
            os.environ[name] = "1"       # two workers on two cores: threads inside would only fight
        self.size = size
        self.pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
        self.priors: dict[str, Future[dict]] = {}

    def learn(self, scenes: Iterable[Scene]) -> None:
        for number, scene in enumerate(scenes):
            self.priors[scene.name] = self.pool.submit(tasks.learn, scene, 10_000_019 * (number + 1), self.size.learn)

    def models(self, scene: Scene) -> list[dict]:
        return [models.generic(), self.priors[scene.learned_on].result()]

    def clean(self, scene: Scene, seed: int, n: int) -> list[Future[Statistics]]:
        priors = self.models(scene)
        return [self.pool.submit(tasks.clean, scene, seed + k, min(tasks.CHUNK, n - k), priors)
                for k in range(0, n, tasks.CHUNK)]

    def source(self, scene: Scene, seed: int, n: int, cps: np.ndarray) -> list[Future[Statistics]]:
        priors, chunk = self.models(scene), 120
        return [self.pool.submit(tasks.source, scene, seed + k, min(chunk, n - k), cps, priors) for k in range(0, n, chunk)]

    def limits(self, scene: Scene, seed: int, n: int) -> list[Future[tuple[np.ndarray, np.ndarray]]]:
        return [self.pool.submit(tasks.limits, scene, seed + k, min(80, n - k)) for k in range(0, n, 80)]


def joined(futures: list[Future[Statistics]]) -> Statistics:
    found = [f.result() for f in futures]
    return Statistics(*(np.concatenate([getattr(s, name) for s in found]) for name in Statistics.__dataclass_fields__))


def begin(work: Work, scene: Scene, number: int) -> tuple[Scene, np.ndarray, list, list, list]:
    seed = 1_000_003 * (number + 1)
    cps = grid(steps=work.size.strengths)
    n = work.size
    return (
        scene, cps, work.clean(scene, seed, int(n.clean * scene.share)),
        work.source(scene, seed + 500_000, int(n.source * max(scene.share, 0.5)), cps),
        work.limits(scene, seed + 700_000, int(n.limits * max(scene.share, 0.5))),
    )


def finish(begun: tuple[Scene, np.ndarray, list, list, list]) -> Result:
    scene, cps, clean, source, limits = begun
    both = [f.result() for f in limits]
    return Result(scene, joined(clean), joined(source), cps,
                  np.concatenate([b for b, _ in both]), np.concatenate([o for _, o in both]))


def taught(chosen: list[Scene]) -> list[Scene]:
    """Whose clean passages are learned from."""
    names = {s.learned_on for s in (*chosen, STAND, *NORM, *CHANGED)}
    return [s for s in POWER if s.name in names]


def innocents(work: Work) -> list[tuple[Scene, list[Future[Statistics]]]]:
    return [(s, work.clean(s, 900_000_011 + 1_000_003 * k, int(work.size.clean * s.share))) for k, s in enumerate(NORM)]


def calibrated(work: Work) -> tuple[list[Future[Statistics]], list[Future[tuple[np.ndarray, np.ndarray]]]]:
    """Of the scene the sites calibrate themselves in: more clean passages, and passages drawn from its model."""
    scene = next(s for s in POWER if s.name == NORM[0].learned_on)
    prior, n = work.models(scene)[LEARNED], work.size.drawn
    drawn = [work.pool.submit(tasks.drawn, scene, 980_000_021 + k, min(tasks.CHUNK, n - k), prior)
             for k in range(0, n, tasks.CHUNK)]
    return work.clean(scene, 930_000_013, work.size.judged), drawn


def changed(work: Work) -> list[tuple[Scene, list[Future[Statistics]]]]:
    return [(s, work.clean(s, 950_000_017 + 1_000_003 * k, int(work.size.clean * s.share))) for k, s in enumerate(CHANGED)]


def standing(work: Work) -> list[Future[Statistics]]:
    return work.clean(STAND, 990_000_023, work.size.clean // 30)


def neutron(work: Work) -> dict[str, list[Future[neutrons.Neutrons]]]:
    """Clean, with showers, and one list entry per strength."""
    n, step = work.size.neutron, 2000
    out = {}
    for name, showers in (("clean", False), ("showers", True)):
        out[name] = [work.pool.submit(neutrons.run, 5_000_011 + k + showers, step, 0.0, showers) for k in range(0, n, step)]
    out["source"] = [work.pool.submit(neutrons.run, 7_000_003 + k, max(200, n // 40), float(a), False)
                     for k, a in enumerate(neutrons.CPS)]
    return out
