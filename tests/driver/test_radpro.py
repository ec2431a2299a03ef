"""Rad Pro: an answer is one of its question, and a count is believed only when the next one bears it out."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.drivers.radpro import COUNT, IDENTITY, Lines, RadproDecoder, Total
from edge_agent.tools.exchange import Exchange, pack
from edge_agent.words.dialect import Outcome
from edge_agent.words.errors import SettingsError
from edge_agent.words.reading import Chunk, Condition, Health, Reading, Sample, Setup, Unreadable
from tests.test_captures import profile_of

S = 10**9
TURN = 2**32
ANSWERS = {COUNT: b"OK 1500\r\n", IDENTITY: b"OK FS2011 (STM32F051C8);Rad Pro 2.0/en;b5706d937087f975b5812810\r\n"}


@pytest.mark.parametrize("question", ANSWERS)
def test_an_answer_is_taken_when_it_is_whole(question: bytes) -> None:
    answer, lines = ANSWERS[question], Lines()
    assert all(lines.take(answer[:cut], question) is None for cut in range(len(answer)))
    found = lines.take(answer + b"OK 7", question)
    assert found and found.outcome is Outcome.ANSWER and found.body == answer[3:-2] and found.used == len(answer)


@pytest.mark.parametrize("question", ANSWERS)
def test_the_answer_to_the_other_question_is_late(question: bytes) -> None:
    other = Lines().sure(question)
    assert other != question
    found = Lines().take(ANSWERS[other], question)
    assert found and found.outcome is Outcome.LATE


def test_what_it_does_not_know_is_refused_and_noise_is_framing() -> None:
    outcomes = [found.outcome for line in (b"ERROR\r\n", b"\xff\x80\n", b"OK\r\n") if (found := Lines().take(line, COUNT))]
    assert outcomes == [Outcome.REFUSED, Outcome.FRAMING, Outcome.FRAMING]
    endless = Lines().take(b"\x00" * 400, COUNT)
    assert endless and endless.outcome is Outcome.FRAMING and endless.used == 400


def test_a_flipped_bit_is_never_another_answer_but_in_a_digit() -> None:
    answer = ANSWERS[COUNT]
    for at in range(len(answer)):
        for bit in range(8):
            data = answer[:at] + bytes((answer[at] ^ 1 << bit,)) + answer[at + 1 :]
            found = Lines().take(data, COUNT)
            if found and found.outcome is Outcome.ANSWER:
                assert found.body.isdigit()


def taken(totals: list[int]) -> list[tuple[int, int]]:
    total, found = Total(), []
    for at, value in enumerate(totals):
        said = total.take(at * S, value)
        if isinstance(said, tuple):
            found.append(said[1:])
    return found


STEPS = st.lists(st.integers(0, 300), min_size=4, max_size=30)


@given(start=st.integers(0, TURN - 1), steps=STEPS)
def test_a_sound_wire_loses_no_count_also_where_the_total_goes_round(start: int, steps: list[int]) -> None:
    totals = [start]
    for step in steps:
        totals.append((totals[-1] + step) % TURN)
    assert taken(totals) == [(S, step) for step in steps[:-1]]


@given(start=st.integers(0, TURN - 1), steps=STEPS, at=st.integers(2, 100), noise=st.integers(0, TURN - 1))
def test_a_spoiled_total_never_becomes_counts_that_were_not_there(start: int, steps: list[int], at: int, noise: int) -> None:
    """The totals of the neighbours bound what a spoiled one can be taken for, and no count is lost or made."""
    totals = [start]
    for step in steps:
        totals.append((totals[-1] + step) % TURN)
    at = 2 + at % (len(totals) - 2)
    spoiled = [*totals[:at], noise, *totals[at + 1 :]]
    found = taken(spoiled)
    assert all(counts <= sum(steps) for _, counts in found)
    assert sum(counts for _, counts in found) <= sum(steps)
    if at < len(totals) - 2:        # two good ones after it
        assert sum(counts for _, counts in found) == sum(steps[:-1])


def test_a_restart_is_told_and_counts_go_on_from_there() -> None:
    total = Total()
    said = [total.take(at * S, value) for at, value in enumerate((1000, 1010, 1020, 3, 9, 12))]
    assert said == [None, None, (S, S, 10), None, "its count started anew", (4 * S, S, 6)]


def readings(*exchanges: Exchange) -> list[Reading]:
    decoder = RadproDecoder(profile_of("radpro"))
    return [r for at, exchange in enumerate(exchanges) for r in decoder.feed(Chunk(at * S, pack(exchange)))]


def test_who_it_is_is_told_once_and_again_when_another_is_plugged_in() -> None:
    one, two = Exchange(IDENTITY, Outcome.ANSWER, b"A;B;1"), Exchange(IDENTITY, Outcome.ANSWER, b"A;B;2")
    assert [r.fields[2] for r in readings(one, one, two) if isinstance(r, Setup)] == ["1", "2"]


def test_an_error_says_what_was_asked_and_ends_with_the_next_answer() -> None:
    said = readings(Exchange(COUNT, Outcome.REFUSED, b"ERROR"), Exchange(COUNT, Outcome.ANSWER, b"5"))
    assert [r.present for r in said if isinstance(r, Health) and r.condition is Condition.REFUSED] == [True, False]


def test_a_recording_that_was_bent_is_unreadable() -> None:
    said = readings(Exchange(b"GET x", Outcome.ANSWER, b"5"), Exchange(COUNT, Outcome.ANSWER, b"-5"),
                    Exchange(COUNT, Outcome.ANSWER, b"4294967296"))
    assert [type(r) for r in said] == [Unreadable] * 3


def test_a_profile_with_more_than_one_tube_is_refused() -> None:
    with pytest.raises(SettingsError, match="one tube"):
        RadproDecoder(profile_of("rapiscan"))


def test_the_recording_lost_no_count_where_answers_were_late() -> None:
    """Its answers are late at each ninth question: intervals are longer there, none is missing."""
    from tests.driver.test_every_decoder import read, recorded
    from tests.test_captures import ROOT

    path = ROOT / "tests/captures/radpro/demo.capture"
    samples = [r for r in read(path, recorded(path)) if isinstance(r, Sample)]
    assert len(samples) > 20
    for before, after in pairwise(samples):
        assert after.at_ns - before.at_ns == round(after.interval_s * S)
