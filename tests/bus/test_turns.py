"""Whose turn it is: a live unit keeps its rate beside dead, late and noisy ones; a dead one is asked for ever, rarely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.hands.links.turns import REST_MAX_S, Turns, Unit
from edge_agent.words.driver import Poll

S = 10**9
Answers = Callable[[int], tuple[str, float]]      # of a unit, by how often it was asked: what comes, after how long


def run(units: dict[str, tuple[float, Answers]], seconds: float) -> tuple[Counter[str], Counter[str]]:
    """Questions answered and asked in simulated time, by unit; each asked every so many seconds."""
    turns, names = Turns(), {}
    for name, (every_s, _) in units.items():
        unit = Unit((Poll(b"x", every_s),))
        unit.begin(0)
        turns.units.append(unit)
        names[id(unit)] = name
    now_ns, answered, asked = 0, Counter[str](), Counter[str]()
    while now_ns < seconds * S:
        turn = turns.next(now_ns)
        if isinstance(turn, int):
            now_ns = max(turn, now_ns + 1)
            continue
        unit, which = turn
        name = names[id(unit)]
        what, took_s = units[name][1](asked[name])
        asked[name] += 1
        now_ns += round(took_s * S)
        if what == "answer":
            answered[name] += 1
            turns.answered(unit, which, now_ns)
        elif what == "spoiled":
            turns.spoiled(unit, which, now_ns)
        else:
            turns.missed(unit, which, now_ns, took_s)
    return answered, asked


def live(_: int) -> tuple[str, float]:
    return "answer", 0.03


def dead(_: int) -> tuple[str, float]:
    return "miss", 0.6


def late(asked: int) -> tuple[str, float]:
    return ("miss", 0.5) if asked % 3 == 2 else ("answer", 0.03)


def noisy(asked: int) -> tuple[str, float]:
    return ("spoiled", 0.03) if asked % 4 == 0 else ("answer", 0.03)


def test_a_live_unit_keeps_nine_tenths_of_its_rate_beside_a_dead_a_late_and_a_noisy_one() -> None:
    answered, _ = run({"live": (0.2, live), "dead": (0.2, dead), "late": (1.0, late), "noisy": (0.2, noisy)}, 900)
    assert answered["live"] >= 0.9 * 900 / 0.2
    assert answered["noisy"] >= 0.7 * 900 / 0.2         # a quarter of its answers is spoiled, and asked for again once
    assert answered["late"] > 0


def test_a_unit_that_is_late_on_every_third_question_costs_the_others_no_more_than_it_gives() -> None:
    units = {"a": (0.2, live), "dead": (0.2, dead), "late": (0.2, late), "noisy": (0.2, noisy), "b": (0.2, live)}
    answered, _ = run(units, 900)
    assert min(answered["a"], answered["b"]) >= 0.96 * 900 / 0.2 and answered["late"] > 0


def test_a_dead_unit_is_asked_for_ever_and_rarely() -> None:
    answered, asked = run({"live": (0.2, live), "dead": (0.2, dead)}, 3600)
    assert answered["live"] >= 0.95 * 3600 / 0.2
    assert 3600 / (REST_MAX_S + 1) <= asked["dead"] <= 3 * 3600 / REST_MAX_S


def test_a_unit_that_comes_back_has_its_rate_again() -> None:
    def back(asked: int) -> tuple[str, float]:
        return dead(asked) if asked < 20 else live(asked)

    answered, asked = run({"live": (0.2, live), "back": (0.2, back)}, 1800)
    assert asked["back"] - answered["back"] == 20
    assert answered["back"] > 0.5 * 1800 / 0.2


def test_a_live_unit_that_misses_now_and_then_is_not_kept_waiting() -> None:
    """Found on a busy machine: 2 % of missed answers, and a lane was not asked for half a minute."""
    def flaky(asked: int) -> tuple[str, float]:
        return ("miss", 0.6) if asked % 50 == 0 else ("answer", 0.03)

    answered, _ = run({"flaky": (0.2, flaky), "dead": (0.2, dead), "a": (0.2, live), "b": (0.2, live)}, 900)
    assert all(answered[name] >= 0.9 * 900 / 0.2 for name in ("flaky", "a", "b"))


def test_alone_on_its_bus_a_unit_is_never_kept_waiting_for_its_misses() -> None:
    def one_in_three(asked: int) -> tuple[str, float]:
        return ("miss", 0.6) if asked % 3 == 0 else ("answer", 0.03)

    answered, _ = run({"one": (0.2, one_in_three)}, 600)
    assert answered["one"] > 600 / 1.5                   # two answers in a round of 0.6 + 2 x 0.2 s and a little


MEMBER = st.tuples(st.sampled_from([0.05, 0.2, 1.0, 5.0]), st.sampled_from([live, dead, late, noisy]))


@settings(deadline=None)
@given(st.lists(MEMBER, min_size=1, max_size=6))
def test_no_live_unit_starves_in_any_company(company: list[tuple[float, Answers]]) -> None:
    answered, asked = run({str(number): unit for number, unit in enumerate(company)}, 120)
    for number, (_, behaves) in enumerate(company):
        assert asked[str(number)] > 0
        if behaves is live:
            assert answered[str(number)] >= 120 / 5.0 / 2


def test_a_busy_bus_is_shared_evenly() -> None:
    answered, _ = run({str(n): (0.05, live) for n in range(4)}, 120)        # 80 questions/s wanted, 33 fit
    assert max(answered.values()) - min(answered.values()) <= 2


def test_three_bad_ones_together_leave_a_good_one_nine_tenths() -> None:
    def slow_noise(asked: int) -> tuple[str, float]:
        return ("miss", 0.15) if asked % 40 == 0 else ("spoiled", 0.03) if asked % 20 == 0 else ("answer", 0.03)

    def late_third(asked: int) -> tuple[str, float]:
        return ("miss", 0.6) if asked % 3 == 2 else ("answer", 0.03)

    answered, _ = run({"live": (0.2, live), "dead": (0.2, dead), "late": (0.2, late_third), "noisy": (0.2, slow_noise)}, 900)
    assert answered["live"] >= 0.9 * 900 / 0.2


def test_a_unit_dead_for_days_is_still_only_a_silent_unit() -> None:
    """Its 1027th silence, after eight and a half hours, ended the bus for everybody: 2.0 ** 1024 is no float."""
    turns, unit = Turns(), Unit((Poll(b"x", 0.2),))
    unit.begin(0)
    turns.units += [unit, Unit((Poll(b"y", 0.2),))]
    turns.units[1].begin(0)
    for number in range(5000):
        turns.missed(unit, 0, number * 40 * S, 0.6)
        assert unit.rests_until_ns <= round((number * 40 + REST_MAX_S) * S)
