"""One lane cannot say so much that the others are not heard."""

from __future__ import annotations

from edge_agent.judgement.budget import BURST, Budget
from edge_agent.paths.reports import CALM_NS, Reports
from edge_agent.words.event import Alarm, Event, Fault, Judgement, Tamper
from edge_agent.words.reading import Radiation

S = 10**9
ALARM = Alarm(S, "1", "x", Radiation.GAMMA, Judgement("vendor", None, None, 1, 1, None, None, ()), {}, {}, None, None)


def flood(budget: Budget, number: int) -> list[Event]:
    return [passed for i in range(number) for passed in budget.pass_on(Tamper(S + i, "1", bool(i % 2)))]


def test_a_flood_of_events_ends_in_one_fault() -> None:
    passed = flood(Budget("1"), 10_000)
    faults = [event for event in passed if isinstance(event, Fault)]
    assert (len(passed), len(faults)) == (BURST + 1, 1)


def test_a_flood_of_lesser_events_holds_back_no_alarm() -> None:
    budget = Budget("1")
    flood(budget, 10_000)
    assert list(budget.pass_on(ALARM)) == [ALARM]


def test_after_a_flood_the_lane_is_heard_again_and_says_how_much_was_held_back() -> None:
    budget = Budget("1")
    flood(budget, 1000)
    later = Tamper(200 * S, "1", True)
    over, event = budget.pass_on(later)
    assert isinstance(over, Fault) and not over.present and over.detail.startswith("700 ") and event is later


def test_real_traffic_never_meets_the_budget() -> None:
    """A passage with every rule alarming, every ten seconds, for a day."""
    budget = Budget("1")
    times = [at_s * S for at_s in range(0, 86_400, 10) for _ in range(6)]
    assert sum(len(list(budget.pass_on(Tamper(at_ns, "1", True)))) for at_ns in times) == len(times)


def test_a_fault_that_flickers_is_told_twice_not_a_thousand_times() -> None:
    told: list[Fault] = []
    reports = Reports(told.append)
    for number in range(1000):
        reports.report(S + number, "centre-link", "x", number % 2 == 0)
    reports.settle(S + CALM_NS + 1)
    assert [fault.present for fault in told] == [True, False]
