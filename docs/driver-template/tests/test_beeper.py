"""What a user would see go wrong: cuts, noise, broken lines.  Run: pytest"""

from __future__ import annotations

import random

from edge_agent_beeper import BeeperDecoder
from edge_agent_beeper.mock import line, lines

from edge_agent.house.probing import shipped
from edge_agent.words.reading import Chunk, Reading, Sample, Unreadable


def read(*pieces: bytes) -> list[Reading]:
    decoder = BeeperDecoder(shipped("beeper"))
    return [reading for at, piece in enumerate(pieces) for reading in decoder.feed(Chunk(at * 10**9, piece))]


def counts(readings: list[Reading]) -> list[int]:
    return [reading.counts[0] for reading in readings if isinstance(reading, Sample)]


def test_the_same_counts_wherever_the_bytes_are_cut() -> None:
    data = b"".join(lines(1)[:10])
    for cut in range(len(data)):
        assert counts(read(data[:cut], data[cut:])) == counts(read(data))


def test_a_flipped_bit_is_unreadable_and_costs_one_line_at_most() -> None:
    good = line(100, False)
    for at in range(len(good)):
        for bit in range(8):
            bent = good[:at] + bytes((good[at] ^ 1 << bit,)) + good[at + 1 :]
            assert set(counts(read(good, bent, good, good))) == {100}


def test_noise_is_kept_and_never_a_count() -> None:
    readings = read(b"\n", random.Random(1).randbytes(5000))
    assert readings and all(isinstance(reading, Unreadable) for reading in readings)
