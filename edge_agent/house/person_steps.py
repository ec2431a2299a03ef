"""What only a person at the lane can try: a source at each panel, carried through, the cabinet, the mains, lamp and horn.

Each is offered and may be left for later; what is not fitted is said so by the person, and stands on record as that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from edge_agent.house import asked, source_checking
from edge_agent.house.configuration import Configuration
from edge_agent.house.setup_parts import Asker
from edge_agent.tools import answer_checks as checks
from edge_agent.tools import commissioning
from edge_agent.tools.alarm_text import RADIATIONS
from edge_agent.tools.commissioning import Step
from edge_agent.words.language import mark, tr, worded

YES, NO, LATER, NONE = "yes", "no", "later", "none"
SECONDS = 20.0              # at each panel, as source-check has it
WALK_S, DOOR_S, AGAIN_S = 300.0, 120.0, 120.0       # patience: a vehicle has to be fetched; a door opens and closes
AFTER_S = 15.0              # an alarm of the whole vehicle comes when it has left
LOOK_S = 0.5
UNTOLD = {True: mark("nothing was told within {seconds:.0f} s.  Contact, cable, input", about="found"),
          False: mark("its end was not told within {seconds:.0f} s.  Contact, cable, input", about="found")}
UNSEEN = {"gamma": mark("gamma not seen or not heard", about="found"),
          "neutron": mark("neutron not seen or not heard", about="found")}


@dataclass(frozen=True, slots=True)
class PersonSteps:
    asker: Asker
    by: str
    found: Configuration
    lane: str

    def todo(self) -> dict[str, Callable[[], list[Step]]]:
        """In the order in which they are done, by step and of what; each gives nothing where the person leaves it for later."""
        known = source_checking.detectors(self.found, self.lane)
        panels = {radiation: [name for name, of in known.items() if of == radiation] for radiation in source_checking.RADIATIONS}
        sources = {f"source-check {name}": partial(self.source, name, held) for name, held in panels.items() if held}
        return {**sources, "walk-through": self.walk, "tamper": self.cabinet, "mains": self.mains, "annunciator": self.lamps}

    # --- sources

    def source(self, radiation: str, panels: list[str]) -> list[Step]:
        file = self.found.path.with_name("sources.toml")
        kept = [source.id for source in source_checking.register(file)] if file.exists() else []
        name = self.asker.ask(
            f"commission.{self.lane}.source.{radiation}",
            tr("{radiation}: which check source is here ({sources}; later: not today; none: no such source is kept here)",
               radiation=tr(RADIATIONS[radiation]), sources=", ".join(kept) or tr("none in {file}", file=file)),
            LATER, checks.one_of((*kept, LATER, NONE)))
        if name in (LATER, NONE):
            why = commissioning.NEVER if name == NONE else commissioning.NOT_HERE
            return [commissioning.step("source-check", "left out", why[radiation])]
        return [self._measured(file, name, panels)]

    def _measured(self, file: Path, name: str, panels: list[str]) -> Step:
        today, source = datetime.now(UTC).date(), source_checking.find(file, name)
        with asked.under(self.found, self.by, "maintenance", self.lane, f"source check with {name}"):
            check, first = source_checking.measure(
                self.found, self.lane, source, panels, SECONDS, today, self.asker.say, self.asker.enter)
            asked.act(self.found, self.by, "source-checked", lane=self.lane, check=check)
        if first and check["passed"] and not source_checking.keep_first(file, source, first, today):
            self.asker.say(tr("  --   {file} could not be changed: write measured and expected_cps into it by hand", file=file))
        bad = [panel for panel, one in check["detectors"].items() if not one["passed"]]
        text = (worded("{nuclide} {source}: not as expected: {panels}", about="found", nuclide=source.nuclide, source=name,
                       panels=", ".join(bad)) if bad else
                worded("{nuclide} {source}: {panels} good", about="found", nuclide=source.nuclide, source=name,
                       panels=", ".join(panels)))
        return commissioning.step("source-check", "fail" if bad else "pass", text, check=check)

    def walk(self) -> list[Step]:
        if not self._now("walk", tr("A source is carried or driven through lane {lane} now", lane=self.lane)):
            return []
        size, alarms, passed = asked.log(self.found)["size"], list[dict[str, Any]](), list[dict[str, Any]]()
        with asked.under(self.found, self.by, "exercise", self.lane, "commissioning: a source carried through", 2 * WALK_S):
            self.asker.say(tr("  waiting up to {seconds:.0f} s for it; every alarm is marked as an exercise", seconds=WALK_S))
            ends = time.monotonic() + WALK_S
            while time.monotonic() < ends:
                passed, alarms = self._since(size, "occupancy"), self._since(size, "alarm")
                if alarms and passed:
                    break
                if alarms:
                    ends = min(ends, time.monotonic() + AFTER_S)
                time.sleep(LOOK_S)
            time.sleep(LOOK_S)
            alarms, passed = self._since(size, "alarm"), self._since(size, "occupancy")
        walked = commissioning.alarmed(alarms, len(passed))
        if walked["verdict"] == "pass":
            asked.act(self.found, self.by, "upkeep-done", lane=self.lane, task=walked["step"], text=walked["text"])
        return [walked, *(self._speed(passed) if passed else [])]

    def _speed(self, passed: list[dict[str, Any]]) -> list[Step]:
        speeds = [body["speed_mps"] for body in passed if body["speed_mps"] is not None]
        if not speeds:
            answer = self.asker.ask(f"commission.{self.lane}.speed", tr(
                "The portal told no speed: none (it has no speed sensor), or later (it should have)"), LATER,
                checks.one_of((NONE, LATER)))
            return self._unfitted("speed", answer, worded("no speed sensor, says {name}", about="found", name=self.by))
        kmh = round(3.6 * float(speeds[-1]), 1)
        right = self._yes("speed", tr("The portal measured {kmh} km/h: was it as fast as that", kmh=kmh))
        text = mark("as the person saw it", about="found") if right else worded(
            "{name} says it was not so.  Distance of the beams, units of the portal", about="found", name=self.by)
        return [commissioning.step("speed", "pass" if right else "fail", text, {"kmh": kmh})]

    # --- cabinet and mains

    def cabinet(self) -> list[Step]:
        answer = self._fitted("tamper", tr("The cabinet is opened and closed now (none: it has no contact)"))
        if answer != YES:
            return self._unfitted("tamper", answer, worded("no door contact, says {name}", about="found", name=self.by))
        size = asked.log(self.found)["size"]
        return [self._both("tamper", tr("open the cabinet"), tr("close the cabinet"), lambda: [
            bool(body["open"]) for body in self._since(size, "tamper")])]

    def mains(self) -> list[Step]:
        answer = self._fitted("mains", tr("The portal's mains are switched off and on now (none: it does not tell)"))
        if answer != YES:
            return self._unfitted("mains", answer, worded("the portal does not tell of its mains, says {name}", about="found",
                                                          name=self.by))
        size = asked.log(self.found)["size"]
        return [self._both("mains", tr("switch the mains of the portal off"), tr("switch them on again"), lambda: [
            bool(body["present"]) for body in self._since(size, "fault") if "mains-lost" in body["condition"]])]

    def _both(self, name: str, first: str, then: str, told: Callable[[], list[bool]]) -> Step:
        """`told`: what the portal said of it since, true for open or lost."""
        for text, wanted, patience_s in ((first, True, DOOR_S), (then, False, AGAIN_S)):
            self.asker.say(tr("  now: {what}; waiting up to {seconds:.0f} s", what=text, seconds=patience_s))
            ends = time.monotonic() + patience_s
            while not (said := told()) or said[-1] is not wanted:
                if time.monotonic() > ends:
                    return commissioning.step(name, "fail", worded(UNTOLD[wanted], about="found", seconds=patience_s))
                time.sleep(LOOK_S)
        return commissioning.step(name, "pass", mark("told, and told over", about="found"))

    # --- lamp and horn

    def lamps(self) -> list[Step]:
        told = self.found.settings.annunciator
        if not told.module:
            text = mark("none: nobody is told at the lane", about="found") if told.kind == "none" else mark(
                "no lamp, no horn: the service's log", about="found")
            return [commissioning.step("annunciator", "not fitted", text)]
        if not self._now("lamps", tr("Somebody stands where lamp and horn of lane {lane} are", lane=self.lane)):
            return []
        bad: list[str] = []
        with asked.under(self.found, self.by, "exercise", self.lane, "commissioning: lamp and horn"):
            for radiation, shown in (("gamma", tr("Lamp and horn tell gamma: one long flash a second")),
                                     ("neutron", tr("Lamp and horn tell neutron, too: one long flash and two short ones"))):
                asked.act(self.found, self.by, "test-alarm", lane=self.lane, radiation=radiation)
                if not self._yes(f"lamp.{radiation}", shown):
                    bad.append(UNSEEN[radiation])
            if any(module.button >= 0 for module in told.module):
                bad += self._button()
        if not bad:
            return [commissioning.step("annunciator", "pass", mark("lamp and horn seen and heard", about="found"))]
        first, *rest = [worded(text, about="found") for text in bad]
        for text in rest:
            first = worded("{first}; {text}", about="found", first=first, text=text)
        return [commissioning.step("annunciator", "fail", worded("{what}.  docs/lamps.md", about="found", what=first))]

    def _button(self) -> list[str]:
        size = asked.log(self.found)["size"]
        self.asker.say(tr("  now: press the acknowledge button; waiting up to {seconds:.0f} s", seconds=DOOR_S))
        ends = time.monotonic() + DOOR_S
        while time.monotonic() < ends:
            if any(body["action"] == "acknowledge" for body in self._since(size, "operator")):
                return []
            time.sleep(LOOK_S)
        return [mark("the acknowledge button was not noticed", about="found")]

    # --- questions, acts, records

    def _now(self, name: str, what: str) -> bool:
        question = tr("{what}: yes, or later", what=what)
        return self.asker.ask(f"commission.{self.lane}.{name}", question, LATER, checks.one_of((YES, LATER))) == YES

    def _yes(self, name: str, what: str) -> bool:
        question = tr("{what}: yes or no", what=what)
        return self.asker.ask(f"commission.{self.lane}.{name}", question, "", checks.one_of((YES, NO))) == YES

    def _fitted(self, name: str, what: str) -> str:
        question = tr("{what}: yes, none, or later", what=what)
        return self.asker.ask(f"commission.{self.lane}.{name}", question, LATER, checks.one_of((YES, NONE, LATER)))

    def _unfitted(self, name: str, answer: str, text: str) -> list[Step]:
        return [commissioning.step(name, "not fitted", text)] if answer == NONE else []

    def _since(self, begin: int, kind: str) -> list[dict[str, Any]]:
        return [body for body in asked.records(self.found, begin, kind)
                if body.get("lane") == self.lane and not str(body.get("rule", "")).startswith("test/")]
