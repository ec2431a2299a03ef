"""Which work is due at which lane, from when it was done last.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from edge_agent.tools.times import parsed
from edge_agent.words.language import tr, trn
from edge_agent.words.upkeep import Task

DAY_S = 86_400.0
Done = Mapping[str, Mapping[str, str]]          # lane -> task or record -> when, ISO 8601 in UTC


@dataclass(frozen=True, slots=True)
class Due:
    """`over_days`: since it was due; below 0: it is due in so many days.  `last`: None: never, it counts from the first start."""

    lane: str
    task: Task
    last: str | None
    over_days: float

    def plain(self) -> dict[str, Any]:
        return {"lane": self.lane, "task": self.task.id, "text": self.task.text, "how": self.how, "last": self.last,
                "over_days": round(self.over_days, 2)}

    @property
    def how(self) -> str:
        return self.task.how.replace("LANE", self.lane)


def look(tasks: Sequence[Task], lanes: Mapping[str, str], begun: str, done: Done, now: datetime) -> list[Due]:
    """`lanes`: name -> kind; the longest over first."""
    found = [_due(task, lane, begun, done.get(lane, {}), now) for lane, kind in lanes.items() for task in tasks
             if not task.kinds or kind in task.kinds]
    return sorted(found, key=lambda due: -due.over_days)


def _due(task: Task, lane: str, begun: str, done: Mapping[str, str], now: datetime) -> Due:
    times = [done[name] for name in (task.id, task.after) if name in done]
    last = max(times) if times else None
    passed_s = max(0.0, (now - parsed(last or begun)).total_seconds())      # below 0: a clock that was ahead
    return Due(lane, task, last, passed_s / DAY_S - task.every_days)


def line(due: Due) -> str:
    """One line of a screen."""
    last = tr("last {day}", day=due.last[:10]) if due.last else tr("never done")
    when = _over(due.over_days)
    text = tr(due.task.text, about="upkeep")
    return tr("lane {lane}: {task}: {text} ({when}; {last})", lane=due.lane, task=due.task.id, text=text, when=when, last=last)


def _over(days: float) -> str:
    if days >= 1:
        return trn("due for {n} day", "due for {n} days", int(days))
    if days >= 0:
        return tr("due today")
    return trn("due in {n} day", "due in {n} days", max(1, round(-days)))
