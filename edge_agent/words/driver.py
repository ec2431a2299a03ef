"""What a portal family is to the rest of the house: a decoder, pure, and the kind of link it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from edge_agent.words.dialect import Dialect
from edge_agent.words.reading import Chunk, Reading
from edge_agent.words.settings import LinkSettings, Profile


class Decoder(Protocol):
    """Chunks of a wire that pushes are its bytes; of one that is asked, packed exchanges (tools.exchange)."""

    def feed(self, chunk: Chunk) -> Iterator[Reading]:
        """Readings of these bytes.  Same bytes, same readings, cut anywhere."""

    def restart(self) -> None:
        """The wire was reopened: forget half a line, expect to join in the middle of one."""


@dataclass(frozen=True, slots=True)
class Poll:
    """One question to an instrument, put again and again."""

    question: bytes                 # as the instrument takes it, without framing and checksum; Modbus: unit and PDU
    every_s: float


def listens(profile: Profile, link: LinkSettings) -> tuple[Poll, ...]:
    """The questions of a portal that pushes: none."""
    return ()


@dataclass(frozen=True, slots=True)
class Driver:
    """A portal family, declared as data at the foot of its file."""

    title: str
    decoder: Callable[[Profile], Decoder]
    status: str                     # "verified on hardware", "vendor-documented", "third-party", "experimental"
    links: tuple[str, ...]          # kinds of link it can run over
    record_type: Callable[[Reading], str]   # the wire's own name of the record a reading came from; "" for none
    polls: Callable[[Profile, LinkSettings], tuple[Poll, ...]] = listens     # SettingsError when the profile gives none
    dialect: Callable[[], Dialect] | None = None    # framing of an instrument that is asked and is not Modbus
    tells_passages: bool = True     # False: nothing on the wire says when something passes; the lane is continuous
    usual: LinkSettings | None = None   # serial settings of its papers, for probe to try; None: Modbus, or any
