"""From registers to counts of an interval: the length of the interval is the instrument's, not that of our polls."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.tools.counting import Changes, Counting, Cumulative, Interval, Now, Pace, PerSecond, Restarted, Swapped
from edge_agent.tools.registers import Block, Counter, blocks, number

S = 10**9


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), poll_s=st.sampled_from([0.04, 0.06]), jitter=st.floats(0, 0.4), miss=st.floats(0, 0.2))
def test_counts_of_an_instrument_that_counts_in_steps_are_of_whole_steps(
    seed: int, poll_s: float, jitter: float, miss: float
) -> None:
    """1000 counts/s renewed every 0.2 s: asked in any rhythm, every sample is 1000 counts/s, and none is lost."""
    chance, step_s = random.Random(seed), 0.2
    counting, changes = Cumulative(["u32"], step_s), Changes()
    t_s, phase_s, taken, lasted_s = 0.0, chance.uniform(0, step_s), 0, 0.0
    first = None
    for _ in range(400):
        t_s += poll_s * (1 + chance.uniform(-jitter, jitter))
        t_s += chance.uniform(0, 1.5) if chance.random() < miss else 0.0
        total = 200 * math.floor((t_s + phase_s) / step_s)
        changes.read(round(t_s * S), (total,))
        counted = counting.take(Now(round(t_s * S), step=changes.newest), [total])
        if counted is not None:
            assert counted.counts[0] == pytest.approx(1000 * counted.interval_s)
            taken, lasted_s = taken + counted.counts[0], lasted_s + counted.interval_s
            assert first is not None
            assert taken == total - first
        elif first is None and changes.newest is not None and changes.newest.before_ns <= step_s / 2 * S:
            first = total
    assert lasted_s > 0.8 * t_s or miss > 0
    assert lasted_s > 0


def test_polls_beside_the_steps_make_no_alarm_that_never_was() -> None:
    """Found on the first live run: 193 counts in 0.12 s where 200 had taken 0.2 s, an alarm at 5.8 sigma."""
    counting, changes, seen = Cumulative(["u32"], 0.2), Changes(), []
    polls = ((0.1, 0), (0.2, 200), (0.3, 200), (0.4, 400), (0.5, 400), (0.68, 600), (0.8, 800), (0.9, 800), (1.0, 1000))
    for at_s, total in polls:
        changes.read(round(at_s * S), (total,))
        counted = counting.take(Now(round(at_s * S), step=changes.newest), [total])
        seen += [counted] if counted else []
    assert seen and all(sample.counts[0] == pytest.approx(1000 * sample.interval_s) for sample in seen)


def test_its_own_time_says_how_long_a_count_took() -> None:
    counting = Cumulative(["u32", "u32"], 0.0)
    assert counting.take(Now(0, time_s=5.0), [100, 7]) is None
    assert counting.take(Now(S // 9, time_s=5.0), [100, 7]) is None             # not renewed yet
    counted = counting.take(Now(S // 4, time_s=5.2), [300, 7])
    assert counted is not None and counted.counts == (200, 0) and counted.interval_s == pytest.approx(0.2)


def test_a_restart_is_no_count() -> None:
    counting = Cumulative(["u32"], 0.0)
    counting.take(Now(0, time_s=100.0), [5000])
    with pytest.raises(Restarted):
        counting.take(Now(S, time_s=0.2), [10])
    assert counting.take(Now(2 * S, time_s=1.2), [1010]) is not None


@given(st.sampled_from(["u16", "u32"]), st.integers(0, 2**32 - 1), st.integers(0, 30_000))
def test_a_counter_goes_round_at_its_end(kind: str, begin: int, step: int) -> None:
    turn = 1 << (16 if kind == "u16" else 32)
    counter = Counter(kind)
    assert counter.since(begin % turn) is None
    assert counter.since((begin + step) % turn) == step


def test_an_interval_is_taken_once() -> None:
    counting = Interval(0.5)
    taken = [counting.take(Now(0, number=n), [n * 10]) for n in (1, 1, 2, 2, 2, 4)]
    assert [found and found.counts for found in taken] == [(10,), None, (20,), None, None, (40,)]


@given(st.floats(0.05, 0.5), st.integers(0, 1000))
def test_a_rate_is_taken_once_a_second_for_ever(poll_s: float, seed: int) -> None:
    counting, chance, at_s, taken = PerSecond(poll_s), random.Random(seed), 0.0, 0
    while at_s < 300:
        taken += counting.take(Now(round(at_s * S)), [3.0]) is not None
        at_s += poll_s * chance.uniform(0.9, 1.1)
    assert 290 <= taken <= 301


@pytest.mark.parametrize("value", [-1.0, -0.6])
def test_a_count_below_zero_is_none(value: float) -> None:
    with pytest.raises(ValueError, match="below zero"):
        PerSecond(1.0).take(Now(0), [value])


def test_a_wrong_unit_of_its_time_is_found() -> None:
    pace = Pace()
    found = [pace.read(t * S, t * 10.0) for t in range(25)]
    assert [ratio for ratio in found if ratio is not None] == [pytest.approx(10.0)]


WANTED = st.tuples(st.sampled_from(["input", "holding"]), st.integers(0, 400), st.integers(1, 2))


@given(st.lists(WANTED, min_size=1, max_size=30), st.integers(0, 20))
def test_what_is_asked_together_covers_what_is_wanted(wanted: list[tuple[str, int, int]], holes: int) -> None:
    singles = [Block(*one) for one in wanted]
    made = blocks(singles, 125, holes)
    for one in singles:
        assert any(b.table == one.table and b.address <= one.address and one.end <= b.end for b in made)
    assert all(b.count <= 125 for b in made)
    if not holes:
        covered = {(b.table, a) for b in made for a in range(b.address, b.end)}
        assert covered == {(one.table, a) for one in singles for a in range(one.address, one.end)}


def test_word_order_is_what_the_map_says() -> None:
    assert number([1, 2], "u32", "low-first") == 0x20001
    assert number([1, 2], "u32", "high-first") == 0x10002
    assert number([0xFFFF], "i16", "high-first") == -1
    with pytest.raises(ValueError, match="nan"):
        number([0x7FC0, 0], "f32", "high-first")


def test_two_questions_in_a_row_after_a_stall_are_no_sample() -> None:
    """Found by attack: 4 ms of an instrument's own time were a sample that the kernel refused, and the core ended."""
    counting = Cumulative(["u32"], 0.0, least_s=0.1)
    taken = [counting.take(Now(round(t * S), time_s=t), [round(1000 * t)]) for t in (10.0, 10.2, 10.204, 10.4)]
    assert [found and round(found.interval_s, 3) for found in taken] == [None, 0.2, None, 0.2]
    assert sum(found.counts[0] for found in taken if found) == 400


def test_a_counter_taken_as_counts_of_an_interval_is_named_and_chance_counts_never_are() -> None:
    """The lane alarmed at every vehicle, and diagnose would have had a counter board changed."""
    chance = random.Random(5)
    for make in (lambda: Interval(1.0), lambda: PerSecond(1.0)):
        counter, total, honest = make(), 0.0, make()
        doubts, none = set(), set()
        for second in range(400):
            counts = sum(chance.random() < 0.25 for _ in range(1000))
            total += counts
            taken = counter.take(Now(second * S, number=second), [total])
            doubts.add(taken.doubt if taken else "")
            taken = honest.take(Now(second * S, number=second), [float(counts + second)])       # and a slow rise of them
            none.add(taken.doubt if taken else "")
        assert none == {""} and any("count_means is wrong" in doubt and '"cumulative"' in doubt for doubt in doubts)


@pytest.mark.parametrize("means", ["cumulative", "interval", "per-second"])
def test_words_the_wrong_way_round_are_no_counts(means: str) -> None:
    """50 counts were taken as 3 276 800 in 0.2 s: an alarm that never was, and then a background of 16 million a second."""
    kinds: dict[str, Counting] = {
        "cumulative": Cumulative(["u32", "u32"], 0.0), "interval": Interval(0.2), "per-second": PerSecond(0.2)}
    counting = kinds[means]
    chance, total, swapped = random.Random(1), [65_000, 2 * 65_536 - 300], 0
    for second in range(60):
        now = [chance.randint(30, 70), chance.randint(0, 1)]
        total = [before + one for before, one in zip(total, now, strict=True)]
        read = [(value & 0xFFFF) << 16 | value >> 16 for value in (total if means == "cumulative" else now)]
        try:
            counted = counting.take(Now(second * S, number=second), read)
        except (Swapped, Restarted):
            swapped += 1
        else:
            assert counted is None and second == 0
    assert swapped >= 59


def test_counts_in_order_are_never_called_swapped() -> None:
    for counts in ([0, 0], [65_535, 0], [1, 0], [65_538, 0], [65_536, 7], [400_001, 65_536]):
        counted = Interval(0.2).take(Now(0, number=1), counts)
        assert counted is not None and counted.counts == tuple(counts)
