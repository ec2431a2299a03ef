"""What a count may become when bits of its text turn over on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.tools.turned_bits import DIGITS, may_have_been


@pytest.mark.parametrize("count", [800245, 8245, 650, 201, 240, 400205])
def test_a_bit_of_one_digit_or_two(count: int) -> None:
    assert may_have_been(count, 240, 250)


@pytest.mark.parametrize("count", [963, 777, 99, 1_000_000, -1])
def test_counts_no_turned_digit_makes_of_it(count: int) -> None:
    assert not may_have_been(count, 240, 250)


@given(st.integers(0, 10**DIGITS - 1), st.integers(0, DIGITS - 1), st.integers(0, 7))
def test_every_bit_of_the_text_that_leaves_a_number_is_known(count: int, place: int, bit: int) -> None:
    text = bytearray(f"{count:0{DIGITS}d}".encode())
    text[place] ^= 1 << bit
    if bytes(text).isdigit():
        assert may_have_been(int(text), count, count)
