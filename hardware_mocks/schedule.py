"""Finds what is going on at a time, among thousands of scene items; a looped scene repeats them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from hardware_mocks import physics, shapes
from hardware_mocks.scenes import Rain, Scene, Vehicle

T = TypeVar("T")
RAIN_GONE = 10                  # halvings: a thousandth of a shower is left
TIMES = ("arrives_s", "open_s", "close_s", "at_s", "until_s")    # fields that move with a lap


class Schedule(Generic[T]):
    """One kind of item by time; with `period_s` the list happens again every lap."""

    def __init__(self, items: Sequence[T], span: Callable[[T], tuple[float, float]],
                 period_s: float | None) -> None:
        self._items, self._period_s = items, period_s
        spans = np.array([span(item) for item in items], dtype=np.float64).reshape(-1, 2)
        self._begins, self._ends = spans[:, 0], spans[:, 1]
        if period_s is not None:        # what never ends is mended when the scene begins again
            self._ends = np.where(np.isinf(self._ends), period_s, self._ends)

    def between(self, from_s: float, until_s: float) -> list[tuple[int, T]]:
        """Number and item of all that touch [from_s, until_s); numbers go on counting over laps."""
        found: list[tuple[int, T]] = []
        for lap in self._laps(from_s, until_s):
            late_s = lap * (self._period_s or 0.0)
            hits = np.nonzero((self._begins + late_s < until_s) & (self._ends + late_s >= from_s))[0]
            found += [(lap * len(self._items) + i, moved(self._items[i], late_s)) for i in hits.tolist()]
        return found

    def _laps(self, from_s: float, until_s: float) -> range:
        if not len(self._items):
            return range(0)
        if self._period_s is None:
            return range(1)
        first = math.floor((from_s - float(self._ends.max())) / self._period_s)
        return range(max(first, 0), math.floor(until_s / self._period_s) + 1)


def moved(item: T, late_s: float) -> T:
    """The same item, `late_s` seconds later."""
    if not late_s:
        return item
    names = {f.name for f in dataclasses.fields(item)}  # type: ignore[arg-type]
    changes = {name: getattr(item, name) + late_s for name in TIMES if name in names}
    return dataclasses.replace(item, **changes)  # type: ignore[type-var]


def spans(item: Any) -> tuple[float, float]:
    """When an item begins and ends, seconds."""
    if isinstance(item, Vehicle):
        return physics.in_reach_s(item)
    if isinstance(item, Rain):
        return item.at_s, item.at_s + item.lasts_s + RAIN_GONE * shapes.RAIN_HALF_S
    if hasattr(item, "open_s"):
        return item.open_s, item.close_s
    if hasattr(item, "until_s"):
        return item.at_s, item.until_s
    return item.at_s, item.at_s + getattr(item, "duration_s", getattr(item, "off_s", 0.0))


@dataclasses.dataclass(frozen=True, slots=True)
class Now:
    """A scene's vehicles (numbered) and the scene cut down to what touches one stretch of time."""

    vehicles: list[tuple[int, Vehicle]]
    scene: Scene


class Timeline:
    """A scene, asked stretch by stretch."""

    def __init__(self, scene: Scene, loop: bool = False) -> None:
        self._scene = scene
        period_s = scene.duration_s if loop else None
        self._kinds = {f.name: Schedule(getattr(scene, f.name), spans, period_s)
                       for f in dataclasses.fields(scene) if isinstance(getattr(scene, f.name), tuple)}

    def between(self, from_s: float, until_s: float) -> Now:
        """What touches [from_s, until_s), seconds."""
        found = {name: kind.between(from_s, until_s) for name, kind in self._kinds.items()}
        cut = {name: tuple(item for _, item in items) for name, items in found.items()}
        return Now(found["vehicles"], dataclasses.replace(self._scene, **cut))  # type: ignore[arg-type]
