"""What is due at a lane, as data: upkeep.toml."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.words.key import key

AFTER = ("", "source-check", "walk-through", "commissioning")


@dataclass(frozen=True, slots=True)
class Task:
    id: str = key("short name", pattern=r"[a-z0-9-]{1,40}", form="1 to 40 small letters, digits, -")
    every_days: float = key("days between two times", unit="days", low=0.1, high=3660)
    text: str = key("what is to be done, one line")
    how: str = key("what to type; LANE stands for the lane", "")
    after: str = key("what says it is done, passed: source-check, walk-through (of commission), commissioning", "", choices=AFTER)
    kinds: list[str] = key("kinds of lanes it is for; empty: every lane", [])


@dataclass(frozen=True, slots=True)
class Upkeep:
    task: list[Task] = key("tasks, one table each", [])
