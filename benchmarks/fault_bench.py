"""`python -m benchmarks.fault_bench --seeds N --pairs --healthy DAYS`: broken portals: which class does `diagnose` name?

Faults: `hardware_mocks.broken`.  Two hours of a sound lane in traffic, then the fault (of a pair: both) for 1.5 h; the wire
goes through decoder, lane and kernel on the scene's own time, and `diagnose` looks at the faults that stand and at the
minutes.  The two hours are run once a seed, and each fault goes on from there in a process of its own.  Healthy days: any
FAIL is false.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from edge_agent.house import guide
from edge_agent.judgement.minutes import Minutes
from edge_agent.tools import history_signs
from edge_agent.tools.diagnosis import diagnose
from edge_agent.words.minute import Minute
from edge_agent.words.reading import Chunk
from hardware_mocks import broken, rapiscan, scenes
from hardware_mocks.signals import Sent, Signal
from tests.judgement.bench import Watched, ns

SOUND_H, BROKEN_H = 2.0, 1.5    # shares of panels are learned from 100 000 counts (decisions/0009): 2 h of this wire
BEFORE_DAYS = 3                 # of history: the sound hours again and again, for signs that need the days before
# fault -> classes of the guide that are right, by what its counts can tell: docs/diagnostics.md, What looks alike
CLASSES = {
    "beam_blocked": ("beam", "lane-never-empty"),
    "occupancy_never": ("beam-never",),
    "neighbour": ("high-background", "source-beside", "source-one-side"),
    "x_ray": ("all-leap", "high-background"),
    "panel_high": ("panel-noisy", "panel-drifts"),
    "panel_low": ("panel-dead", "panel-low", "panel-drifts"),
    "panel_drift": ("panel-drifts",),
    "tube_dead": ("panel-dead",),
    "tube_noisy": ("panel-noisy",),
    "frozen": ("instrument-frozen",),
    "bursts": ("panel-noisy",),
    "light_leak": ("panel-drifts", "panel-noisy"),
    "water": ("panel-noisy", "panel-drifts"),
    "show_count": ("portal-judges-nothing",),
    "speed_stuck": ("speed-sensor",),
    "tamper": ("tamper",),
    "bad_cable": ("line-spoils", "line-settings"),
    "silent": ("wire-silent",),
}
OF_THE_LINK = ("reset", "no_power")     # there is no link here
# beside these nothing else can be seen
MUTE = ("silent", "frozen", "beam_blocked", "occupancy_never")
GUIDE = guide.findings(None)


class Judged:
    """A lane on the time of its wire, and its minutes."""

    def __init__(self) -> None:
        self.lane, self._last_s = Watched(), 0.0
        self._minutes, self.kept = Minutes(self.lane.portal), list[Minute]()

    def take(self, one: Signal) -> None:
        self.until(one.at_s)
        if isinstance(one, Sent):
            for reading in self.lane.decoder.feed(Chunk(ns(one.at_s), one.data)):
                for event in self.lane.portal.observe(reading):
                    self._minutes.saw(event)
                self._minutes.took(reading)

    def until(self, at_s: float) -> None:
        """The lane looks at its clock each second."""
        while self._last_s + 1.0 < at_s:
            self._last_s += 1.0
            for event in self.lane.portal.tick(ns(self._last_s)):
                self._minutes.saw(event)
            if self._last_s % 60 == 0:
                self.kept.append(self._minutes.turn(round(self._last_s) - 60))

    def found(self, before: Sequence[Minute] = ()) -> list[tuple[str, str]]:
        """(class, verdict), the likeliest first."""
        faults = dict(self.lane.portal.faults.details)
        faults |= {"tamper": "a door is open"} if self.lane.portal.door.open else {}
        faults |= history_signs.signs([*before, *self.kept], str)
        return [(one.id, one.verdict) for one in diagnose(faults, GUIDE)]


def outcomes(seed: int, sets: Sequence[tuple[str, ...]]) -> Iterator[list[str]]:
    """Classes named for each set of faults."""
    portal, judged = broken.Lane(SOUND_H + BROKEN_H, seed), Judged()
    wire, end_s = portal.signals(), (SOUND_H + BROKEN_H) * 3600
    for one in wire:
        judged.take(one)
        if one.at_s >= SOUND_H * 3600:
            break
    before = [Minute(m.begin_s - round(back * SOUND_H * 3600), m.groups, m.samples, m.occupancies, m.alarms, m.faults)
              for back in range(round(BEFORE_DAYS * 24 / SOUND_H), 0, -1) for m in judged.kept]
    for names in sets:
        yield json.loads(_apart(partial(_go_on, portal, judged, wire, names, end_s, before)))


def _go_on(portal: broken.Lane, judged: Judged, wire: Iterator[Signal], names: tuple[str, ...], end_s: float,
           before: list[Minute]) -> str:
    portal.break_down(names, SOUND_H * 3600)
    for one in wire:
        judged.take(one)
    judged.until(end_s)
    return json.dumps([name for name, _ in judged.found(before)])


def _apart(work: Callable[[], str]) -> str:
    """The text a function returns, from a copy of this process: neither kernel nor generator can be copied otherwise."""
    ear, mouth = os.pipe()
    sys.stdout.flush()
    if (child := os.fork()) == 0:
        try:
            os.write(mouth, work().encode())
        finally:
            os._exit(0)
    os.close(mouth)
    with os.fdopen(ear) as heard:
        text = heard.read()
    os.waitpid(child, 0)
    return text or '["the bench failed"]'


def named(found: Sequence[str], fault: str, among: int) -> bool:
    """Whether a right class is among the first so many."""
    return any(one in CLASSES[fault] for one in found[:among])


def alone(seeds: range, faults: Sequence[str]) -> bool:
    print(f"{'fault':18} {'classes that are right':38} {'first':>7}   named instead", flush=True)
    told: dict[str, list[list[str]]] = {fault: [] for fault in faults}
    for seed in seeds:
        for fault, found in zip(faults, outcomes(seed, [(fault,) for fault in faults]), strict=True):
            told[fault].append(found)
    good = 0
    for fault, runs in told.items():
        right = sum(named(found, fault, 1) for found in runs)
        instead = sorted({found[0] if found else "nothing" for found in runs if not named(found, fault, 1)})
        print(f"{fault:18} {', '.join(CLASSES[fault]):38} {right:3}/{len(seeds):<3}   {', '.join(instead)}", flush=True)
        good += right
    total = len(seeds) * len(faults)
    print(f"right class first: {100 * good / total:.1f} % of {total} (goal 95)")
    return good >= 0.95 * total


def pairs(seeds: range, faults: Sequence[str]) -> bool:
    """Two at once, of different classes and not one that silences the other."""
    chosen = [(a, b) for a, b in itertools.combinations([one for one in faults if one not in MUTE], 2)
              if not set(CLASSES[a]) & set(CLASSES[b])]
    told: dict[tuple[str, str], list[list[str]]] = {pair: [] for pair in chosen}
    for seed in seeds:
        for pair, found in zip(chosen, outcomes(seed, chosen), strict=True):
            told[pair].append(found)
    good = 0
    for pair, runs in told.items():
        right = sum(all(named(found, fault, 2) for fault in pair) for found in runs)
        wrong = [found for found in runs if not all(named(found, fault, 2) for fault in pair)]
        print(f"{pair[0]:16} and {pair[1]:16} {right:3}/{len(seeds):<3}   {', '.join(wrong[0]) if wrong else ''}")
        good += right
    total = len(seeds) * len(chosen)
    print(f"both in the first two: {100 * good / total:.1f} % of {total} (goal 80)")
    return good >= 0.8 * total


def healthy(days: float) -> bool:
    """Days of mixed traffic without a fault: FAIL and LOOK of each hour."""
    fails = looks = 0
    judged, next_s = Judged(), 3600.0
    for at_s, data in rapiscan.wire(replace(scenes.load("border-day"), duration_s=days * 86400.0), 5):
        judged.take(Sent(at_s, data))
        if at_s >= next_s:
            found = judged.found()
            fails += sum(verdict == "FAIL" for _, verdict in found)
            looks += sum(verdict == "LOOK" for _, verdict in found)
            next_s += 3600.0
        if at_s > days * 86400:
            break
    print(f"healthy, {at_s / 86400:.2f} days, looked at each hour: {fails} FAIL (goal 0), {looks} LOOK")
    return fails == 0


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--seeds", type=int, default=20, help="0: nothing alone, for --healthy")
    made.add_argument("--first", type=int, default=0, help="the first of the seeds")
    made.add_argument("--fault", action="append", choices=list(CLASSES), help="only this one; again for more")
    made.add_argument("--pairs", action="store_true", help="also two at once")
    made.add_argument("--only-pairs", action="store_true", help="these and nothing alone")
    made.add_argument("--healthy", type=float, default=0.0, metavar="DAYS")
    chosen = made.parse_args()
    faults = chosen.fault or list(CLASSES)
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    good = chosen.only_pairs or not seeds or alone(seeds, faults)
    good &= not (chosen.pairs or chosen.only_pairs) or pairs(seeds, faults)
    good &= not chosen.healthy or healthy(chosen.healthy)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
