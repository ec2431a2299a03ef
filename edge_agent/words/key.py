"""One key of a settings file: what it is for, its unit, its default, what may stand there."""

from __future__ import annotations

from dataclasses import MISSING, field
from typing import Any


def key(
    why: str, default: Any = MISSING, *, unit: str = "", low: float | None = None, high: float | None = None,
    choices: tuple[str, ...] = (), pattern: str = "", form: str = "",
) -> Any:
    """A settings key: what it is for, and what may stand there; `form`: its pattern in words, for a person."""
    about = {"why": why, "unit": unit, "low": low, "high": high, "choices": choices, "pattern": pattern, "form": form}
    if default is MISSING:
        return field(metadata=about)
    if isinstance(default, list | dict):
        return field(default_factory=lambda: default, metadata=about)
    return field(default=default, metadata=about)
