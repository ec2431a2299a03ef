"""What the numbers of a shadow model can be: a right hash only says that nobody changed the file since, not that it makes sense.

Each bound has a name and a reason; a model beyond one would blind the test or let it alarm at everything.  No numpy: the
daemon reads models too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

THRESHOLDS = ("glrt", "focus", "focus_alone")
THRESHOLD_SIGMA = (3.0, 12.0)       # below, every hundredth passage alarms; above 10 the test is of no use (docs/decisions/0010)
BUDGET = (1e-9, 0.1)                # false alarms per passage; learning takes up to 0.1
PLACE_M = (-20.0, 20.0)             # as [lane.geometry]
HEIGHT_M = (0.0, 20.0)              # above the ground
LENGTH_M = (1.0, 100.0)
RESPONSE = (0.01, 100.0)            # of a panel, relative
SPEED_MPS = (0.0, 60.0)
MEAN = (-0.5, 0.5)                  # vehicles take up to 40 % of the background (detection.md 1)
SPREAD = (5e-5, 0.5)                # sd of a coefficient: learning adds 1e-4 to each (judgement/learning.py LEAST_SD)
TRAFFIC = ("tail", "depth_mean", "depth_sd", "misfit_mean", "misfit_sd")
ROUNDING = 1e-8                     # relative, of a covariance in the file
APART_M = 0.05                      # two panels nearer than this are one
PASSAGES_MOST = 10_000_000


class Odd(ValueError):
    """A number no model has, in words."""


def check(plain: Mapping[str, Any], armed: bool) -> None:
    """Odd names the number and what it may be.  `armed`: for use in a lane, not only to learn with."""
    _thresholds(plain["thresholds"], armed)
    for rule, value in plain.get("budgets", {}).items():
        within(value, *BUDGET, f"budget of {rule}")
    _traffic(plain.get("traffic", {}))
    panels = _geometry(plain["geometry"])
    low, high = (within(value, *LENGTH_M, "edge_m") for value in plain["edge_m"])
    if not low < high:
        raise Odd(f"edge_m {low:g}, {high:g}: expected the shorter first")
    for value in plain["typical_m"]:
        within(value, *LENGTH_M, "typical_m")
    for found in plain["classes"]:
        _class(found, panels)


def within(value: Any, low: float, high: float, what: str) -> float:
    if type(value) not in (int, float) or not low <= value <= high:
        raise Odd(f"{what} = {str(value)[:20]}, expected {low:g} to {high:g}")
    return float(value)


def _thresholds(found: Mapping[str, Any], armed: bool) -> None:
    for rule, value in found.items():
        if rule not in THRESHOLDS:
            raise Odd(f"a threshold of {str(rule)[:20]!r}, known are {', '.join(THRESHOLDS)}")
        within(value, *THRESHOLD_SIGMA, f"threshold of {rule}")
    if armed and "glrt" not in found:
        raise Odd("no threshold of glrt, so the shadow test would never alarm")


def _traffic(found: Mapping[str, Any]) -> None:
    if found and set(found) != set(TRAFFIC):
        raise Odd(f"traffic has {', '.join(map(str, found))[:60]}, expected {', '.join(TRAFFIC)}")
    for name, value in found.items():
        within(value, 1e-6 if name.endswith("_sd") else -1e6, 1e6, f"traffic.{name}")


def _geometry(found: Mapping[str, Any]) -> int:
    rows = [[within(value, *bounds, f"geometry.{name}") for value in found[name]] for name, bounds in (
        ("along_m", PLACE_M), ("across_m", PLACE_M), ("height_m", HEIGHT_M), ("response", RESPONSE))]
    within(found["source_height_m"], *HEIGHT_M, "geometry.source_height_m")
    within(found["assumed_mps"], *SPEED_MPS, "geometry.assumed_mps")
    within(found["longest_m"], *LENGTH_M, "geometry.longest_m")
    within(found["gap_m"], 0.0, LENGTH_M[1], "geometry.gap_m")
    for value in found["lateral_m"]:
        within(value, *PLACE_M, "geometry.lateral_m")
    places = list(zip(*rows[:3], strict=True))
    same = next(((i, j) for j in range(len(places)) for i in range(j) if math.dist(places[i], places[j]) < APART_M), None)
    if same:
        raise Odd(f"geometry: panels {same[0] + 1} and {same[1] + 1} stand in one place")
    return len(places)


def _class(found: Mapping[str, Any], panels: int) -> None:
    name = f"class {str(found['name'])[:20]}"
    within(found["learned"], 0, PASSAGES_MOST, f"{name}: learned")
    mean, rows = found["mean"], found["covariance"]
    if len(mean) % panels or len(rows) != len(mean) or any(len(row) != len(mean) for row in rows):
        raise Odd(f"{name}: {len(mean)} means and {len(rows)} rows of covariance for {panels} panels")
    for value in mean:
        within(value, *MEAN, f"{name}: mean")
    if mean:
        _covariance(rows, name)


def _covariance(rows: Sequence[Sequence[Any]], name: str) -> None:
    numbers = [[within(value, -1.0, 1.0, f"{name}: covariance") for value in row] for row in rows]
    sd = [math.sqrt(within(row[i], SPREAD[0] ** 2, SPREAD[1] ** 2, f"{name}: variance {i + 1}")) for i, row in enumerate(numbers)]
    scaled = [[value / (sd[i] * sd[j]) for j, value in enumerate(row)] for i, row in enumerate(numbers)]
    if any(abs(scaled[i][j] - scaled[j][i]) > 1e-6 for i in range(len(sd)) for j in range(i)):
        raise Odd(f"{name}: the covariance is not symmetric")
    if not _positive(scaled):
        raise Odd(f"{name}: that is not a covariance")


def _positive(rows: list[list[float]]) -> bool:
    """Cholesky of a correlation matrix, rounding of the file allowed for."""
    size = len(rows)
    root = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = rows[i][j] - sum(map(float.__mul__, root[i][:j], root[j][:j]))
            if i == j:
                if rest < -ROUNDING:
                    return False
                root[i][i] = math.sqrt(max(rest, ROUNDING))
            else:
                root[i][j] = rest / root[j][j]
    return True
