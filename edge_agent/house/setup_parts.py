"""What setup stands on: who answers, and what it does to the machine.  A test has others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from edge_agent.house.probing import Found

T = TypeVar("T")
SERVICES = ("systemd", "foreground", "none")


class Asker(Protocol):
    """A person at a console, or a file of answers."""

    def ask(self, key: str, question: str, default: str, check: Callable[[str], T]) -> T:
        """What `check` makes of the answer; it raises SettingsError with what was expected."""

    def say(self, text: str) -> None: ...

    def enter(self, text: str) -> None:
        """Say it and wait for the person; SettingsError where there is none."""

    def patience_s(self) -> float:
        """How long to wait for the centre to enrol this portal."""


@dataclass(slots=True)
class Machine:
    """What setup does to the machine; a test has another."""

    search: Callable[[str], tuple[list[Found], list[str]]]
    enrol: Callable[[Path, Path], str]              # (configuration, file to carry) -> fingerprint; makes keys once
    start: Callable[[str, Path], None]              # (kind of service, configuration)
    services: tuple[str, ...] = SERVICES
    own_address: Callable[[str], str] = lambda station: ""      # ours, as seen from an address of another; "": not known
