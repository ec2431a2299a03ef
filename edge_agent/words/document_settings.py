"""Settings of instruments that give whole N42 documents: handhelds, backpacks, mobile systems."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.words.key import key


@dataclass(frozen=True, slots=True)
class InboxSettings:
    """A directory into which handhelds and backpacks drop their N42 documents."""

    directory: str = key("where the files arrive; the core moves them to kept/ and refused/ below it", pattern=r"/.+",
                         form="a directory from / on")
    kind: str = key(
        "what drops them; empty: as each document says",
        "", choices=("", "handheld", "backpack", "mobile", "spectroscopic portal", "other"),
    )
    lane: str = key("lane whose vehicles they search; empty: none in particular", "")


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """An instrument that sends N42 documents over TCP, each between STX and ETX."""

    name: str = key("what people call it", pattern=r"[A-Za-z0-9_-]{1,32}", form="1 to 32 letters (a to z), digits, _ -")
    host: str = key("its address", pattern=r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){0,20}\.?|[0-9A-Fa-f:.]+",
                    form="a name or an address in numbers, for example 192.168.2.3")
    port: int = key("its TCP port; its papers say which", low=1, high=65535)
    kind: str = key(
        "what it is; empty: as each document says",
        "", choices=("", "handheld", "backpack", "mobile", "spectroscopic portal", "other"),
    )
    lane: str = key("lane it stands at; empty: none in particular", "")
    silence_s: float = key("without a document for so long it is silent: a fault", 60.0, unit="s", low=5, high=86400)
