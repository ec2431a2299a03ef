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
from edge_agent.tools.commissioning import Step
from edge_agent.words.language import tr

YES, NO, LATER, NONE = "yes", "no", "later", "none"
SECONDS = 20.0              # at each panel, as source-check has it
WALK_S, DOOR_S, AGAIN_S = 300.0, 120.0, 120.0       # patience: a vehicle has to be fetched; a door opens and closes
AFTER_S = 15.0              # an alarm of the whole vehicle comes when it has left
LOOK_S = 0.5


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
               radiation=radiation, sources=", ".join(kept) or tr("none in {file}", file=file)),
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
        text = f"{source.nuclide} {name}: " + (f"not as expected: {', '.join(bad)}" if bad else f"{', '.join(panels)} good")
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
            return self._unfitted("speed", answer, "no speed sensor")
        kmh = round(3.6 * float(speeds[-1]), 1)
        right = self._yes("speed", tr("The portal measured {kmh} km/h: was it as fast as that", kmh=kmh))
        text = "as the person saw it" if right else f"{self.by} says it was not so.  Distance of the beams, units of the portal"
        return [commissioning.step("speed", "pass" if right else "fail", text, {"kmh": kmh})]

    # --- cabinet and mains

    def cabinet(self) -> list[Step]:
        answer = self._fitted("tamper", tr("The cabinet is opened and closed now (none: it has no contact)"))
        if answer != YES:
            return self._unfitted("tamper", answer, "no door contact")
        size = asked.log(self.found)["size"]
        return [self._both("tamper", tr("open the cabinet"), tr("close the cabinet"), lambda: [
            bool(body["open"]) for body in self._since(size, "tamper")])]

    def mains(self) -> list[Step]:
        answer = self._fitted("mains", tr("The portal's mains are switched off and on now (none: it does not tell)"))
        if answer != YES:
            return self._unfitted("mains", answer, "the portal does not tell of its mains")
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
                    which = "nothing was told" if wanted else "its end was not told"
                    return commissioning.step(name, "fail", f"{which} within {patience_s:.0f} s.  Contact, cable, input")
                time.sleep(LOOK_S)
        return commissioning.step(name, "pass", "told, and told over")

    # --- lamp and horn

    def lamps(self) -> list[Step]:
        told = self.found.settings.annunciator
        if not told.module:
            text = "none: nobody is told at the lane" if told.kind == "none" else "no lamp, no horn: the service's log"
            return [commissioning.step("annunciator", "not fitted", text)]
        if not self._now("lamps", tr("Somebody stands where lamp and horn of lane {lane} are", lane=self.lane)):
            return []
        bad = []
        with asked.under(self.found, self.by, "exercise", self.lane, "commissioning: lamp and horn"):
            for radiation, shown in (("gamma", tr("Lamp and horn tell gamma: one long flash a second")),
                                     ("neutron", tr("Lamp and horn tell neutron, too: one long flash and two short ones"))):
                asked.act(self.found, self.by, "test-alarm", lane=self.lane, radiation=radiation)
                if not self._yes(f"lamp.{radiation}", shown):
                    bad.append(f"{radiation} not seen or not heard")
            if any(module.button >= 0 for module in told.module):
                bad += self._button()
        text = "; ".join(bad) + ".  docs/lamps.md" if bad else "lamp and horn seen and heard"
        return [commissioning.step("annunciator", "fail" if bad else "pass", text)]

    def _button(self) -> list[str]:
        size = asked.log(self.found)["size"]
        self.asker.say(tr("  now: press the acknowledge button; waiting up to {seconds:.0f} s", seconds=DOOR_S))
        ends = time.monotonic() + DOOR_S
        while time.monotonic() < ends:
            if any(body["action"] == "acknowledge" for body in self._since(size, "operator")):
                return []
            time.sleep(LOOK_S)
        return ["the acknowledge button was not noticed"]

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
        return [commissioning.step(name, "not fitted", f"{text}, says {self.by}")] if answer == NONE else []

    def _since(self, begin: int, kind: str) -> list[dict[str, Any]]:
        return [body for body in asked.records(self.found, begin, kind)
                if body.get("lane") == self.lane and not str(body.get("rule", "")).startswith("test/")]
