"""Framing: an answer is taken only when it is whole, sound, and of what was asked; everything else is trouble with a name."""

from __future__ import annotations

import random
import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.doors import modbus
from edge_agent.hands.links.dialect import Rtu, Tcp
from edge_agent.tools.exchange import Exchange, Exchanges, pack
from edge_agent.words.dialect import Dialect, Outcome
from hardware_mocks.slave import Instrument, Slave, crc

UNITS = st.integers(1, 247)
TABLES = st.sampled_from(["holding", "input", "coil", "discrete"])


def slave(unit: int, framing: str) -> Slave:
    """An instrument that holds its own addresses everywhere: each answer can be told from each other."""
    held = Instrument()
    for table in ("holding", "input", "coil", "discrete"):
        held.hold(table, 0, *range(500))
    return Slave({unit: held}, framing, random.Random(1))


def answer(dialect: Dialect, question: bytes, framing: str) -> bytes:
    ((_, data),) = slave(question[0], framing).answers(dialect.frame(question), 0.0)
    return data


@pytest.fixture(params=["rtu", "tcp"])
def framing(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def make(framing: str) -> Dialect:
    return Rtu() if framing == "rtu" else Tcp()


@given(unit=UNITS, table=TABLES, address=st.integers(0, 300), count=st.integers(1, 100), cut=st.integers(0, 300))
@pytest.mark.parametrize("framing", ["rtu", "tcp"])
def test_an_answer_of_an_independent_slave_is_read_however_it_is_cut(
    framing: str, unit: int, table: str, address: int, count: int, cut: int
) -> None:
    dialect, question = make(framing), modbus.question(unit, table, address, count)
    data = answer(dialect, question, framing)
    assert dialect.longest(question) == len(data)
    head = data[: cut % len(data)]
    assert dialect.take(head, question) is None
    found = dialect.take(data, question)
    assert found is not None and found.outcome is Outcome.ANSWER and found.used == len(data)
    words = modbus.answer(question, found.body)
    held = range(address, address + count)
    assert words == [int(bool(word)) for word in held] if table in ("coil", "discrete") else words == list(held)


@given(bit=st.integers(0, 10_000), count=st.integers(1, 40))
def test_no_flipped_bit_of_a_serial_frame_becomes_an_answer(bit: int, count: int) -> None:
    dialect, question = Rtu(), modbus.question(7, "holding", 3, count)
    data = bytearray(answer(dialect, question, "rtu"))
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    found = dialect.take(bytes(data), question)
    outcome = found.outcome if found else dialect.rest(bytes(data), question)
    assert outcome in (Outcome.CHECKSUM, Outcome.LENGTH, Outcome.FRAMING)


def test_every_trouble_has_its_name() -> None:
    rtu, question = Rtu(), modbus.question(1, "holding", 0, 2)
    good = answer(rtu, question, "rtu")
    assert rtu.rest(b"", question) is Outcome.SILENCE
    assert rtu.rest(rtu.frame(question), question) is Outcome.SILENCE           # only its own echo
    assert rtu.rest(good[:4], question) is Outcome.LENGTH
    assert rtu.rest(b"\x55\xaa", question) is Outcome.FRAMING
    other_unit = answer(rtu, modbus.question(2, "holding", 0, 2), "rtu")
    other_length = answer(rtu, modbus.question(1, "holding", 0, 3), "rtu")
    other_table = answer(rtu, modbus.question(1, "input", 0, 2), "rtu")
    for late in (other_unit, other_length, other_table):
        found = rtu.take(late, question)
        assert found is not None and found.outcome is Outcome.LATE
    refused = rtu.take(b"\x01\x83\x02" + crc(b"\x01\x83\x02"), question)
    assert refused is not None and refused.outcome is Outcome.REFUSED
    refusal = modbus.answer(question, refused.body)
    assert isinstance(refusal, modbus.Refusal) and refusal.words == "illegal address"


def test_an_adapter_that_hears_itself_is_no_trouble() -> None:
    rtu, question = Rtu(), modbus.question(1, "holding", 0, 2)
    found = rtu.take(rtu.frame(question) + answer(rtu, question, "rtu"), question)
    assert found is not None and found.outcome is Outcome.ANSWER


def test_a_late_answer_of_modbus_tcp_is_known_by_its_number() -> None:
    tcp, question = Tcp(), modbus.question(1, "holding", 0, 2)
    late = answer(tcp, question, "tcp")
    tcp.frame(question)                                     # asked again: the same question, another number
    found = tcp.take(late, question)
    assert found is not None and found.outcome is Outcome.LATE and found.used == len(late)
    assert tcp.take(struct.pack(">HHHB", 2, 7, 5, 1) + b"\0" * 9, question).outcome is Outcome.FRAMING  # type: ignore[union-attr]


@given(unit=UNITS, table=TABLES, address=st.integers(0, 60_000), count=st.integers(1, 120))
def test_the_answer_that_makes_sure_cannot_be_taken_for_the_late_one(unit: int, table: str, address: int, count: int) -> None:
    question = modbus.question(unit, table, address, count)
    sure = Rtu().sure(question)
    assert modbus.asked(sure)[:2] == modbus.asked(question)[:2]
    assert modbus.answer_bytes(sure) != modbus.answer_bytes(question)


@given(st.binary(max_size=300), st.integers(1, 60))
def test_no_bytes_break_the_framing(data: bytes, count: int) -> None:
    question = modbus.question(1, "holding", 0, count)
    for dialect in (Rtu(), Tcp()):
        dialect.frame(question)
        found = dialect.take(data, question)
        assert found is None or 0 < found.used <= len(data)
        assert dialect.rest(data, question) is not Outcome.ANSWER


EXCHANGES = st.builds(Exchange, st.binary(max_size=20), st.sampled_from(Outcome), st.binary(max_size=300))


@given(st.lists(EXCHANGES, max_size=6), st.lists(st.integers(0, 2000), max_size=5))
def test_exchanges_come_back_however_they_are_cut(kept: list[Exchange], cuts: list[int]) -> None:
    data = b"".join(map(pack, kept))
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    reader = Exchanges()
    assert [e for a, b in pairwise(edges) for e in reader.feed(data[a:b])] == kept


@given(st.binary(max_size=400))
def test_bytes_that_are_no_exchanges_are_kept_as_such(data: bytes) -> None:
    reader = Exchanges()
    for found in reader.feed(data):
        assert isinstance(found, Exchange | bytes)


@pytest.mark.parametrize("count", [16, 17, 24, 25])
def test_an_answer_as_long_as_a_question_is_no_second_master(count: int) -> None:
    """17 to 24 bits: unit, function, 3, three bytes and CRC are 8 bytes, as a question is."""
    dialect, question = make("rtu"), modbus.question(1, "discrete", 0, count)
    found = dialect.take(answer(dialect, question, "rtu"), question)
    assert found is not None and found.outcome is Outcome.ANSWER
