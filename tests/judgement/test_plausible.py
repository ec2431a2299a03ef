"""Counts a line has spoiled: named, passed over by the state of health, and never by an alarm."""

from __future__ import annotations

import dataclasses
import random

import pytest

from edge_agent.judgement.minutes import Minutes
from edge_agent.judgement.plausible import Plausible
from edge_agent.words.event import Alarm, Fault
from edge_agent.words.reading import Chunk, Radiation, Sample, VacantRate
from tests.judgement.bench import Watched, noisy, ns

SPOILED = "spoiled-counts"
BAD = "GB,0x0250,000250,000250,000250"


def lane_on_a_spoiled_line(seed: int = 1, lines: int = 3) -> tuple[Watched, float, random.Random]:
    """An empty lane for ten minutes, and unreadable lines at its end."""
    lane, chance, at_s = Watched(), random.Random(seed), 0.0
    while at_s < 600.0:
        say(lane, at_s, chance)
        at_s += 5.0
    lane.say(at_s - 1.0, *[BAD] * lines)
    return lane, at_s, chance


def say(lane: Watched, at_s: float, chance: random.Random, gamma: str = "", neutron: str = "") -> None:
    """One vacant record of each; a text stands for the first detector's field."""
    panels, tubes = [f"{noisy(chance, 250):06d}" for _ in range(4)], [f"{chance.choice((0, 0, 1, 1, 2)):06d}" for _ in range(4)]
    panels[0], tubes[0] = gamma or panels[0], neutron or tubes[0]
    lane.say(at_s, f"NB,{','.join(tubes)}", f"GB,{','.join(panels)}")
    lane.tick(at_s + 1.5)       # health is looked at once a second


def go_on(lane: Watched, at_s: float, chance: random.Random, records: int) -> float:
    for _ in range(records):
        say(lane, at_s, chance)
        at_s += 5.0
    return at_s


def test_a_spoiled_count_of_a_tube_makes_no_dead_tube_of_its_zeros() -> None:
    lane, at_s, chance = lane_on_a_spoiled_line()
    say(lane, at_s, chance, neutron="200001")
    go_on(lane, at_s + 5.0, chance, 60)
    assert lane.faults(SPOILED)[0] is True
    assert not [name for name in lane.portal.faults.details if name.startswith(("dead", "stuck", "deaf", "loud", "over-range"))]
    assert not lane.portal.health.out_of_service


def test_one_wild_count_before_anything_unreadable_is_not_in_the_reference_of_an_hour() -> None:
    lane, at_s, chance = lane_on_a_spoiled_line(lines=0)
    say(lane, at_s, chance, neutron="200001")
    go_on(lane, at_s + 5.0, chance, 120)
    assert not [name for name in lane.portal.faults.details if name.startswith("dead")]


def test_one_zero_on_a_spoiled_line_takes_no_panel_out_and_two_do() -> None:
    lane, at_s, chance = lane_on_a_spoiled_line()
    say(lane, at_s, chance, gamma="000000")
    assert not lane.portal.health.out_of_service
    say(lane, at_s + 5.0, chance, gamma="000000")
    assert lane.portal.health.out_of_service == ["Aa1"]


def test_on_a_sound_line_the_first_zero_does() -> None:
    lane, at_s, chance = lane_on_a_spoiled_line(lines=0)
    say(lane, at_s, chance, gamma="000000")
    assert lane.portal.health.out_of_service == ["Aa1"]


def test_the_fault_names_the_panel_its_count_and_the_line() -> None:
    lane, at_s, chance = lane_on_a_spoiled_line()
    say(lane, at_s, chance, gamma="008250")
    told = lane.portal.faults.details[SPOILED]
    assert "Aa1 8250" in told and "Mend the line" in told and "survey meter" in told


def test_a_suspect_count_that_alarms_is_an_alarm_that_says_so() -> None:
    lane, at_s, chance = lane_on_a_spoiled_line()
    say(lane, at_s, chance, gamma="800250")
    (alarm, *_) = [one for one in lane.alarms if one.radiation is Radiation.GAMMA]
    assert alarm.detector_counts["Aa1"] == 800250
    assert any("spoiled on the line" in note for note in alarm.notes)


def alarms_of(lane: Watched) -> list[Alarm]:
    """All there is of them but the notes."""
    return [dataclasses.replace(alarm, notes=()) for alarm in lane.alarms]


@pytest.mark.parametrize("seed", range(6))
def test_every_alarm_of_a_sound_line_is_one_on_a_spoiled_line_too(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vehicles with and without a source at one panel, spoiled counts between: to the last digit the same alarms."""
    told = []
    for doubts in (True, False):
        with monkeypatch.context() as patched:
            if not doubts:
                patched.setattr(Plausible, "suspects", lambda self, reading: ())
            lane, at_s, chance = lane_on_a_spoiled_line(seed)
            for vehicle in range(8):
                at_s = drive(lane, at_s, chance, strength=(0, 30, 600, 20000)[vehicle % 4])
            told.append(alarms_of(lane))
            suspects = lane.portal.tally.suspect
        assert bool(suspects) is doubts
    assert told[0] == told[1] and len(told[0]) > 4


def drive(lane: Watched, at_s: float, chance: random.Random, strength: int) -> float:
    """Six seconds, a source beside the first panel; one digit of a hundred turns over; a minute of empty lane after it."""
    for step in range(30):
        near = strength * max(0.0, 1.0 - abs(step - 15) / 5.0)
        spoiled(lane, at_s, chance, "GS", [noisy(chance, 50 + near / (1 + 8 * i)) for i in range(4)])
        if step % 5 == 4:
            spoiled(lane, at_s, chance, "NS", [chance.choice((0, 0, 1, 2)) for _ in range(4)])
        at_s += 0.2
    lane.say(at_s, "GX,000001,004741,000000,000000")
    for _ in range(12):
        at_s += 5.0
        spoiled(lane, at_s, chance, "NB", [chance.choice((0, 0, 1, 2)) for _ in range(4)])
        spoiled(lane, at_s, chance, "GB", [noisy(chance, 250) for _ in range(4)])
    return at_s + 5.0


def spoiled(lane: Watched, at_s: float, chance: random.Random, tag: str, counts: list[int]) -> None:
    line = f"{tag}," + ",".join(f"{count:06d}" for count in counts)
    sent = bytes(byte ^ 1 << chance.randrange(8) if chance.random() < 0.01 else byte for byte in line.encode())
    lane.hear(Chunk(ns(at_s), sent + b"\r\n"))


def test_a_panel_overloaded_by_a_source_alarms_on_a_spoiled_line_as_on_any() -> None:
    lane, at_s, _ = lane_on_a_spoiled_line()
    for step, first in enumerate((50, 55, 900, 4000, 0, 0, 0, 0)):
        lane.say(at_s + 0.2 * step, "GS," + ",".join(f"{count:06d}" for count in (first, 50 + first // 9, 52, 49)))
    assert "overload/1" in [alarm.judgement.rule for alarm in lane.alarms]
    assert "overload" in lane.portal.faults.details


def test_a_panel_whose_count_has_changed_and_stays_is_no_suspect() -> None:
    lane, at_s, chance = lane_on_a_spoiled_line()
    for number in range(12):
        say(lane, at_s + 5.0 * number, chance, gamma="000650")
    assert lane.portal.tally.suspect == 1


def test_a_rise_of_all_panels_is_no_suspect() -> None:
    lane, at_s, _ = lane_on_a_spoiled_line()
    lane.say(at_s, "GB,000650,000640,000655,000648")
    assert lane.portal.tally.suspect == 0


def test_minutes_are_of_detectors_and_not_of_the_line() -> None:
    lane, at_s, chance = lane_on_a_spoiled_line()
    minutes = Minutes(lane.portal)
    for text in ("", "008250", ""):
        say(lane, at_s, chance, gamma=text)
        minutes.took(lane.portal.last_counts[Radiation.GAMMA])
        at_s += 5.0
    group = minutes.turn(0).groups[0]
    assert group.exposure_ms == 2000 and max(group.sums) < 700


def test_a_passage_with_a_suspect_count_says_so() -> None:
    lane, at_s, chance = lane_on_a_spoiled_line()
    for step in range(20):
        first = 8050 if step == 12 else noisy(chance, 50)
        lane.say(at_s + 0.2 * step, "GS," + ",".join(f"{count:06d}" for count in (first, 50, 51, 49)))
    lane.say(at_s + 4.2, "GX,000001,004741,000000,000000")
    assert any("1 samples with a count that the line may have spoiled" in note for note in lane.occupancies[-1].notes)


def test_two_unreadable_lines_long_ago_make_nothing_suspect() -> None:
    lane, at_s, chance = lane_on_a_spoiled_line(lines=2)
    at_s = go_on(lane, at_s, chance, 130)
    say(lane, at_s, chance, gamma="008250")
    assert not [one for one in lane.of(Fault) if one.condition == SPOILED]


def test_a_lane_just_begun_knows_nothing_to_hold_a_count_against() -> None:
    plausible = Plausible()
    for _ in range(3):
        plausible.unreadable(0)
    assert plausible.suspects(VacantRate(1, Radiation.GAMMA, (8250, 250, 250, 250))) == ()


def test_a_peak_of_one_sample_is_told_of_the_line_and_not_of_the_panel() -> None:
    lane, at_s, chance = lane_on_a_spoiled_line()
    for step in range(20):
        first = 963 if step == 3 else noisy(chance, 50)
        lane.say(at_s + 0.2 * step, "GS," + ",".join(f"{count:06d}" for count in (first, 50, 51, 49)))
    assert not lane.faults("spike:Aa1") and "unreadable" in lane.portal.faults.details


GAP = [(*[50] * 6, 8050, *[51] * 4), (*[50] * 6, 8050), (*[50] * 6, 900, 4000, 51, 50), (*[50] * 6, 8050, 0, 0)]


@pytest.mark.parametrize(("first_panel", "overloaded"), list(zip(GAP, (False, True, True, True), strict=True)))
def test_samples_that_stop_after_a_doubted_rise(first_panel: tuple[int, ...], overloaded: bool) -> None:
    """Counts as ever after it: the line stopped.  Nothing after it, a rise that lasted, or zeros: an over-range as ever."""
    lane, at_s, chance = lane_on_a_spoiled_line()
    for count in first_panel:
        lane.say(at_s, f"GS,{count:06d}," + ",".join(f"{noisy(chance, 50):06d}" for _ in range(3)))
        at_s += 0.2
    for step in range(1, 8):
        lane.say(at_s + 0.5 * step, BAD)
        lane.tick(at_s + 0.5 * step)
    assert ("overload/1" in [alarm.judgement.rule for alarm in lane.alarms]) is overloaded
    assert lane.alarms, "the count itself alarms all the same"


def test_counts_of_a_longer_interval_are_not_held_against_those_of_short_ones() -> None:
    """A bus whose answers broke off: 1055 counts of 4.2 s were "no detector counts so" beside the 50 of 0.2 s."""
    for seed in range(20):
        plausible, chance, at_ns, odd = Plausible(), random.Random(seed), 0, list[tuple[int, ...]]()
        for step in range(600):
            interval_s = 4.2 if step % 20 == 19 else 0.2
            at_ns += round(interval_s * 10**9)
            counts = tuple(noisy(chance, round(250 * interval_s)) for _ in range(4))
            plausible.unreadable(at_ns)
            odd.append(plausible.suspects(Sample(at_ns, Radiation.GAMMA, interval_s, counts, False)))
        assert not any(odd[19::20])
