"""When the upkeep of each lane was done last: told by a person over act.sock, or by a record that is it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from edge_agent.doors.files import write_whole
from edge_agent.paths.acting import person
from edge_agent.tools import acts, commissioning, times
from edge_agent.words.clock import Clock
from edge_agent.words.errors import SettingsError, StorageError
from edge_agent.words.language import worded

log = logging.getLogger("edge_agent.upkeep")
Answer = dict[str, Any]
FIRST = "1970-01-01T00:00:00.000Z"      # of a clock that is nowhere: everything is due


class Upkeeping:
    """`upkeep.json`: since when it counts, and what was done when.  Lost, everything counts from then: the records have it."""

    def __init__(
        self, path: Path, lanes: Collection[str], clock: Clock, submit: Callable[[str, Answer], None],
        moment: Callable[[int], Answer],
    ) -> None:
        self._path, self._lanes, self._clock, self._submit, self._moment = path, lanes, clock, submit, moment
        self._begun, self._done = self._now(), dict[str, dict[str, str]]()
        self._open: dict[str, list[Answer]] = {}        # of a lane's last commissioning: the steps that did not pass

    def restore(self) -> None:
        try:
            held = json.loads(self._path.read_bytes())
            self._begun = _checked(held["begun"])
            self._done = {str(lane): {str(name): _checked(when) for name, when in done.items()}
                          for lane, done in held["done"].items()}
            self._open = {str(lane): acts.steps(steps) for lane, steps in held.get("open", {}).items()}
        except FileNotFoundError:
            self._keep()
        except (OSError, ValueError, KeyError, TypeError, AttributeError, SettingsError) as problem:
            log.error("%s: %s; upkeep counts from now", self._path, problem)
            self._keep()

    def asks(self) -> dict[str, Callable[[Answer], Any]]:
        return {"upkeep-done": self.told}

    async def told(self, request: Answer) -> Answer:
        """{"lane", "task", "by", "text"}: a person did it (schema `operator`, `upkeep`)."""
        lane, by = request.get("lane"), person(request)
        if lane not in self._lanes:
            raise SettingsError(worded("no lane is called {lane!r}; there are: {lanes}", lane=lane, lanes=", ".join(self._lanes)))
        task = acts.words(request.get("task"), "task", acts.NAME_MAX)
        text = acts.words(request.get("text", ""), "text", least=0)
        self._submit("operator", {"action": "upkeep", "lane": lane, "task": task, "text": text,
                                  "by": {"name": by.name, "how": by.how}, "at": self._moment(self._clock.mono_ns())})
        self.done(str(lane), task)
        return {"lane": lane, "task": task, "when": self._done[str(lane)][task]}

    def done(self, lane: str, name: str) -> None:
        self._done.setdefault(lane, {})[name] = self._now()
        self._keep()

    def commissioned(self, lane: str, steps: list[Answer]) -> None:
        """`status` says what was not checked, or failed, until it is."""
        if missing := commissioning.missing(steps):
            self._open[lane] = missing
            self._keep()
            return
        self._open.pop(lane, None)
        self.done(lane, "commissioning")

    def plain(self) -> Answer:
        return {"begun": self._begun, "done": {lane: dict(self._done.get(lane, {})) for lane in self._lanes},
                "open": {lane: self._open[lane] for lane in self._lanes if lane in self._open}}

    def _now(self) -> str:
        return times.iso(self._clock.wall_ns()) or FIRST

    def _keep(self) -> None:
        """A disk that refuses must not keep a record from being made."""
        try:
            write_whole(self._path, json.dumps(
                {"begun": self._begun, "done": self._done, "open": self._open}, indent=1).encode(), 0o600)
        except StorageError as problem:
            log.error("%s; the next start counts upkeep from what was kept before", problem)


def _checked(when: object) -> str:
    times.parsed(str(when))
    return str(when)
