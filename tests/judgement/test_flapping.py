"""A condition that comes and goes is one standing fault with a count, not a hundred records; its first raising is never late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.judgement.faults import DOUBLINGS, PAST_NS, WELL_NS, FaultBook
from edge_agent.words.event import Fault
from edge_agent.words.reading import Radiation

from .bench import Watched, four

S = 10**9


def flap(book: FaultBook, until_s: int, ill_s: int, well_s: int) -> list[Fault]:
    told: list[Fault] = []
    for second in range(until_s):
        told += book.fade(second * S)
        ill = second % (ill_s + well_s) < ill_s
        told += book.begin(second * S, "silence", "nothing") if ill else book.end(second * S, "silence")
    return told


def test_what_flaps_for_a_day_is_a_few_records() -> None:
    for ill_s, well_s in ((6, 5), (1, 59), (30, 200), (600, 600)):
        assert len(flap(FaultBook("2"), 86_400, ill_s, well_s)) <= 2 * (DOUBLINGS + 2), (ill_s, well_s)


def test_the_first_return_is_told_at_once_and_its_end_after_a_minute_of_being_well() -> None:
    book = FaultBook("2")
    told = flap(book, 20, 6, 5)
    assert [(fault.at_ns // S, fault.present) for fault in told] == [(0, True), (6, False), (11, True)]
    over = [fault for second in range(20, 200) for fault in [*book.end(second * S, "silence"), *book.fade(second * S)]]
    assert [(fault.at_ns // S, fault.present) for fault in over] == [(17 + 60, False)]
    assert over[0].numbers == {"lasted_s": 6.0, "times": 6, "came_back": 1} and over[0].detail == "came back once"


def test_status_says_that_it_is_well_and_for_how_long_it_has_to_be() -> None:
    book = FaultBook("2")
    flap(book, 42, 6, 5)
    assert book.details == {"silence": "nothing. Well now; over when it has been so for 60 s (came back 3 times)"}
    assert not book.holds("silence")


def test_a_condition_that_comes_back_after_hours_is_a_new_one() -> None:
    book = FaultBook("2")
    book.begin(0, "link", "no answer")
    book.end(S, "link")
    book.begin(2 * S + PAST_NS, "link", "no answer")
    assert len(book.end(3 * S + PAST_NS, "link")) == 1


def test_a_lane_whose_wire_falters_shows_its_counts_while_they_come() -> None:
    lane = Watched()
    at_s = lane.vacant()
    for _ in range(20):                     # 20 s of silence, 20 s of counts
        lane.tick(at_s + lane.profile.silence_s + 1)
        at_s = lane.vacant(at_s + 20, 20)
    assert len(lane.faults("silence")) <= 3 and lane.faults("silence")[-1]
    assert lane.portal.knows(Radiation.GAMMA)
    lane.tick(at_s + lane.profile.silence_s + 1)
    assert not lane.portal.knows(Radiation.GAMMA)


def test_a_line_that_cannot_be_read_every_two_minutes_is_one_standing_fault() -> None:
    lane = Watched()
    for at_s in range(0, 7200, 5):
        lane.say(float(at_s), "GX,nonsense" if at_s % 120 == 0 else four("GB", 250))
        lane.tick(float(at_s))
    assert len(lane.faults("unreadable")) <= 5 and lane.faults("unreadable")[-1]


@given(st.lists(st.tuples(st.integers(1, 2000), st.booleans()), max_size=60))
def test_any_history_tells_each_beginning_at_once_and_ends_what_stays_well(steps: list[tuple[int, bool]]) -> None:
    book, at_s, stands = FaultBook("2"), 0, False
    for pause_s, ill in steps:
        at_s += pause_s
        faded = book.fade(at_s * S)
        told = [*faded, *(book.begin(at_s * S, "link", "x") if ill else book.end(at_s * S, "link"))]
        for fault in told:                  # begin and end take turns on record
            assert fault.present is not stands
            stands = fault.present
        assert not ill or stands
    book.end(at_s * S, "link")
    book.fade(at_s * S + (WELL_NS << DOUBLINGS))
    assert not book.open


def test_a_wire_that_is_only_opened_anew_is_not_well_again() -> None:
    """Not one byte had come, and the log said "FAULT over silence", status "Well now"."""
    lane = Watched()
    for minute in range(5):
        lane.events += lane.portal.opened(minute * 60 * S)
        for second in range(60):
            lane.tick(minute * 60 + second)
    assert [fault.present for fault in lane.of(Fault) if fault.condition == "silence"] == [True]
    assert "Well now" not in lane.portal.faults.details["silence"]
    at_s = lane.vacant(300.0, 120)
    lane.tick(at_s)
    assert [fault.present for fault in lane.of(Fault) if fault.condition == "silence"] == [True, False]
