"""BDKG's CRC may stand either way round: what answers decides, and a flipped bit is noticed in both."""

from __future__ import annotations

import random

import pytest

from edge_agent.doors import modbus
from edge_agent.drivers.atomtex_bdkg import EitherOrder
from edge_agent.words.dialect import Outcome
from hardware_mocks.atomtex_bdkg import HighFirst
from hardware_mocks.slave import Instrument, Slave

QUESTION = modbus.question(1, "input", 2, 2)


def answer(speaker: type[Slave], frame: bytes) -> bytes:
    held = Instrument()
    held.hold("input", 2, 1, 7)
    made = speaker({1: held}, "rtu", random.Random(1))
    found = made.question(frame)
    return b"" if not found or not found[0] else next(made.answers(found[0], 0.0))[1]


@pytest.mark.parametrize("speaker", [Slave, HighFirst])
def test_the_order_that_is_answered_is_kept(speaker: type[Slave]) -> None:
    dialect = EitherOrder()
    outcomes = []
    for _ in range(6):
        data = answer(speaker, dialect.frame(QUESTION))
        found = dialect.take(data, QUESTION)
        outcomes.append(found.outcome if found else None)
        if found:
            assert modbus.answer(QUESTION, found.body) == [1, 7] and found.used == len(data)
            assert all(dialect.take(data[:cut], QUESTION) is None for cut in range(len(data)))
    assert outcomes[1:] == [Outcome.ANSWER] * 5         # the first or the second way round, then always that


@pytest.mark.parametrize("speaker", [Slave, HighFirst])
def test_a_flipped_bit_is_never_an_answer(speaker: type[Slave]) -> None:
    dialect = EitherOrder()
    data = answer(speaker, dialect.frame(QUESTION)) or answer(speaker, dialect.frame(QUESTION))
    for at in range(len(data)):
        for bit in range(8):
            found = EitherOrder().take(data[:at] + bytes((data[at] ^ 1 << bit,)) + data[at + 1 :], QUESTION)
            assert found is None or found.outcome is not Outcome.ANSWER


def test_our_own_echo_is_passed_over() -> None:
    dialect = EitherOrder()
    frame = dialect.frame(QUESTION)
    data = answer(HighFirst, frame) or answer(Slave, frame)
    found = dialect.take(frame + data, QUESTION)
    assert found and found.outcome is Outcome.ANSWER and dialect.rest(frame, QUESTION) is Outcome.SILENCE
