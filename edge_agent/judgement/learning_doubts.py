"""Whether the passages a lane was learned from are clean: what a source too weak to alarm leaves that comes again and again.

The model itself says what its passages would give without any source (`without_source`).  Where the site's own give more, by
far more than chance, something is in them that no shadow explains: cargo, or vehicles the model does not know.  Which
of the two nobody can tell from counts, so it is said to a person, with the passages to look at first.  Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge_agent.judgement.learning import Floats
from edge_agent.judgement.learning_tail import QUANTILE, Calibration, Tail
from edge_agent.tools.source_place import SIDE_M
from edge_agent.words.language import mark

SIGMAS = 4.0            # of each doubt: four of them give one false warning in some thousand lessons
NAMED = 10              # passages to look at first
PLACE_M = 2.0           # of a vehicle, by which excesses are counted: about the width of a source's profile
SIDES_M = (-SIDE_M, SIDE_M)
SIDES = (mark("left"), mark("middle"), mark("right"))


@dataclass(frozen=True, slots=True)
class Suspect:
    """A passage a person should look at."""

    id: str
    at: str
    statistic: float
    behind_m: float
    across_m: float


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why passages may not be clean: a text for people and what stands in it."""

    text: str
    values: dict[str, float | str]

    def plain(self) -> str:
        return self.text.format_map(self.values)


ASKED = mark(
    "these passages ask for a threshold of {measured:.2f} sigma, without a source it would be {without:.2f}: at that one they "
    "would alarm {times:.0f} times as often as the budget says"
)
TAIL = mark("{share:.0f} of 100 passages lie above {begins:.2f} sigma, without a source {due:.0f} would")
MEAN = mark("the statistic is {site:.2f} sigma on average, without a source it would be {null:.2f}")
PLACE = mark(
    "{count:.0f} passages have their excess {low:.0f} to {high:.0f} m behind the front bumper ({side}), without a source "
    "{due:.0f} would"
)


def doubts(site: Mapping[str, Floats], null: Mapping[str, Floats], glrt: Calibration, clean: Tail) -> list[Doubt]:
    """What is wrong with these passages; empty where nothing is.  `clean`: the tail without any source."""
    found = [_asked(glrt, clean), _tail(site["glrt"], null["glrt"]), _mean(site["glrt"], null["glrt"]), _place(site, null)]
    return [each for each in found if each is not None]


def _asked(glrt: Calibration, clean: Tail) -> Doubt | None:
    """Thresholds compared as squares, for the tail is exponential in T^2: its error is that of the scale."""
    without = clean.threshold(glrt.rate)
    error = math.hypot(*(
        (each.threshold(glrt.rate) ** 2 - each.begins**2) / math.sqrt(each.in_tail) for each in (glrt.tail, clean)
    ))
    if glrt.measured**2 - without**2 < SIGMAS * error:
        return None
    return Doubt(ASKED, {"measured": glrt.measured, "without": without, "times": glrt.tail.rate(without) / glrt.rate})


def _tail(site: Floats, null: Floats) -> Doubt | None:
    begins, due = float(np.quantile(null, QUANTILE)), 1.0 - QUANTILE
    share = float(np.mean(site > begins))
    if share - due < SIGMAS * math.sqrt(due * QUANTILE * (1.0 / len(site) + 1.0 / len(null))):
        return None
    return Doubt(TAIL, {"share": 100 * share, "begins": begins, "due": 100 * due})


def _mean(site: Floats, null: Floats) -> Doubt | None:
    error = math.sqrt(site.var() / len(site) + null.var() / len(null))
    if site.mean() - null.mean() < SIGMAS * error:
        return None
    return Doubt(MEAN, {"site": float(site.mean()), "null": float(null.mean())})


def _place(site: Mapping[str, Floats], null: Mapping[str, Floats]) -> Doubt | None:
    """One place of the vehicle where too many passages have their excess."""
    begins = float(np.quantile(null["glrt"], QUANTILE))
    counts, due = (_by_place(each, begins) for each in (site, null))
    due = due * len(site["glrt"]) / len(null["glrt"])
    beyond = (counts - due) / np.sqrt(counts + due + 1.0)
    worst = int(beyond.argmax())
    if beyond[worst] < SIGMAS:
        return None
    low = worst // len(SIDES) * PLACE_M
    return Doubt(PLACE, {"count": float(counts[worst]), "low": low, "high": low + PLACE_M, "side": SIDES[worst % len(SIDES)],
                         "due": float(due[worst])})


def _by_place(found: Mapping[str, Floats], begins: float) -> Floats:
    above = found["glrt"] > begins
    along = np.clip(found["behind_m"][above] // PLACE_M, 0, 14).astype(int)
    across = np.digitize(found["across_m"][above], SIDES_M)
    out: Floats = np.bincount(along * 3 + across, minlength=45).astype(np.float64)
    return out


def suspects(names: Sequence[tuple[str, str]], site: Mapping[str, Floats], why: Sequence[Doubt]) -> list[Suspect]:
    """Passages to look at first, the largest statistic first: of the place with too many, where there is one."""
    order = np.argsort(-site["glrt"], kind="stable")
    crowded = next((doubt.values for doubt in why if doubt.text == PLACE), None)
    if crowded is not None:
        low, high = float(crowded["low"]), float(crowded["high"])
        side = SIDES.index(str(crowded["side"]))
        there = (site["behind_m"] >= low) & (site["behind_m"] < high) & (np.digitize(site["across_m"], SIDES_M) == side)
        order = order[there[order]]
    return [Suspect(*names[i], *(round(float(site[key][i]), 2) for key in ("glrt", "behind_m", "across_m")))
            for i in order[:NAMED]]


def held(found: Mapping[str, Calibration], doubted: bool) -> dict[str, Calibration]:
    """Thresholds that see no less than those in force, and of doubted passages no less than the model without any source asks
    for: less sensitive only a person makes a lane."""
    out = {}
    for rule, each in found.items():
        most = min(each.present, each.floor if doubted else math.inf)
        if each.threshold > most:
            each = replace(each, threshold=most, rate=each.tail.rate(most), less_sensitive=False)
        out[rule] = each
    return out
