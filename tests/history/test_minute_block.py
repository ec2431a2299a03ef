"""Minutes packed and unpacked: the same minutes, and no traceback from damaged ones."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.tools import minute_block
from edge_agent.words.minute import Group, Minute

NAMES = st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=6, unique=True)
WHOLE = st.integers(0, 2**40)


@st.composite
def runs(draw: st.DrawFn) -> list[Minute]:
    layout = draw(st.lists(st.tuples(st.sampled_from(["gamma", "neutron", "dose"]), NAMES), max_size=3, unique_by=lambda g: g[0]))
    faults = draw(st.lists(st.text(max_size=8), max_size=70, unique=True))
    return [
        Minute(draw(st.integers(-2**40, 2**40)),
               tuple(Group(name, tuple(names), draw(WHOLE), tuple(draw(st.integers(-2**40, 2**60)) for _ in names))
                     for name, names in layout),
               draw(WHOLE), draw(WHOLE), draw(WHOLE),
               frozenset(draw(st.lists(st.sampled_from(faults), max_size=4))) if faults else frozenset())
        for _ in range(draw(st.integers(1, 12)))
    ]


@given(runs())
def test_what_is_packed_comes_back(minutes: list[Minute]) -> None:
    assert minute_block.unpack(minute_block.pack(minutes)) == minutes


@given(runs(), runs())
def test_a_change_of_detectors_begins_another_block(one: list[Minute], other: list[Minute]) -> None:
    made = list(minute_block.blocks([*one, *other]))
    assert [minute for _, _, block in made for minute in minute_block.unpack(block)] == [*one, *other]
    assert all(begin <= minute.begin_s <= end for begin, end, block in made for minute in minute_block.unpack(block))


@given(runs(), st.data())
def test_a_damaged_block_is_refused_or_reads_as_minutes(minutes: list[Minute], data: st.DataObject) -> None:
    block = bytearray(minute_block.pack(minutes))
    block[data.draw(st.integers(0, len(block) - 1))] ^= data.draw(st.integers(1, 255))
    cut = bytes(block[: data.draw(st.integers(0, len(block)))])
    try:
        assert all(isinstance(minute, Minute) for minute in minute_block.unpack(cut))
    except ValueError as problem:
        assert "block" in str(problem) or "char" in str(problem) or "codec" in str(problem)


@pytest.mark.parametrize("plain", [
    b"[]\n", b'{"n":1}\n', b'{"n":1,"groups":[1],"faults":[]}\n', b'{"n":1e9,"groups":[],"faults":[]}\n', b"[" * 100_000,
    b'{"n":1,"groups":[],"faults":[]}\n' + b"\xff" * 5, b'{"n":1,"groups":[],"faults":[]}\n' + b"\xff" * 99 + b"\0",
    b'{"n":1000000000,"groups":[],"faults":[]}\n\0\0\0\0\0', b"\xff\n",
])
def test_a_block_that_was_never_ours_is_refused(plain: bytes) -> None:
    import zlib

    deflate = zlib.compressobj(9, zdict=minute_block.DICTIONARY)
    with pytest.raises(ValueError):
        minute_block.unpack(minute_block.VERSION + deflate.compress(plain) + deflate.flush())


def test_a_block_that_unpacks_to_a_gigabyte_is_refused() -> None:
    import zlib

    deflate = zlib.compressobj(9, zdict=minute_block.DICTIONARY)
    bomb = deflate.compress(bytes(64 << 20)) + deflate.flush()
    with pytest.raises(ValueError):
        minute_block.unpack(minute_block.VERSION + bomb)


def test_ten_minutes_of_a_lane_of_eight_detectors_fit_into_what_the_budget_reckons_with() -> None:
    """Four plastic panels at 250 counts/s, four tubes at 2: docs/decisions/0026 says bytes a day from this."""
    chance = random.Random(7)

    def counted(rate: float) -> int:
        return round(chance.gauss(rate * 60, (rate * 60) ** 0.5))

    sizes = []
    for hour in range(50):
        minutes = [
            Minute(1_790_000_000 + hour * 600 + 60 * i, (
                Group("gamma", ("Aa1", "Aa2", "Ba1", "Ba2"), 48_000 + chance.randrange(0, 60) * 200,
                      tuple(counted(250) for _ in range(4))),
                Group("neutron", ("Aa1N", "Aa2N", "Ba1N", "Ba2N"), 48_000 + chance.randrange(0, 12) * 1000,
                      tuple(counted(2) for _ in range(4)))),
                360, chance.randrange(3), 0, frozenset())
            for i in range(10)
        ]
        sizes.append(len(minute_block.pack(minutes)))
    print("bytes a block:", sum(sizes) / len(sizes))
    assert sum(sizes) / len(sizes) < 210
