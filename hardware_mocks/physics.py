"""Expected counts per slice: background, drift, shadow and a 1/r^2 source.  Pure."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from hardware_mocks.scenes import Scene, Site, Source, Vehicle

Floats: TypeAlias = npt.NDArray[np.float64]

SLICE_S = 0.2                   # the portal's own interval (SRLS RPMSimulator.ts)
STEPS = 4                       # points per slice: at 80 km/h a source moves 4.4 m in one
REACH_M = 60.0                  # at 60 m 1/r^2 is 0.2 % of its value at 2.6 m
EDGE_M = 2.0                    # a shadow grows over about a vehicle's overhang and the panel's view
_erf = np.vectorize(math.erf, otypes=[np.float64])


def speed_ms(vehicle: Vehicle) -> float:
    """Metres per second."""
    return vehicle.speed_kmh / 3.6


def front_m(vehicle: Vehicle, at_s: Floats) -> Floats:
    """Where the front bumper is, metres past the beam."""
    v, since_s = speed_ms(vehicle), at_s - vehicle.arrives_s
    stop_s = vehicle.stop_at_m / v      # when it would get there, from its arrival at the beam
    if vehicle.stop_at_m >= 0:
        return v * (since_s - np.clip(since_s - stop_s, 0.0, vehicle.stop_s))
    return v * (since_s + np.clip(stop_s - since_s, 0.0, vehicle.stop_s))


def clears_s(vehicle: Vehicle) -> float:
    """When its rear leaves the beam."""
    stands = vehicle.stop_s if 0 <= vehicle.stop_at_m < vehicle.length_m else 0.0
    return vehicle.arrives_s + vehicle.length_m / speed_ms(vehicle) + stands


def in_reach_s(vehicle: Vehicle) -> tuple[float, float]:
    """The time in which it can change a count."""
    margin_s = REACH_M / speed_ms(vehicle) + vehicle.stop_s
    return vehicle.arrives_s - margin_s, clears_s(vehicle) + margin_s


def shadow(vehicle: Vehicle, front: Floats) -> Floats:
    """The part of each panel's background it takes away: points x 4."""
    length = vehicle.length_m
    box = 0.5 * (_erf(front / EDGE_M) - _erf((front - length) / EDGE_M))
    along = np.clip(front / length, 0.0, 1.0)
    shape = 1.0 + sum(a * np.cos((k + 1) * math.pi * along) for k, a in enumerate(vehicle.shadow_shape))
    deep: Floats = np.outer(vehicle.shadow * box * shape, vehicle.shadow_panels)
    return deep


def nearness(site: Site, source: Source, front: Floats) -> Floats:
    """1/r^2 to each panel over its sum at closest approach: points x 4."""
    across = np.array([p.across_m - source.lateral_m for p in site.panels])
    up = np.array([p.height_m - source.height_m for p in site.panels])
    aside2 = across**2 + up**2
    along = front - source.position_m
    near: Floats = (1.0 / (along[:, None] ** 2 + aside2)) / (1.0 / aside2).sum()
    return near


def weather(scene: Scene, at_s: Floats) -> tuple[Floats, Floats]:
    """Factors on the gamma and the neutron background: drift, and what raises it."""
    gamma = 1.0 + scene.site.drift * np.sin(2 * math.pi * at_s / scene.site.drift_period_s)
    neutron = np.ones_like(at_s)
    for high in scene.high_backgrounds:
        inside = (at_s >= high.at_s) & (at_s < high.until_s)
        gamma = np.where(inside, gamma * high.factor, gamma)
        neutron = np.where(inside, neutron * high.neutron_factor, neutron)
    return gamma, neutron


def rates(scene: Scene, at_s: Floats) -> tuple[Floats, Floats]:
    """Expected gamma and neutron counts/s at each instant: points x 4 each."""
    raised, raised_n = weather(scene, at_s)
    gamma = np.outer(raised, [p.gamma_cps for p in scene.site.panels])
    neutron = np.outer(raised_n, [p.neutron_cps for p in scene.site.panels])
    added, added_n = np.zeros_like(gamma), np.zeros_like(neutron)
    for vehicle in scene.vehicles:
        front = front_m(vehicle, at_s)
        if vehicle.shadow:
            gamma = gamma * (1.0 - shadow(vehicle, front))
        if vehicle.source is not None:
            near = nearness(scene.site, vehicle.source, front)
            added += vehicle.source.gamma_cps * near
            added_n += vehicle.source.neutron_cps * near
    return _silence(scene, at_s, gamma + added, neutron + added_n)


def _silence(scene: Scene, at_s: Floats, gamma: Floats, neutron: Floats) -> tuple[Floats, Floats]:
    for panel in scene.dead_panels:
        gamma[(at_s >= panel.at_s) & (at_s < panel.until_s), panel.index] = 0.0
    for tube in scene.dead_tubes:
        neutron[(at_s >= tube.at_s) & (at_s < tube.until_s), tube.index] = 0.0
    return gamma, neutron


def expected(scene: Scene, first: int, slices: int) -> tuple[Floats, Floats]:
    """Mean counts in `slices` slices of 0.2 s from slice number `first`: slices x 4 each."""
    at_s = (first + (np.arange(slices * STEPS) + 0.5) / STEPS) * SLICE_S
    gamma, neutron = rates(scene, at_s)
    return (gamma.reshape(slices, STEPS, 4).mean(axis=1) * SLICE_S,
            neutron.reshape(slices, STEPS, 4).mean(axis=1) * SLICE_S)
