"""A closed log with a damaged tree or a hole must not hold up the log that continues it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from benchmarks.campaign import thief
from benchmarks.campaign.life import ORIGIN, Life, life


@pytest.fixture
def at() -> Iterator[Life]:
    """A post with nine records its centre does not have yet; its key file is lost."""
    logging.disable(logging.CRITICAL)
    with life(1) as found:
        found.link.up = False
        found.portal.add(*[found.alarm() for _ in range(9)])
        found.portal.stop()
        (found.portal.directory / "record.key").unlink()
        yield found
    logging.disable(logging.NOTSET)


def delivered(at: Life) -> dict[str, int]:
    at.link.up = True
    at.portal.start()
    for _ in range(3):
        at.minute()
        at.portal.deliver(200)
    return {log.origin: log.head.seq for log in at.centre.logs()}


def test_a_lost_tree_is_made_anew_and_everything_delivered(at: Life) -> None:
    thief.change(at.portal.directory, ("DELETE FROM node", ()))
    sizes = delivered(at)
    assert sizes[ORIGIN] >= 9 and sizes[f"{ORIGIN}/2"] > 3


def test_a_hole_is_told_and_the_continuation_delivered(at: Life) -> None:
    thief.change(at.portal.directory, ("DELETE FROM record WHERE seq = 8", ()), ("DELETE FROM node", ()))
    sizes = delivered(at)
    assert sizes[ORIGIN] == 0 and sizes[f"{ORIGIN}/2"] > 3
    assert [detail for condition, detail in at.portal.reports if condition == "closed-log"]


def test_a_hole_in_the_log_that_goes_on_is_told_and_alarms_still_go_ahead() -> None:
    logging.disable(logging.CRITICAL)
    with life(2) as at:
        at.portal.deliver(50)
        at.link.up = False
        seq = at.portal.add(*[("fault", {"condition": "tamper"})] * 3)
        thief.change(at.portal.directory, ("DELETE FROM record WHERE seq = ?", (seq + 1,)))
        at.link.up = True
        at.portal.add(at.alarm())
        at.portal.deliver(50)
        at.portal.deliver(50)
        waiting = at.centre.desk.db.execute("SELECT seq, kind FROM express").fetchall()
        assert sorted({condition for condition, _ in at.portal.reports}) == ["log-hole"]
        assert [(row["seq"], row["kind"]) for row in waiting] == [(seq + 3, "alarm")]
    logging.disable(logging.NOTSET)
