"""What is no over-range on the wire: strong sources and patients that come and go, told by few counts and late bursts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_agent.words.event import Fault
from edge_agent.words.reading import Chunk
from hardware_mocks import rapiscan, scenes
from hardware_mocks.scenes import Patient, Scene, Source, Vehicle

from .bench import Watched, ns


def faults(scene: Scene, seed: int) -> list[str]:
    lane = Watched()
    for at_s, data in rapiscan.wire(scene, seed):
        lane.tick(at_s)
        lane.hear(Chunk(ns(at_s), data))
    assert lane.alarms
    learned_anew = "vehicle-ksigma-only"        # the background, after patients have raised it: so it is said
    return [fault.condition for fault in lane.of(Fault)
            if fault.present and not fault.condition.endswith("background") and fault.condition != learned_anew]


@pytest.mark.parametrize("kmh", [5.0, 8.0, 20.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_tube_without_a_count_after_a_neutron_source_is_neither_over_range_nor_dead(kmh: float, seed: int) -> None:
    """A tube counts 0.8 a second: every second record after a vehicle is zero."""
    truck = Vehicle(0.0, length_m=12.0, speed_kmh=kmh, source=Source(neutron_cps=90.0, position_m=8.0, lateral_m=0.8))
    trucks = [replace(truck, speed_kmh=kmh * (1 + 0.01 * (n % 5))) for n in range(30)]   # all of one speed: a hung sensor
    assert faults(Scene(1500.0, vehicles=scenes.convoy(trucks, first_s=150.0, gap_s=20.0)), seed) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_a_high_record_before_a_vehicle_is_no_gap_in_its_samples(seed: int) -> None:
    """A patient raises the last vacant record fivefold; the last sample is of the vehicle before, the next come in a burst."""
    car = Vehicle(0.0, patient=Patient(20000.0), speed_kmh=6.0)
    assert faults(Scene(900.0, vehicles=scenes.convoy([car] * 25, first_s=150.0, gap_s=23.0)), seed) == []
