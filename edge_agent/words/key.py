"""One key of a settings file: what it is for, its unit, its default, what may stand there."""

from __future__ import annotations

from dataclasses import MISSING, field
from typing import Any

from edge_agent.words.language import Worded, worded

KEY = "key"


def key(
    why: str, default: Any = MISSING, *, unit: str = "", low: float | None = None, high: float | None = None,
    choices: tuple[str, ...] = (), pattern: str = "", form: str = "",
) -> Any:
    """A settings key: what it is for, and what may stand there; `form`: its pattern in words, for a person.

    Both are texts of the catalogue (msgctxt "key"); one with values comes worded() already.
    """
    about = {"why": why if isinstance(why, Worded) else worded(why, about=KEY), "unit": unit, "low": low, "high": high,
             "choices": choices, "pattern": pattern, "form": worded(form, about=KEY) if form else ""}
    if default is MISSING:
        return field(metadata=about)
    if isinstance(default, list | dict):
        return field(default_factory=lambda: default, metadata=about)
    return field(default=default, metadata=about)
