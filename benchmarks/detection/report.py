"""What the study prints: one table per scene, the other questions, the goals of detection.md 5, a picture."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from benchmarks.detection.power import Measured, binomial_interval
from benchmarks.detection.study import BOTH, DEPLOYED, FIXED, FOCUS, RATES, Result

#          scene                  against  factor
GOALS = (
    ("centred, no shadow", "oracle", 1.20), ("centred, shadow", "bound", 1.25), ("centred, shadow", DEPLOYED, 0.57),
    ("varied, no shadow", "oracle", 1.15), ("varied, shadow", "bound", 1.20), ("varied, shadow", DEPLOYED, 0.55),
    ("2 km/h, no shadow", FOCUS, 1.0), ("2 km/h, shadow", FOCUS, 1.0),
)
ORDER_LAST = ("bound", "oracle")


def scene(result: Result, tables: dict[float, dict[str, list[Measured]]]) -> None:
    n, m = len(result.clean.focus), len(result.source.focus)
    silent = float(np.isnan(result.clean.glrt[:, 1]).mean())
    print(f"\n{result.scene.name}    [{n} clean passages, {m} with a source; no shadow test in {silent:.1%}]")
    print(f"{'rule':36s}{'A95 @1e-3':>21s}{'A95 @1e-4':>21s}{'A50 @1e-4':>21s}")
    a95, a50 = tables[0.95], tables[0.5]
    for name in sorted(a95, key=lambda name: (name in ORDER_LAST, name == "oracle")):
        print(f"{name:36s}{a95[name][0]!s:>21s}{a95[name][1]!s:>21s}{a50[name][1]!s:>21s}")


def goals(tables: dict[str, dict[float, dict[str, list[Measured]]]]) -> None:
    print("\nGoals (GLRT learned + FOCuS, A95 at 1e-4)")
    for name, against, factor in GOALS:
        if name not in tables:
            continue
        ours, theirs = tables[name][0.95][BOTH][1], tables[name][0.95][against][1]
        ratio = ours.value / theirs.value
        sure = ours.low / theirs.high, ours.high / theirs.low
        verdict(f"{name}: {ratio:.2f} ({sure[0]:.2f}-{sure[1]:.2f}) x {against}", ratio <= factor, f"<= {factor:.2f}")


def verdict(what: str, met: bool, goal: str) -> None:
    print(f"  {'met   ' if met else 'MISSED'}  {what}; goal {goal}")


def shares(title: str, hits: dict[str, tuple[int, int]]) -> None:
    print(f"\n{title}")
    for name, (k, n) in hits.items():
        low, high = binomial_interval(k, n) if n else (math.nan, math.nan)
        print(f"  {name:48s}{k:>8d} of {n:<8d}{k / max(n, 1):>9.3%}  ({low:.3%}-{high:.3%})")


def picture(results: list[Result], path: str) -> None:
    """Detection against strength at 1e-4, one panel per scene."""
    try:
        import matplotlib
    except ImportError:
        print(f"\nno picture: matplotlib is not installed  ({path})")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    wide = min(3, len(results))
    high = -(-len(results) // wide)
    figure, axes = pyplot.subplots(high, wide, figsize=(4.6 * wide, 3.4 * high), squeeze=False, sharey=True)
    for ax, result in zip(axes.flat, results, strict=False):
        for rule in result.rules():
            ax.semilogx(result.cps, rule.detected(rule.thresholds(RATES[1])[0]).mean(0), label=rule.name)
        ax.semilogx(result.cps, (result.source.ksigma >= 7.0).mean(0), "k:", label=FIXED)
        ax.axhline(0.95, color="0.8")
        ax.set_title(result.scene.name, fontsize=8)
        ax.set_xlabel("net counts/s at closest approach")
    for ax in axes.flat[len(results):]:
        ax.axis("off")
    axes[0, 0].set_ylabel("detected, 1e-4 false alarms")
    axes[0, 0].legend(fontsize=6)
    figure.tight_layout()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    print(f"\npicture: {path}")
