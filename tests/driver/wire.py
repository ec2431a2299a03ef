"""What tests of the driver share: lines in, readings out."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path

from edge_agent.drivers.rapiscan import RapiscanDecoder
from edge_agent.tools import toml_settings
from edge_agent.words.reading import Chunk, Reading
from edge_agent.words.settings import Profile

ROOT = Path(__file__).resolve().parents[2]
PROFILE_FILE = ROOT / "config/profiles/rapiscan.toml"
PROFILE = toml_settings.read(Profile, PROFILE_FILE.read_text(), str(PROFILE_FILE))
S = 10**9
GB = b"GB,000188,000206,000262,000243\r\n"
NB = b"NB,000002,000002,000002,000002\r\n"
GS = b"GS,000040,000041,000052,000049\r\n"
GA = b"GA,000140,000141,000152,000149\r\n"
NS = b"NS,000000,000001,000000,000000\r\n"
NA = b"NA,000009,000009,000009,000009\r\n"
GX = b"GX,000123,004741,000000,000000\r\n"
TT = b"TT,000000,000000,000000,000000\r\n"
TC = b"TC,111111,111111,111111,111111\r\n"
SP = b"SP,0.2249,03.032,004.88,000000\r\n"
SETUP = (b"SG1,000450,000068,05,10,08.0,P\r\n", b"SG2,1111,0.069,0.455,01,1010,A\r\n", b"SG3,0.069,0.455,020,000,1.10.1\r\n",
         b"SN1,000050,05,0047,1200,02,120\r\n", b"SN2,0.504,5.040,0.504,5.040,PP\r\n")


def decoder(**changes: object) -> RapiscanDecoder:
    return RapiscanDecoder(dataclasses.replace(PROFILE, **changes))  # type: ignore[arg-type]


def joined(**changes: object) -> RapiscanDecoder:
    """A decoder that has heard a vacant lane: it is past the line it joined in."""
    made = decoder(**changes)
    list(made.feed(Chunk(0, GB)))
    return made


def feed(made: RapiscanDecoder, *pieces: tuple[float, bytes]) -> list[Reading]:
    return [reading for at_s, data in pieces for reading in made.feed(Chunk(round(at_s * S), data))]


def read(data: bytes, at_s: float = 100.0) -> list[Reading]:
    """Readings of bytes on a wire that was heard before."""
    return feed(joined(), (at_s, data))


def chunks_of(data: bytes, cuts: Sequence[int], at_ns: int) -> list[Chunk]:
    edges = [0, *sorted(cuts), len(data)]
    return [Chunk(at_ns, data[a:b]) for a, b in itertools.pairwise(edges)]
