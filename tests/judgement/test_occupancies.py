"""Vehicles: where one begins and ends when the portal's words do not follow each other."""

from __future__ import annotations

import pytest

from edge_agent.tools.occupancy import TABLE, Input, State

from .bench import Watched, end, four, ns

SETUP = ("SG1,000450,000068,05,10,08.0,P", "SG2,1111,0.069,0.455,01,1010,A", "SN2,0.504,5.040,0.504,5.040,PP")


@pytest.fixture
def lane() -> Watched:
    made = Watched()
    made.vacant()
    return made


def ended(lane: Watched) -> list[str]:
    return [occupancy.ended for occupancy in lane.occupancies]


def test_an_occupancy_is_from_first_scan_to_its_end(lane: Watched) -> None:
    lane.scan(100.0, 8.0)
    lane.say(110.0, end(7))
    (occupancy,) = lane.occupancies
    assert (occupancy.begin_ns, occupancy.end_ns, occupancy.counter, occupancy.ended) == (ns(99.0), ns(110.0), 7, "portal")


def test_every_pair_of_state_and_input_is_in_the_table() -> None:
    assert set(TABLE) == {(state, what) for state in State for what in Input}


def test_an_end_without_a_neutron_scan_is_an_occupancy(lane: Watched) -> None:
    lane.scan(100.0, 0.6, neutron=None)
    lane.say(101.0, end())
    assert (ended(lane), list(lane.occupancies[0].series)) == (["portal"], ["gamma"])


def test_an_end_without_any_scan_is_an_occupancy_that_says_so(lane: Watched) -> None:
    lane.say(100.0, end())
    assert "no scan record reached us" in lane.occupancies[0].notes


def test_a_background_record_in_mid_occupancy_ends_it(lane: Watched) -> None:
    lane.scan(100.0, 5.0)
    lane.say(110.0, four("NB", 1), four("GB", 250))
    assert ended(lane) == ["background-seen"]


def test_after_a_lost_end_the_next_vehicle_is_its_own(lane: Watched) -> None:
    lane.scan(100.0, 5.0)
    lane.vacant(110.0, 10.0)
    lane.scan(130.0, 5.0)
    lane.say(136.0, end())
    assert ended(lane) == ["background-seen", "portal"]


def test_a_late_end_after_its_background_is_no_crash(lane: Watched) -> None:
    lane.scan(100.0, 5.0)
    lane.say(110.0, four("GB", 250), end())
    assert ended(lane) == ["background-seen", "portal"]


def test_a_power_cycle_in_mid_occupancy_ends_it(lane: Watched) -> None:
    lane.scan(100.0, 5.0)
    lane.say(106.0, *SETUP)
    assert ended(lane) == ["portal-restart"]


def test_a_power_cycle_is_one_fault_for_all_lines_of_the_dump(lane: Watched) -> None:
    lane.say(106.0, *SETUP)
    assert lane.faults("portal-restart") == [True]


def test_the_settings_of_the_portal_are_kept(lane: Watched) -> None:
    lane.say(106.0, *SETUP)
    assert lane.portal.setup["SG1"][4] == "08.0"


def test_a_vehicle_still_there_after_a_power_cycle_is_joined(lane: Watched) -> None:
    lane.scan(100.0, 3.0)
    lane.say(106.0, *SETUP)
    lane.scan(107.0, 3.0)
    lane.say(111.0, end())
    assert "joined in the middle" in lane.occupancies[1].notes


def test_a_vehicle_in_the_lane_at_the_start_is_joined() -> None:
    lane = Watched()
    lane.scan(1.0, 3.0)
    lane.say(5.0, end())
    assert "joined in the middle" in lane.occupancies[0].notes


def test_silence_in_mid_occupancy_ends_it(lane: Watched) -> None:
    lane.scan(100.0, 3.0)
    lane.tick(103.0 + lane.profile.silence_s + 1)
    assert ended(lane) == ["silence"]


def test_a_broken_wire_in_mid_occupancy_ends_it(lane: Watched) -> None:
    lane.scan(100.0, 3.0)
    lane.events += lane.portal.lost(ns(103.5), "cable")
    assert ended(lane) == ["silence"]


def test_the_end_of_the_agent_writes_the_occupancy_as_far_as_it_was_seen(lane: Watched) -> None:
    lane.scan(100.0, 3.0)
    lane.events += lane.portal.stop(ns(103.5))
    assert ended(lane) == ["stopped"]


def test_the_end_of_the_agent_in_a_vacant_lane_is_nothing(lane: Watched) -> None:
    assert list(lane.portal.stop(ns(103.5))) == []


def test_an_alarm_latches_to_the_end_of_the_occupancy(lane: Watched) -> None:
    lane.scan(100.0, 1.0, tag="GA")
    lane.scan(101.0, 3.0)
    lane.say(105.0, end())
    assert lane.occupancies[0].vendor_gamma


def test_the_speed_of_the_last_record_is_that_of_the_vehicle(lane: Watched) -> None:
    lane.scan(100.0, 1.0)
    lane.say(101.0, "SP,0.2249,03.032,004.88,000000")
    lane.say(105.0, end())
    assert lane.occupancies[0].speed_mps == pytest.approx(1.3553, rel=1e-3)


def test_a_speed_is_not_kept_for_the_next_vehicle(lane: Watched) -> None:
    lane.scan(100.0, 1.0)
    lane.say(101.0, "SP,0.2249,03.032,004.88,000000", end(1))
    lane.scan(120.0, 1.0)
    lane.say(122.0, end(2))
    assert lane.occupancies[1].speed_mps is None


def test_an_occupancy_that_does_not_end_is_a_fault_once(lane: Watched) -> None:
    lane.scan(100.0, 3.0)
    for at_s in range(1010, 1100, 10):
        lane.say(float(at_s), four("GS", 50))
        lane.tick(float(at_s))
    assert lane.faults("occupancy-overdue") == [True]


def test_an_overdue_occupancy_is_over_when_it_ends(lane: Watched) -> None:
    lane.say(100.0, four("GS", 50))
    lane.say(1100.0, four("GS", 50))
    lane.tick(1100.0)
    lane.say(1101.0, end())
    assert lane.faults("occupancy-overdue") == [True, False]


def test_an_overdue_occupancy_goes_on_being_one(lane: Watched) -> None:
    lane.say(100.0, four("GS", 50))
    lane.say(1100.0, four("GS", 50))
    lane.tick(1100.0)
    lane.say(1101.0, end())
    assert len(lane.occupancies) == 1


# --- the portal's counter

def gaps(*counters: int) -> tuple[int, int]:
    """(missed occupancies, faults) after these ends."""
    lane = Watched()
    at_s = lane.vacant()
    for counter in counters:
        at_s += 10.0
        lane.say(at_s, four("GS", 50))
        lane.say(at_s + 1, end(counter))
    return lane.portal.tally.missed_occupancies, len([present for present in lane.faults("occupancy-counter-gap") if present])


def test_a_counter_that_goes_on_is_no_gap() -> None:
    assert gaps(5, 6, 7) == (0, 0)


def test_a_jump_of_the_counter_is_occupancies_that_did_not_reach_us() -> None:
    assert gaps(5, 9) == (3, 1)


def test_the_first_counter_is_no_gap() -> None:
    assert gaps(500) == (0, 0)


def test_a_counter_that_begins_anew_at_midnight_is_no_gap() -> None:
    assert gaps(122, 123, 1, 2) == (0, 0)


def test_a_counter_that_is_constant_is_no_gap() -> None:
    assert gaps(4741, 4741, 4741) == (0, 0)


def test_a_counter_that_jumps_after_a_restart_is_a_gap_again() -> None:
    assert gaps(122, 1, 4) == (2, 1)


def test_an_occupancy_is_written_although_its_counter_jumped() -> None:
    lane = Watched()
    lane.vacant()
    lane.say(100.0, four("GS", 50), end(1))
    lane.say(110.0, four("GS", 50), end(9))
    assert [occupancy.counter for occupancy in lane.occupancies] == [1, 9]


def test_every_occupancy_has_its_own_name(lane: Watched) -> None:
    for number in range(5):
        lane.scan(100.0 + 20 * number, 2.0)
        lane.say(105.0 + 20 * number, end(number))
    assert len({occupancy.id for occupancy in lane.occupancies}) == 5


def test_no_occupancy_ends_before_it_begins() -> None:
    lane = Watched()
    at_s = lane.vacant()
    for pieces in (["GS"] * 6, ["NS", "GS"], ["GX"], ["GS", "GX"], ["GX", "GS"], ["GB", "GS"], ["NB"]):
        at_s += 1.0
        lane.say(at_s, *(end() if piece == "GX" else four(piece, 50) for piece in pieces))
    assert all(occupancy.begin_ns <= occupancy.end_ns for occupancy in lane.occupancies)


def test_no_series_begins_before_its_occupancy() -> None:
    """A neutron record may open the burst whose gamma records are the past."""
    lane = Watched()
    lane.vacant()
    lane.say(100.0, four("NS", 1), *[four("GS", 50)] * 6)
    lane.say(105.0, end())
    (occupancy,) = lane.occupancies
    assert occupancy.begin_ns <= min(series.begin_ns for series in occupancy.series.values())
