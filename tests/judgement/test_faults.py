"""Health: each condition is told once when it begins and once when it is over."""

from __future__ import annotations

import dataclasses

import pytest

from edge_agent.judgement.door import OPENINGS
from edge_agent.judgement.faults import FADES_NS
from edge_agent.tools.occupancy import State
from edge_agent.words.errors import SettingsError
from edge_agent.words.event import Fault
from edge_agent.words.reading import Condition, Health, Radiation, Unreadable, VacantRate

from .bench import LANE, Watched, end, four, ns, sample

OPEN, CLOSED = four("TT", 0), "TC,111111,111111,111111,111111"


@pytest.fixture
def lane() -> Watched:
    made = Watched()
    made.vacant()           # heard last at 55 s
    return made


def test_silence_is_a_fault_after_the_profiles_time(lane: Watched) -> None:
    lane.tick(55.0 + lane.profile.silence_s - 0.1)
    before = lane.faults("silence")
    lane.tick(55.0 + lane.profile.silence_s + 0.1)
    assert (before, lane.faults("silence")) == ([], [True])


def test_silence_is_told_once(lane: Watched) -> None:
    for at_s in range(80, 200):
        lane.tick(float(at_s))
    assert lane.faults("silence") == [True]


def test_silence_is_over_with_the_first_record(lane: Watched) -> None:
    lane.tick(80.0)
    lane.vacant(90.0, 5.0)
    assert lane.faults("silence") == [True, False]


def test_the_end_of_silence_says_how_long_it_was(lane: Watched) -> None:
    lane.tick(80.0)
    lane.vacant(90.0, 5.0)
    over = next(fault for fault in lane.of(Fault) if fault.condition == "silence" and not fault.present)
    assert over.numbers["lasted_s"] == 10.0


def test_in_silence_nothing_is_known_of_the_lane(lane: Watched) -> None:
    lane.tick(80.0)
    assert lane.portal.state is State.UNKNOWN


def test_an_occupied_lane_is_not_silent_while_scans_come(lane: Watched) -> None:
    for step in range(100):
        lane.say(60.0 + step, four("GS", 50))
        lane.tick(60.0 + step)
    assert lane.faults("silence") == []


def test_a_lane_never_heard_is_silent_after_its_wire_opened() -> None:
    lane = Watched()
    lane.events += lane.portal.opened(ns(10.0))
    lane.tick(30.0)
    assert lane.faults("silence") == [True]


def test_a_broken_wire_is_one_fault_until_it_is_open(lane: Watched) -> None:
    for at_s in (60.0, 62.0, 64.0):
        lane.events += lane.portal.lost(ns(at_s), "no answer")
    lane.events += lane.portal.opened(ns(66.0))
    assert lane.faults("link") == [True, False]


def test_a_broken_wire_is_not_silence_too(lane: Watched) -> None:
    lane.events += lane.portal.lost(ns(60.0), "no answer")
    for at_s in range(60, 200):
        lane.tick(float(at_s))
    assert lane.faults("silence") == []


def test_a_reopened_wire_that_stays_silent_is_silence(lane: Watched) -> None:
    lane.events += lane.portal.lost(ns(60.0), "no answer")
    lane.events += lane.portal.opened(ns(100.0))
    lane.tick(101.0)
    lane.tick(120.0)
    assert lane.faults("silence") == [True]


def test_a_cabinet_opened_is_told_once(lane: Watched) -> None:
    lane.say(60.0, OPEN)
    lane.say(61.0, OPEN)
    lane.say(62.0, OPEN)
    assert [tamper.open for tamper in lane.tampers] == [True]


def test_a_cabinet_is_told_to_close_and_to_open_again(lane: Watched) -> None:
    for at_s, line in ((60.0, OPEN), (61.0, CLOSED), (62.0, CLOSED), (63.0, OPEN)):
        lane.say(at_s, line)
    assert [tamper.open for tamper in lane.tampers] == [True, False, True]


def test_the_first_word_of_a_closed_cabinet_is_told(lane: Watched) -> None:
    """Before it nothing was known: it may have been open while we were not listening."""
    lane.say(60.0, CLOSED)
    assert [tamper.open for tamper in lane.tampers] == [False]


@pytest.mark.parametrize(("tag", "normal", "condition"), [
    ("GH", "GB", "gamma-high-background"), ("GL", "GB", "gamma-low-background"), ("NH", "NB", "neutron-high-background"),
])  # fmt: skip
def test_a_background_out_of_limits_begins_and_ends(lane: Watched, tag: str, normal: str, condition: str) -> None:
    for at_s, name in ((60.0, tag), (65.0, tag), (70.0, normal), (75.0, normal)):
        lane.say(at_s, four(name, 10))
    assert lane.faults(condition) == [True, False]


def test_high_gamma_and_high_neutron_are_two_faults(lane: Watched) -> None:
    lane.say(60.0, four("NH", 90), four("GH", 900))
    assert (lane.faults("gamma-high-background"), lane.faults("neutron-high-background")) == ([True], [True])


def test_a_background_from_high_to_low_ends_the_one_and_begins_the_other(lane: Watched) -> None:
    lane.say(60.0, four("GH", 900))
    lane.say(65.0, four("GL", 9))
    assert (lane.faults("gamma-high-background"), lane.faults("gamma-low-background")) == ([True, False], [True])


def test_a_flood_of_noise_is_one_fault(lane: Watched) -> None:
    for step in range(500):
        lane.say(60.0 + step / 100, f"noise {step}")
    assert (lane.faults("unreadable"), lane.portal.tally.unreadable) == ([True], 500)


def test_noise_is_over_after_a_minute_without(lane: Watched) -> None:
    lane.say(60.0, "noise")
    lane.tick(61.0 + FADES_NS / 1e9)
    assert lane.faults("unreadable") == [True, False]


def test_noise_within_the_minute_keeps_the_fault_open(lane: Watched) -> None:
    for step in range(10):
        lane.say(60.0 + step * 30, "noise")
        lane.tick(60.0 + step * 30)
    assert lane.faults("unreadable") == [True]


def test_the_detail_of_noise_is_printable_whatever_it_was(lane: Watched) -> None:
    lane.observe(Unreadable(ns(60.0), bytes(range(256)), "noise"))
    fault = lane.of(Fault)[-1]
    assert fault.detail.isascii() and fault.detail.isprintable()


def test_noise_alone_does_not_begin_an_occupancy(lane: Watched) -> None:
    lane.say(60.0, "noise")
    assert lane.portal.state is State.VACANT


@pytest.mark.parametrize("counts", [(50, 50, 50), (50,) * 5, ()])
def test_another_number_of_panels_is_refused_and_told(lane: Watched, counts: tuple[int, ...]) -> None:
    lane.observe(sample(60.0, counts))
    assert (lane.portal.tally.refused, lane.portal.tally.samples, lane.faults("profile-mismatch")) == (1, 0, [True])


@pytest.mark.parametrize("rates", [(250, 250, 250), (250,) * 5, ()])
def test_another_number_of_rates_is_refused_and_told(lane: Watched, rates: tuple[int, ...]) -> None:
    lane.observe(VacantRate(ns(60.0), Radiation.GAMMA, rates))
    assert (lane.portal.tally.refused, lane.faults("profile-mismatch")) == (1, [True])


def test_a_count_no_such_portal_can_have_is_refused() -> None:
    lane = Watched(count_max=20_000)
    lane.vacant()
    lane.say(60.0, four("GS", 20_001))
    assert (lane.portal.tally.refused, lane.alarms) == (1, [])


def test_the_largest_count_a_profile_allows_is_judged() -> None:
    lane = Watched(count_max=20_000)
    lane.vacant()
    lane.say(60.0, four("GS", 20_000))
    assert lane.portal.tally.samples == 1


@pytest.mark.parametrize("line", [four("GS", 999_999), four("GA", 999_999), four("NS", 999_999), four("NA", 999_999),
                                  four("GB", 999_999), four("NB", 999_999), four("GB", 0), four("NB", 0), four("GS", 0)])
def test_the_largest_and_smallest_counts_of_the_wire_never_stop_a_lane(lane: Watched, line: str) -> None:
    for step in range(30):
        lane.say(60.0 + step * 0.2, line)
    lane.say(70.0, end())
    assert lane.faults("profile-mismatch") == []


def test_a_refused_vendor_alarm_is_still_seen_by_someone() -> None:
    """Ours can add, never veto: what the portal calls an alarm is an alarm record even where its counts are odd."""
    lane = Watched(count_max=20_000)
    lane.vacant()
    lane.say(60.0, four("GA", 20_001))
    assert [alarm.judgement.rule for alarm in lane.alarms] == ["vendor"]


def test_a_portal_without_neutron_tubes_is_judged_by_its_panels() -> None:
    lane = Watched(neutron=["-", "-", "-", "-"])
    lane.vacant()
    lane.scan(60.0, 3.0)
    lane.say(64.0, end())
    assert (len(lane.occupancies), lane.faults("profile-mismatch")) == (1, [])


def test_a_portal_with_two_panels_is_judged_by_them() -> None:
    lane = Watched(gamma=["Aa1", "-", "Ba1", "-"])
    lane.vacant()
    lane.scan(60.0, 3.0, gamma=900)
    assert set(lane.alarms[0].detector_counts) == {"Aa1", "Ba1"}


def test_a_map_of_the_lane_names_the_fields_of_the_wire() -> None:
    lane = Watched(dataclasses.replace(LANE, gamma=["Ba2", "Ba1", "Aa2", "Aa1"]))
    lane.vacant()
    lane.say(60.0, "GA,000101,000102,000103,000104")
    assert lane.alarms[0].detector_counts == {"Ba2": 101, "Ba1": 102, "Aa2": 103, "Aa1": 104}


@pytest.mark.parametrize("names", [["Aa1", "Aa2"], ["Aa1", "Aa1", "Ba1", "Ba2"], ["X"] * 5])
def test_a_wrong_map_of_the_lane_is_refused_by_name(names: list[str]) -> None:
    with pytest.raises(SettingsError, match="lane 2: gamma"):
        Watched(dataclasses.replace(LANE, gamma=names))


def test_an_unknown_sum_of_the_compatibility_rule_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="DIAGONAL"):
        Watched(dataclasses.replace(LANE, alarm=dataclasses.replace(LANE.alarm, ksigma_sums=["DIAGONAL"])))


def test_a_late_burst_is_a_fault_that_fades(lane: Watched) -> None:
    lane.say(60.0, *[four("GS", 50)] * 6)
    lane.say(62.0, *[four("GS", 50)] * 9)
    lane.say(63.0, end())
    lane.tick(130.0)
    assert (lane.faults("late-delivery"), lane.portal.tally.late) == ([True, False], 8)


def test_late_samples_are_noted_in_the_occupancy(lane: Watched) -> None:
    lane.say(60.0, *[four("GS", 50)] * 6)
    lane.say(62.0, *[four("GS", 50)] * 9)
    lane.say(63.0, end())
    assert "8 samples late" in lane.occupancies[0].notes


def test_an_opening_burst_of_another_length_is_a_fault_until_one_fits(lane: Watched) -> None:
    lane.say(60.0, four("GS", 50))
    lane.say(60.2, four("GS", 50))
    lane.say(62.0, end(1))
    lane.say(70.0, *[four("GS", 50)] * 6)
    lane.say(70.2, four("GS", 50))
    assert lane.faults("pre-samples") == [True, False]


def test_times_never_stop_a_lane_when_radiations_interleave(lane: Watched) -> None:
    """Back-spaced gamma samples may lie before the neutron sample that was already judged."""
    lane.say(60.0, four("NS", 1), *[four("GS", 50)] * 20, four("NS", 1))
    lane.say(60.0, end())
    assert len(lane.occupancies) == 1


def test_a_radiation_that_falls_silent_alone_is_a_fault_of_its_own(lane: Watched) -> None:
    for step in range(5):
        lane.say(60.0 + 5 * step, four("GB", 250))
    lane.tick(81.0)
    assert (lane.faults("neutron-silence"), lane.faults("silence")) == ([True], [])


def test_a_vehicle_after_a_vacant_period_is_no_silence(lane: Watched) -> None:
    """A laboratory's portal sends vacant records every 5.01 s: the first neutron sample of a vehicle came 10 ms after what
    a vehicle may be silent for, and 48 of 49 vehicles were a fault."""
    last_s = lane.profile.occupied_silence_s + 0.01
    lane.say(60.0, four("NB", 2), four("GB", 250))
    lane.say(60.0 + last_s, four("NS", 1))
    lane.tick(60.0 + last_s)
    lane.say(60.2 + last_s, four("GS", 50))
    assert lane.faults("gamma-silence") == []


def test_what_fell_silent_is_not_shown_as_live(lane: Watched) -> None:
    for step in range(5):
        lane.say(60.0 + 5 * step, four("GB", 250))
    lane.tick(81.0)
    assert (lane.portal.knows(Radiation.GAMMA), lane.portal.knows(Radiation.NEUTRON)) == (True, False)


def test_a_wire_of_nothing_but_noise_leaves_no_count_live(lane: Watched) -> None:
    for step in range(20):
        lane.say(56.0 + step, "noise")
    lane.tick(77.0)
    assert not lane.portal.knows(Radiation.GAMMA)


def test_silence_in_mid_occupancy_is_told_within_seconds_and_the_occupancy_lasts(lane: Watched) -> None:
    lane.say(60.0, four("GS", 50))
    lane.tick(60.0 + lane.profile.occupied_silence_s + 0.1)
    assert (lane.faults("silence"), lane.portal.state) == ([True], State.OCCUPIED)


def test_a_door_that_opens_again_and_again_is_a_fault_of_its_own() -> None:
    """A corroded switch was a row of records, each closed: `diagnose` in a calm moment had nothing to say."""
    lane = Watched()
    for n in range(OPENINGS):
        assert "tamper-bounces" not in lane.portal.faults.details
        lane.observe(Health(ns(600.0 * n), Condition.TAMPER, True), Health(ns(600.0 * n + 3), Condition.TAMPER, False))
    assert "switch" in lane.portal.faults.details["tamper-bounces"]
    last_s = 600.0 * (OPENINGS - 1)
    lane.tick(last_s + 3000)
    assert "tamper-bounces" in lane.portal.faults.details, "calm for less than an hour"
    lane.tick(last_s + 3700)
    assert "tamper-bounces" not in lane.portal.faults.details


def test_who_works_at_a_cabinet_is_no_bouncing_switch() -> None:
    lane = Watched()
    for n in range(2 * OPENINGS):
        lane.observe(Health(ns(900.0 * n), Condition.TAMPER, True), Health(ns(900.0 * n + 60), Condition.TAMPER, False))
    assert "tamper-bounces" not in lane.portal.faults.details
