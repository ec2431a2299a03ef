"""A lane is tried before it goes to work: what can be measured, then what a person at the lane does; a signed record and a page.

What nobody tried is "left out", and nothing that was left out lets a lane pass.  What passed is kept beside the page for as
long as the configuration stays, so that who is interrupted goes on where he was.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.doors.files import write_whole
from edge_agent.house import asked, panel_naming
from edge_agent.house.configuration import Configuration
from edge_agent.house.person_steps import NO, YES, PersonSteps
from edge_agent.house.setup_parts import Asker
from edge_agent.tools import acts, commissioning, commissioning_page
from edge_agent.tools import answer_checks as checks
from edge_agent.tools.commissioning import Step, step
from edge_agent.words.errors import EdgeAgentError, StorageError
from edge_agent.words.language import mark, tr

BACKGROUND_S = 120.0        # a minute of an empty lane, and as much again for a vehicle in it
NOW, LATER = "now", "later"


@dataclass(frozen=True, slots=True)
class Commissioning:
    asker: Asker
    by: str
    pages: Path                 # directory of the pages to print

    def offered(self, lane: str) -> bool:
        """Whether somebody is at the lane now."""
        question = tr("Lane {lane}: is somebody there with a check source, to commission it: now or later", lane=lane)
        return self.asker.ask(f"commission.{lane}", question, LATER, checks.one_of((NOW, LATER))) == NOW

    def lane(self, found: Configuration, lane: str, heard: bool, tried: bool, person: bool) -> bool:
        """Whether it passed.  `tried`: a test alarm had its receipt; `person`: somebody is there for the other steps."""
        steps = [
            step("other", "pass" if heard else "fail", mark("heard, without a fault", about="found") if heard else
                 mark("not heard, or faults", about="found")),
            *self._measured(found, lane, heard),
            step("alarm-receipt", "pass" if tried else "fail", mark("test alarm, marked as an exercise", about="found")),
        ]
        for one in steps:
            self.asker.say(commissioning.line(lane, one))
        by_person = self._by_person(found, lane) if person else []
        rest = commissioning.left_out(by_person)
        for one in rest:
            self.asker.say(commissioning.line(lane, one))
        steps += [*by_person, *rest]
        passed = commissioning.passed(steps)
        asked.act(found, self.by, "commissioned", lane=lane, steps=steps)
        self._tell(found, lane, steps, passed)
        return passed

    def _measured(self, found: Configuration, lane: str, heard: bool) -> list[Step]:
        if not heard:
            return [step(name, "left out", mark("the lane is not heard", about="found")) for name in ("background", "balance")]
        self.asker.say(tr("  lane {lane}: background, up to {seconds:.0f} s of an empty lane ...", lane=lane,
                          seconds=BACKGROUND_S))
        ends = time.monotonic() + BACKGROUND_S
        while not (rates := _rates(found, lane)) and time.monotonic() < ends:
            time.sleep(0.5)
        return commissioning.judged(rates, panel_naming.names_of(found, lane), BACKGROUND_S)

    # --- what a person does

    def _by_person(self, found: Configuration, lane: str) -> list[Step]:
        """One after the other; what goes wrong with one is its result, and the next is tried."""
        kept, done = self._kept(found, lane), dict[str, list[Step]]()
        for name, attempt in PersonSteps(self.asker, self.by, found, lane).todo().items():
            if name in kept and not self._again(lane, name, kept[name]):
                done[name] = kept[name]
                continue
            self.asker.say(f"\n  {commissioning.title(name)}")
            try:
                done[name] = attempt()
            except EdgeAgentError as problem:
                done[name] = [step(name.partition(" ")[0], "fail", " ".join(str(problem).split()))]
            for one in done[name]:
                self.asker.say(commissioning.line(lane, one))
            self._keep(found, lane, {**kept, **done})       # who is stopped here keeps what he has not come to again
        return [one for steps in done.values() for one in steps]

    def _again(self, lane: str, name: str, steps: list[Step]) -> bool:
        found = "; ".join(map(commissioning.said, steps))
        question = tr("{step} is done ({found}); once more: yes or no", step=commissioning.title(name), found=found)
        return self.asker.ask(f"again.{lane}.{name}", question, NO, checks.one_of((YES, NO))) == YES

    def _kept(self, found: Configuration, lane: str) -> dict[str, list[Step]]:
        """What passed before, of the same configuration."""
        try:
            held = json.loads(self._file(lane, ".json", hidden=True).read_text())
            return {str(name): list(steps) for name, steps in held["steps"].items()} if held["cfg"] == found.hash else {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _keep(self, found: Configuration, lane: str, done: dict[str, list[Step]]) -> None:
        good = {name: _dated(steps) for name, steps in done.items() if steps and commissioning.passed(steps)}
        try:
            write_whole(self._file(lane, ".json", hidden=True), json.dumps({"cfg": found.hash, "steps": good}).encode())
        except StorageError as problem:
            self.asker.say(tr("  --   not kept for another time: {why}", why=problem))

    def _file(self, lane: str, ending: str, *, hidden: bool = False) -> Path:
        return self.pages / f"{'.' if hidden else ''}commissioning-{re.sub('[^A-Za-z0-9_-]', '_', lane)}{ending}"

    def _tell(self, found: Configuration, lane: str, steps: list[Step], passed: bool) -> None:
        missing = commissioning.missing(steps)
        failed = any(one["verdict"] != "left out" for one in missing)
        self.asker.say(
            tr("  lane {lane}: commissioned: it may go to work.", lane=lane) if passed else
            tr("  lane {lane}: not commissioned yet, left out or failed: {steps}.\n  Next: edge-agent commission {lane}",
               lane=lane, steps=commissioning.named(missing)) if failed else
            tr("  lane {lane}: all that was tried passed.  Not commissioned yet, left out: {steps}.\n"
               "  Next: edge-agent commission {lane}; what passed is kept", lane=lane,
               steps=commissioning.named(missing)))
        for act in (asked.status(found) or {"acts": []})["acts"]:       # of a run that was killed: the lane is not at work yet
            if act["lane"] in (None, lane):
                self.asker.say(tr("  --   still under way: {act}.\n  End it: edge-agent {kind} end --help", act=acts.line(act),
                                  kind=act["kind"]))
        page = self._file(lane, ".html")
        text = commissioning_page.page(found.settings.portal.origin, lane, self.by, found.hash, steps, passed,
                                       time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()))
        write_whole(page, text.encode())
        self.asker.say(tr("  {file}: a page to print and sign", file=page))


def _dated(steps: list[Step]) -> list[Step]:
    """Whoever reads the record later sees that it was not all in one go."""
    now = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    return [one if commissioning.DATED in one["text"] else {**one, "text": f"{one['text']} ({now})"} for one in steps]


def _rates(found: Configuration, lane: str) -> dict[str, float]:
    """Of every detector in service; {} until all are known."""
    about: dict[str, Any] | None = (asked.status(found) or {"lanes": {}})["lanes"].get(lane)
    if about is None or not about["armed"]:
        return {}
    served = {name: one for name, one in about["detectors"].items() if one["state"] != "out"}
    known = {name: float(one["bkg"]) for name, one in served.items() if one["state"] == "ok"}
    return known if len(known) == len(served) else {}
