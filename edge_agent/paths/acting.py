"""What people may do to a lane: exercises, maintenance, panels out, notes.  Each is a record at once, names who did it, and
mutes nothing: alarms between are signed and sent like any other, marked with the id.

act.sock is for the group edge-agent-op.  What is open survives a restart (`acting.json`), and ends by itself.
"""

from __future__ import annotations

import logging
import pwd
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge_agent.doors.files import write_whole
from edge_agent.paths.lane import Lane
from edge_agent.tools import acts
from edge_agent.words.act import Act, Person
from edge_agent.words.clock import Clock
from edge_agent.words.errors import EdgeAgentError, SettingsError, StorageError
from edge_agent.words.language import worded

log = logging.getLogger("edge_agent.acting")
MARKED = {"alarm", "occupancy", "fault", "tamper"}          # records of a lane that say in what they happened
CORE = Person("edge-agent", "its time was over")
Answer = dict[str, Any]


class Acting:
    def __init__(
        self, path: Path, lanes: Sequence[Lane], clock: Clock, submit: Callable[[str, Answer], None],
        moment: Callable[[int], Answer], new_id: Callable[[], str],
    ) -> None:
        self._path, self._clock = path, clock
        self._lanes = {lane.name: lane for lane in lanes}
        self._submit, self._moment, self._new_id = submit, moment, new_id
        self._acts: dict[tuple[str, str | None], Act] = {}
        self._out: dict[str, dict[str, str]] = {}

    def restore(self) -> None:
        """What was open when the core ended goes on, and is said again."""
        try:
            found, out = acts.load(self._path.read_bytes(), self._clock.mono_ns(), self._clock.wall_ns())
        except FileNotFoundError:
            return
        except (OSError, ValueError) as problem:
            log.error("%s: %s; what was under way is forgotten, the records say it", self._path, problem)
            return
        for act in found:
            if act.lane is None or act.lane in self._lanes:
                self._acts[act.kind, act.lane] = act
                self._submit(act.kind, acts.begin(act, self._moment(self._clock.mono_ns()), self._moment(act.ends_ns)))
        for lane, names in out.items():
            if lane in self._lanes:
                self._out[lane] = names
                self._lanes[lane].portal.health.take_out(names)

    def asks(self) -> dict[str, Callable[[Answer], Any]]:
        return {"begin": self.begin, "end": self.end, "panel": self.panel, "note": self.note}

    # --- what people ask

    async def begin(self, request: Answer) -> Answer:
        """{"kind", "lane", "by", "reason", "for_s"}: an exercise or maintenance begins."""
        kind, lane, by = _kind(request), self._lane(request), person(request)
        if kind == "maintenance" and lane is None:
            raise SettingsError(worded("maintenance is of one lane.\n  Name it: edge-agent maintenance begin LANE"))
        if (old := self._acts.get((kind, lane))) is not None:
            raise EdgeAgentError(worded("{line}\n  End it first", line=acts.line(acts.plain(old, self._clock.mono_ns()))))
        lasts_ns = round(acts.seconds(request.get("for_s", acts.USUAL_S[kind]), kind) * 1e9)
        now_ns, reason = self._clock.mono_ns(), acts.words(request.get("reason"), "reason")
        name = f"{'E' if kind == 'exercise' else 'M'}-{self._new_id()}"
        act = Act(kind, name, lane, by, reason, self._clock.wall_ns() + lasts_ns, now_ns + lasts_ns)
        self._keep({**self._acts, (kind, lane): act}, self._out)
        self._submit(kind, acts.begin(act, self._moment(now_ns), self._moment(act.ends_ns)))
        return {"act": acts.plain(act, now_ns)}

    async def end(self, request: Answer) -> Answer:
        """{"kind", "lane", "by", "done", "parts", "void"}: it is over."""
        kind, lane, by = _kind(request), self._lane(request), person(request)
        act = self._acts.get((kind, lane))
        if act is None:
            where = "" if lane is None else f" on lane {lane}"
            raise EdgeAgentError(worded(
                "no {kind} is under way{where}.\n"
                "  edge-agent status shows what is",
                kind=kind, where=where))
        more: Answer = {}
        if kind == "maintenance":
            parts = acts.parts(request.get("parts", []))
            self._detectors(str(lane), [part["detector"] for part in parts if part["detector"]])
            more = {"done": acts.words(request.get("done", ""), "done", least=0), "parts": parts,
                    "void": self._detectors(str(lane), request.get("void", []))}
        self._over(act, by, "person", more)
        return {"act": acts.plain(act, self._clock.mono_ns())}

    async def panel(self, request: Answer) -> Answer:
        """{"lane", "detectors", "out", "by", "text"}: out of every sum until a person takes it in, or in again."""
        lane, by, out = self._lane(request), person(request), request.get("out") is True
        if lane is None:
            raise SettingsError(worded("a panel is of one lane.\n  Name it: edge-agent panel out LANE PANEL"))
        text = acts.words(request.get("text"), "reason")
        names = self._detectors(lane, request.get("detectors"))
        health, held = self._lanes[lane].portal.health, dict(self._out.get(lane, {}))
        if not names:
            raise SettingsError(worded("detectors: expected at least one name"))
        for name in names:
            if out == (name in held):
                raise EdgeAgentError(worded("{name} of lane {lane} is out already", name=name, lane=lane) if out else worded(
                    "{name} of lane {lane} was not taken out by edge-agent panel out.\n"
                    "  edge-agent status says whether it is out, and by what", name=name, lane=lane))
            held.pop(name, None)
        held |= dict.fromkeys(names, f"{by.name}: {text}") if out else {}
        self._keep(self._acts, {**self._out, lane: held})
        health.take_out(held)
        now_ns = self._clock.mono_ns()
        loss = {"SUM": round(1 / left, 4)} if (left := health.remaining()) > 0 else {}
        body = {"action": "panel-out" if out else "panel-in", "lane": lane, "detectors": names, "text": text,
                "by": {"name": by.name, "how": by.how}, "at": self._moment(now_ns)}
        self._submit("operator", body | ({"loss": loss} if out else {}))
        return {"lane": lane, "out": sorted(held), "loss": loss}

    async def note(self, request: Answer) -> Answer:
        """{"by", "text", "lane", "alarm"}: a sentence for the record."""
        by, lane = person(request), self._lane(request)
        body = {"action": "note", "lane": lane, "text": acts.words(request.get("text"), "text"),
                "by": {"name": by.name, "how": by.how}, "at": self._moment(self._clock.mono_ns())}
        if request.get("alarm") is not None:
            body["alarm"] = acts.words(request["alarm"], "alarm", acts.NAME_MAX)
        self._submit("operator", body)
        return {}

    def acknowledged(self, lane: str, alarm: str, how: str) -> None:
        """Somebody at the lane pressed the button: it is on record that the alarm was heard, not by whom."""
        self._submit("operator", {
            "action": "acknowledge", "lane": lane, "alarm": alarm, "by": {"name": "officer at the lane", "how": how},
            "at": self._moment(self._clock.mono_ns()),
        })

    # --- what others are told

    def mark(self, kind: str, body: Answer) -> Answer:
        """The record with the ids of what it happened in."""
        if kind not in MARKED:
            return body
        marks = {}
        for act in [*self._acts.values()]:
            if act.lane is None or act.lane == body.get("lane"):
                marks[act.kind] = act.id
                if kind == "alarm":
                    self._acts[act.kind, act.lane] = replace(act, alarms=act.alarms + 1)
        return body | marks

    def plain(self) -> list[Answer]:
        now_ns = self._clock.mono_ns()
        return [acts.plain(act, now_ns) for act in self._acts.values()]

    def look(self) -> None:
        """End what has lasted long enough."""
        for act in [*self._acts.values()]:
            if self._clock.mono_ns() >= act.ends_ns:
                self._over(act, CORE, "time", {})

    # --- keeping

    def _over(self, act: Act, by: Person, ended: str, more: Answer) -> None:
        rest = {key: one for key, one in self._acts.items() if one.id != act.id}
        try:
            self._keep(rest, self._out)
        except StorageError as problem:
            log.error("%s; the end of %s is on record all the same", problem, act.id)
            self._acts = rest
        self._submit(act.kind, acts.end(act, by, ended, self._moment(self._clock.mono_ns()), more))

    def _keep(self, found: dict[tuple[str, str | None], Act], out: dict[str, dict[str, str]]) -> None:
        """On the disk first: a restart must not forget what a record says."""
        write_whole(self._path, acts.dump(found.values(), out), 0o600)
        self._acts, self._out = found, out

    def _lane(self, request: Answer) -> str | None:
        name = request.get("lane")
        if name is None:
            return None
        if name not in self._lanes:
            raise SettingsError(worded("no lane is called {lane!r}; there are: {lanes}", lane=name, lanes=", ".join(self._lanes)))
        return str(name)

    def _detectors(self, lane: str, given: object) -> list[str]:
        known = [name for names in self._lanes[lane].portal.rules.detectors.values() for name in names]
        unknown = [name for name in given if name not in known] if isinstance(given, list) else [given]
        if not isinstance(given, list) or unknown:
            raise SettingsError(worded(
                "lane {lane} has no {unknown}; there are: {known}", lane=lane, unknown=unknown[0], known=", ".join(known)))
        return list(dict.fromkeys(given))


def _kind(request: Answer) -> str:
    kind = request.get("kind")
    if kind not in acts.USUAL_S:
        raise SettingsError(worded("kind {kind!r}: expected {kinds}", kind=kind, kinds=" or ".join(acts.USUAL_S)))
    return str(kind)


def person(request: Answer) -> Person:
    """The name given, and the account the kernel says is at the other end."""
    uid = request.get("uid")
    try:
        account = pwd.getpwuid(uid).pw_name if isinstance(uid, int) else "unknown"
    except KeyError:
        account = "no name"
    return Person(acts.words(request.get("by"), "by", acts.NAME_MAX), f"act.sock, uid {uid} ({account})")
