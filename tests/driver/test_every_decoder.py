"""Whatever a wire makes of bytes, a decoder says what it read or `Unreadable`: cut, flipped, broken, doubled, no exception."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest

from edge_agent import drivers
from edge_agent.tools import capture, register_meanings
from edge_agent.words.driver import Decoder
from edge_agent.words.reading import Chunk, Reading, Sample, Unreadable
from tests.test_captures import CAPTURES, profile_of

CHUNKS = 60             # of each recording: every byte of them is cut once and a bit of it flipped


def recorded(path: Path) -> list[Chunk]:
    return list(capture.read(path.read_text(encoding="ascii").splitlines(), str(path)))[:CHUNKS]


def decoder_of(path: Path) -> Decoder:
    means = capture.said(path.read_text(encoding="ascii").partition("\n")[0], "count_means")
    return drivers.find(path.parent.name).decoder(register_meanings.settle(profile_of(path.parent.name), means))


def read(path: Path, chunks: Iterable[Chunk]) -> list[Reading]:
    decoder = decoder_of(path)
    readings = [reading for chunk in chunks for reading in decoder.feed(chunk)]
    assert all(isinstance(reading, get_args(Reading)) for reading in readings)
    for sample in readings:
        if isinstance(sample, Sample):
            assert sample.interval_s > 0 and all(isinstance(n, int) and n >= 0 for n in sample.counts)
    return readings


def each(path: Path) -> Iterator[tuple[list[Chunk], int, int]]:
    """The recording, and every byte of it: (chunks, which chunk, which byte)."""
    chunks = recorded(path)
    for which, chunk in enumerate(chunks):
        for at in range(len(chunk.data)):
            yield chunks, which, at


every_recording = pytest.mark.parametrize("path", CAPTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")


def several_at_once(chunk: Chunk) -> bool:
    """Records of one chunk came together: how many says when each was counted, so a cut there is another story."""
    return chunk.data.count(b"\n") > 1


@every_recording
def test_the_same_readings_wherever_a_chunk_is_cut(path: Path) -> None:
    chunks = [chunk for chunk in recorded(path) if not several_at_once(chunk)]
    whole = read(path, chunks)
    for at in range(1, max(len(chunk.data) for chunk in chunks)):
        pieces = [Chunk(c.at_ns, part) for c in chunks for part in (c.data[:at], c.data[at:]) if part]
        assert read(path, pieces) == whole
    assert read(path, [Chunk(c.at_ns, bytes((byte,))) for c in chunks for byte in c.data]) == whole


@every_recording
def test_a_flipped_bit_anywhere_is_no_exception_and_the_next_records_are_read(path: Path) -> None:
    dice = random.Random(path.name)
    for chunks, which, at in each(path):
        if dice.random() < 0.3:         # a third of all bytes, others each time a recording is made anew
            data = bytearray(chunks[which].data)
            data[at] ^= 1 << dice.randrange(8)
            read(path, [*chunks[:which][-3:], Chunk(chunks[which].at_ns, bytes(data)), *chunks[which + 1 :][:5]])


@every_recording
def test_what_broke_off_or_came_twice_is_no_exception(path: Path) -> None:
    chunks = recorded(path)
    for before, after in pairwise(chunks):
        for at in (0, 1, len(before.data) // 2, len(before.data) - 1):
            read(path, [Chunk(before.at_ns, before.data[:at]), after])
            read(path, [before, Chunk(before.at_ns, before.data[at:]), before, after])


@every_recording
def test_noise_is_unreadable_and_bounded(path: Path) -> None:
    dice = random.Random(path.name)
    noise = [Chunk(n * 10**8, dice.randbytes(dice.randrange(1, 400))) for n in range(200)]
    readings = read(path, noise)
    assert any(isinstance(reading, Unreadable) for reading in readings)
    assert not any(isinstance(reading, Sample) for reading in readings)
