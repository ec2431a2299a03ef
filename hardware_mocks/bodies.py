"""One vehicle of a scene as the simulator of passages knows it: its way, its shadows, its points of radiation."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from hardware_mocks import passage_shadows, shapes, ways
from hardware_mocks.passage_shadows import BLOCKS, DEEPEST, Shadows
from hardware_mocks.passage_vehicles import Vehicles
from hardware_mocks.scene_vehicles import CLASSES, Load, Vehicle
from hardware_mocks.scenes import Panel
from hardware_mocks.shapes import Floats

EDGE_M = 2.0                    # a shadow grows over about a vehicle's overhang and the panel's view
KEPT = 1024                     # vehicles remembered: more than are ever near a lane


@dataclass(frozen=True, slots=True)
class Point:
    """Net counts/s, summed over the panels at closest approach; metres behind the front, from the centre line, up."""

    gamma_cps: float
    neutron_cps: float
    at_m: float
    beside_m: float
    up_m: float
    wanted: bool                # a source; not a load or a patient


@functools.lru_cache(KEPT)
def way(vehicle: Vehicle) -> ways.Way:
    """Seconds from its arrival at the beam."""
    x, beam = ways.nodes(vehicle.whole_m)
    one = np.ones(1)
    slow = ways.swings(x, vehicle.wobble * one, vehicle.wave_m * one, vehicle.phase * one)
    mps = vehicle.speed_kmh / 3.6
    if vehicle.crawl is not None:
        creeps = (x >= vehicle.crawl.from_m) & (x < vehicle.crawl.to_m)
        slow[0, creeps] = np.maximum(slow[0, creeps], vehicle.speed_kmh / vehicle.crawl.kmh)
    stops = [(vehicle.stop_at_m, vehicle.stop_s), *((stop.at_m, stop.for_s) for stop in vehicle.stops)]
    return ways.Way(x, ways.clock(slow, mps * one, beam)[0], stops)


def front_m(vehicle: Vehicle, since_s: Floats) -> Floats:
    """Where its front is so long after its arrival at the beam; out of reach it goes on at its pace, never at rest."""
    its, mps = way(vehicle), vehicle.speed_kmh / 3.6
    begins, ends = its.ends_s
    out: Floats = its.front_m(since_s) + mps * (np.minimum(since_s - begins, 0.0) + np.maximum(since_s - ends, 0.0))
    return out


@functools.lru_cache(KEPT)
def blocked_s(vehicle: Vehicle) -> tuple[tuple[float, float], ...]:
    """When each of its bodies breaks the beam and leaves it."""
    its = way(vehicle)
    spans = [(its.reaches_s(a) if a > 0 else 0.0, its.reaches_s(b)) for a, b in vehicle.bodies]
    # Rounded as the ends of slices are: a moment on the edge must not fall into the next slice.
    return tuple((round(vehicle.arrives_s + a, 9), round(vehicle.arrives_s + b, 9)) for a, b in spans)


def shadow(vehicle: Vehicle, panels: tuple[Panel, ...], front: Floats) -> Floats:
    """The part of each panel's background it takes away: points x 4."""
    low = tuple(float(p.height_m < np.mean([q.height_m for q in panels])) for p in panels)
    vehicles, shadows = _shade(vehicle, low)
    deepest = DEEPEST if vehicle.shadow_family else 1.0
    out = np.empty((len(front), len(panels)))
    for along in {p.along_m for p in panels}:
        beside = [i for i, p in enumerate(panels) if p.along_m == along]
        out[:, beside] = shadows.at(vehicles, front[None, :] - along, deepest)[0][:, beside]
    return out


@functools.lru_cache(KEPT)
def _shade(vehicle: Vehicle, low: tuple[float, ...]) -> tuple[Vehicles, Shadows]:
    """The same arrays as a passage of the study, one row."""
    begins = [a for a, _ in vehicle.bodies] + [0.0]
    long = [b - a for a, b in vehicle.bodies] + [0.0]
    told = np.array([[vehicle.shadow, vehicle.second.shadow if vehicle.second else 0.0]])
    unused = np.zeros(1)
    v = Vehicles(np.array([CLASSES.index(vehicle.vehicle_class)]), np.array([begins[:2]]), np.array([long[:2]]),
                 np.array([vehicle.whole_m]), *([unused] * 7))
    if vehicle.shadow_family:
        rng = np.random.default_rng(vehicle.shadow_seed)
        return v, passage_shadows.draw(rng, v, np.array(low), vehicle.shadow_family, told=told)
    shape = np.zeros((1, 2, len(low), max(1, len(vehicle.shadow_shape))))
    shape[:, 0, :, : len(vehicle.shadow_shape)] = vehicle.shadow_shape
    return v, Shadows(False, told[:, :, None] * np.array(vehicle.shadow_panels), shape, np.array([EDGE_M]),
                      np.zeros((1, 2, BLOCKS + 1)), np.zeros((1, 2, len(low), BLOCKS)))


@functools.lru_cache(KEPT)
def points(vehicle: Vehicle, panels: tuple[Panel, ...]) -> tuple[Point, ...]:
    """All that radiates in it."""
    found: list[Point] = []
    if vehicle.source is not None:
        s = vehicle.source
        found.append(Point(s.gamma_cps, s.neutron_cps, s.position_m, s.lateral_m, s.height_m, True))
    if vehicle.patient is not None:
        p = vehicle.patient
        found.append(Point(p.gamma_cps, 0.0, p.position_m, p.lateral_m, p.height_m, False))
    return (*found, *(_load(vehicle.load, panels) if vehicle.load else ()))


def _load(load: Load, panels: tuple[Panel, ...]) -> list[Point]:
    """Its strength is its highest sum, as a point's."""
    ones = np.ones(1)
    places = [float(shapes.load_place(load.from_m * ones, load.length_m * ones, k)[0]) for k in range(shapes.LOAD_POINTS)]
    plain = [Point(load.gamma_cps / len(places), 0.0, at, load.lateral_m, load.height_m, False) for at in places]
    front = np.arange(load.from_m - 2.0, load.from_m + load.length_m + 2.0, 0.05)
    peak = float(np.sum([point.gamma_cps * nearness(panels, point, front).sum(1) for point in plain], axis=0).max())
    scale = load.gamma_cps / peak
    return [Point(p.gamma_cps * scale, 0.0, p.at_m, p.beside_m, p.up_m, False) for p in plain]


def nearness(panels: tuple[Panel, ...], point: Point, front: Floats) -> Floats:
    """1/r^2 to each panel over its sum at closest approach: points x 4."""
    across, up = np.array([p.across_m for p in panels]), np.array([p.height_m for p in panels])
    along = (front - point.at_m)[None, :, None] - np.array([p.along_m for p in panels])
    out: Floats = shapes.inverse_square(across, up, along, np.array([point.beside_m]), np.array([point.up_m]))[0]
    return out
