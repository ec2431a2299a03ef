"""Truth agrees with the wire, seeds reproduce, counts are Poisson, physics is what scenes.py says."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from hardware_mocks import physics, rapiscan, scenes
from hardware_mocks.rapiscan import Truth
from hardware_mocks.rapiscan_rules import neutron_threshold
from hardware_mocks.scenes import DeadPanel, DeadTube, HighBackground, PowerCycle, Scene, Site, Source, Vehicle

STILL = Site(drift=0.0)


def lines(scene: Scene, seed: int = 0) -> list[tuple[float, str, list[int]]]:
    return [(at_s, line[:2], [int(n) for n in line[3:].split(",")])
            for at_s, data in rapiscan.wire(scene, seed)
            for line in data.decode("ascii").split("\r\n")[:-1] if line[:2] not in {"SG", "SN", "SP"}]


def test_the_same_seed_gives_the_same_bytes() -> None:
    scene = scenes.load("faults")
    assert list(rapiscan.wire(scene, 7)) == list(rapiscan.wire(scene, 7))
    assert list(rapiscan.wire(scene, 7)) != list(rapiscan.wire(scene, 8))


@pytest.mark.parametrize("mode", [{"endless": True}, {"loop": True}])
def test_what_comes_after_the_end_changes_nothing_before_it(mode: dict[str, bool]) -> None:
    scene = scenes.load("demo")
    longer = itertools.takewhile(lambda s: s.at_s <= 45.0, rapiscan.signals(scene, 3, **mode))
    assert list(longer) == list(rapiscan.signals(scene, 3))


def test_a_loop_repeats_the_traffic_and_counts_on() -> None:
    signals = rapiscan.signals(scenes.load("demo"), 3, loop=True)
    found = list(itertools.islice((s for s in signals if isinstance(s, Truth)), 6))
    assert [t.vehicle for t in found] == [t.counter - 1 for t in found if t.counter] == list(range(6))
    assert [t.begins_s for t in found] == pytest.approx([30.6, 37.6, 75.6, 82.6, 120.6, 127.6], abs=0.21)


@pytest.mark.parametrize("name", ["demo", "five", "twenty", "faults"])
@pytest.mark.parametrize("seed", range(5))
def test_the_portal_finds_every_source_and_nothing_else(name: str, seed: int) -> None:
    for truth in rapiscan.truths(scenes.load(name), seed):
        assert (truth.gamma_alarm, truth.neutron_alarm) == (truth.gamma_source, truth.neutron_source), truth


def test_twenty_has_the_cargo_it_promises() -> None:
    found = rapiscan.truths(scenes.load("twenty"), 1)
    assert len(found) == 20
    assert sum(t.gamma_source for t in found) == 8 and sum(t.neutron_source for t in found) == 3


def test_truth_gives_the_times_and_alarms_of_the_wire() -> None:
    scene = scenes.load("twenty")
    wire, found = lines(scene, 2), rapiscan.truths(scene, 2)
    assert [(t.ends_s, t.counter) for t in found] == [(at, n[0]) for at, tag, n in wire if tag == "GX"]
    for truth, vehicle in zip(found, scene.vehicles, strict=True):
        assert truth.begins_s is not None and truth.ends_s is not None
        inside = {tag for at, tag, _ in wire if truth.begins_s <= at <= truth.ends_s}
        assert (truth.gamma_alarm, truth.neutron_alarm) == ("GA" in inside, "NA" in inside)
        assert 0 < truth.begins_s - vehicle.arrives_s <= 0.201
        assert 2.0 <= truth.ends_s - physics.clears_s(vehicle) <= 2.201     # hold-in 10 x 0.2 s


def test_truth_of_vehicles_that_share_an_occupancy() -> None:
    scene = Scene(60.0, vehicles=(Vehicle(20.0), Vehicle(23.5, source=Source(gamma_cps=3000.0))))
    first, second = rapiscan.truths(scene)
    assert (first.begins_s, first.ends_s, first.counter) == (second.begins_s, second.ends_s, second.counter)
    assert first.others == second.others == 1 and not first.gamma_source and second.gamma_source


def test_truth_of_power_cycles() -> None:
    cars = (Vehicle(20.0), Vehicle(30.0, stop_at_m=1.0, stop_s=20.0))
    cycles = (PowerCycle(19.0, 5.0), PowerCycle(31.0, 5.0))
    unseen, cut, again = rapiscan.truths(Scene(80.0, vehicles=cars, power_cycles=cycles))
    assert (unseen.vehicle, unseen.begins_s, unseen.counter) == (0, None, None)
    assert (cut.vehicle, cut.begins_s, cut.ends_s, cut.counter) == (1, 30.2, None, None)
    assert (again.vehicle, again.begins_s, again.counter) == (1, 36.2, 1)


def test_vacant_counts_are_poisson() -> None:
    counts = np.array([n for _, tag, n in lines(Scene(20000.0, site=STILL), 5) if tag == "GB"])
    want = np.array([p.gamma_cps for p in scenes.PANELS])
    assert np.abs(counts.mean(axis=0) - want).max() < 5 * math.sqrt(260 / 4000)
    dispersion = counts.var(axis=0, ddof=1) / want          # GB is one second of counts
    assert np.abs(dispersion - 1).max() < 5 * math.sqrt(2 / 4000)
    assert abs(np.corrcoef(counts.T) - np.eye(4)).max() < 5 / math.sqrt(4000)


def test_occupied_counts_are_poisson_under_a_standing_shadow() -> None:
    truck = Vehicle(20.0, length_m=20.0, shadow=0.2, stop_at_m=10.0, stop_s=2000.0)
    inside = [n for at, tag, n in lines(Scene(2000.0, site=STILL, vehicles=(truck,)), 1)
              if tag == "GS" and 30 < at < 2000]
    counts, want = np.array(inside), np.array([p.gamma_cps * 0.2 * 0.8 for p in scenes.PANELS])
    assert np.abs(counts.mean(axis=0) / want - 1).max() < 5 / math.sqrt(40 * len(counts))
    assert np.abs(counts.var(axis=0) / want - 1).max() < 5 * math.sqrt(2 / len(counts))


def test_neutron_counts_are_poisson() -> None:
    counts = np.array([n for _, tag, n in lines(Scene(20000.0, site=STILL), 6) if tag == "NB"]).sum(axis=1)
    assert abs(counts.mean() - 3.0) < 5 * math.sqrt(3 / 4000)
    assert abs(counts.var() / 3.0 - 1) < 5 * math.sqrt(2.4 / 4000)


@pytest.mark.parametrize("lateral_m", [0.0, 0.8, -1.5])
def test_a_source_gives_its_rate_at_closest_approach_and_falls_as_1_over_r2(lateral_m: float) -> None:
    car = Vehicle(20.0, speed_kmh=3.6, source=Source(gamma_cps=1000.0, position_m=2.0, lateral_m=lateral_m))
    quiet = tuple(replace(p, gamma_cps=0.0) for p in scenes.PANELS)
    scene = Scene(60.0, site=Site(panels=quiet, drift=0.0), vehicles=(car,))
    gamma, _ = physics.rates(scene, np.array([22.0, 32.0]))       # at the panels, and 10 m past them
    assert gamma[0].sum() == pytest.approx(1000.0)
    for now, past, panel in zip(gamma[0], gamma[1], quiet, strict=True):
        near2 = (panel.across_m - lateral_m) ** 2 + (panel.height_m - 1.5) ** 2
        assert past / now == pytest.approx(near2 / (near2 + 100.0))


def test_a_stop_holds_the_front_where_it_should() -> None:
    at_s = np.array([10.0, 20.0, 22.0, 25.0, 31.0, 33.0])
    inside = Vehicle(20.0, speed_kmh=3.6, stop_at_m=2.0, stop_s=8.0)
    before = Vehicle(20.0, speed_kmh=3.6, stop_at_m=-2.0, stop_s=8.0)
    assert physics.front_m(inside, at_s) == pytest.approx([-10, 0, 2, 2, 3, 5])
    assert physics.front_m(before, at_s) == pytest.approx([-2, 0, 2, 5, 11, 13])
    assert physics.clears_s(inside) == pytest.approx(32.5)
    assert physics.clears_s(before) == pytest.approx(24.5)


def test_shadow_is_a_smooth_box_along_the_vehicle() -> None:
    truck = Vehicle(0.0, length_m=16.0, shadow=0.2, shadow_panels=(1.0, 0.5, 1.0, 0.5))
    depth = physics.shadow(truck, np.array([-10.0, 0.0, 8.0, 16.0, 26.0]))
    assert depth[:, 0] == pytest.approx([0.0, 0.1, 0.2, 0.1, 0.0], abs=1e-3)
    assert depth[:, 1] == pytest.approx(depth[:, 0] / 2)


def test_dead_detectors_count_nothing_and_high_background_counts_more() -> None:
    scene = Scene(300.0, site=STILL, dead_panels=(DeadPanel(100.0, 2, 200.0),), dead_tubes=(DeadTube(0.0, 1),),
                  high_backgrounds=(HighBackground(200.0, 300.0, 1.5),))
    found = lines(scene, 4)
    gamma = {at: n for at, tag, n in found if tag[0] == "G"}
    assert {n[2] for at, n in gamma.items() if 101 < at <= 200} == {0}
    assert sum(n[1] for _, tag, n in found if tag == "NB") == 0
    assert np.mean([sum(n) for at, n in gamma.items() if at > 201]) == pytest.approx(1500, rel=0.03)


@pytest.mark.parametrize("mean", [0.0, 0.3, 3.0, 40.0])
def test_neutron_threshold_is_the_exact_tail(mean: float) -> None:
    def tail(n: int) -> float:
        return sum(math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(n, n + 200)) \
            if mean else float(n == 0)
    n = neutron_threshold(mean)
    assert tail(n) < 1e-6 <= tail(n - 1)
