"""Draws a scene's random traffic: its vehicles, as the passages of the detection study draw theirs.  Seeded, pure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hardware_mocks import passage_vehicles, passages
from hardware_mocks.passage_vehicles import Vehicles
from hardware_mocks.passages import Innocent
from hardware_mocks.scene_traffic import Traffic
from hardware_mocks.scene_vehicles import CLASS_ENDS_M, CLASSES, Body, Load, Patient, Source, Vehicle
from hardware_mocks.scenes import Scene
from hardware_mocks.shapes import Floats

TRAILER_GAP_M = 1.5             # trailers are nearer, whoever follows is farther (passage_vehicles)
LEAVES_S = 120.0                # nobody arrives so late that the scene ends before he is out of reach


def fill(scene: Scene, seed: int) -> Scene:
    """The same scene with its traffic among its vehicles, by arrival.  Seconds in and out as in the scene."""
    if scene.traffic is None:
        return scene
    drawn = draw(scene.traffic, scene.duration_s - LEAVES_S, seed)
    return replace(scene, vehicles=tuple(sorted((*scene.vehicles, *drawn), key=lambda v: v.arrives_s)), traffic=None)


def draw(wish: Traffic, until_s: float, seed: int) -> list[Vehicle]:
    """All who come before `until_s`; whoever finds the lane taken waits."""
    rng = np.random.default_rng([seed, wish.seed, 4])       # 0 to 3: counts, pauses, noise, showers of the mock
    comes_s = wish.from_s + np.cumsum(rng.exponential(3600.0 / wish.per_hour, _enough(wish, until_s)))
    comes_s = comes_s[comes_s < until_s]
    n = len(comes_s)
    if not n:
        return []
    v = passage_vehicles.draw(rng, n, _study(wish))
    arrives_s = _in_turn(comes_s, passage_vehicles.Way(v).clears_s + wish.gap_s)
    innocent = passages.innocent(rng, v, (wish.norm_share, wish.norm_cps), (wish.patient_share, wish.patient_cps))
    sources = _sources(rng, v, wish)
    seeds = rng.integers(0, 2**31, n).tolist()
    family = "" if wish.shadow_family == "none" else wish.shadow_family
    drawn = [replace(_vehicle(v, i), arrives_s=float(arrives_s[i]), shadow_family=family, shadow_seed=seeds[i],
                     source=sources[i], load=_load(innocent, i), patient=_patient(innocent, i)) for i in range(n)]
    return [replace(vehicle, name=_name(vehicle)) for vehicle in drawn if vehicle.arrives_s < until_s]


def _enough(wish: Traffic, until_s: float) -> int:
    mean = wish.per_hour * max(until_s - wish.from_s, 0.0) / 3600.0
    return int(mean + 10.0 * mean**0.5 + 10.0)              # ten sigma: the last one is past the end


def _study(wish: Traffic) -> passage_vehicles.Traffic:
    return passage_vehicles.Traffic(
        wish.mix, wish.speed_kmh, wish.wobble, wish.stop_share, wish.stop_s, wish.trailer_share, wish.close_share)


def _in_turn(comes_s: Floats, takes_s: Floats) -> Floats:
    out = comes_s.copy()
    for i in range(1, len(out)):
        out[i] = max(comes_s[i], out[i - 1] + takes_s[i - 1])
    return out


def _vehicle(v: Vehicles, i: int) -> Vehicle:
    """One row of the study's arrays as a vehicle of a scene."""
    first, second = map(float, v.body_m[i])
    gap = float(v.body_at_m[i, 1]) - first
    kind = "trailer" if gap <= TRAILER_GAP_M else CLASSES[sum(second > end for end in CLASS_ENDS_M)]
    return Vehicle(
        0.0, kind=CLASSES[v.kind[i]], speed_kmh=float(np.clip(v.speed_mps[i] * 3.6, 0.1, 200.0)), length_m=first,
        wobble=min(float(v.wobble[i]), 1.0), wave_m=float(v.wave_m[i]), phase=float(v.phase[i]),
        stop_at_m=float(v.stop_at_m[i]), stop_s=float(v.stop_s[i]),
        second=Body(second, gap, kind) if second > 0 else None)


def _load(drawn: Innocent, i: int) -> Load | None:
    return Load(float(drawn.cps[i]), float(drawn.begins_m[i]), float(drawn.lasts_m[i])) if drawn.norm[i] else None


def _patient(drawn: Innocent, i: int) -> Patient | None:
    return Patient(float(drawn.cps[i]), float(drawn.seat_m[i]), float(drawn.seat_beside_m[i])) if drawn.medical[i] else None


def _sources(rng: np.random.Generator, v: Vehicles, wish: Traffic) -> list[Source | None]:
    n = len(v)
    gamma = np.where(rng.random(n) < wish.gamma_share, passages.log_uniform(rng, wish.gamma_cps, n), 0.0)
    neutron = np.where(rng.random(n) < wish.neutron_share, passages.log_uniform(rng, wish.neutron_cps, n), 0.0)
    along, beside, up = passages.place(rng, v, anywhere=True)
    return [Source(float(gamma[i]), float(neutron[i]), float(along[i]), float(beside[i]), float(up[i]))
            if gamma[i] or neutron[i] else None for i in range(n)]


def _name(vehicle: Vehicle) -> str:
    cargo = ["a gamma source"] if vehicle.source and vehicle.source.gamma_cps else []
    cargo += ["a neutron source"] if vehicle.source and vehicle.source.neutron_cps else []
    cargo += ["NORM"] if vehicle.load else []
    cargo += ["a patient"] if vehicle.patient else []
    behind = "" if vehicle.second is None else " and trailer" if vehicle.second.kind == "trailer" else (
        f" and {vehicle.second.kind} close behind")
    return vehicle.vehicle_class + behind + (" with " + " and ".join(cargo) if cargo else "")
