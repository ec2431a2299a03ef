"""A post of eight instruments in memory on virtual time, short form; hours of it: python -m benchmarks.border_post.simulated."""

from __future__ import annotations

import logging

import pytest

from benchmarks.border_post import simulated


@pytest.mark.slow
def test_every_alarm_is_at_the_centre_once_and_a_good_unit_keeps_its_rate_beside_bad_ones() -> None:
    logging.disable(logging.CRITICAL)
    try:
        found = simulated.run(600, seed=1)
    finally:
        logging.disable(logging.NOTSET)
    assert not found.bad, "\n".join([*found.rows, *found.bad])
