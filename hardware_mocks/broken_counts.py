"""What broken detectors, beams and neighbours do to the counts of a lane, slice by slice.

Each fault is drawn once, by its seed: which panel, how badly, how it comes and goes.  Strengths are our own choice, made
from what the parts do (people.md's list and the maintenance notes give the kinds); no tool that looks for faults was asked.
Panels 0 and 1 share the master pillar, 2 and 3 the slave's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hardware_mocks.physics import SLICE_S
from hardware_mocks.slices import Slice

Chance = np.random.Generator
Change = Callable[[Slice], Slice]       # a slice as it should have been -> as the broken portal counts it
HOUR_S = 3600.0


class _Spells:
    """Something that comes and goes: exponential lengths of being so and of not being so, seconds."""

    def __init__(self, chance: Chance, on_s: float, off_s: float) -> None:
        self._chance, self._means_s, self._on, self._until_s = chance, (off_s, on_s), False, 0.0

    def on(self, at_s: float) -> bool:
        while at_s >= self._until_s:
            self._on = not self._on
            self._until_s += float(self._chance.exponential(self._means_s[self._on])) + SLICE_S
        return self._on


def _panel(counts: tuple[int, ...], index: int, value: int) -> tuple[int, ...]:
    return (*counts[:index], int(value), *counts[index + 1:])


def _log(chance: Chance, low: float, high: float) -> float:
    return float(math.exp(chance.uniform(math.log(low), math.log(high))))


def beam_blocked(chance: Chance, from_s: float) -> Change:
    """Snow or dirt on a lens, or a lamp out of its angle: dark for good, or but for moments."""
    solid, spells = chance.random() < 0.5, _Spells(chance, _log(chance, 600.0, 3600.0), _log(chance, 1.0, 8.0))

    def change(one: Slice) -> Slice:
        dark = one.at_s >= from_s and (solid or spells.on(one.at_s - from_s))
        return replace(one, blocked=True) if dark else one
    return change


def occupancy_never(chance: Chance, from_s: float) -> Change:
    """The receiver's output hangs at 'free': vehicles pass as if nobody did."""
    del chance
    return lambda one: replace(one, blocked=False, inside={}) if one.at_s >= from_s else one


def neighbour(chance: Chance, from_s: float) -> Change:
    """A truck with activity, or a stack of pallets, beside one pillar: all panels see it, the near ones more."""
    near, far = _log(chance, 0.25, 1.5), chance.uniform(0.4, 0.8)
    shares = [near, near * chance.uniform(0.9, 1.1), near * far, near * far * chance.uniform(0.9, 1.1)]
    if chance.random() < 0.5:
        shares = shares[2:] + shares[:2]

    def change(one: Slice) -> Slice:
        if one.at_s < from_s:
            return one
        own = [panel.gamma_cps * SLICE_S for panel in one.now.scene.site.panels]
        more = chance.poisson([rate * share for rate, share in zip(own, shares, strict=True)]).tolist()
        return replace(one, gamma=tuple(a + b for a, b in zip(one.gamma, more, strict=True)))
    return change


def x_ray(chance: Chance, from_s: float) -> Change:
    """A scanner next door: beam on for seconds at a time, in all panels at once, none of it neutrons."""
    strength, spells = _log(chance, 0.5, 6.0), _Spells(chance, chance.uniform(3.0, 15.0), chance.uniform(20.0, 120.0))
    shares = strength * chance.uniform(0.6, 1.0, 4)

    def change(one: Slice) -> Slice:
        if one.at_s < from_s or not spells.on(one.at_s - from_s):
            return one
        own = [panel.gamma_cps * SLICE_S for panel in one.now.scene.site.panels]
        return replace(one, gamma=tuple(a + b for a, b in zip(one.gamma, chance.poisson(own * shares).tolist(), strict=True)))
    return change


def panel_high(chance: Chance, from_s: float) -> Change:
    """High voltage or gain too high, or a threshold in the noise: one panel counts much more, steadily."""
    index, factor = int(chance.integers(4)), _log(chance, 1.4, 4.0)
    return lambda one: one if one.at_s < from_s else replace(
        one, gamma=_panel(one.gamma, index, one.gamma[index] + chance.poisson((factor - 1) * one.gamma[index])))


def panel_low(chance: Chance, from_s: float) -> Change:
    """High voltage, divider, tube or connector: one panel counts nothing, little, or comes and goes."""
    index, left = int(chance.integers(4)), float(chance.choice([0.0, chance.uniform(0.02, 0.6)]))
    loose = chance.random() < 0.25
    spells = _Spells(chance, chance.uniform(20.0, 300.0), chance.uniform(20.0, 300.0))

    def change(one: Slice) -> Slice:
        if one.at_s < from_s or (loose and not spells.on(one.at_s - from_s)):
            return one
        return replace(one, gamma=_panel(one.gamma, index, chance.binomial(one.gamma[index], left)))
    return change


def panel_drift(chance: Chance, from_s: float) -> Change:
    """Gain creeping away in one panel, a tenth to a third in a few hours (weeks, in the field)."""
    index, most, takes_s = int(chance.integers(4)), chance.uniform(0.10, 0.30), chance.uniform(0.5, 2.0) * HOUR_S
    down = chance.random() < 0.7        # a photomultiplier ages downwards

    def change(one: Slice) -> Slice:
        part = most * min(max(one.at_s - from_s, 0.0) / takes_s, 1.0)
        count = one.gamma[index]
        count = chance.binomial(count, 1 - part) if down else count + chance.poisson(part * count)
        return replace(one, gamma=_panel(one.gamma, index, count))
    return change


def tube_dead(chance: Chance, from_s: float) -> Change:
    """A neutron tube or its amplifier: nothing any more."""
    index = int(chance.integers(4))
    return lambda one: one if one.at_s < from_s else replace(one, neutron=_panel(one.neutron, index, 0))


def tube_noisy(chance: Chance, from_s: float) -> Change:
    """Leakage over a damp insulator: a tube sparks, in flocks of pulses."""
    index, rate, flock = int(chance.integers(4)), _log(chance, 3.0, 40.0), chance.uniform(1.0, 6.0)

    def change(one: Slice) -> Slice:
        sparks = chance.poisson(rate * SLICE_S / flock)
        more = int(chance.geometric(1 / flock, sparks).sum()) if one.at_s >= from_s else 0
        return replace(one, neutron=_panel(one.neutron, index, one.neutron[index] + more))
    return change


def frozen(chance: Chance, from_s: float) -> Change:
    """The counter board hangs: the last second's counts for ever, of all panels or of one pillar."""
    which = [(0, 1, 2, 3), (0, 1), (2, 3)][int(chance.integers(3))]
    held: list[Slice] = []

    def change(one: Slice) -> Slice:
        if one.at_s < from_s:
            return one
        last = held[0] if held else one
        held[:] = [last]
        gamma, neutron = one.gamma, one.neutron
        for index in which:
            gamma, neutron = _panel(gamma, index, last.gamma[index]), _panel(neutron, index, last.neutron[index])
        return replace(one, gamma=gamma, neutron=neutron)
    return change


def bursts(chance: Chance, from_s: float) -> Change:
    """A chafed signal cable: one panel leaps for moments, by whatever the wind does."""
    index, strength = int(chance.integers(4)), _log(chance, 0.8, 8.0)
    spells = _Spells(chance, chance.uniform(0.4, 3.0), chance.uniform(10.0, 60.0))

    def change(one: Slice) -> Slice:
        if one.at_s < from_s or not spells.on(one.at_s - from_s):
            return one
        more = chance.poisson(strength * one.now.scene.site.panels[index].gamma_cps * SLICE_S)
        return replace(one, gamma=_panel(one.gamma, index, one.gamma[index] + more))
    return change


def light_leak(chance: Chance, from_s: float) -> Change:
    """A torn wrapping: sun between clouds, lamps: one panel's rate swings over tens of seconds."""
    index, most, swing = int(chance.integers(4)), chance.uniform(0.2, 1.0), chance.uniform(20.0, 90.0)
    level = [0.0]

    def change(one: Slice) -> Slice:
        if one.at_s < from_s:
            return one
        level[0] += (chance.uniform(0.0, most * 2) - level[0]) * SLICE_S / swing * (chance.random() < 0.5) * 4
        more = chance.poisson(max(level[0], 0.0) * one.now.scene.site.panels[index].gamma_cps * SLICE_S)
        return replace(one, gamma=_panel(one.gamma, index, one.gamma[index] + more))
    return change


def water(chance: Chance, from_s: float) -> Change:
    """Water in a pillar's cabinet: both its panels crackle and lose gain as it creeps in, its tubes spark with them."""
    pillar = 2 * int(chance.integers(2))
    loss, takes_s = chance.uniform(0.05, 0.3), chance.uniform(0.2, 1.0) * HOUR_S
    spells, strength = _Spells(chance, chance.uniform(0.4, 4.0), chance.uniform(5.0, 40.0)), _log(chance, 0.4, 3.0)

    def change(one: Slice) -> Slice:
        part = min(max(one.at_s - from_s, 0.0) / takes_s, 1.0)
        crackles = part > 0 and spells.on(one.at_s - from_s)
        gamma, neutron = one.gamma, one.neutron
        for index in (pillar, pillar + 1):
            more = crackles * chance.poisson(strength * part * 50.0)
            gamma = _panel(gamma, index, chance.binomial(gamma[index], 1 - loss * part) + more)
            neutron = _panel(neutron, index, neutron[index] + crackles * chance.poisson(0.6 * part))
        return replace(one, gamma=gamma, neutron=neutron)
    return change


FAULTS: dict[str, Callable[[Chance, float], Change]] = {
    one.__name__: one for one in (
        beam_blocked, occupancy_never, neighbour, x_ray, panel_high, panel_low, panel_drift, tube_dead, tube_noisy,
        frozen, bursts, light_leak, water)
}
