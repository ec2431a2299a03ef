"""The stream around the records: joining in a line, cut anywhere, noise, endless lines."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.drivers.rapiscan import LONGEST_LINE
from edge_agent.words.reading import Chunk, Reading, Sample, Unreadable, VacantRate

from .wire import GA, GB, GS, GX, NB, NS, SETUP, SP, TC, TT, chunks_of, decoder, feed, joined, read

RECORDS = [GB, NB, GS, GA, NS, GX, TT, TC, SP, *SETUP]
stream = st.lists(
    st.one_of(
        st.sampled_from(RECORDS), st.binary(max_size=12),
        st.sampled_from([b"\n", b"\r", b"\r\n", b"\r\r\n", b"x" * 79, b"y" * 200]),
    ),
    max_size=25,
).map(b"".join)


def without_time(readings: list[Reading]) -> list[Reading]:
    """Readings but for their stamps and lateness, which depend on when bytes arrive."""
    plain = [dataclasses.replace(reading, at_ns=0) for reading in readings]
    return [dataclasses.replace(reading, late=False) if isinstance(reading, Sample) else reading for reading in plain]


@settings(max_examples=150, deadline=None)
@given(stream, st.data())
def test_the_same_bytes_cut_anywhere_give_the_same_readings(data: bytes, more: st.DataObject) -> None:
    cuts = more.draw(st.lists(st.integers(0, len(data)), max_size=20))
    one, other = decoder(), decoder()
    whole = list(one.feed(Chunk(10**9, data)))
    cut = [reading for chunk in chunks_of(data, cuts, 10**9) for reading in other.feed(chunk)]
    assert without_time(whole) == without_time(cut)


@settings(max_examples=60, deadline=None)
@given(stream)
def test_byte_by_byte_is_the_same_as_at_once(data: bytes) -> None:
    one, other = joined(), joined()
    whole = list(one.feed(Chunk(10**9, data)))
    single = [reading for i in range(len(data)) for reading in other.feed(Chunk(10**9, data[i:i + 1]))]
    assert without_time(whole) == without_time(single)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=8))
def test_no_bytes_at_all_make_the_decoder_fail(pieces: list[bytes]) -> None:
    made = decoder()
    for number, piece in enumerate(pieces):
        list(made.feed(Chunk(number * 10**9, piece)))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.sampled_from([record.rstrip(b"\r\n") for record in RECORDS]), st.binary(max_size=200)), max_size=12))
def test_every_byte_is_a_record_or_is_kept(lines: list[bytes]) -> None:
    """Line ends aside, what is not read as a record stands in Unreadable, in order."""
    lines = [line.replace(b"\n", b"").replace(b"\r", b"") for line in lines]
    readings = [r for line in lines for r in [feed(joined(), (1.0, line + b"\r\n"))]]
    for line, found in zip(lines, readings, strict=True):
        kept = b"".join(reading.data for reading in found if isinstance(reading, Unreadable))
        read_as_record = any(not isinstance(reading, Unreadable) for reading in found)
        assert read_as_record or kept.rstrip(b"\r") == line


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_noise_is_kept_to_the_byte(data: bytes) -> None:
    """Carriage returns before a line end may be dropped, nothing else."""
    made = joined()
    found = feed(made, (1.0, data + b"\r\n"))
    kept = b"".join(reading.data for reading in found if isinstance(reading, Unreadable))
    records = sum(not isinstance(reading, Unreadable) for reading in found)
    assert records or kept.replace(b"\r", b"") == data.replace(b"\n", b"").replace(b"\r", b"")


def test_joining_in_mid_line_drops_the_rest_of_that_line() -> None:
    found = feed(decoder(), (1.0, b"41,000052,000049\r\n" + GS))
    assert [type(reading) for reading in found] == [Sample]


def test_joining_at_a_line_begin_loses_nothing() -> None:
    assert len(feed(decoder(), (1.0, GB + NB))) == 2


def test_only_the_first_line_may_be_the_end_of_one() -> None:
    found = feed(decoder(), (1.0, b"41,000052,000049\r\n41,000052,000049\r\n"))
    assert [type(reading) for reading in found] == [Unreadable]


def test_a_reopened_wire_may_begin_in_mid_line_again() -> None:
    made = joined()
    feed(made, (1.0, b"GS,0000"))
    made.restart()
    assert feed(made, (2.0, b"52,000049\r\n")) == []


def test_half_a_line_before_the_wire_broke_is_not_joined_to_the_new_one() -> None:
    made = joined()
    feed(made, (1.0, b"GB,000999,000999,"))
    made.restart()
    (found,) = feed(made, (2.0, GB))
    assert isinstance(found, VacantRate) and found.rates_cps == (188, 206, 262, 243)


def test_a_line_longer_than_any_record_is_noise() -> None:
    found = read(b"x" * (LONGEST_LINE + 1) + b"\r\n")
    assert all(isinstance(reading, Unreadable) for reading in found) and len(found) == 2


def test_a_record_at_the_end_of_noise_is_not_taken_for_one() -> None:
    found = read(b"x" * 100 + GS)
    assert all(isinstance(reading, Unreadable) for reading in found)


def test_after_noise_the_next_line_is_read() -> None:
    assert isinstance(read(b"x" * 500 + b"\r\n" + GS)[-1], Sample)


def test_an_endless_line_is_told_while_it_goes_on() -> None:
    made = joined()
    found = [feed(made, (float(number), b"z" * 200)) for number in range(5)]
    assert all(pieces and all(isinstance(piece, Unreadable) for piece in pieces) for pieces in found)


def test_an_endless_line_never_grows_in_memory() -> None:
    made = joined()
    for number in range(50):
        feed(made, (float(number), b"z" * 10_000))
    assert len(made._lines._tail) <= LONGEST_LINE


@pytest.mark.parametrize("blank", [b"\r\n", b"\n", b"\n\n\r\n"])
def test_empty_lines_are_nothing(blank: bytes) -> None:
    assert read(blank) == []


def test_two_decoders_share_nothing() -> None:
    one, other = joined(), joined()
    feed(one, (1.0, b"GS,0000"))
    assert isinstance(feed(other, (1.0, GS))[0], Sample)
