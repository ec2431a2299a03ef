"""Vehicles by beams, loops and buttons: each passage once, whatever chatters; direction and speed; silence is not "vacant"."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.judgement.beams import FLICKERS, ODD, OF, REVERSED
from edge_agent.judgement.gate import AGAIN, AGAIN_NS, BETWEEN_MAX_S, Gate
from edge_agent.words.event import Fault
from edge_agent.words.reading import Condition, Health, Inputs, OccupancyEnd, Radiation, Reading, Sample, Speed
from edge_agent.words.settings import OccupancySettings
from tests.judgement.bench import Watched

S, POLL_NS = 10**9, 50_000_000
PAIR = OccupancySettings("io1", ["front", "rear"], spacing_m=3.0)
ONE = OccupancySettings("io1", ["front"])


class Lane:
    """A gate asked every 50 ms about beams that are broken in the given spans of time."""

    def __init__(self, settings: OccupancySettings) -> None:
        self.gate = Gate(settings)
        self.told: list[Reading] = []
        self.at_ns = 0
        self.occupied: list[bool] = []

    def run(self, seconds: float, **broken: list[tuple[float, float]]) -> Lane:
        began_ns = self.at_ns
        while self.at_ns - began_ns < seconds * S:
            self.at_ns += POLL_NS
            at_s = (self.at_ns - began_ns) / S
            states = {"front": False, "rear": False} | {
                name: any(begin <= at_s < end for begin, end in spans) for name, spans in broken.items()}
            self.told += self.gate.take(Inputs(self.at_ns, tuple(states.items())))
            self.told += self.gate.look(self.at_ns)
            if self.at_ns % (4 * POLL_NS) == 0:
                for each in self.gate.mark(Sample(self.at_ns, Radiation.GAMMA, 0.2, (50,), False)):
                    if isinstance(each, Sample):
                        self.occupied.append(each.occupied)
                    else:
                        self.told.append(each)
        return self

    def of(self, kind: type) -> list[Reading]:
        return [each for each in self.told if isinstance(each, kind)]


def test_a_vehicle_through_a_pair_has_its_speed_and_direction() -> None:
    lane = Lane(PAIR).run(20, front=[(2.0, 6.0)], rear=[(3.5, 7.5)])
    assert [(round(each.speed_mps, 2), each.reverse) for each in lane.of(Speed) if isinstance(each, Speed)] == [(2.0, False)]
    assert len(lane.of(OccupancyEnd)) == 1 and any(lane.occupied) and not lane.occupied[-1]
    other = Lane(PAIR).run(20, rear=[(2.0, 6.0)], front=[(3.5, 7.5)])
    assert [each.reverse for each in other.of(Speed) if isinstance(each, Speed)] == [True]


def test_between_two_beams_it_is_still_there() -> None:
    lane = Lane(PAIR).run(20, front=[(2.0, 2.4)], rear=[(6.0, 6.4)])
    assert len(lane.of(OccupancyEnd)) == 1
    assert sum(lane.occupied) * 0.2 > 4.0, "a person between the beams"


def test_a_gap_before_a_trailer_is_inside_the_vehicle_and_two_vehicles_are_two() -> None:
    assert len(Lane(ONE).run(20, front=[(2, 5), (5.3, 8)]).of(OccupancyEnd)) == 1
    assert len(Lane(ONE).run(20, front=[(2, 5), (6, 8)]).of(OccupancyEnd)) == 2


def test_any_of_several_inputs_is_enough() -> None:
    lane = Lane(OccupancySettings("io1", ["front", "button"], hold_s=0)).run(10, front=[], button=[(2, 4)])
    assert len(lane.of(OccupancyEnd)) == 1


def test_what_is_shorter_than_the_debounce_is_none() -> None:
    lane = Lane(OccupancySettings("io1", ["front"], debounce_ms=150)).run(10, front=[(n, n + 0.1) for n in range(1, 9)])
    assert not lane.told and not any(lane.occupied)


def test_a_beam_that_vehicles_no_longer_break_is_a_fault_that_ends() -> None:
    lane = Lane(PAIR)
    for _ in range(ODD + 1):
        lane.run(BETWEEN_MAX_S + 5, front=[(2, 5)])
    (fault,) = lane.of(Health)
    assert isinstance(fault, Health) and (fault.condition, fault.present) == (Condition.BEAM, True) and "rear" in fault.detail
    lane.run(20, front=[(2.0, 6.0)], rear=[(3.5, 7.5)])
    assert [each.present for each in lane.of(Health) if isinstance(each, Health)] == [True, False]
    assert len(lane.of(OccupancyEnd)) == ODD + 2


def _conditions(lane: Lane) -> list[tuple[Condition, bool]]:
    return [(each.condition, each.present) for each in lane.of(Health) if isinstance(each, Health)]


def test_a_beam_broken_by_nothing_between_vehicles_flickers_and_the_other_is_not_missing() -> None:
    """Moments in which dirt broke the front beam were vehicles that did not break the rear one: the sound beam was named, again
    after each vehicle, or none at all."""
    lane = Lane(PAIR)
    for _ in range(FLICKERS // 2 + 1):
        lane.run(20, front=[(2.0, 6.0)], rear=[(3.5, 7.5)])
        for _ in range(2):
            lane.run(15, front=[(2.0, 2.2)])
    assert _conditions(lane) == [(Condition.FLICKERS, True)]
    (told,) = lane.of(Health)
    assert isinstance(told, Health) and told.detail.startswith("front alone")
    for _ in range(ODD):
        lane.run(15, front=[(2.0, 2.2)])
    assert _conditions(lane) == [(Condition.FLICKERS, True)]
    for _ in range(OF):
        lane.run(20, front=[(2.0, 6.0)], rear=[(3.5, 7.5)])
    assert _conditions(lane) == [(Condition.FLICKERS, True), (Condition.FLICKERS, False)]


def test_a_beam_that_dies_does_not_make_the_other_flicker() -> None:
    lane = Lane(PAIR)
    for _ in range(OF):
        lane.run(20, front=[(2.0, 6.0)], rear=[(3.5, 7.5)])
    for _ in range(2 * FLICKERS):
        lane.run(20, front=[(2.0, 6.0)])
    assert _conditions(lane) == [(Condition.BEAM, True)]


def test_cars_that_queue_between_the_beams_accuse_none() -> None:
    """A car that stood between the two for longer than is waited is two passages, one beam alone in each: after two such cars
    "the last 3 vehicles did not break rear" was told, which the second of them had broken."""
    lane = Lane(OccupancySettings("io1", ["front", "rear"], spacing_m=5.0))
    for _ in range(FLICKERS):
        for _ in range(2):
            lane.run(45, front=[(2, 5)], rear=[(25, 28)])
        lane.run(20, front=[(2, 8)], rear=[(4, 10)])
    assert len(lane.of(OccupancyEnd)) == 5 * FLICKERS and _conditions(lane) == []


def test_beams_wired_as_each_other_are_told_by_vehicles_that_all_drive_backwards() -> None:
    """Nobody was told after a repair that every vehicle drove the wrong way."""
    lane = Lane(PAIR)
    for _ in range(REVERSED - 1):
        lane.run(20, rear=[(2.0, 6.0)], front=[(3.5, 7.5)])
    assert _conditions(lane) == []
    lane.run(20, rear=[(2.0, 6.0)], front=[(3.5, 7.5)])
    lane.run(20, front=[(2.0, 6.0)], rear=[(3.5, 7.5)])
    assert _conditions(lane) == [(Condition.CROSSED, True), (Condition.CROSSED, False)]


def test_a_beam_that_stands_is_named_also_where_it_clears_for_vehicles() -> None:
    """occupancy-overdue says of no beam which; and a receiver set the wrong way round is never occupied for long at once."""
    dead = Lane(PAIR).run(1000, rear=[(2, 2000)], front=[(100, 104), (300, 304)])
    (told,) = dead.of(Health)
    assert isinstance(told, Health) and told.condition is Condition.STUCK and told.detail.startswith("rear alone")
    inverted = Lane(PAIR).run(1000, front=[(2, 100), (104, 300), (304, 1000)], rear=[(102, 106), (302, 306)])
    assert _conditions(inverted) == [(Condition.STUCK, True)]
    both = Lane(PAIR).run(1000, front=[(2, 2000)], rear=[(2, 2000)])
    (told,) = both.of(Health)
    assert isinstance(told, Health) and "together" in told.detail
    both.run(1000)
    assert _conditions(both) == [(Condition.STUCK, True), (Condition.STUCK, False)]


@pytest.mark.parametrize("rear", [(4, 59), (4, 40), (4, 25)])
def test_a_queue_is_no_beam_that_stands(rear: tuple[float, float]) -> None:
    """Trucks nose to tail, one each minute, were "both beams are broken, the fuse of the emitters" after a quarter of an hour."""
    lane = Lane(PAIR)
    for _ in range(20):
        lane.run(60, front=[(2, 56)], rear=[rear])
    assert len(lane.of(OccupancyEnd)) >= 19 and _conditions(lane) == []


def test_a_silent_module_is_unknown_and_not_vacant() -> None:
    lane = Lane(PAIR).run(5, front=[(2, 9)])
    assert lane.occupied[-1]
    lane.told += lane.gate.look(lane.at_ns + 4 * S)
    (told,) = lane.of(Health)
    assert isinstance(told, Health) and told.condition is Condition.OCCUPANCY and told.present and "io1 is silent" in told.detail
    assert not lane.of(OccupancyEnd) and not lane.gate.occupied
    lane.at_ns += 5 * S
    lane.run(3)
    assert [each.present for each in lane.of(Health) if isinstance(each, Health)] == [True, False]


def test_a_module_that_restarts_again_and_again_is_told_also_while_it_is_well() -> None:
    """A supply at its limit, for seconds some times a day: whoever looked then saw a sound module."""
    lane = Lane(PAIR)
    for _ in range(AGAIN):
        assert Condition.RESTARTS not in dict(_conditions(lane))
        lane.run(5)
        lane.at_ns += 3600 * S
        lane.told += lane.gate.look(lane.at_ns)
    lane.run(5)
    assert _conditions(lane)[-2:] == [(Condition.RESTARTS, True), (Condition.OCCUPANCY, False)]
    lane.at_ns += AGAIN_NS
    told = [*lane.gate.look(lane.at_ns)]
    assert (Condition.RESTARTS, False) in [(each.condition, each.present) for each in told if isinstance(each, Health)]


def test_a_module_that_is_restarted_now_and_then_is_well() -> None:
    lane = Lane(PAIR)
    for _ in range(4 * AGAIN):
        lane.run(5)
        lane.at_ns += AGAIN_NS // 2
        lane.told += lane.gate.look(lane.at_ns)
    assert Condition.RESTARTS not in dict(_conditions(lane))


def test_a_vehicle_that_stands_in_the_beam_over_a_silence_is_seen_again() -> None:
    """It was taken for a vacant lane until the beam was free and broken anew, with the fault cleared: silently blind."""
    lane = Lane(PAIR).run(5, front=[(2, 9)])
    lane.at_ns += 4 * S
    lane.told += lane.gate.look(lane.at_ns)
    assert not lane.gate.occupied
    lane.run(6, front=[(0, 4)])
    assert lane.occupied[-20] and [each.present for each in lane.of(Health) if isinstance(each, Health)] == [True, False]
    lane.run(BETWEEN_MAX_S)
    assert len(lane.of(OccupancyEnd)) == 1 and not lane.gate.occupied


def test_inputs_that_lie_apart_come_in_answers_of_their_own() -> None:
    """A gate that waited for all of them in one answer called a module silent that answered every time."""
    gate, told = Gate(PAIR), []
    for step in range(1, 400):
        at_ns = step * POLL_NS
        broken = 40 <= step < 100
        for name, on in (("front", broken), ("rear", 60 <= step < 120)):
            told += gate.take(Inputs(at_ns, ((name, on), ("door", True))))
        told += gate.look(at_ns)
    assert [type(each) for each in told] == [OccupancyEnd]
    for step in range(400, 480):            # one of the two is no longer told: nobody knows
        told += gate.take(Inputs(step * POLL_NS, (("front", False),)))
        told += gate.look(step * POLL_NS)
    assert [each.present for each in told if isinstance(each, Health)] == [True]
    told += gate.take(Inputs(480 * POLL_NS, (("rear", False),)))
    assert [each.present for each in told if isinstance(each, Health)] == [True, False]


def test_what_the_instrument_says_of_vehicles_itself_is_passed_over() -> None:
    gate = Gate(ONE)
    own = (OccupancyEnd(S, 7), Speed(S, 2.0), Sample(S, Radiation.GAMMA, 0.2, (50,), True))
    assert [each for reading in own for each in gate.mark(reading)] == [Sample(S, Radiation.GAMMA, 0.2, (50,), False)]


def test_a_module_that_never_answered_is_silent_too() -> None:
    gate = Gate(ONE)
    assert not [*gate.look(0), *gate.look(2 * S)]
    assert [type(each) for each in gate.look(4 * S)] == [Health] and not [*gate.look(9 * S)]


def test_vehicles_do_not_make_a_silent_instrument_heard() -> None:
    """Each vehicle that the I/O module told of was taken for a word of the panels: that they are silent was never told, nor a
    half-open wire opened anew, where nothing had been counted yet: a green lamp beside a lane that sees nothing."""
    lane, beams = Watched(), Lane(PAIR)
    lane.portal.lane = dataclasses.replace(lane.portal.lane, occupancy=PAIR)
    lane.events += lane.portal.opened(0)
    for vehicle in range(1, 13):
        beams.told.clear()
        beams.run(10, front=[(2.0, 4.0)], rear=[(3.5, 5.5)])
        lane.observe(*beams.of(OccupancyEnd))
        lane.tick(10.0 * vehicle)
    told = [(each.condition, each.present) for each in lane.of(Fault)]
    assert told == [("vehicle-half-seen", True), ("silence", True)] and lane.portal.cadence.spoke_ns(0) == 0


SPAN = st.tuples(st.integers(0, 400), st.integers(2, 60), st.integers(0, 30), st.booleans())     # begin, length, shift (0.1 s)


@given(st.lists(SPAN, max_size=10), st.booleans())
def test_any_sequence_of_edges_is_a_sequence_of_passages(spans: list[tuple[int, int, int, bool]], pair: bool) -> None:
    """Ends only what began, one end for each time something was there, and nothing is left once all is clear."""
    front = [(begin / 10, (begin + length) / 10) for begin, length, _, _ in spans]
    rear = [((begin + shift) / 10, (begin + shift + length) / 10) for begin, length, shift, both in spans if both]
    lane = Lane(PAIR if pair else ONE).run(47 + BETWEEN_MAX_S, front=front, rear=rear)
    ends = lane.of(OccupancyEnd)
    marked = [False, *lane.occupied]
    begins = sum(after and not before for before, after in zip(marked, lane.occupied, strict=False))
    assert not lane.gate.occupied and begins <= len(ends) <= max(1, 2 * len(spans)) and bool(ends) == bool(spans)
    assert [each.counter for each in ends if isinstance(each, OccupancyEnd)] == list(range(1, len(ends) + 1))
