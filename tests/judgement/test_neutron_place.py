"""Where neutrons come from: of the whole vehicle, or not told.  The first moment that was good enough named the front bumper."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from edge_agent.drivers.rapiscan import RapiscanDecoder
from edge_agent.judgement.portal import Portal
from edge_agent.tools import bodies, officer_line, times
from edge_agent.words.reading import Chunk, Speed
from hardware_mocks import rapiscan, scenes
from hardware_mocks.scenes import Scene, Source, Vehicle
from tests.judgement.bench import LANE, PROFILE

PLACES_M = (1.0, 3.0, 5.0, 7.0, 9.0)
Body = dict[str, Any]


@functools.cache
def passed(cps: float, speeds: bool = True) -> tuple[list[Body], list[Body], Portal]:
    """Occupancies and neutron-template alarms of trucks of 10 m with a neutron source at each place."""
    trucks = (Vehicle(0.0, "truck", 8.0, 10.0, 0.0, source=Source(0.0, cps, position_m=at_m)) for at_m in PLACES_M * 2)
    row = scenes.convoy(trucks, first_s=60.0, gap_s=14.0)
    names = iter(range(10**6))
    portal, decoder = Portal(LANE, PROFILE, lambda: str(next(names))), RapiscanDecoder(PROFILE)
    context = bodies.Context(lambda at_ns: times.moment(at_ns, 1, 0, 0), "test", "")
    found = [bodies.of_event(event, context)
             for at_s, data in rapiscan.wire(Scene(row[-1].arrives_s + 60.0, vehicles=row), 1)
             for reading in decoder.feed(Chunk(round(at_s * 1e9), data)) if speeds or not isinstance(reading, Speed)
             for event in portal.observe(reading)]
    alarms = [body for kind, body in found if kind == "alarm" and body["rule"].startswith("neutron-template")]
    return [body for kind, body in found if kind == "occupancy"], alarms, portal


@pytest.mark.parametrize("cps", [40.0, 200.0])
def test_the_record_names_the_place_and_strength_of_the_whole_passage(cps: float) -> None:
    """It was 1.1 m in 29 of 30 trucks, and 12 counts/s whatever the strength."""
    occupancies, _, _ = passed(cps)
    assert len(occupancies) == 10
    for at_m, body in zip(PLACES_M * 2, occupancies, strict=True):
        found = body["sources"]["neutron-template/1"]
        assert abs(found["behind_m"] - at_m) < 1.6
        assert abs(found["source_cps"] - cps) < 4 * found["source_sd"] < 0.6 * cps


def test_an_alarm_of_a_vehicle_still_in_the_beam_names_no_place() -> None:
    _, alarms, _ = passed(200.0)
    assert len(alarms) == 10 and all(alarm["place"] is None for alarm in alarms)


def test_an_alarm_of_a_vehicle_that_has_left_names_that_of_its_whole_passage() -> None:
    occupancies, alarms, _ = passed(9.0)
    late = [alarm for alarm in alarms if alarm["place"] is not None]
    assert late
    for alarm in late:
        body = next(body for body in occupancies if body["id"] == alarm["occupancy"])
        assert body["sources"]["neutron-template/1"] == alarm["place"]


def test_without_a_speed_no_place_is_told() -> None:
    occupancies, alarms, _ = passed(200.0, speeds=False)
    assert alarms and all(alarm["place"] is None for alarm in alarms) and not any("sources" in body for body in occupancies)


def test_the_officers_line_takes_the_place_of_the_whole_passage() -> None:
    """It kept the first one, 5.6 m, and lost the side, when the shadow test had told 10.4 m on the left."""
    now = {"boot": 1, "mono_ms": 10_000}
    alarm: Body = {"lane": "2", "radiation": "neutron", "occupancy": "O", "at": {"boot": 1, "mono_ms": 9000},
                   "place": {"behind_m": 5.6}}
    later = alarm | {"radiation": "gamma", "place": {"behind_m": 9.9}, "side": "left", "at": {"boot": 1, "mono_ms": 9500}}

    def told(found: Body | None) -> str:
        lane = {"faults": [], "armed": True, "found": found}
        return officer_line.lines({"now": now, "lanes": {"2": lane}, "acts": []}, [alarm, later])[0]

    sources = {"neutron-template/1": {"behind_m": 10.0}, "shadow/1": {"behind_m": 10.4, "across_m": -0.8}}
    assert "10.4 m behind the front bumper, left side as driven" in told({"occupancy": "O", "sources": sources})
    assert "10.0 m behind" in told({"occupancy": "O", "sources": {"neutron-template/1": {"behind_m": 10.0}}})
    assert "9.9 m behind the front bumper, left" in told({"occupancy": "another", "sources": sources})
    assert "9.9 m behind" in told(None)


def test_the_lane_tells_where_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    _, _, portal = passed(200.0)
    assert portal.looks.found is not None
    assert abs(portal.looks.found["sources"]["neutron-template/1"]["behind_m"] - 9.0) < 1.0     # type: ignore[index]
