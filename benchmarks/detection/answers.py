"""The questions beside power: standing vehicles, innocent cargo, self-calibration, neutrons."""

from __future__ import annotations

import math
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from benchmarks.detection import flags, neutrons, report, study
from benchmarks.detection.power import Rule, fixed, threshold
from benchmarks.detection.study import BOTH, DEPLOYED, FIXED, FOCUS, GLRT, LEARNED, RATES, Result, Work
from benchmarks.detection.tasks import Statistics
from edge_agent.judgement import learning_tail
from edge_agent.judgement.learning import LearningRefused
from edge_agent.judgement.thresholds import FOCUS_UNLEARNED

BUDGET = 1e-4
SITE_PASSAGES = 10_000                  # a site's own, for self-calibration (detection.md 5)
SITES = 40
PRESENT = {GLRT: math.inf, FOCUS: FOCUS_UNLEARNED}      # of a lane that learns for the first time


@dataclass(frozen=True)
class Begun:
    standing: list[Future[Statistics]]
    innocents: list
    changed: list
    calibrated: tuple[list[Future[Statistics]], list[Future[tuple[np.ndarray, np.ndarray]]]]
    neutron: dict[str, list[Future[neutrons.Neutrons]]]


def begin(work: Work) -> Begun:
    return Begun(study.standing(work), study.innocents(work), study.changed(work), study.calibrated(work),
                 study.neutron(work))


def finish(begun: Begun, results: list[Result], work: Work) -> None:
    by_name = {r.scene.name: r for r in results}
    if "centred, no shadow" in by_name:
        _standing(study.joined(begun.standing), by_name["centred, no shadow"])
    found = [(scene, study.joined(futures)) for scene, futures in begun.innocents]
    if "varied, shadow" in by_name:
        clean = by_name["varied, shadow"]
        for scene, statistics in found:
            _innocents(scene.name, statistics, clean)
        _calibrations([("no NORM", clean.clean), *((scene.name, s) for scene, s in found)], clean, begun)
    if "varied, shadow" in by_name:
        changed = [(scene.name, study.joined(futures)) for scene, futures in begun.changed]
        flags.report(by_name["varied, shadow"], changed, BUDGET)
    _neutron({name: [f.result() for f in futures] for name, futures in begun.neutron.items()})


def _alarms(rule: Rule, levels: list[float], s: Statistics) -> np.ndarray:
    glrt = s.glrt[:, LEARNED]
    columns = {DEPLOYED: [s.ksigma], FOCUS: [s.focus], GLRT: [glrt], BOTH: [glrt, s.focus, study.carried(glrt, s.focus)]}
    hits = [np.nan_to_num(t, nan=0.0) >= level for t, level in zip(columns[rule.name], levels, strict=True)]
    out: np.ndarray = np.logical_or.reduce(hits)
    return out


def _standing(s: Statistics, clean: Result) -> None:
    hits = {}
    for rule in clean.rules():
        if rule.name in (DEPLOYED, FOCUS, BOTH):
            alarms = _alarms(rule, rule.thresholds(BUDGET)[0], s)
            hits[f"{rule.name} @1e-4"] = (int(alarms.sum()), len(alarms))
    hits[FIXED] = (int((s.ksigma >= 7.0).sum()), len(s.ksigma))
    report.shares("Standing 180 s while the background drifts by 0.3 %/min (sd), no source: alarms", hits)
    k, n = hits[f"{BOTH} @1e-4"]
    report.verdict(f"standing 180 s: {k / n:.3%}", k / n < 0.005, "< 0.5 %")


def _innocents(name: str, s: Statistics, clean: Result) -> None:
    hits = {}
    for rule in clean.rules():
        if rule.name in (DEPLOYED, FOCUS, GLRT, BOTH):
            alarms = _alarms(rule, rule.thresholds(BUDGET)[0], s)
            hits[f"{rule.name} @1e-4: all passages"] = (int(alarms.sum()), len(alarms))
            hits[f"    {rule.name[:30]}: of the radioactive"] = (int(alarms[s.radioactive].sum()), int(s.radioactive.sum()))
    hits[f"{FIXED}: all passages"] = (int((s.ksigma >= 7.0).sum()), len(s.ksigma))
    report.shares(f"Innocent alarms: {name}", hits)


def _calibrations(scenes: list[tuple[str, Statistics]], clean: Result, begun: Begun) -> None:
    more, drawn = study.joined(begun.calibrated[0]), [f.result() for f in begun.calibrated[1]]
    judge = {GLRT: np.concatenate([_shadow(clean.clean), _shadow(more)]), FOCUS: np.concatenate([clean.clean.focus, more.focus])}
    null = {GLRT: np.concatenate([g for g, _ in drawn]), FOCUS: np.concatenate([f for _, f in drawn])}
    print(f"\nSelf-calibration from {SITE_PASSAGES} passages of a site, budget {BUDGET:g}: false alarms over budget, of "
          f"{len(judge[GLRT])} clean passages")
    for name, statistics in scenes:
        _calibrated(name, statistics, judge, {rule: np.nan_to_num(t, nan=0.0) for rule, t in null.items()})


def _shadow(s: Statistics) -> np.ndarray:
    out: np.ndarray = np.nan_to_num(s.glrt[:, LEARNED], nan=0.0)
    return out


def _calibrated(name: str, s: Statistics, judge: dict[str, np.ndarray], null: dict[str, np.ndarray]) -> None:
    """Many sites calibrate themselves as edge-agent learn does; each is judged on the clean passages of all."""
    rng, seen = np.random.default_rng(3), {GLRT: _shadow(s), FOCUS: s.focus}
    budget = dict(zip((GLRT, FOCUS), learning_tail.split(BUDGET, True), strict=True))
    ratios: dict[str, list[float]] = {GLRT: [], FOCUS: []}
    refused = 0
    for _ in range(SITES):
        rows = rng.integers(0, len(s.focus), SITE_PASSAGES)
        rows = rows[(s.focus[rows] < PRESENT[FOCUS]) & (s.ksigma[rows] < 7.0)]      # what alarmed is no lesson
        floor = rng.integers(0, len(null[GLRT]), SITE_PASSAGES)
        for rule, rate in budget.items():
            try:
                found = learning_tail.calibrate(seen[rule][rows], null[rule][floor], PRESENT[rule], rate)
            except LearningRefused:
                refused += 1
                continue
            ratios[rule].append(_rate(judge[rule], found.threshold) / rate)
    for rule, values in ratios.items():
        if not values:
            continue
        low, middle, high = np.quantile(values, (0.05, 0.5, 0.95))
        text = f"{name}; {rule}: {middle:.2f} ({low:.2f}-{high:.2f}, 90 % of {SITES} sites; {refused} refused)"
        report.verdict(text, low >= 0.5 and high <= 2.0, "0.5-2")


def _rate(clean: np.ndarray, level: float) -> float:
    """Of clean passages above the level, by the tail of the highest 1 % (docs/decisions/0004): a count of ten or twenty has
    an error of a quarter, the same for all sites."""
    t = np.sort(clean)[-max(60, len(clean) // 100):]
    if level < t[0]:
        return float((clean >= level).mean())
    return float(len(t) / len(clean) * np.exp(-(level**2 - t[0] ** 2) / ((t**2).mean() - t[0] ** 2)))


def _neutron(found: dict[str, list[neutrons.Neutrons]]) -> None:
    def column(name: str, rule: str) -> np.ndarray:
        return np.concatenate([neutrons.statistic(each, rule) for each in found[name]])

    rng, table, showers = np.random.default_rng(5), {}, {}
    names = {"ksigma": "k-sigma 1 s (deployed)", "kernel": "the kernel's exact binomial", "template": "the kernel's template",
             "together": "both, as armed in a lane",
             "oracle": "oracle: likelihood ratio, all known"}
    print(f"\nNeutrons, {neutrons.RATE_CPS:g} cps, {neutrons.PASSAGE_S:g} s, 0.2 s samples: A95 in cps")
    for rule, title in names.items():
        row = []
        for rate in RATES:
            level, far = threshold(column("clean", rule), rate)
            source = np.stack([neutrons.statistic(each, rule) for each in found["source"]], 1)
            row.append(fixed(neutrons.CPS, source, level, 0.95, rng))
            if rate == RATES[1]:
                worse = float((column("showers", rule) >= level).mean() / rate)
        table[rule] = row[1]
        print(f"  {title:46s}" + "".join(f"  {m.value:5.1f} ({m.low:.1f}-{m.high:.1f})" for m in row)
              + f"   with showers {worse:5.1f} x the false alarms{' ~' if far else ''}")
        showers[rule] = worse
    for rule in ("kernel", "template", "together"):
        ratio = table[rule].value / table["oracle"].value
        report.verdict(f"neutron, {names[rule]}: {ratio:.2f} x oracle @1e-4", ratio <= 1.10, "<= 1.10")
        report.verdict(f"false alarms with showers {showers[rule]:.1f} x nominal", showers[rule] <= 2.0, "<= 2")
