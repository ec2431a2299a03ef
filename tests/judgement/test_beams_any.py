"""Whatever beams and doors do: what begins ends once all is well, in its turn, and a ledger holds a few records an hour of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.judgement.beams import BUCKETS, OF, Beams
from edge_agent.judgement.door import HOUR_NS, Door
from edge_agent.judgement.faults import FaultBook
from edge_agent.words.event import Event, Fault, Tamper
from edge_agent.words.reading import Condition, Health

S = 10**9
AN_HOUR_MAX = 20        # records of one condition: begun and over within its shortest patience, then twice as long, ...
KINDS = {"both": ("front", "rear"), "front": ("front",), "rear": ("rear",), "backwards": ("front", "rear")}
DOES = st.tuples(st.sampled_from([*KINDS, "idle", "dead front", "dead rear", "dead both", "silent", "restart"]),
                 st.integers(1, 12), st.integers(1, 1200))      # what, how often, seconds each time


class Post:
    """Beams as a gate tells them, in the book of faults of a lane."""

    def __init__(self, pair: bool) -> None:
        self._beams, self._book, self.at_ns = Beams(["front", "rear"], pair), FaultBook("2"), 0
        self.stands: set[Condition] = set()
        self.records: list[Fault] = []

    def do(self, what: str, seconds: int) -> None:
        if what in KINDS:
            self._spend(seconds, frozenset())
            self._take(self._beams.passed(self.at_ns, KINDS[what], what == "backwards" if len(KINDS[what]) == 2 else None))
        elif what in ("silent", "restart"):
            self.at_ns += seconds * S
            self._beams.silent()
            self.records += self._book.fade(self.at_ns)
        else:
            self._spend(seconds, frozenset(name for name in ("front", "rear") if what in (f"dead {name}", "dead both")))

    def _spend(self, seconds: int, broken: frozenset[str]) -> None:
        """Asked each two seconds, in answers of their own."""
        for _ in range(0, seconds, 2):
            before_ns, self.at_ns = self.at_ns, self.at_ns + 2 * S
            for name in ("front", "rear"):
                self._take(self._beams.time(self.at_ns, before_ns, {name: name in broken}))
            self.records += self._book.fade(self.at_ns)

    def _take(self, told: Iterable[Health]) -> None:
        for health in told:
            assert health.present is (health.condition not in self.stands), "what stands does not begin, what is over not end"
            self.stands ^= {health.condition}
            name = health.condition.value
            self.records += (self._book.begin(health.at_ns, name, health.detail) if health.present else
                             self._book.end(health.at_ns, name, health.detail))


@given(st.lists(DOES, max_size=25), st.booleans())
def test_whatever_beams_do_ends_when_all_is_well(does: list[tuple[str, int, int]], pair: bool) -> None:
    post = Post(pair)
    for what, times, seconds in does:
        for _ in range(times):
            post.do(what, seconds)
    _few(post.records)
    for _ in range(OF):
        post.do("both", BUCKETS * 60 // OF * 2)
    assert post.stands == set()
    post.do("idle", 20 * 60)
    last = {each.condition: each.present for each in post.records}
    assert not any(last.values())


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3 * 3600 * 10)), max_size=300))
def test_whatever_a_door_does_ends_an_hour_or_little_more_after_it(moves: list[tuple[bool, int]]) -> None:
    book, at_ns = FaultBook("2"), 0
    door, told = Door("2", book), list[Event]()
    for is_open, tenths in moves:
        until_ns = at_ns + tenths * S // 10
        while at_ns < until_ns:
            at_ns = min(until_ns, at_ns + 60 * S)
            told += book.fade(at_ns)
        told += door.take(Health(at_ns, Condition.TAMPER, is_open))
    tampers = [each.open for each in told if isinstance(each, Tamper)]
    assert all(one is not other for one, other in itertools.pairwise(tampers))
    faults = [each for each in told if isinstance(each, Fault)]
    _few(faults)
    at_ns += HOUR_NS + S
    faults += book.fade(at_ns)
    assert not book.open and sum(each.present for each in faults) == len(faults) / 2


def _few(records: list[Fault]) -> None:
    for condition in {each.condition for each in records}:
        times = [each.at_ns for each in records if each.condition == condition]
        assert max(sum(at_ns - 3600 * S < each <= at_ns for each in times) for at_ns in times) <= AN_HOUR_MAX
