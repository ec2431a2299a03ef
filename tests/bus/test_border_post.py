"""A post of eight instruments, short forms: in memory on virtual time, and on real ptys and ports with real processes.  Hours:
python -m benchmarks.border_post.simulated; a quarter of an hour: python -m benchmarks.border_post.real."""

from __future__ import annotations

import logging

import pytest

from benchmarks.border_post import judged, post, real, simulated
from benchmarks.border_post.overheard import Overheard, Said, Sayings
from benchmarks.border_post.wires import Vehicle
from edge_agent.drivers.modbus_map import MapDecoder
from edge_agent.house.probing import shipped
from edge_agent.tools.exchange import Exchange, pack
from edge_agent.words.dialect import Outcome
from edge_agent.words.reading import Chunk


@pytest.mark.slow
def test_every_alarm_is_at_the_centre_once_and_a_good_unit_keeps_its_rate_beside_bad_ones() -> None:
    logging.disable(logging.CRITICAL)
    try:
        found = simulated.run(600, seed=1)
    finally:
        logging.disable(logging.NOTSET)
    assert not found.bad, "\n".join([*found.rows, *found.bad])


@pytest.mark.slow
def test_on_real_wires_every_source_is_found_once_and_no_late_answer_is_believed() -> None:
    """What comes of a busy machine is left to the long form: how often a unit is asked, whether no lane ever waited."""
    found = real.run(60, seed=1)
    busy = ("of its rate", "samples cover only", "never green")
    assert not [what for what in found.bad if not any(words in what for words in busy)], "\n".join([*found.rows, *found.bad])


QUESTION = bytes.fromhex("010200000003")
FREE, BROKEN = bytes.fromhex("01020107"), bytes.fromhex("01020106")


@pytest.mark.parametrize(("believed", "at_ns", "wrong"), [
    (BROKEN, 211, 0),               # the answer to the question put last
    (FREE, 211, 1),                 # that to the one before
    (BROKEN, 205, 1),               # before it was given: by chance the same as the late one
])
def test_the_bench_counts_a_late_answer_that_is_believed(believed: bytes, at_ns: int, wrong: int) -> None:
    sayings, over = Sayings(), Overheard(MapDecoder(shipped("modbus_map")), 0.0)
    for asked_ns, body in ((100, FREE), (200, BROKEN)):
        sayings.add(Said(asked_ns * 10**6, 1, body, (asked_ns + 10) * 10**6))
    over.chunk(Chunk(at_ns * 10**6, pack(Exchange(QUESTION, Outcome.ANSWER, believed))), sayings)
    assert (over.heard.believed, over.heard.wrong) == (1, wrong)


def alarm(at_s: float, occupancy: str | None) -> dict[str, object]:
    return {"kind": "alarm", "rule": "ksigma/1", "id": f"{at_s}", "occupancy": occupancy, "at": {"mono_ms": at_s * 1000},
            "radiation": "gamma", "statistic": 8.1, "threshold": 7.0, "window_s": 1.0, "notes": []}


@pytest.mark.parametrize(("alarms", "wanted"), [
    ([alarm(101, "a")], (1, 1, 0, 0)),
    ([alarm(99, None), alarm(101, "a"), alarm(102, "a")], (1, 1, 0, 0)),    # it is seen on its way to the beam
    ([alarm(121, "a")], (1, 0, 0, 1)),                                      # that of another lane, or of a clean vehicle
    ([alarm(101, "a"), alarm(102, "b")], (1, 1, 1, 0)),
    ([alarm(101, "a"), alarm(141, "b")], (1, 1, 0, 0)),
    ([], (1, 0, 0, 0)),
])
def test_the_bench_holds_alarms_against_the_vehicles_of_their_lane_and_time(
    alarms: list[dict[str, object]], wanted: tuple[int, ...],
) -> None:
    before_a_source, under_way = Vehicle(140, 142, False, True), Vehicle(299, 301, True, True)
    saw = [Vehicle(100, 102, True, True), Vehicle(120, 122, False, False), before_a_source, under_way]
    here = judged.match(post.POST[0], alarms, saw, judged.Span(0, 300))
    assert (here.sources, here.found, here.twice, len(here.false)) == wanted
    assert all("ksigma/1 gamma: 8.1 of 7.0" in one for one in here.false), "one that is false can be looked for"
