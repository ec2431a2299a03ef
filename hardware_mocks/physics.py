"""Expected counts per slice: background, weather, ageing, shadows and 1/r^2 sources.  Pure.

Shapes of vehicles are those of the detection study (`bodies`): one physics for live scenes and for thousands of passages.
"""

from __future__ import annotations

import math

import numpy as np

from hardware_mocks import bodies, shapes
from hardware_mocks.scenes import Scene, Site, Source, Vehicle
from hardware_mocks.shapes import Floats

SLICE_S = 0.2                   # the portal's own interval (SRLS RPMSimulator.ts)
STEPS = 4                       # points per slice: at 80 km/h a source moves 4.4 m in one


def front_m(vehicle: Vehicle, at_s: Floats) -> Floats:
    """Where the front bumper is, metres past the beam."""
    return bodies.front_m(vehicle, at_s - vehicle.arrives_s)


def clears_s(vehicle: Vehicle) -> float:
    """When its rear, or that of its second body, leaves the beam."""
    return bodies.blocked_s(vehicle)[-1][1]


def beam_kmh(vehicle: Vehicle) -> float:
    """Its speed as it breaks the beam: what the portal measures."""
    if not vehicle.wobble and vehicle.crawl is None:
        return vehicle.speed_kmh
    return bodies.way(vehicle).speed_mps(0.0) * 3.6


def in_reach_s(vehicle: Vehicle) -> tuple[float, float]:
    """The time in which it can change a count."""
    begins, ends = bodies.way(vehicle).ends_s
    return vehicle.arrives_s + begins, vehicle.arrives_s + ends


def shadow(vehicle: Vehicle, front: Floats, site: Site | None = None) -> Floats:
    """The part of each panel's background it takes away: points x 4."""
    return bodies.shadow(vehicle, (site or Site()).panels, front)


def nearness(site: Site, source: Source, front: Floats) -> Floats:
    """1/r^2 to each panel over its sum at closest approach: points x 4."""
    at = bodies.Point(0.0, 0.0, source.position_m, source.lateral_m, source.height_m, True)
    return bodies.nearness(site.panels, at, front)


def weather(scene: Scene, at_s: Floats) -> tuple[Floats, Floats]:
    """Factors on the gamma and the neutron background: drift, and what raises it."""
    gamma = 1.0 + scene.site.drift * np.sin(2 * math.pi * at_s / scene.site.drift_period_s)
    neutron = np.ones_like(at_s)
    for high in scene.high_backgrounds:
        inside = (at_s >= high.at_s) & (at_s < high.until_s)
        gamma = np.where(inside, gamma * high.factor, gamma)
        neutron = np.where(inside, neutron * high.neutron_factor, neutron)
    for rain in scene.rains:
        since = np.maximum(at_s - rain.at_s, 0.0)
        gamma = gamma * (1.0 + rain.rise * shapes.rain(since, np.full_like(since, rain.lasts_s)))
    return gamma, neutron


def rates(scene: Scene, at_s: Floats) -> tuple[Floats, Floats]:
    """Expected gamma and neutron counts/s at each instant: points x 4 each."""
    panels = scene.site.panels
    raised, raised_n = weather(scene, at_s)
    gamma = np.outer(raised, [p.gamma_cps for p in panels])
    neutron = np.outer(raised_n, [p.neutron_cps for p in panels])
    added, added_n = np.zeros_like(gamma), np.zeros_like(neutron)
    for vehicle in scene.vehicles:
        front = front_m(vehicle, at_s)
        if vehicle.shadow or vehicle.shadow_family or vehicle.second is not None:
            gamma = gamma * (1.0 - bodies.shadow(vehicle, panels, front))
        for point in bodies.points(vehicle, panels):
            near = bodies.nearness(panels, point, front)
            added += point.gamma_cps * near
            added_n += point.neutron_cps * near
    return _silence(scene, at_s, _aged(scene, at_s, gamma + added), neutron + added_n)


def _aged(scene: Scene, at_s: Floats, gamma: Floats) -> Floats:
    """Panels that count less or more than they should, and what light adds to them."""
    for drift in scene.gain_drifts:
        since = np.where(at_s < drift.until_s, np.maximum(at_s - drift.at_s, 0.0), 0.0)
        gamma[:, drift.index] *= np.maximum(1.0 + np.clip(drift.per_hour * since / 3600.0, -drift.most, drift.most), 0.0)
    for leak in scene.light_leaks:
        since = np.where(at_s < leak.until_s, np.maximum(at_s - leak.at_s, 0.0), 0.0)
        own = scene.site.panels[leak.index].gamma_cps
        gamma[:, leak.index] += leak.rise * own * np.minimum(since / leak.grows_s, 1.0)
    return gamma


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


def cargo(scene: Scene, first: int, slices: int) -> Floats:
    """What cargo adds in each slice to the sum of the panels, net counts/s: sources' gamma, innocent gamma, neutrons."""
    at_s: Floats = (first + np.arange(slices, dtype=np.float64) + 0.5) * SLICE_S
    out = np.zeros((slices, 3))
    for vehicle in scene.vehicles:
        for point in bodies.points(vehicle, scene.site.panels):
            near = bodies.nearness(scene.site.panels, point, front_m(vehicle, at_s)).sum(axis=1)
            out[:, 0 if point.wanted else 1] += point.gamma_cps * near
            out[:, 2] += point.neutron_cps * near
    return out
