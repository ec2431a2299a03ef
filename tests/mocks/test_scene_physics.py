"""The physics of each named scene is what its name says: on expected counts, and on the wire where the controller matters."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from hardware_mocks import bodies, cosmic, crowd, passages, physics, rapiscan, scenes
from hardware_mocks.checked import SceneError
from hardware_mocks.passage_vehicles import Traffic as StudyTraffic
from hardware_mocks.scenes import (
    BeamFlicker,
    Body,
    Crawl,
    GainDrift,
    LightLeak,
    Load,
    Rain,
    Scene,
    Showers,
    Site,
    Source,
    Stop,
    Traffic,
    Vehicle,
)
from hardware_mocks.signals import Signal
from hardware_mocks.truth import NOTHING, Truth

STILL = Site(drift=0.0)
OPEN_CPS = sum(p.gamma_cps for p in scenes.PANELS)


def gamma_sum(scene: Scene, from_s: float, until_s: float) -> np.ndarray:
    """Expected counts/s of the panels' sum, every 0.2 s."""
    return physics.rates(scene, np.arange(from_s, until_s, 0.2))[0].sum(axis=1)


def named(scene: str, vehicle: str) -> Vehicle:
    return next(v for v in scenes.load(scene).vehicles if v.name == vehicle)


def alone(vehicle: Vehicle) -> Scene:
    return Scene(1000.0, site=STILL, vehicles=(vehicle,))


# --- queue: how vehicles move

def test_a_queue_stands_where_it_says_and_goes_on() -> None:
    car = replace(named("queue", "car that stops twice"), arrives_s=0.0)
    at_s = np.arange(0.0, 40.0, 0.1)
    front = physics.front_m(car, at_s)
    for stop in car.stops:
        assert np.sum(np.isclose(front, stop.at_m)) * 0.1 == pytest.approx(stop.for_s, abs=0.2)
    assert physics.clears_s(car) == pytest.approx(car.length_m / (car.speed_kmh / 3.6) + 20.0)


def test_one_that_waits_before_the_beam_arrives_when_it_says() -> None:
    car = replace(named("queue", "car that waits before the beam"), arrives_s=100.0)
    front = physics.front_m(car, np.array([60.0, 89.9, 99.3, 100.0, 101.0]))
    assert front[2] == pytest.approx(-1.0, abs=0.2) and front[3] == pytest.approx(0.0, abs=1e-9)
    assert front[0] < -5.0 < front[1] <= -1.0
    assert physics.clears_s(car) == pytest.approx(100.0 + car.length_m / (6.0 / 3.6))


def test_one_that_creeps_is_slow_there_and_only_there() -> None:
    van = Vehicle(0.0, speed_kmh=7.2, length_m=10.0, crawl=Crawl(2.0, 6.0, 1.8))
    at_s = np.array([bodies.way(van).reaches_s(place) for place in (0.0, 1.5, 2.5, 5.5, 7.0, 10.0)])
    assert np.diff(at_s)[[0, 2, 4]] == pytest.approx([0.75, 6.0, 1.5])


def test_one_that_sways_keeps_its_pace_on_the_whole() -> None:
    truck = Vehicle(0.0, speed_kmh=8.0, length_m=30.0, wobble=0.3, wave_m=10.0)
    front = physics.front_m(truck, np.arange(0.0, 13.0, 0.2))
    speed = np.diff(front) / 0.2 * 3.6
    assert [speed.min(), speed.max()] == pytest.approx([8.0 * np.exp(-0.3), 8.0 * np.exp(0.3)], rel=0.05)
    assert physics.beam_kmh(truck) != 8.0 and physics.beam_kmh(replace(truck, wobble=0.0)) == 8.0


# --- trailer, close: two bodies

def test_a_trailer_shadows_on_its_own_and_the_gap_is_lighter() -> None:
    train = Vehicle(20.0, speed_kmh=3.6, length_m=10.0, shadow=0.2, second=Body(8.0, 6.0, shadow=0.1))
    rate = physics.rates(alone(train), np.array([25.0, 33.0, 40.0, 80.0]))[0].sum(axis=1) / OPEN_CPS
    assert rate == pytest.approx([0.80, 0.985, 0.90, 1.0], abs=0.02)


def test_the_beam_sees_the_gap_and_the_hold_in_bridges_it() -> None:
    vehicle = named("close", "two cars")
    (first, gap), (second, last) = bodies.blocked_s(vehicle)
    assert second - gap == pytest.approx(2.0 / (8.0 / 3.6)) and last == physics.clears_s(vehicle) and first == 120.0
    assert len(rapiscan.truths(alone(vehicle))) == 1
    far = replace(vehicle, second=Body(4.5, 8.0, "car"))            # 3.6 s: longer than the hold-in
    assert [truth.counter for truth in rapiscan.truths(alone(far))] == [1, 2]


def test_truth_tells_bodies_and_what_the_second_one_is() -> None:
    told = {truth.name: truth for truth in rapiscan.truths(scenes.load("close"), 1)}
    assert told["two cars"].bodies_m == ((0.0, 4.3), (6.3, 10.8)) and told["two cars"].second == "car"
    assert told["second of two"].others == told["first of two"].others == 1
    train = next(t for t in rapiscan.truths(scenes.load("trailer"), 1) if t.name == "road train")
    assert train.second == "trailer" and train.kind == "truck"


# --- shadows: one physics with the study

@pytest.mark.parametrize("family", ["smooth", "blocks"])
def test_shadows_are_those_of_the_study(family: str) -> None:
    """Depths of passages and of random live traffic have the same middle and the same ends."""
    study = passages.simulate(3, 1500, passages.Site(), StudyTraffic(), passages.Conditions(family=family, rain_share=0.0))
    theirs = 1.0 - (study.mean.sum(2) / study.open_mean.sum(2)).min(1)
    traffic = Traffic(per_hour=200.0, norm_share=0.0, patient_share=0.0, stop_share=0.0, close_share=0.0,
                      trailer_share=0.0, shadow_family=family)
    cars = crowd.draw(traffic, 28800.0, 5)
    assert len(cars) > 1000
    weights = passages.Site().rate_cps
    ours = [float(np.average(bodies.shadow(v, scenes.PANELS, np.arange(0.0, v.whole_m, 0.2)), 1, weights).max()) for v in cars]
    assert np.quantile(ours, [0.1, 0.5, 0.9]) == pytest.approx(np.quantile(theirs, [0.1, 0.5, 0.9]), rel=0.12)


def test_a_told_depth_is_the_depth_of_a_drawn_shape() -> None:
    for seed in range(5):
        truck = Vehicle(0.0, length_m=14.0, shadow=0.2, shadow_family="smooth", shadow_seed=seed)
        deepest = physics.shadow(truck, np.arange(0.0, 14.0, 0.1)).mean(axis=1).max()
        assert 0.15 < deepest < 0.25
    other = physics.shadow(replace(truck, shadow_seed=9), np.array([7.0]))
    assert not np.allclose(other, physics.shadow(truck, np.array([7.0])))


# --- norm, medical

def test_a_load_is_long_and_as_strong_as_it_says() -> None:
    load = Vehicle(100.0, speed_kmh=3.6, length_m=14.0, load=Load(900.0, 3.0, 9.0))
    point = Vehicle(100.0, speed_kmh=3.6, length_m=14.0, source=Source(900.0, position_m=7.5))
    wide, narrow = (gamma_sum(alone(v), 80.0, 140.0) - OPEN_CPS for v in (load, point))
    assert wide.max() == pytest.approx(900.0, rel=0.01) and narrow.max() == pytest.approx(900.0, rel=0.01)
    assert (wide > 450.0).sum() > 1.8 * (narrow > 450.0).sum()


def test_norm_and_patients_are_innocent_in_the_truth() -> None:
    norm = {t.name: t for t in rapiscan.truths(scenes.load("norm"), 1)}
    assert norm["truck of tiles"].norm_cps == 900.0 and norm["truck of tiles"].if_gamma_alarm == "innocent"
    assert norm["truck with a gamma source"].if_gamma_alarm == "wanted" and norm["clean truck"].if_gamma_alarm == "false"
    medical = {t.name: t for t in rapiscan.truths(scenes.load("medical"), 1)}
    bus = medical["bus with a patient"]
    assert (bus.kind, bus.patient_cps, bus.gamma_source, bus.if_gamma_alarm) == ("truck", 15000.0, False, "innocent")
    assert {t.if_neutron_alarm for t in (*norm.values(), *medical.values())} == {"false"}


def test_a_neighbour_that_radiates_into_an_occupancy_is_told() -> None:
    """An alarm on a clean car is innocent when the patient behind it shines through."""
    cars = (Vehicle(120.0, "clean"), Vehicle(124.5, "patient", patient=scenes.Patient(15000.0)))
    clean, _ = rapiscan.truths(Scene(200.0, vehicles=cars, portal=scenes.Portal(hold_in=2)), 1)
    assert clean.name == "clean" and clean.others == 0 and clean.patient_cps == 0.0
    assert clean.seen_cps[1] > 100.0 and clean.if_gamma_alarm == "innocent"


# --- rain, gain-drift, light-leak

def test_rain_builds_up_and_half_of_it_is_gone_after_half_an_hour() -> None:
    scene = Scene(9000.0, site=STILL, rains=(Rain(600.0, 1800.0, 0.2),))
    rise = physics.rates(scene, np.array([599.0, 1200.0, 2400.0, 4200.0]))[0].sum(axis=1) / OPEN_CPS - 1.0
    assert rise[0] == 0.0 and 0.07 < rise[1] < 0.09
    assert rise[2] == pytest.approx(0.2 * (1 - np.exp(-1.5))) and rise[3] == pytest.approx(rise[2] / 2)
    shares = [row / row.sum() for row in physics.rates(scene, np.array([0.0, 2400.0]))[0]]
    assert shares[0] == pytest.approx(shares[1])                    # all panels alike: no share changes


def test_rain_that_outlasts_a_lap_wets_the_next() -> None:
    scene = Scene(1000.0, site=STILL, rains=(Rain(900.0, 600.0, 0.2),))
    lines = [s.data for s in _until(rapiscan.signals(scene, 1, loop=True), 1600.0) if isinstance(s, rapiscan.Sent)]
    sums = [sum(map(int, line[3:].split(b",")[:4])) for data in lines for line in data.split(b"\r\n") if line[:2] == b"GB"]
    assert np.mean(sums[-20:]) > 1.04 * np.mean(sums[:150])


def _until(items: Iterable[Signal | Truth], at_s: float) -> Iterator[Signal | Truth]:
    for item in items:
        if item.at_s > at_s:
            return
        yield item


def test_a_drifting_panel_loses_part_of_everything_and_no_more_than_it_says() -> None:
    scene = Scene(20000.0, site=STILL, gain_drifts=(GainDrift(3600.0, 1, -0.08, 0.2),))
    gamma = physics.rates(scene, np.array([3600.0, 7200.0, 19000.0]))[0] / [p.gamma_cps for p in scenes.PANELS]
    assert gamma[:, 1] == pytest.approx([1.0, 0.92, 0.8]) and np.all(gamma[:, [0, 2, 3]] == pytest.approx(1.0))


def test_light_adds_to_one_panel_under_a_shadow_too() -> None:
    truck = Vehicle(5000.0, length_m=20.0, shadow=0.2, stop_at_m=10.0, stop_s=500.0)
    scene = Scene(20000.0, site=STILL, vehicles=(truck,), light_leaks=(LightLeak(1000.0, 2, 0.2, 600.0),))
    gamma = physics.rates(scene, np.array([1000.0, 1300.0, 1700.0, 5100.0]))[0] / [p.gamma_cps for p in scenes.PANELS]
    assert gamma[:, 2] == pytest.approx([1.0, 1.1, 1.2, 1.0], abs=1e-3) and gamma[3, 0] == pytest.approx(0.8, abs=1e-3)


# --- bursts, flicker

def test_showers_are_bunches_over_all_tubes_at_the_rate_they_say() -> None:
    scene = Scene(36000.0, showers=(Showers(0.0, 18000.0, 36.0, 4.0),))
    found = cosmic.neutrons(np.random.default_rng(2), scene, 0, 180000, 0.2)
    sums = found.sum(axis=1)
    assert not sums[90000:].any()
    assert np.count_nonzero(sums) == pytest.approx(180, abs=45) and sums[sums > 0].mean() == pytest.approx(4.0, abs=1.0)
    assert sums.max() >= 12 and np.count_nonzero(found.max(axis=1) < sums) > 50     # more than one tube at once


def test_bursts_are_seconds_no_poisson_gives() -> None:
    def bunches(scene: Scene) -> int:
        """Seconds of 12 neutrons where 3 are the mean: chance gives half a one in ten vacant hours."""
        return sum(sum(map(int, line[3:].split(b","))) >= 12 for _, data in rapiscan.wire(scene, 3)
                   for line in data.split(b"\r\n") if line[:2] == b"NB")

    bursts = replace(scenes.load("bursts"), vehicles=(), traffic=None, duration_s=36000.0)
    assert bunches(bursts) >= 4 > 2 >= bunches(replace(bursts, showers=()))


def test_a_flicker_inside_the_hold_in_keeps_one_occupancy_and_a_long_one_cuts_it() -> None:
    truck = Vehicle(20.0, length_m=16.0)
    for lasts_s, occupancies in ((1.0, 1), (2.6, 2)):
        scene = Scene(60.0, vehicles=(truck,), flickers=(BeamFlicker(22.0, 25.0, "clears", 60.0, lasts_s),))
        assert [t.vehicle for t in rapiscan.truths(scene)] == [0] * occupancies


def test_snow_in_the_beam_is_an_occupancy_of_nothing() -> None:
    scene = Scene(60.0, flickers=(BeamFlicker(20.0, 30.0, "blocks", 60.0, 0.4),))
    ghost, = rapiscan.truths(scene)
    assert (ghost.vehicle, ghost.counter, ghost.if_gamma_alarm) == (NOTHING, 1, "false")


# --- border-day: random traffic

def test_a_border_day_is_the_traffic_it_says_and_another_with_another_seed() -> None:
    day = scenes.load("border-day")
    one, again, other = (crowd.fill(day, seed).vehicles for seed in (1, 1, 2))
    assert one == again and one != other
    assert len(one) == pytest.approx(40 * 24, rel=0.15)
    share = [sum(v.vehicle_class == kind for v in one) / len(one) for kind in ("car", "van", "truck")]
    assert share == pytest.approx([0.4, 0.2, 0.4], abs=0.06)
    trucks = [v for v in one if v.vehicle_class == "truck"]
    assert sum(v.load is not None for v in trucks) / len(trucks) == pytest.approx(0.04, abs=0.03)
    assert all(v.load is None or v.vehicle_class == "truck" for v in one)
    assert any(v.second and v.second.kind == "trailer" for v in one) and any(v.second and v.second.kind == "car" for v in one)
    assert any(v.patient for v in one) and any(v.source for v in one) and any(v.stop_s for v in one)


def test_whoever_comes_while_the_lane_is_taken_waits_his_turn() -> None:
    cars = crowd.draw(Traffic(per_hour=300.0, gap_s=9.0, stop_share=0.3), 3600.0, 3)
    gaps = [b.arrives_s - physics.clears_s(a) for a, b in itertools.pairwise(cars)]
    assert min(gaps) == pytest.approx(9.0, abs=0.01)


def test_a_panel_that_stands_further_on_sees_the_vehicle_later() -> None:
    panels = tuple(replace(p, along_m=2.0 if p.across_m > 0 else 0.0) for p in scenes.PANELS)
    car = Vehicle(20.0, speed_kmh=3.6, shadow=0.1, source=Source(1000.0, position_m=2.0))
    at_s = np.arange(15.0, 35.0, 0.2)
    gamma = physics.rates(Scene(60.0, site=Site(panels=panels, drift=0.0), vehicles=(car,)), at_s)[0]
    peaks = at_s[gamma.argmax(axis=0)]
    assert peaks[[0, 1]] == pytest.approx(22.0, abs=0.3) and peaks[[2, 3]] == pytest.approx(24.0, abs=0.3)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Crawl(2.0, 1.0), "to_m: expected a place beyond from_m"),
    (lambda: Traffic(mix=(0.0, 0.0, 0.0)), "mix: expected three parts"),
    (lambda: Traffic(speed_kmh=(9.0, 4.0)), "speed_kmh: expected lowest and highest"),
    (lambda: Vehicle(1.0, shadow_family="smooth", shadow_shape=(0.1,)), "shadow_family: expected none beside"),
    (lambda: Vehicle(1.0, stops=(Stop(1.0, -2.0),)), "for_s: expected a number at least 0"),
])
def test_what_cannot_be_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(SceneError, match=message):
        make()
