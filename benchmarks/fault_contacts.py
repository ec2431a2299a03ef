"""`python -m benchmarks.fault_contacts --seeds N`: beams, contacts, lamps and the I/O module they hang on: which class first?

Faults: `hardware_mocks.broken_contacts`, each in a post in memory on a virtual clock: a real core with a counting lane, whose
vehicles an I/O module tells of, the module's own lane, and lamps, horn and button on the same module (an RS-485 line).  Sound
for a minute, then broken: three minutes, or half an hour of traffic where vehicles or wind must show it; four hours (four
minutes of CPU each) where it comes and goes.  `diagnose` gets what `edge-agent status` says then, without history.  Counted is
what showed on the wire: a coil that was to stay as it is, and an open contact whose wire is off, answer as sound ones do.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import signal
import sys
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path

from benchmarks.border_post import post
from benchmarks.border_post.virtual import VirtualClock, VirtualLoop
from benchmarks.border_post.wires import Asked, MemoryLinks, Passed
from benchmarks.campaign.inline import without_threads
from edge_agent.house import enrolment, guide
from edge_agent.house.configuration import load
from edge_agent.house.core import Core
from hardware_mocks import modbus_io, modbus_map
from hardware_mocks.broken_contacts import FAULTS, BrokenModule, Fault
from hardware_mocks.scene_traffic import Traffic
from hardware_mocks.scenes import Scene

SOUND_S, SHORT_S, LONG_S, HOURS_S = 60.0, 180.0, 1800.0, 4 * 3600.0
# a source now and then, so that lamps and horn have something to do
TRAFFIC = Traffic(per_hour=60.0, from_s=10.0, gamma_share=0.2, gamma_cps=(3000.0, 6000.0))
CONFIGURATION = """version = 1
[portal]
origin = "rpm.example.gov/portal/QX-0042"
state = "{here}/state"
sockets = "{here}"
[[lane]]
name = "io1"
driver = "modbus_io"
mode = "continuous"
profile = "shared-io"
link = {{ kind = "modbus-rtu", device = "rs485", baud = 38400, unit = 9 }}
[[lane]]
name = "2"
driver = "modbus_map"
link = {{ kind = "modbus-tcp", host = "panels", unit = 1 }}
occupancy = {{ module = "io1", inputs = ["front", "rear"], spacing_m = 5.0 }}
[[annunciator.module]]
bus = "io1"
unit = 9
coils = {{ gamma = 0, neutron = 0, distance = 0, fault = 1, ready = 2, horn = 3 }}
button = 5
"""
# fault, or "fault what was drawn" -> classes of the guide that are right: docs/diagnostics.md, What looks alike
CLASSES: dict[str, tuple[str, ...]] = {
    "beam_flickers": ("beam-flickers", "beam"),
    "beam_dead": ("beam",),
    "beams_unsupplied": ("beams-together",),
    "beam_stays_free": ("beam-missing",),
    "beams_crossed": ("beams-crossed",),
    "beam_inverted": ("beam",),
    "contact_inverted door": ("tamper",),
    "contact_inverted mains": ("portal-power",),
    "contact_inverted battery": ("battery",),
    "contact_inverted button": ("button",),
    "loop_sticks": ("beam",),
    "door_bounces": ("tamper-bounces", "tamper"),
    "mains_contact_lost": ("portal-power",),
    "mains_lost": ("portal-power",),
    "battery_old": ("battery",),
    "button_stuck": ("button",),
    "coil_refused": ("lamp-output",),
    "coil_stays": ("lamp-output",),
    "module_silent": ("occupancy-unknown", "bus-silent", "wire-silent", "lamps"),
    "module_refuses": ("occupancy-unknown", "wrong-profile", "lamps", "lamp-output"),
    "module_restarts": ("module-restarts", "occupancy-unknown", "bus-silent", "wire-silent", "lamps", "lamp-output"),
}
UNTOLD = ("contact_cut",)           # open as it is while all is well: nobody can be told
OF_HISTORY = ("beams_stay_free",)   # two days of it are needed: fault_bench, occupancy_never
LONG = ("beam_flickers", "beam_dead", "beams_unsupplied", "beam_stays_free", "beams_crossed", "beam_inverted", "loop_sticks",
        "door_bounces", "coil_stays")
HOURS = ("module_restarts",)        # some minutes to two hours apart: whoever looks at once sees a sound module
GUIDE = guide.findings(None)


class Post:
    """One core with its module, on a loop of its own time."""

    def __init__(self, here: Path, name: str, seed: int) -> None:
        self.loop = VirtualLoop()
        asyncio.set_event_loop(self.loop)
        clock = VirtualClock(self.loop)
        config = here / "edge-agent.toml"
        config.write_text(CONFIGURATION.format(here=here))
        (here / "profiles").mkdir()
        (here / f"profiles/{post.IO_PROFILE}.toml").write_text(post.io_profile())
        self._end_s = SOUND_S + (HOURS_S if name in HOURS else LONG_S if name in LONG else SHORT_S)
        self.core = Core(load(config), clock)
        enrolment.enrol(self.core.state, self.core.settings.portal.origin)
        scene = Scene(duration_s=self._end_s, traffic=TRAFFIC)
        whole, steps = modbus_io.instrument(scene, seed, loop=False)
        self.fault = FAULTS[name](random.Random(f"{name} {seed}"), SOUND_S) if name else Fault("")
        began_s = self.loop.time()
        self.module = BrokenModule(whole, self.fault, lambda: self.loop.time() - began_s)
        wires = {
            "rs485": Asked("rs485", "rtu", {9: (self.module, steps)}, [Passed()], clock),
            "panels:502": Asked("panels", "tcp", {1: modbus_map.instrument(scene, seed, loop=False)}, [Passed()], clock),
        }
        self.core.links = MemoryLinks(clock, {at: partial(wires.__getitem__, at) for at in wires}, {})

    def run(self) -> list[str]:
        """Classes named: of the counting lane, the module's lane and the controller, as `diagnose` prints them."""
        self.loop.run_until_complete(self.core.open())
        running = self.loop.create_task(self.core.run())
        try:
            self.loop.run_until_complete(asyncio.sleep(self._end_s))
            status = self.loop.run_until_complete(self.core.doors[0].asks["status"]({}))
            found = [one for each in guide.of_status(status, GUIDE).values() for one in each]
            return [one.id for one in sorted(found, key=lambda one: one.verdict != "FAIL")]
        finally:
            os.kill(os.getpid(), signal.SIGTERM)        # as systemd ends it
            self.loop.run_until_complete(running)
            self.loop.close()
            asyncio.set_event_loop(None)


def named(name: str, seed: int) -> tuple[str, bool, list[str]]:
    """What was drawn, as CLASSES has it; whether it showed; the classes named.  "": a sound post."""
    with tempfile.TemporaryDirectory(prefix="ea-") as here, without_threads():
        post_ = Post(Path(here), name, seed)
        found = post_.run()
        drawn = f"{name} {post_.fault.where}"
        return drawn if drawn in CLASSES else name, post_.module.shown, found


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--seeds", type=int, default=3)
    made.add_argument("--first", type=int, default=0, help="the first of the seeds")
    made.add_argument("--only", nargs="*", default=[], help="these faults")
    chosen = made.parse_args()
    logging.disable(logging.CRITICAL)
    sound = named("", chosen.first)[2]
    print(f"{'(sound)':18} named: {', '.join(sound) or 'nothing'}")
    good = total = 0
    for name in chosen.only or FAULTS:
        if name in OF_HISTORY:
            continue
        runs = [named(name, seed) for seed in range(chosen.first, chosen.first + chosen.seeds)]
        firsts = [(fault, (found or ["nothing"])[0]) for fault, shown, found in runs if shown]
        right = sum(name not in UNTOLD and first in CLASSES[fault] for fault, first in firsts)
        told = ", ".join(f"{one} {times}" for one, times in Counter(first for _, first in firsts).items())
        print(f"{name:18} {right:3}/{len(firsts):<3}  {told}", flush=True)
        good, total = good + right, total + len(firsts)
    print(f"right class first: {100 * good / max(total, 1):.1f} % of {total} that showed (goal 95)")
    return 0 if good >= 0.95 * total and not sound else 1


if __name__ == "__main__":
    sys.exit(main())
