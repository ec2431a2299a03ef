"""What is refused, what is said, and that both sides of a contradiction are kept."""

from __future__ import annotations

import pytest

from edge_agent.tools import jws
from edge_agent.words.record import LINE_MAX

from .bench import Centre
from .portal import Portal, body_of


def refused(centre: Centre, portal: Portal, body: bytes, seq: int, event: str = "REFUSED") -> str:
    """Refused with one line naming the seq, raised at the centre, and nothing stored."""
    before = centre.root(portal)
    got = centre.post(portal, body)
    text = got.body.decode()
    assert got.status == 422 and text.startswith(f"seq {seq}: ") and text.count("\n") == 1, got
    assert centre.wait(event) == f"{event} {portal.origin} {text.strip()}"
    assert centre.root(portal) == before
    return text


def test_every_changed_byte_of_a_line_is_refused(centre: Centre, portal: Portal) -> None:
    portal.write_many(3)
    line = portal.lines[1]
    for at in range(0, len(line), 37):
        changed = bytearray(line)
        changed[at] ^= 1
        got = centre.post(portal, body_of([portal.lines[0], bytes(changed), portal.lines[2]], portal.checkpoint()))
        # a byte turned into a newline makes other lines; nothing is taken either way
        assert got.status in (400, 422), (at, got)
    assert centre.root(portal)[0] == 0


def test_a_line_signed_by_another_key(centre: Centre, portal: Portal) -> None:
    portal.write_many(2)
    stranger = Portal(portal.certificate, portal.origin, seed=9).write_many(2)
    refused(centre, portal, body_of([portal.lines[0], stranger.lines[1]], portal.checkpoint(2)), 1)


def test_a_missing_line(centre: Centre, portal: Portal) -> None:
    portal.write_many(4)
    centre.post(portal, portal.batch(0, 1))
    refused(centre, portal, body_of([portal.lines[1], portal.lines[3], portal.lines[3]], portal.checkpoint(4)), 2)


def test_lines_in_another_order(centre: Centre, portal: Portal) -> None:
    portal.write_many(3)
    refused(centre, portal, body_of([portal.lines[0], portal.lines[2], portal.lines[1]], portal.checkpoint(3)), 1)


def test_lines_of_another_log(centre: Centre, portal: Portal) -> None:
    other = Portal(portal.certificate, "rpm.example.gov/portal/T-2").write_many(2)
    portal.write_many(2)
    refused(centre, portal, body_of(other.lines, portal.checkpoint(2)), 0)


def test_a_line_too_long(centre: Centre, portal: Portal) -> None:
    portal.write_many(1)
    refused(centre, portal, body_of([b"a" * (LINE_MAX + 1)], portal.checkpoint(1)), 0)


def test_a_checkpoint_of_another_key_size_or_root(centre: Centre, portal: Portal) -> None:
    portal.write_many(4)
    stranger = Portal(portal.certificate, portal.origin, seed=9)
    stranger.lines, stranger.tree = portal.lines, portal.tree
    refused(centre, portal, body_of(portal.lines, stranger.checkpoint()), 0)
    refused(centre, portal, body_of(portal.lines[:3], portal.checkpoint(4)), 0)
    refused(centre, portal, body_of(portal.lines, portal.checkpoint(4, root=bytes(32))), 4, "FORK")


def test_a_refusal_is_raised_once_and_counted(centre: Centre, portal: Portal) -> None:
    portal.write_many(2)
    bad = body_of([portal.lines[1]] * 2, portal.checkpoint(2))
    good = body_of([portal.lines[0], portal.lines[0]], portal.checkpoint(2))
    for _ in range(3):
        centre.post(portal, good)
    assert bad != good
    assert len([line for line in centre.announced() if line.startswith("REFUSED")]) == 1
    assert centre.kept("SELECT times FROM event WHERE kind = 'REFUSED'") == [(3,)]


def test_a_fork_keeps_both_sides(centre: Centre, portal: Portal) -> None:
    """A restored image, or a rewritten history: the same place signed twice."""
    portal.write_many(6)
    centre.post(portal, portal.batch())
    other = portal.branch(3)
    other.write("occupancy", other=True)
    other.write_many(1)
    text = refused(centre, portal, other.batch(2, 5), 3, "FORK")
    assert "two different lines" in text
    assert centre.kept("SELECT at, what, ours, theirs FROM fork") == [(3, "line", portal.lines[3], other.lines[3])]
    centre.post(portal, other.batch(2, 5))
    assert len(centre.kept("SELECT * FROM fork")) == 1
    assert centre.receipt(portal, centre.post(portal, portal.write_many(1).batch(6))).checkpoint.size == 7


def test_a_stored_line_with_a_broken_twin_is_no_fork(centre: Centre, portal: Portal) -> None:
    """Damage on the way is refused; only two good signatures are a proof."""
    portal.write_many(3)
    centre.post(portal, portal.batch())
    parts = portal.lines[1].split(b".")
    broken = b".".join([*parts[:2], b"A" * 86])
    refused(centre, portal, body_of([portal.lines[0], broken, portal.lines[2]], portal.checkpoint()), 1)
    assert not centre.kept("SELECT * FROM fork")


def test_a_rewritten_tail_past_the_receipt_is_a_fork(centre: Centre, portal: Portal) -> None:
    portal.write_many(5)
    centre.post(portal, portal.batch())
    other = portal.branch(4)
    other.alarm()
    assert centre.post(portal, other.batch(4, 5)).status == 422
    assert centre.wait("FORK")


@pytest.mark.parametrize(("body", "status"), [
    (b"", 400), (b"\n", 400), (b"abc", 400), (b"abc\n", 400), (b"abc\n\n", 400), (b"\n\n", 422), (b"abc\n\nnote", 400),
    (b"abc\n\nnote\n", 422), (b"\xff\xfe\n\n\xff\n", 422), (b"\n" + b"x" * 20_000 + b"\n", 400),
])
def test_bodies_of_another_form(centre: Centre, portal: Portal, body: bytes, status: int) -> None:
    got = centre.post(portal, body)
    assert got.status == status and got.body.count(b"\n") == 1


def test_a_line_that_would_be_forged_with_an_older_key(centre: Centre, portal: Portal) -> None:
    """A key stolen later signs nothing earlier: the record before it announced another."""
    portal.write_many(4)
    centre.post(portal, portal.batch(0, 2))
    forged = jws.write("occupancy", {"v": 1, "log": portal.origin, "seq": 2}, portal._key(3))
    refused(centre, portal, body_of([forged, portal.lines[3]], portal.checkpoint(4)), 2)
