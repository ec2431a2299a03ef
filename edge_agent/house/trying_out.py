"""Does what was set up work: is every lane heard, is the way to the centre open, does a test alarm get its receipt?"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.house import asked, way_testing
from edge_agent.house.configuration import Configuration
from edge_agent.house.setup_parts import Asker
from edge_agent.words.language import shown, tr

HEARD_S, RECEIPT_S = 40.0, 60.0
LOOK_S = 0.5
# faults of the vehicles that pass while we look, or of the first moments on a wire: not of the installation
OF_TRAFFIC = frozenset({"vehicle-ksigma-only", "vehicle-half-seen", "late-delivery"})


@dataclass(frozen=True, slots=True)
class TryOut:
    asker: Asker
    by: str

    def heard(self, found: Configuration, lanes: list[str]) -> dict[str, bool]:
        """Lane -> whether counts come and nothing is wrong with it; waits for those that are just starting."""
        heard = dict.fromkeys(lanes, False)

        def all_heard() -> bool:
            now = (asked.status(found) or {"lanes": {}})["lanes"]
            heard.update({name: name in now and now[name]["heard_s"] is not None and OF_TRAFFIC.issuperset(now[name]["faults"])
                          for name in lanes})
            return all(heard.values())

        until(all_heard, HEARD_S)
        now = (asked.status(found) or {"lanes": {}})["lanes"]
        for name, good in heard.items():
            why = "; ".join(f"{key}: {shown(text)}" for key, text in now.get(name, {}).get("fault_details", {}).items())
            if not good:
                self.asker.say(tr("  FAIL lane {lane}: {why}", lane=name, why=why or tr("not heard")))
            elif why:
                self.asker.say(tr("  ok   lane {lane}; of its traffic, it passes: {why}", lane=name, why=why))
            else:
                self.asker.say(tr("  ok   lane {lane}", lane=name))
        return heard

    def linked(self, found: Configuration) -> bool:
        """The way to the centre, step by step; waits until the centre has enrolled this portal."""
        ends = time.monotonic() + self.asker.patience_s()
        told = False
        while True:
            steps = list(way_testing.steps(found))
            good = all(step.good is not False for step in steps)
            if good or time.monotonic() > ends:
                for step in steps:
                    verdict = "ok  " if step.good else "FAIL" if step.good is False else "--  "
                    self.asker.say(f"  {verdict} {step.name}: {step.found}")
                return good
            if not told:
                bad = next(step for step in steps if step.good is False)
                self.asker.say(tr("  waiting: {step}: {found}", step=bad.name, found=bad.found))
                told = True
            time.sleep(2.0)

    def test_alarm(self, found: Configuration, lane: str) -> bool:
        """Marked as an exercise; True when it has the centre's receipt, or there is no centre."""
        size = asked.log(found)["size"]
        with asked.under(found, self.by, "exercise", lane, "commissioning: test alarm", 600.0):
            name = asked.act(found, self.by, "test-alarm", lane=lane)["alarm"]
        if found.settings.centre is None:
            self.asker.say(tr("  alarm {name} is on record; there is no centre to send it to", name=name))
            return True
        good = until(lambda: asked.receipted(found, size, "alarm", 1), RECEIPT_S)
        self.asker.say(tr("  ok   alarm {name} has the centre's receipt", name=name) if good else tr(
            "  FAIL alarm {name}: no receipt within a minute.  edge-agent status, edge-agent link", name=name))
        return good


def until(question: Callable[[], bool], seconds: float) -> bool:
    """Whether it became true in that time."""
    ends = time.monotonic() + seconds
    while not question():
        if time.monotonic() > ends:
            return False
        time.sleep(LOOK_S)
    return True
