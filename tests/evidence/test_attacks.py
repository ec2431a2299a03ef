"""Attacks of someone with root at the post, and honest lives that must never look like one; `make campaign` does thousands.

docs/attacks.md lists what is seen of each.  A failure names its seed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from benchmarks.campaign import attacks, honest

SEEDS = range(3)
LIVES = range(40, 70)


@pytest.fixture(autouse=True)
def quietly() -> Iterator[None]:
    """Thousands of honest warnings of the agent say nothing here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", attacks.MATRIX)
def test_every_attack_gives_its_verdict(name: str, seed: int) -> None:
    attacks.one(name, seed)


def test_honest_lives_never_give_a_proof_and_their_questions_close() -> None:
    assert {seed: wrong for seed in LIVES if (wrong := honest.one(seed)[0])} == {}


def test_honest_lives_make_the_centre_ask_every_kind_of_question_they_can() -> None:
    asked = {kind for seed in LIVES[:12] for kind in honest.one(seed)[1]}
    assert asked == {"silence", "clock", "power-off", "continuation", "fewer-records"}
