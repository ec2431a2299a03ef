"""Why a fault stands: shown beside its name, told anew when it changes, a bounded number of times."""

from __future__ import annotations

from typing import Any

from edge_agent.commands.status import page
from edge_agent.hands.annunciator import sentence
from edge_agent.judgement.faults import RETOLD_MAX, RETOLD_NS, FaultBook
from edge_agent.paths.reports import Reports
from edge_agent.words.event import Alarm, Fault, Judgement
from edge_agent.words.reading import Radiation

from .bench import Watched
from .test_health_shown import state

MINUTE = RETOLD_NS


def test_a_lane_tells_another_reason_of_a_standing_fault() -> None:
    book = FaultBook("2")
    told = [fault for minute, why in enumerate(["no answer", "no answer", "refused"])
            for fault in book.begin(minute * MINUTE, "link", why)]
    assert [(fault.present, fault.detail) for fault in told] == [(True, "no answer"), (True, "refused")]


def test_a_number_that_grows_is_the_same_reason() -> None:
    book = FaultBook("2")
    told = [fault for minute in range(50) for fault in book.begin(minute * MINUTE, "silence", f"nothing for {minute}.5 s")]
    assert len(told) == 1
    assert book.details == {"silence": "nothing for 49.5 s"}


def test_reasons_that_alternate_for_days_are_told_a_bounded_number_of_times() -> None:
    book = FaultBook("2")
    told = [fault for second in range(86_400) for fault in book.begin(second * 10**9, "link", "ab"[second % 7 > 2])]
    assert len(told) == 1 + RETOLD_MAX
    assert len(book.end(90_000 * 10**9, "link")) == 1


def test_the_controller_tells_another_reason_of_a_standing_fault_and_calmly() -> None:
    told: list[Fault] = []
    reports = Reports(told.append)
    for second in range(86_400):
        reports.report(second * 10**9, "centre-link", "name not known" if second < 100 else f"no answer in {second} s", True)
    assert [fault.detail for fault in told] == ["name not known", "no answer in 100 s"]
    for second in range(86_400, 2 * 86_400):
        reports.report(second * 10**9, "centre-link", "ab"[second % 7 > 2], True)
    assert len(told) <= 2 + RETOLD_MAX
    assert reports.details == {"centre-link": "ab"[(2 * 86_400 - 1) % 7 > 2]}


def status() -> dict[str, Any]:
    return {
        "agent": "1", "origin": "x", "now": {"wall": "", "src": ""}, "boot": 1, "uptime_s": 1, "free_mb": 1, "centre": "",
        "log": {"size": 0, "receipted": 0, "unreceipted": 0}, "storage": "", "overflowed": 0, "queued": 0,
        "lanes": {"2": {**state(Watched(), 1.0), "link": "tcp"}},
    }


def test_the_gravest_fault_is_read_first() -> None:
    """They stood by the alphabet: KEEP DISTANCE was the fourth line, of the second lane."""
    found = {**status(), "faults": ["clock"], "fault_details": {}}
    two = found["lanes"]["2"] | {"faults": ["dead:Aa1", "link"], "fault_details": {}}
    four = two | {"faults": ["dead:Aa1", "over-range:Aa1", "overload", "profile-mismatch", "silence"]}
    told = [line.removeprefix("!! ") for line in page({**found, "lanes": {"2": two, "4": four}}) if line.startswith("!!")]
    assert told == ["lane 4: overload", "lane 4: over-range:Aa1", "lane 2: link", "lane 4: silence", "lane 2: dead:Aa1",
                    "lane 4: dead:Aa1", "lane 4: profile-mismatch", "controller: clock"]


def test_status_shows_the_reason_beside_the_name_in_eighty_columns() -> None:
    found = status()
    found |= {"faults": ["centre-link"], "fault_details": {"centre-link": "centre.example.gov:8443: " + "no answer in time " * 8}}
    found["lanes"]["2"] |= {"faults": ["link"], "fault_details": {"link": "cannot reach 192.168.2.3:1600"}}
    text = page(found)
    assert "!! lane 2: link: cannot reach 192.168.2.3:1600" in text
    assert any(line.startswith("!! controller: centre-link: centre.example.gov:8443: no answer") for line in text)
    assert max(len(line) for line in text[text.index("!! lane 2: link: cannot reach 192.168.2.3:1600"):]) <= 80


def test_a_panel_that_a_person_put_back_is_said_so() -> None:
    """Seconds after `panel in` the log had it that it counted plausibly for a full background time."""
    lane = Watched()
    at_s = lane.vacant()
    lane.portal.health.take_out({"Aa1"})
    at_s = lane.vacant(at_s, 10)
    lane.portal.health.take_out(())
    lane.vacant(at_s, 10)
    told = [fault.detail for fault in lane.of(Fault) if fault.condition == "out-of-service:Aa1" and not fault.present]
    assert told == ["put back by a person"]


def test_a_test_alarm_is_not_called_the_portals_own() -> None:
    raised = Judgement("test/1", None, None, 1.0, 1, None, None, ())
    said = sentence(Alarm(0, "2", "T", Radiation.GAMMA, raised, {}, {}, None, None))
    assert "exercise" in said and "own alarm" not in said
