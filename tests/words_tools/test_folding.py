"""Long lines in a terminal are folded between words; short ones, and lines with terminal codes, are as they were."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.commands.folding import Folding, folded

TEXT = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=300)


@given(TEXT, st.integers(40, 120))
def test_no_word_is_lost_and_no_line_is_too_long_but_for_one_long_word(line: str, width: int) -> None:
    made = folded(line, width)
    assert made.split() == line.split()
    for piece in made.split("\n"):
        assert len(piece) <= width or len(piece.split()) == 1


def test_what_goes_on_is_set_in_under_its_line() -> None:
    made = folded("   cause: " + "word " * 12, 40)
    assert made.split("\n") == ["   cause: word word word word word word", "     word word word word word word"]


def test_a_table_that_fits_and_a_line_with_codes_are_left_alone() -> None:
    assert folded("a" + " " * 78 + "b", 80) == "a" + " " * 78 + "b"
    coded = "\x1b[H" + "word " * 40
    assert folded(coded, 80) == coded


def test_a_prompt_without_an_end_is_shown_at_once() -> None:
    under = io.StringIO()
    stream = Folding(under)
    stream.write("Name of the lane? ")
    assert under.getvalue() == ""
    stream.flush()
    assert under.getvalue() == "Name of the lane? "
