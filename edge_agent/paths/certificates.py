"""Certificates that will end: told two months ahead, for a person must carry a file to the centre."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from edge_agent.tools import certificate_end

AHEAD = timedelta(days=60)      # the month that a visit and a telephone call take to arrange, twice
EVERY_S = 3600.0                # between two looks
OURS, CENTRE, BROKER = "this portal's certificate", "the centre's certificate", "the broker's certificate authority (centre.ca)"
NEXT_STEP = {
    OURS: "edge-agent enrol --renew-tls --out FILE, and enrol the file at the centre",
    CENTRE: "ask the centre for its new card; its tls_cert becomes the file of centre.ca",
    BROKER: "ask whoever runs the broker for the new one; it becomes the file of centre.ca",
}


class Teller(Protocol):
    def ask(self, op: str, **values: object) -> object: ...


class CertificateWatch:
    """Looks at the files now and then and lets the core know."""

    def __init__(self, ours: Path, theirs: Path, url: str = "https:") -> None:
        self._files = {OURS: ours, BROKER if url.startswith("mqtts:") else CENTRE: theirs}
        self._due_s, self._seen = 0.0, list[int]()

    def look(self, core: Teller, wall_s: float, mono_s: float) -> None:
        """Once an hour, and at once when a file was replaced."""
        changed = [_changed(file) for file in self._files.values()]
        if mono_s >= self._due_s or changed != self._seen:
            self._due_s, self._seen = mono_s + EVERY_S, changed
            core.ask("certificate", why=told({name: _text(file) for name, file in self._files.items()}, wall_s))


def told(pems: dict[str, str], wall_s: float, ahead: timedelta = AHEAD) -> str:
    """What ends soon or has ended, and the next step; empty when nothing does."""
    now = datetime.fromtimestamp(wall_s, UTC)
    found: Sequence[str] = [
        f"{name} {'has ended' if end <= now else 'ends'} on {end:%Y-%m-%d}: {NEXT_STEP[name]}"
        for name, pem in pems.items() if (end := certificate_end.ends(pem)) is not None and end - now < ahead
    ]
    return "; ".join(found)


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""               # that it cannot be read is told where it is used


def _changed(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
