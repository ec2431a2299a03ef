"""Alarms: ours and the portal's own, one each per rule and vehicle, and every count kept."""

from __future__ import annotations

import functools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.judgement.passage import Counts
from edge_agent.tools import bodies, jws, times
from edge_agent.tools.strict_json import dumps
from edge_agent.words.event import Alarm, Occupancy
from edge_agent.words.reading import Radiation
from edge_agent.words.record import INTEGER_MAX, LINE_MAX
from tests.evidence.bench import Log

from .bench import Watched, end, four, noisy, ns, sample

CONTEXT = bodies.Context(lambda at_ns: times.moment(at_ns, 1, 0, 1_795_456_800_000_000_000), "1.0.0", "c" * 43)


@pytest.fixture
def lane() -> Watched:
    made = Watched()
    made.vacant(seconds=120)
    return made


def rules(lane: Watched) -> list[str]:
    return [alarm.judgement.rule for alarm in lane.alarms]


@pytest.mark.parametrize(("tag", "radiation"), [("GA", Radiation.GAMMA), ("NA", Radiation.NEUTRON)])
def test_an_alarm_of_the_portal_is_an_alarm_where_ours_is_silent(lane: Watched, tag: str, radiation: Radiation) -> None:
    lane.scan(200.0, 2.0)
    lane.say(202.0, four(tag, 1 if tag == "NA" else 50))
    assert [(alarm.judgement.rule, alarm.radiation) for alarm in lane.alarms] == [("vendor", radiation)]


def test_an_alarm_of_the_portal_before_any_background_is_an_alarm() -> None:
    lane = Watched()
    lane.say(1.0, four("GA", 50))
    assert rules(lane) == ["vendor"]


def test_the_portal_alarms_once_per_vehicle(lane: Watched) -> None:
    lane.scan(200.0, 3.0, tag="GA")
    assert rules(lane).count("vendor") == 1


def test_the_portals_gamma_and_neutron_alarms_are_two(lane: Watched) -> None:
    lane.say(200.0, four("GA", 50), four("NA", 1))
    assert rules(lane) == ["vendor", "vendor"]


def test_each_of_our_rules_alarms_once_per_vehicle(lane: Watched) -> None:
    lane.scan(200.0, 5.0, gamma=400, neutron=60)
    assert len(set(rules(lane))) == len(rules(lane)) == 4


def test_the_next_vehicle_alarms_anew(lane: Watched) -> None:
    for at_s in (200.0, 230.0):
        lane.scan(at_s, 3.0, gamma=400)
        lane.say(at_s + 4, end())
        lane.vacant(at_s + 6, 15.0)
    first, second = lane.occupancies
    assert len(first.alarms) == len(second.alarms) > 0


def test_a_strong_source_alarms_at_its_first_samples(lane: Watched) -> None:
    lane.scan(200.0, 5.0, gamma=1000)
    assert min(alarm.at_ns for alarm in lane.alarms) <= ns(200.4)


def test_an_alarm_names_its_occupancy_and_the_occupancy_its_alarms(lane: Watched) -> None:
    lane.scan(200.0, 3.0, gamma=400, tag="GA")
    lane.say(204.0, end())
    (occupancy,) = lane.occupancies
    assert {alarm.occupancy for alarm in lane.alarms} == {occupancy.id}
    assert list(occupancy.alarms) == [alarm.id for alarm in lane.alarms]


def test_an_alarm_has_every_number_to_judge_it_again(lane: Watched) -> None:
    lane.scan(200.0, 3.0, gamma=400)
    judgement = lane.alarms[0].judgement
    assert None not in (judgement.statistic, judgement.threshold, judgement.expected, judgement.expected_sd)
    assert judgement.counts > (judgement.expected or 0) and judgement.detectors and judgement.window_s > 0


def test_an_alarm_with_an_unverified_panel_map_says_so(lane: Watched) -> None:
    lane.scan(200.0, 3.0, gamma=400)
    assert all("panels unverified" in alarm.notes for alarm in lane.alarms)


def test_counts_at_background_do_not_alarm(lane: Watched) -> None:
    chance = random.Random(3)
    for step in range(100):
        line = "GS," + ",".join(f"{noisy(chance, 50):06d}" for _ in range(4))
        lane.say(200.0 + step * 0.2, line)
    lane.say(221.0, end())
    assert lane.alarms == []


@pytest.mark.parametrize(("gamma", "tag", "count"), [(50, "GS", 0), (400, "GA", 0), (400, "GS", 1), (50, "GA", 1)])
def test_a_vehicle_on_which_the_two_verdicts_differ_is_counted(lane: Watched, gamma: int, tag: str, count: int) -> None:
    lane.scan(200.0, 3.0, gamma=gamma, tag=tag)
    lane.say(204.0, end())
    assert lane.portal.tally.disagreements == count


def test_two_verdicts_of_different_radiation_disagree(lane: Watched) -> None:
    lane.say(200.0, four("NA", 1))
    lane.scan(200.2, 3.0, gamma=400)
    lane.say(204.0, end())
    assert lane.portal.tally.disagreements == 1


def test_the_tally_counts_alarms_by_rule(lane: Watched) -> None:
    lane.scan(200.0, 3.0, gamma=400, tag="GA")
    assert dict(lane.portal.tally.alarms) == {"vendor": 1, "ksigma/1": 1, "focus/1": 1}


# --- counts

@settings(max_examples=60, deadline=None)
@given(st.integers(1, 8), st.integers(1, 9000), st.integers(0, 2**32))
def test_halving_loses_no_count(detectors: int, samples: int, seed: int) -> None:
    chance = random.Random(seed)
    names = tuple(f"D{number}" for number in range(detectors))
    kept, total = Counts(names, 0.2, 0), [0] * detectors
    for _ in range(samples):
        counts = tuple(chance.randrange(100) for _ in names)
        kept.add(counts)
        total = [a + b for a, b in zip(total, counts, strict=True)]
    assert [sum(column) for column in kept.series().counts.values()] == total


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 8), st.integers(1, 9000))
def test_every_bin_but_the_last_holds_the_same_time(detectors: int, samples: int) -> None:
    names = tuple(f"D{number}" for number in range(detectors))
    kept = Counts(names, 0.2, 0)
    for _ in range(samples):
        kept.add((1,) * detectors)
    *whole, last = next(iter(kept.series().counts.values()))
    assert set(whole) <= {kept.samples_per_bin} and 1 <= last <= kept.samples_per_bin


@given(st.integers(1, 3000))
def test_all_detectors_have_the_same_number_of_bins(samples: int) -> None:
    kept = Counts(("A", "B", "C"), 0.2, 0)
    for number in range(samples):
        kept.add((number, 1, 2))
    assert len({len(column) for column in kept.series().counts.values()}) == 1


def test_the_counts_of_an_occupancy_are_those_of_the_wire(lane: Watched) -> None:
    lane.scan(200.0, 3.0, gamma=77)
    lane.say(204.0, end())
    series = lane.occupancies[0].series["gamma"]
    assert (series.counts["Aa1"], series.interval_s) == ((77,) * 15, 0.2)


def line_of(event: Alarm | Occupancy) -> bytes:
    kind, body = bodies.of_event(event, CONTEXT)
    return Log().add(kind, **body)


@functools.cache
def parked(hours: float, gamma: int, neutron: int) -> Occupancy:
    """A vehicle that stood in the lane, whatever it carried."""
    lane = Watched()
    lane.vacant()
    chance = random.Random(1)
    for step in range(round(hours * 3600 * 5)):
        at_s = 100.0 + step * 0.2
        lane.observe(sample(at_s, tuple(noisy(chance, gamma) for _ in range(4))))
        if step % 5 == 4:
            lane.observe(sample(at_s, tuple(noisy(chance, neutron) for _ in range(4)), Radiation.NEUTRON))
    lane.say(100.0 + hours * 3600, end())
    return lane.occupancies[0]


@pytest.mark.parametrize(("hours", "gamma", "neutron"), [(3, 50, 1), (0.7, 20_000, 500), (0.7, 190_000, 9000)])
def test_an_occupancy_of_hours_fits_a_line(hours: float, gamma: int, neutron: int) -> None:
    """Of large counts a line is full after minutes; from then on neighbours are summed."""
    assert len(line_of(parked(hours, gamma, neutron))) <= LINE_MAX


def test_an_occupancy_of_three_hours_loses_no_count() -> None:
    occupancy = parked(3, 50, 1)
    assert all(sum(counts) > 2_000_000 for counts in occupancy.series["gamma"].counts.values())


def test_an_alarm_of_the_largest_counts_fits_a_line(lane: Watched) -> None:
    for _ in range(5):
        lane.say(200.0, four("GA", 999_999), four("NA", 999_999))
    assert all(len(line_of(alarm)) < LINE_MAX and jws.take_apart(line_of(alarm)) for alarm in lane.alarms)


def test_no_number_of_an_event_is_beyond_what_json_keeps_exact(lane: Watched) -> None:
    lane.scan(200.0, 60.0, gamma=999_999, tag="GA", neutron=999_999)
    lane.say(300.0, end(999_999))
    for event in lane.events:
        kind, body = bodies.of_event(event, CONTEXT)
        assert jws.strict_json.loads(dumps(body)) is not None, kind
    assert all(alarm.judgement.counts <= INTEGER_MAX for alarm in lane.alarms)


def test_an_empty_background_makes_no_infinite_statistic() -> None:
    lane = Watched()
    lane.vacant(seconds=120, gamma=0, neutron=0)
    lane.scan(200.0, 3.0, gamma=999_999, neutron=999_999)
    lane.say(204.0, end())
    for event in lane.events:
        dumps(bodies.of_event(event, CONTEXT)[1])       # refuses NaN and infinities
