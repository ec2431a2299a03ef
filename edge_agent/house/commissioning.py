"""The end of setup: what was tried at each lane before work begins, as a signed record and a page to print.

What nobody tried is "left out", and nothing that was left out lets a lane pass.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from edge_agent.doors.files import write_whole
from edge_agent.house import asked, panel_naming
from edge_agent.house.configuration import Configuration
from edge_agent.house.setup_parts import Asker
from edge_agent.tools import commissioning_page

Step = dict[str, Any]
BACKGROUND_S = 120.0        # a minute of an empty lane, and as much again for a vehicle in it
UNEQUAL = 2.0               # times the middle panel: walls and ground differ by less, a lost connector by more (estimate)
BY_PERSON = {               # what setup cannot do by itself -> what to do
    "walk-through": "nobody carried a source through", "tamper": "nobody opened the cabinet",
    "annunciator": "nobody looked at the lamp and heard the horn",
}


@dataclass(frozen=True, slots=True)
class Commissioning:
    asker: Asker
    by: str
    pages: Path                 # directory of the pages to print

    def record(self, found: Configuration, heard: dict[str, bool], linked: bool, tried: bool) -> None:
        for lane in found.settings.lane:
            steps = [
                _step("other", "pass" if heard[lane.name] else "fail", "heard, without a fault" if heard[lane.name] else
                      "not heard, or faults"),
                *self._measured(found, lane.name, heard[lane.name]),
                _step("alarm-receipt", "pass" if tried else "fail", "test alarm, marked as an exercise"),
                _step("source-check", "left out", "panels are verified; no source was measured" if lane.panels_verified else
                      "panels are unverified until a source is held at each"),
                *(_step(name, "left out", why) for name, why in BY_PERSON.items()),
            ]
            passed = linked and all(step["verdict"] == "pass" for step in steps)
            asked.act(found, self.by, "commissioned", lane=lane.name, steps=steps, passed=passed)
            self._tell(found, lane.name, steps, passed)

    def _measured(self, found: Configuration, lane: str, heard: bool) -> list[Step]:
        if not heard:
            return [_step(name, "left out", "the lane is not heard") for name in ("background", "balance")]
        self.asker.say(f"  lane {lane}: background, up to {BACKGROUND_S:.0f} s of an empty lane ...")
        ends = time.monotonic() + BACKGROUND_S
        while not (rates := _rates(found, lane)) and time.monotonic() < ends:
            time.sleep(0.5)
        return judged(rates, panel_naming.names_of(found, lane))

    def _tell(self, found: Configuration, lane: str, steps: list[Step], passed: bool) -> None:
        for step in steps:
            sign = {"pass": "ok  ", "fail": "FAIL"}.get(step["verdict"], "--  ")
            self.asker.say(f"  {sign} lane {lane}: {step['step']}: {step['text']}")
        left = [step["step"] for step in steps if step["verdict"] == "left out"]
        if left:
            self.asker.say(f"  lane {lane}: not commissioned yet, left out: {', '.join(left)}.\n"
                           f"  Next: edge-agent source-check {lane} --source ID --panel PANEL")
        page = self.pages / f"commissioning-{re.sub('[^A-Za-z0-9_-]', '_', lane)}.html"
        text = commissioning_page.page(found.settings.portal.origin, lane, self.by, found.hash, steps, passed,
                                       time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()))
        write_whole(page, text.encode())
        self.asker.say(f"  {page}: a page to print and sign")


def judged(rates: dict[str, float], panels: list[str]) -> list[Step]:
    """Background and balance of panels; `rates`: counts/s of an empty lane by detector, nothing where there was none."""
    if not rates:
        return [_step("background", "fail", f"none within {BACKGROUND_S:.0f} s: is the lane empty, is a panel dead?"),
                _step("balance", "left out", "there is no background")]
    gamma = {name: rates[name] for name in panels if name in rates}
    dead = [name for name, rate in gamma.items() if not rate]       # a tube may count nothing for a minute, a panel never
    background = _step("background", "fail" if dead else "pass", f"{', '.join(dead)} counts nothing.  edge-agent diagnose" if dead
                       else "of every detector in service, counts/s", rates)
    middle = median(gamma.values()) if gamma else 0.0
    if len(gamma) < 2 or not middle:
        return [background, _step("balance", "left out", "fewer than two panels that count")]
    shares = {name: round(rate / middle, 3) for name, rate in gamma.items()}
    bad = [name for name, share in shares.items() if not 1 / UNEQUAL <= share <= UNEQUAL]
    text = (f"{', '.join(bad)}: more than {UNEQUAL:g} times from the middle panel.  edge-agent diagnose" if bad else
            f"{min(shares.values()):.2f} to {max(shares.values()):.2f} of the middle panel")
    return [background, _step("balance", "fail" if bad else "pass", text, shares)]


def _rates(found: Configuration, lane: str) -> dict[str, float]:
    """Of every detector in service; {} until all are known."""
    about = (asked.status(found) or {"lanes": {}})["lanes"].get(lane)
    if about is None or not about["armed"]:
        return {}
    served = {name: one for name, one in about["detectors"].items() if one["state"] != "out"}
    known = {name: float(one["bkg"]) for name, one in served.items() if one["state"] == "ok"}
    return known if len(known) == len(served) else {}


def _step(step: str, verdict: str, text: str, numbers: dict[str, float] | None = None) -> Step:
    return {"step": step, "verdict": verdict, "text": text, "numbers": numbers or {}}
