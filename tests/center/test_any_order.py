"""However a log is cut and sent again, the centre ends with the same tree, and a receipt never goes back."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as some

from edge_agent.center import directory, enrolment, shelves, silence, store
from edge_agent.center.desk import Desk
from edge_agent.center.kinds import Bodies
from edge_agent.center.store import writing
from edge_agent.tools import merkle, notes
from edge_agent.tools.ed25519 import SoftKey

from .bench import TestClock
from .portal import Certificate, Portal

SIZE = 40
_HOME = Path(tempfile.mkdtemp(prefix="center-"))
_PORTAL = Portal(Certificate(_HOME)).write_many(SIZE)
_KEY = directory.ReceiptKey("centre.test/rpm", SoftKey(bytes(32)))
steps = some.lists(
    some.tuples(some.sampled_from(["entries", "express"]), some.integers(0, SIZE), some.integers(0, SIZE)), max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_any_splits_and_resends_end_in_the_same_tree(sent: list[tuple[str, int, int]]) -> None:
    desk = fresh_desk()
    size = receipted = 0
    for what, low, high in sent:
        begin, end = min(low, high), max(low, high)
        if what == "entries":
            size, receipted = entries(desk, begin, end, size, receipted)
        elif begin < end:
            since = receipted if receipted <= end else None
            answer = desk.express(_PORTAL.id, b"cert", _PORTAL.express(begin, end, since=since))
            assert answer.status == 202 and (b"chained" in answer.body) == (begin < size)
    entries(desk, size, SIZE, size, receipted)
    log = shelves.log_of(desk.db, _PORTAL.id)
    assert log is not None and log.head.seq == SIZE
    held = shelves.held(desk.db, log)
    assert merkle.root(SIZE, held.node) == _PORTAL.tree.root()
    assert [held.line(seq) for seq in range(SIZE)] == _PORTAL.lines
    assert not desk.db.execute("SELECT * FROM fork").fetchall()
    desk.close()


def entries(desk: Desk, begin: int, end: int, size: int, receipted: int) -> tuple[int, int]:
    """Send lines [begin, end); what the centre holds and has receipted after it."""
    answer = desk.entries(_PORTAL.id, b"cert", _PORTAL.batch(begin, end))
    if begin > size or (end > size and begin == end):
        assert answer.status == 409
        return size, receipted
    note = _PORTAL.checkpoint(end) + answer.body if answer.body.startswith("— ".encode()) else answer.body
    given_size = notes.open_receipt(note, _PORTAL.log_key, _KEY.public).checkpoint.size
    size = max(size, end)
    assert given_size == size >= receipted
    return size, given_size


def fresh_desk() -> Desk:
    path = Path(tempfile.mkdtemp(dir=_HOME))
    store.create(path)
    db, clock = store.open_store(path), TestClock()
    portal = enrolment.Enrolment(_PORTAL.origin, _first_key(), _PORTAL.log_key, None)
    with writing(db):
        shelves.add_log(db, portal, b"cert", None, 0)
    return Desk(db, _KEY, clock, silence.Watch(), Bodies({}))


def _first_key() -> bytes:
    from edge_agent.tools import ed25519

    return ed25519.public(_PORTAL._key(0))
