"""Listening in on a lane's wire: no byte is left out, no reading invented, whatever the wire was cut into."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent import drivers
from edge_agent.doors.files import shipped_config
from edge_agent.paths.wiretap import Asked, Pushed
from edge_agent.tools import capture, reading_text, register_meanings, toml_settings
from edge_agent.words.reading import Chunk, Reading
from edge_agent.words.settings import Profile

CAPTURES = sorted((Path(__file__).resolve().parents[1] / "captures").glob("*/*.capture"))


def opened(file: Path) -> tuple[Pushed | Asked, list[Chunk], list[Reading]]:
    """A tap of the recording's driver, the chunks, and what the driver reads of them."""
    name = file.parent.name
    profile_file = shipped_config() / "profiles" / f"{name}.toml"
    profile = register_meanings.settle(toml_settings.read(Profile, profile_file.read_text(), name), "cumulative")
    chunks = list(capture.read(file.read_text().splitlines(), str(file)))
    decoder = drivers.find(name).decoder(profile)
    readings = [reading for chunk in chunks for reading in decoder.feed(chunk)]
    tap = (Pushed if name == "rapiscan" else Asked)(drivers.find(name).decoder(profile))
    return tap, chunks, readings


@pytest.mark.parametrize("file", CAPTURES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_what_is_shown_is_all_of_the_wire_and_what_the_lane_reads_of_it(file: Path) -> None:
    tap, chunks, readings = opened(file)
    heard = [one for chunk in chunks for one in tap.feed(chunk)]
    assert [type(reading) for one in heard for reading in one.readings] == [type(reading) for reading in readings]
    if isinstance(tap, Pushed):
        whole = b"".join(chunk.data for chunk in chunks)
        assert whole.startswith(b"".join(one.data for one in heard))
    for one in heard:
        assert reading_text.shown(one.data).isprintable()
        assert all(reading_text.line(reading).isprintable() for reading in one.readings)


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_noise_is_shown_and_harms_nothing(pieces: list[bytes]) -> None:
    tap, _, _ = opened(next(file for file in CAPTURES if file.parent.name == "rapiscan"))
    heard = [one for i, piece in enumerate(pieces) for one in tap.feed(Chunk(i * 10**9, piece))]
    assert b"".join(pieces).startswith(b"".join(one.data for one in heard))
    assert all(reading_text.line(reading) for one in heard for reading in one.readings)
