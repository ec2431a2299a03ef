"""Lane kinds and modes: continuous lanes, stuck beams, parked sources, neutrons of a vehicle in motion."""

from __future__ import annotations

import csv
import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_agent.judgement.modes import KINDS, kernel_settings, shadow_off
from edge_agent.judgement.portal import Portal
from edge_agent.judgement.thresholds import in_force
from edge_agent.tools.kernel import Lane
from edge_agent.words.errors import SettingsError
from edge_agent.words.event import Alarm, Event, Occupancy
from edge_agent.words.reading import Radiation, Sample, Speed
from edge_agent.words.settings import AlarmSettings
from tests.judgement.bench import LANE, PROFILE, Watched, end, four, ns

CARRIED = dataclasses.replace(LANE, mode="continuous")
SERIES = Path(__file__).resolve().parents[3] / "shared/data/series"
needs_series = pytest.mark.skipif(not SERIES.is_dir(), reason="real series: shared/data/series is not beside the checkout")


def carried(rates: Iterator[float], seed: int = 1, interval_s: float = 1.0) -> list[Event]:
    """A carried instrument of four panels that sends no occupancy."""
    portal, rng, events = Portal(CARRIED, PROFILE, iter(map(str, range(9999))).__next__), np.random.default_rng(seed), []
    for i, rate in enumerate(rates):
        counts = tuple(rng.poisson(rate * interval_s / 4, 4).tolist())
        events += portal.observe(Sample(ns(100 + i * interval_s), Radiation.GAMMA, interval_s, counts, False))
    return events


def test_a_slow_climb_is_no_alarm_and_a_source_passed_is_one() -> None:
    climb = [400 * (1 + 0.10 * i / 60) for i in range(900)]           # ten per cent a minute, to 2.5 times the ground
    assert not [event for event in carried(iter(climb)) if isinstance(event, Alarm)]
    passed = [400.0] * 120 + [900.0] * 6 + [400.0] * 60
    alarms = [event for event in carried(iter(passed)) if isinstance(event, Alarm)]
    assert alarms and all(alarm.occupancy is None for alarm in alarms)


def _series(name: str) -> list[tuple[float, float, int]]:
    with (SERIES / name).open() as file:
        return [(float(row["timestamp"]), float(row["dt_live_s"]), int(row["counts"])) for row in csv.DictReader(file)]


def _crossed(rows: list[tuple[float, float, int]]) -> list[float]:
    usual = kernel_settings(CARRIED, PROFILE, 1, 0, (1,), in_force(CARRIED, None))
    settings = dataclasses.replace(usual, focus_vacant_threshold=5.6)
    lane, begin = Lane(settings), rows[0][0]
    return [t - begin for t, live, counts in rows if lane.gamma(t - begin, live, [counts]).focus.crossed]


@needs_series
def test_a_real_flight_does_not_alarm_and_a_real_x_ray_does_before_its_peak() -> None:
    assert _crossed(_series("radiacode_flight_5s.csv")) == []
    assert 15 < _crossed(_series("radiacode_xray_exam_1s.csv"))[0] < 30        # the tube warms up from 20 s, peaks at 44 s


def test_a_stuck_beam_goes_on_in_continuous_mode_and_comes_back_by_itself() -> None:
    lane = Watched(overdue_s=30.0)
    at_s = lane.scan(lane.vacant(), 60.0, gamma=50)
    lane.tick(at_s)
    fault = lane.events[-1]
    assert lane.faults("occupancy-overdue") == [True] and "continuous mode" in fault.detail
    assert [occupancy.ended for occupancy in lane.occupancies] == ["overdue"]
    at_s = lane.scan(at_s, 60.0, gamma=50)
    before = len(lane.alarms)
    at_s = lane.scan(at_s, 5.0, gamma=90)                                    # a source goes by in the blocked lane
    assert {alarm.judgement.rule for alarm in lane.alarms[before:]} == {"focus/1"}
    lane.say(at_s, end())
    assert lane.faults("occupancy-overdue") == [True, False] and len(lane.occupancies) == 1
    at_s = lane.vacant(at_s + 5)
    lane.scan(at_s, 5.0)
    lane.say(at_s + 5, end(2))
    assert len(lane.occupancies) == 2


def test_a_source_parked_in_a_vacant_lane_alarms_once_while_it_stays() -> None:
    lane = Watched()
    at_s = lane.vacant(gamma=250)
    at_s = lane.vacant(at_s, gamma=320)
    assert [(alarm.judgement.rule, alarm.occupancy) for alarm in lane.alarms] == [("focus/1", None)]
    assert lane.alarms[0].detector_counts == dict.fromkeys(("Aa1", "Aa2", "Ba1", "Ba2"), 320)


def test_the_neutron_template_says_where_along_the_vehicle() -> None:
    lane = Watched()
    at_s = lane.vacant(seconds=320.0, neutron=1)
    for second in range(10):
        lane.scan(at_s + second, 1.0, neutron={4: 4, 5: 6, 6: 4}.get(second, 1))
    lane.observe(Speed(ns(at_s + 10), 2.2, False))
    lane.say(at_s + 10, end())
    alarm = next(alarm for alarm in lane.alarms if alarm.judgement.rule == "neutron-template/1")
    assert alarm.radiation is Radiation.NEUTRON
    assert 7 < lane.of(Occupancy)[-1].sources["neutron-template/1"]["behind_m"] < 17        # 5.5 s at 2.2 m/s
    assert "neutron-template/1" in lane.occupancies[0].statistics


def test_every_kind_makes_a_lane_and_says_why_it_has_no_shadow_test() -> None:
    for kind in KINDS:
        lane = dataclasses.replace(LANE, kind=kind)
        assert kernel_settings(lane, PROFILE, 4, 4, (15,), in_force(lane, None)).stand_s == KINDS[kind].stand_s
        assert shadow_off(lane, None)
    assert "people" in shadow_off(dataclasses.replace(LANE, kind="pedestrian"), None)
    assert "passages" in shadow_off(CARRIED, None)


def test_in_continuous_mode_scans_make_no_passage() -> None:
    lane = Watched(CARRIED)
    lane.say(1.0, four("GS", 50))
    lane.say(9.0, end())
    assert lane.occupancies == []


def test_a_threshold_no_lane_can_live_with_is_refused() -> None:
    for key in ("focus_threshold", "shadow_threshold"):
        with pytest.raises(SettingsError, match=f"{key} = 2.9: expected 0 or 3 to 20"):
            in_force(dataclasses.replace(LANE, alarm=AlarmSettings(**{key: 2.9})), None)


def sampled(lane: Watched, from_s: float, seconds: float, counts: int, occupied: bool = False, seed: int = 3) -> float:
    """Steady 5 Hz samples of four panels, as an instrument on a bus gives them; when they ended."""
    rng = np.random.default_rng(round(seed + from_s))
    for i in range(round(seconds * 5)):
        at_s = from_s + i * 0.2
        lane.observe(Sample(ns(at_s), Radiation.GAMMA, 0.2, tuple(rng.poisson(counts, 4).tolist()), occupied))
    return from_s + seconds


def test_a_source_that_comes_after_another_alarms_again_in_a_vacant_lane() -> None:
    """Each was swallowed when anything had crossed less than a minute before, and renewed that minute."""
    lane = Watched()
    at_s = sampled(lane, 10.0, 60.0, 215)
    begins = []
    for _ in range(4):
        begins.append(at_s)
        at_s = sampled(lane, sampled(lane, at_s, 10.0, 800), 35.0, 215)
    for begin in begins:
        assert any(begin <= alarm.at_ns / 1e9 < begin + 10 for alarm in lane.alarms), f"the source at {begin} s"
    assert len(lane.alarms) <= 3 * len(begins), "and each is few alarms"


def test_a_vehicle_that_has_just_left_is_not_a_source_in_the_vacant_lane() -> None:
    lane = Watched()
    at_s = sampled(lane, sampled(lane, 10.0, 60.0, 215), 2.0, 300, occupied=True)
    gone_s = at_s
    at_s = sampled(lane, at_s, 23.0, 215)
    assert lane.alarms and all(alarm.occupancy for alarm in lane.alarms), "its own alarms, and none of the lane it left"
    at_s = sampled(lane, at_s, 5.0, 800)
    late = [alarm for alarm in lane.alarms if alarm.at_ns / 1e9 > gone_s + 20]
    assert late and not late[0].also, "a source after it alarms, and is not said to have alarmed on that vehicle"


def test_a_far_stronger_source_beside_a_weak_one_alarms_again() -> None:
    lane = Watched()
    at_s = sampled(lane, sampled(lane, 10.0, 60.0, 215), 30.0, 260)
    before = len(lane.alarms)
    sampled(lane, at_s, 5.0, 900)
    assert before and len(lane.alarms) > before


def test_a_source_that_stays_in_a_vacant_lane_is_few_alarms() -> None:
    lane = Watched()
    sampled(lane, sampled(lane, 10.0, 60.0, 215), 600.0, 240)        # near the threshold of the second's sum: it flickers
    assert 1 <= len(lane.alarms) <= 12


@pytest.mark.parametrize("seed", range(3))
def test_a_weak_source_that_a_vehicle_leaves_behind_alarms_in_the_vacant_lane(seed: int) -> None:
    """Too weak for one second's sum: only windows that begin where the vehicle left see it, and they are not the vehicle's."""
    lane = Watched()
    at_s = sampled(lane, 10.0, 60.0, 215, seed=seed)
    gone_s = sampled(lane, at_s, 8.0, 232, occupied=True, seed=seed)
    sampled(lane, gone_s, 60.0, 232, seed=seed)
    assert "focus/1" in {alarm.judgement.rule for alarm in lane.alarms if alarm.occupancy}, "it alarmed in its vehicle"
    assert [alarm for alarm in lane.alarms if alarm.occupancy is None and alarm.judgement.rule == "focus/1"]


@pytest.mark.parametrize("counts", [300, 600])
def test_a_strong_source_that_a_vehicle_leaves_behind_alarms_once_it_cannot_be_the_vehicle(counts: int) -> None:
    lane = Watched()
    gone_s = sampled(lane, sampled(lane, 10.0, 60.0, 215), 8.0, counts, occupied=True)
    sampled(lane, gone_s, 60.0, counts)
    stays = [alarm.at_ns / 1e9 - gone_s for alarm in lane.alarms if alarm.occupancy is None]
    assert stays and 2.0 < stays[0] < 16.0 and len(stays) <= 3


@pytest.mark.parametrize(("net", "speed_mps"), [(60, 0.6), (150, 0.6), (60, 1.2), (600, 1.2), (60, 2.2), (600, 2.2)])
def test_a_source_that_drives_away_is_no_source_in_the_vacant_lane(net: float, speed_mps: float) -> None:
    """In sight for longer than two seconds where it is strong, and less and less: it was another alarm once the second's sum held
    nothing from before the beam was free."""
    lane = Watched()
    at_s = sampled(lane, sampled(lane, 10.0, 60.0, 215), 4.0, 215 + round(net), occupied=True)
    rng = np.random.default_rng(7)
    for i in range(300):
        counts = 215 + net * 2.5**2 / (2.5**2 + (i * 0.2 * speed_mps) ** 2)      # panels 2.5 m from its path
        lane.observe(Sample(ns(at_s + i * 0.2), Radiation.GAMMA, 0.2, tuple(rng.poisson(counts, 4).tolist()), False))
    assert lane.alarms and [alarm.judgement for alarm in lane.alarms if not alarm.occupancy] == []


def polled(lane: Watched, from_s: float, rates: Iterator[float], late_s: Iterator[float], occupied: bool, seed: int) -> float:
    """The same where answers come a little late, as on a shared line: the interval is the instrument's, the time ours."""
    rng, at_s = np.random.default_rng(seed), from_s
    for rate, late in zip(rates, late_s, strict=False):
        counts = tuple(rng.poisson(rate, 4).tolist())
        lane.observe(Sample(ns(at_s + late), Radiation.GAMMA, 0.2, counts, occupied))
        at_s += 0.2
    return at_s


FIRST_LATE = (0.045, *([0.0] * 14), 0.045, 0.0, 0.0, 0.045)     # the answer that said the beam is free, and one 3 s after it


@pytest.mark.parametrize("seed", range(4))
def test_a_source_that_drives_away_is_its_vehicles_whenever_answers_come(seed: int) -> None:
    """Windows that begin where the beam was free were now the vehicle's, now not: what it came down to was forgotten between."""
    lane = Watched()
    at_s = sampled(lane, sampled(lane, 10.0, 60.0, 215, seed=seed), 2.0, 300, occupied=True, seed=seed)
    fading = (215 + 96 / (1 + ((0.9 + 0.2 * i * 1.2) / 2.5) ** 2) for i in range(60))        # 1.2 m/s, panels 2.5 m from it
    polled(lane, at_s, fading, itertools.chain(FIRST_LATE, itertools.repeat(0.0)), False, seed)
    assert lane.alarms and [alarm.judgement for alarm in lane.alarms if not alarm.occupancy] == []


@pytest.mark.parametrize("seed", [2, 5, 6])
def test_a_weak_source_left_behind_alarms_as_soon_whenever_answers_come(seed: int) -> None:
    """A late answer at the end of the occupancy made later windows the vehicle's: 32 s, 52 s, never."""
    lane = Watched()
    at_s = sampled(lane, 10.0, 60.0, 215, seed=seed)
    gone_s = sampled(lane, at_s, 8.0, 232, occupied=True, seed=seed)
    polled(lane, gone_s, itertools.repeat(232.0, 300), itertools.chain([0.045], itertools.repeat(0.0)), False, seed)
    first_s = min(alarm.at_ns / 1e9 for alarm in lane.alarms if alarm.occupancy is None and alarm.judgement.rule == "focus/1")
    assert first_s < gone_s + 20


def test_each_source_that_passes_a_stuck_beam_is_an_alarm() -> None:
    """The first alarmed; a dozen after it in the quarter of an hour until the beam was told as stuck did not."""
    lane = Watched()
    at_s, begins = sampled(lane, 10.0, 60.0, 215), []
    for _ in range(5):
        begins.append(at_s)
        at_s = sampled(lane, sampled(lane, at_s, 4.0, 400, occupied=True), 40.0, 215, occupied=True)
    for begin in begins:
        assert any(begin <= alarm.at_ns / 1e9 < begin + 5 and alarm.occupancy for alarm in lane.alarms), f"that at {begin} s"
    assert len({alarm.occupancy for alarm in lane.alarms}) == 1
    assert len(lane.alarms) <= 3 * len(begins)


@pytest.mark.parametrize("counts", [235, 400])
def test_a_source_that_stands_in_the_beam_is_one_alarm_of_each_rule(counts: int) -> None:
    lane = Watched()
    sampled(lane, sampled(lane, 10.0, 60.0, 215), 300.0, counts, occupied=True)
    rules = [alarm.judgement.rule for alarm in lane.alarms]
    assert rules and len(rules) <= len(set(rules)) + (2 if counts < 300 else 0)       # near the threshold a second's sum flickers
