"""A fresh alarm ahead of its backlog: shown at once, never cosigned, held against what comes later."""

from __future__ import annotations

import gzip
import json

import pytest

from edge_agent.tools import notes

from .bench import Centre, Got
from .portal import Portal

PENDING, CHAINED = {"state": "chain-pending"}, {"state": "chained"}


def state(got: Got) -> object:
    assert got.status == 202 and got.headers["Content-Type"].startswith("application/json")
    assert "— ".encode() not in got.body
    return json.loads(got.body)


def test_an_alarm_ahead_of_its_backlog_then_chained(centre: Centre, portal: Portal) -> None:
    portal.write_many(10)
    centre.post(portal, portal.batch(0, 4))
    portal.alarm(lane="7")
    portal.write_many(2)
    assert state(centre.express(portal, portal.express(10, 11, since=4))) == PENDING
    assert "lane=7" in (line := centre.wait("ALARM")) and "state=pending" in line
    assert state(centre.express(portal, portal.express(10, 13))) == PENDING
    newest = centre.ask(portal.certificate, "GET", f"/v1/logs/{portal.id}/checkpoint").body
    assert notes.open_receipt(newest, portal.log_key, centre.key).checkpoint.size == 4      # express is no receipt
    assert [row[:2] for row in centre.kept("SELECT size, root FROM commitment ORDER BY size")] == [
        (11, portal.tree.root(11)), (13, portal.tree.root(13)),
    ]
    centre.receipt(portal, centre.post(portal, portal.batch(4, 13)))
    said = [line for line in centre.announced() if line.startswith("ALARM")]
    assert len(said) == 1 and "state=chained" in said[0]
    assert state(centre.express(portal, portal.express(10, 13))) == CHAINED
    assert state(centre.express(portal, portal.express(10, portal.write_many(3).tree.size, since=13))) == CHAINED


def test_express_may_be_packed(centre: Centre, portal: Portal) -> None:
    portal.alarm()
    path = f"/v1/logs/{portal.id}/express"
    packed = gzip.compress(portal.express(0))
    assert state(centre.ask(portal.certificate, "POST", path, packed, Content_Encoding="gzip")) == PENDING
    assert centre.ask(portal.certificate, "POST", path, b"not gzip", Content_Encoding="gzip").status == 400


def test_the_very_first_thing_a_centre_hears_may_be_express(centre: Centre, portal: Portal) -> None:
    portal.write_many(3).alarm()
    assert state(centre.express(portal, portal.express(3, since=0))) == PENDING


def test_a_receipt_larger_than_this_centre_holds_does_not_silence_an_alarm(centre: Centre, portal: Portal) -> None:
    portal.write_many(5).alarm()
    centre.post(portal, portal.batch(0, 2))
    assert state(centre.express(portal, portal.express(5, since=4))) == PENDING


@pytest.mark.parametrize("change", [
    {"line": "eyJ.eyJ.AAA"}, {"index": 3}, {"size": 5}, {"inclusion": []}, {"checkpoint": "other"}, {"line": "x" * 10},
    {"consistency": {"from": 2, "proof": []}}, {"consistency": {"from": 0, "proof": ["A" * 43 + "="]}},
])
def test_what_the_log_key_does_not_vouch_for_is_refused(
    centre: Centre, portal: Portal, change: dict[str, object],
) -> None:
    portal.write_many(5).alarm()
    centre.post(portal, portal.batch(0, 2))
    got = centre.express(portal, portal.express(5, **change))
    assert got.status == 422 and got.body.startswith(b"seq ")
    assert centre.wait("REFUSED")
    assert not centre.kept("SELECT * FROM express") and not centre.kept("SELECT * FROM commitment")


@pytest.mark.parametrize("body", [
    b"", b"[]", b"{}", b'{"line":1}', b"\xff", b'{"line":"a","line":"a"}', b"[" * 1000,
    b'{"line":"a","index":-1,"size":1,"inclusion":[],"checkpoint":"x"}',
    b'{"line":"a","index":true,"size":1,"inclusion":[],"checkpoint":"x"}',
    b'{"line":"a","index":0,"size":1,"inclusion":["!"],"checkpoint":"x"}',
    b'{"line":"a","index":0,"size":1,"inclusion":[],"checkpoint":"x","consistency":[]}',
    rb'{"line":"a","index":0,"size":1,"inclusion":[],"checkpoint":"\ud800"}',
])
def test_bodies_of_another_form(centre: Centre, portal: Portal, body: bytes) -> None:
    got = centre.express(portal, body)
    assert got.status == 400 and got.body.count(b"\n") == 1


def test_a_stranger_s_log_key_is_refused(centre: Centre, portal: Portal) -> None:
    stranger = Portal(portal.certificate, portal.origin, seed=5).write_many(2)
    stranger.alarm()
    assert centre.express(portal, stranger.express(2)).status == 422
    assert not [line for line in centre.announced() if line.startswith("ALARM")]


def test_a_tail_that_breaks_its_commitment_is_a_fork(centre: Centre, portal: Portal) -> None:
    """Truncate behind an alarm sent express and carry on: the alarm cannot be taken back."""
    portal.write_many(4)
    centre.post(portal, portal.batch())
    other = portal.branch(4).write_many(6)
    portal.write_many(3).alarm()
    assert state(centre.express(portal, portal.express(7, 8))) == PENDING
    got = centre.post(portal, other.batch(4, 10))
    assert got.status == 422 and b"express" in got.body
    assert centre.wait("FORK")
    assert centre.kept("SELECT at, ours, theirs FROM fork") == [(7, portal.lines[7], other.lines[7])]
    assert centre.receipt(portal, centre.post(portal, portal.batch(4, 8))).checkpoint.size == 8


def test_a_root_that_breaks_its_commitment_is_a_fork(centre: Centre, portal: Portal) -> None:
    """The express line is kept, a line before it is not."""
    portal.write_many(4)
    other = portal.branch(2).write_many(2)
    other.write("operator", action="other")
    other.write_many(5)
    portal.write_many(8)
    centre.express(portal, portal.express(11, 12))          # index 11: beyond what the other side sends
    centre.express(portal, portal.express(3, 5))
    got = centre.post(portal, other.batch(0, 9))
    assert got.status == 422 and b"checkpoint of size 5" in got.body
    assert centre.wait("FORK")
    (at, what, ours, theirs), = centre.kept("SELECT at, what, ours, theirs FROM fork")
    assert (at, what, ours) == (5, "tree", portal.checkpoint(5))
    assert theirs.splitlines() == other.lines[:9]


def test_an_alarm_on_the_other_side_of_a_fork_is_still_shown(centre: Centre, portal: Portal) -> None:
    portal.write_many(5)
    centre.post(portal, portal.batch())
    other = portal.branch(3)
    other.alarm(lane="9")
    assert centre.express(portal, other.express(3)).status == 422
    said = centre.announced()
    assert [line for line in said if line.startswith("FORK")]
    assert [line for line in said if line.startswith("ALARM lane=9") and "state=forked" in line]
    assert centre.kept("SELECT ours, theirs FROM fork") == [(portal.lines[3], other.lines[3])]


def test_two_checkpoints_of_one_size_are_a_fork(centre: Centre, portal: Portal) -> None:
    portal.write_many(6)
    other = portal.branch(4)
    other.write("operator", action="other")
    other.write("fault", condition="x")
    centre.express(portal, portal.express(2, 6))
    assert centre.express(portal, other.express(2, 6)).status == 422
    assert centre.wait("FORK")


def test_an_express_checkpoint_of_a_tree_that_is_here_must_be_that_tree(centre: Centre, portal: Portal) -> None:
    portal.write_many(6)
    centre.post(portal, portal.batch())
    other = portal.branch(4).write_many(1)
    other.write("operator", action="other")
    assert centre.express(portal, other.express(2, 6)).status == 422
    assert centre.wait("FORK")
