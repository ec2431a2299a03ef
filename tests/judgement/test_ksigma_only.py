"""A vehicle that only the least sensitive rule looked at: its record says so, the lane says so, nobody learns from it."""

from __future__ import annotations

from edge_agent.judgement.clean_passage import why_not
from edge_agent.tools import bodies, officer_line, times
from edge_agent.words.event import Fault, Occupancy
from edge_agent.words.reading import Speed
from tests.judgement.bench import Watched, four, ns

CONTEXT = bodies.Context(lambda at_ns: times.moment(at_ns, 1, 0, 0), "test", "")


def vehicle(w: Watched, at_s: float) -> Occupancy:
    """One of 8 s, and what is on record of it."""
    end_s = w.scan(at_s, 8.0)
    w.observe(Speed(ns(end_s), 2.2, False))
    w.say(end_s + 0.1, four("GB", 250))
    return w.of(Occupancy)[-1]


def faults(w: Watched) -> list[Fault]:
    return [fault for fault in w.of(Fault) if fault.condition == "vehicle-ksigma-only"]


def test_after_the_background_began_anew_the_record_and_the_lane_say_it() -> None:
    """Two or three vehicles after each freeze were judged by k-sigma alone: no note, no fault, nothing in status."""
    w = Watched()
    end_s = w.vacant(seconds=60.0)
    w.portal.rules.relearn(ns(end_s), stuck=False)
    w.vacant(end_s, 10.0)
    passed = vehicle(w, end_s + 10.0)
    assert "ksigma/1" in passed.statistics and "focus/1" not in passed.statistics
    assert "judged by k-sigma only: too little background before it" in passed.notes
    fault, = faults(w)
    assert fault.present and "search it" in fault.detail and "which sees only strong sources" in fault.detail
    status = {"now": {"boot": 1, "mono_ms": 0}, "lanes": {"2": {"faults": list(w.portal.faults.open), "armed": True}}, "acts": []}
    assert "vehicle-ksigma-only" in officer_line.lines(status, [])[0]
    body = bodies.of_event(passed, CONTEXT)[1]
    assert why_not(body, "2", ["Aa1", "Aa2", "Ba1", "Ba2"], w.profile) == "too little background"


def test_a_vehicle_after_enough_background_has_no_such_note() -> None:
    w = Watched()
    w.vacant(seconds=120.0)
    assert not any("k-sigma" in note for note in vehicle(w, 120.0).notes) and not faults(w)
