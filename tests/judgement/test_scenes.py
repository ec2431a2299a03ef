"""Whole scenes of the mock portal: the same wire gives the same events, sources alarm, clean vehicles pass."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from edge_agent.words.event import Occupancy
from edge_agent.words.reading import Chunk, Radiation
from hardware_mocks import rapiscan, scenes

from .bench import Watched, ns

SEEDS = range(1, 7)


@cache
def seen(scene: str, seed: int) -> Watched:
    lane = Watched()
    for at_s, data in rapiscan.wire(scenes.load(scene), seed):
        lane.events += lane.portal.tick(ns(at_s))
        lane.hear(Chunk(ns(at_s), data))
    return lane


def told(scene: str, seed: int) -> list[tuple[rapiscan.Truth, Occupancy]]:
    """Each truth that ended in a GX beside the occupancy of that counter."""
    by_counter = {occupancy.counter: occupancy for occupancy in seen(scene, seed).occupancies}
    truths = [truth for truth in rapiscan.truths(scenes.load(scene), seed) if truth.counter is not None]
    return [(truth, by_counter[truth.counter]) for truth in truths]


def ours(seed: int, occupancy: Occupancy) -> set[Radiation]:
    """Radiations our own rules alarmed on in an occupancy."""
    alarms = seen("twenty", seed).alarms
    return {alarm.radiation for alarm in alarms if alarm.occupancy == occupancy.id and alarm.judgement.rule != "vendor"}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_vehicle_is_one_occupancy(seed: int) -> None:
    assert len(seen("twenty", seed).occupancies) == len(told("twenty", seed)) == 20


@pytest.mark.parametrize("seed", SEEDS)
def test_every_gamma_source_alarms(seed: int) -> None:
    missed = [truth.name for truth, occupancy in told("twenty", seed)
              if truth.gamma_source and Radiation.GAMMA not in ours(seed, occupancy)]
    assert missed == []


@pytest.mark.parametrize("seed", SEEDS)
def test_every_neutron_source_alarms(seed: int) -> None:
    missed = [truth.name for truth, occupancy in told("twenty", seed)
              if truth.neutron_source and Radiation.NEUTRON not in ours(seed, occupancy)]
    assert missed == []


@pytest.mark.parametrize("seed", SEEDS)
def test_no_clean_vehicle_alarms(seed: int) -> None:
    false = [truth.name for truth, occupancy in told("twenty", seed)
             if not truth.gamma_source and not truth.neutron_source and occupancy.alarms]
    assert false == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_portals_own_verdicts_are_told_as_they_were(seed: int) -> None:
    wrong = [truth.name for truth, occupancy in told("twenty", seed)
             if (truth.gamma_alarm, truth.neutron_alarm) != (occupancy.vendor_gamma, occupancy.vendor_neutron)]
    assert wrong == []


@pytest.mark.parametrize("seed", SEEDS)
def test_every_vendor_alarm_is_an_alarm_record(seed: int) -> None:
    lane = seen("twenty", seed)
    vendor = {(alarm.occupancy, alarm.radiation) for alarm in lane.alarms if alarm.judgement.rule == "vendor"}
    flagged = {(occupancy.id, radiation) for occupancy in lane.occupancies
               for radiation, flag in ((Radiation.GAMMA, occupancy.vendor_gamma), (Radiation.NEUTRON, occupancy.vendor_neutron))
               if flag}
    assert vendor == flagged


@pytest.mark.parametrize("seed", SEEDS)
def test_alarms_of_one_rule_and_vehicle_are_one(seed: int) -> None:
    keys = [(alarm.occupancy, alarm.judgement.rule, alarm.radiation) for alarm in seen("twenty", seed).alarms
            if alarm.occupancy]         # a strong source shows in the last vacant record before its vehicle
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("scene", ["twenty", "faults", "demo"])
def test_the_same_wire_twice_gives_equal_events(scene: str) -> None:
    again = Watched()
    for at_s, data in rapiscan.wire(scenes.load(scene), 2):
        again.events += again.portal.tick(ns(at_s))
        again.hear(Chunk(ns(at_s), data))
    assert again.events == seen(scene, 2).events


@pytest.mark.parametrize("seed", [1, 2])
def test_a_lane_with_every_fault_comes_to_its_end(seed: int) -> None:
    lane = seen("faults", seed)
    assert lane.occupancies and lane.portal.tally.unreadable


@pytest.mark.parametrize("scene", ["twenty", "faults"])
def test_no_count_of_a_scan_is_lost(scene: str) -> None:
    """Samples taken are the scan records of the wire that are whole."""
    lane = seen(scene, 2)
    kept = sum(len(next(iter(series.counts.values()))) for occupancy in lane.occupancies for series in occupancy.series.values())
    in_lane = sum(len(counts.bins) for counts in lane.portal.passage.counts.values()) if lane.portal.passage else 0
    assert kept + in_lane == lane.portal.tally.samples
