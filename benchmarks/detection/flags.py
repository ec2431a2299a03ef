"""When a lane says that its traffic is no longer what its model was learned on, and how many false alarms came before.

Passages of a changed scene come one after the other to judgement.traffic, under the model, thresholds and scatter of the
scene it was learned on.  What alarms is not shown to it, as in a lane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.detection.power import threshold
from benchmarks.detection.study import LEARNED, Result
from benchmarks.detection.tasks import Statistics
from edge_agent.judgement import learning_site
from edge_agent.judgement.learning_tail import GLRT_SHARE, tail
from edge_agent.judgement.traffic import Traffic

ORDERS = 100                            # the same passages in other orders
NEVER_ALARMED = 1e9


@dataclass(frozen=True)
class Seen:
    """What Traffic looks at of a passage."""

    statistic: float
    depth: float
    misfit: float


def traffic_of(clean: Statistics) -> dict[str, float]:
    """As edge-agent learn writes it."""
    there = ~np.isnan(clean.glrt[:, LEARNED])
    columns = {"glrt": clean.glrt[there, LEARNED], "depth": clean.depth[there, LEARNED], "misfit": clean.misfit[there, LEARNED]}
    return learning_site.traffic(columns, _Begins(tail(columns["glrt"], NEVER_ALARMED).begins))


@dataclass(frozen=True)
class _Begins:
    begins: float

    @property
    def tail(self) -> _Begins:
        return self


def report(learned_on: Result, changed: list[tuple[str, Statistics]], budget: float) -> None:
    """One line a scene: false alarms over the budget, passages to the flag, false alarms until then."""
    level, traffic = threshold(learned_on.clean.glrt[:, LEARNED], GLRT_SHARE * budget)[0], traffic_of(learned_on.clean)
    print(f"\nTraffic changes: shadow test learned on {learned_on.scene.name!r}, budget {budget:g}, {ORDERS} orders")
    for name, statistics in [("no change", learned_on.clean), *changed]:
        glrt = np.nan_to_num(statistics.glrt[:, LEARNED], nan=0.0)
        over = float((glrt >= level).mean()) / (GLRT_SHARE * budget)
        waited, alarms = _stream(statistics, traffic, level)
        text = f"  {name:44s} false alarms {over:6.1f} x budget; "
        if not len(waited):
            print(f"{text}no flag in {ORDERS} x {len(glrt)} passages")
            continue
        low, middle, high = (int(q) for q in np.quantile(waited, (0.05, 0.5, 0.95)))
        print(f"{text}flag after {middle} passages ({low}-{high}, raised in {len(waited)} of {ORDERS} orders); "
              f"false alarms before it {alarms.mean():.2f}")


def _stream(s: Statistics, traffic: dict[str, float], level: float) -> tuple[np.ndarray, np.ndarray]:
    rng, waited, alarms = np.random.default_rng(9), [], []
    rows = list(zip(s.glrt[:, LEARNED].tolist(), s.depth[:, LEARNED].tolist(), s.misfit[:, LEARNED].tolist(), strict=True))
    for _ in range(ORDERS):
        judge, false = Traffic(traffic), 0
        for number, row in enumerate(rng.permutation(len(rows)).tolist()):
            seen = Seen(*rows[row])
            if seen.statistic != seen.statistic:            # nan: no shadow test
                continue
            if seen.statistic >= level:
                false += 1
            elif judge.passed(seen):
                waited.append(number + 1)
                alarms.append(false)
                break
    return np.array(waited), np.array(alarms)
