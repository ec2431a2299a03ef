"""`python -m benchmarks.fault_bench --seeds N --pairs --healthy DAYS`: faults put into the mock portal: which class is named?

Each: two hours with clean vehicles, then the fault, of a pair one after the other; the wire goes through decoder, lane and
kernel on the scene's own time, and `diagnose` looks at the faults that stand at the end.  Healthy days: any FAIL is false.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.house import guide
from edge_agent.tools.diagnosis import Found, diagnose
from edge_agent.words.reading import Chunk
from hardware_mocks import rapiscan, scenes
from hardware_mocks.scene_faults import DeadPanel, DeadTube, GainDrift, HighBackground, LightLeak, LineNoise, PowerCycle
from hardware_mocks.scenes import Scene, Vehicle
from tests.judgement.bench import Watched, ns

HEALTHY_S = 7200.0              # before the first fault: shares of panels are learned from 100 000 counts (decisions/0009)
GAMMA = (b"GB", b"GH", b"GL", b"GS", b"GA")
Wire = Iterator[tuple[float, bytes]]
Bend = Callable[[Wire, float], Wire]


@dataclass(frozen=True, slots=True)
class Injected:
    name: str
    expected: str                       # class of the guide
    after_s: float                      # how long it has stood when somebody asks
    scene: Callable[[float], dict[str, tuple[Any, ...]]] = lambda at_s: {}
    bend: Bend | None = None
    mute: bool = False                  # nothing else can be seen beside it


def _lines(wire: Wire, at_s: float, change: Callable[[list[bytes]], list[bytes]]) -> Wire:
    """Gamma lines changed from a moment on."""
    for now_s, data in wire:
        if now_s <= at_s:
            yield now_s, data
            continue
        parted = [line.split(b",") for line in data.split(b"\r\n")]
        gamma = [change(parts) if parts[0] in GAMMA and len(parts) == 5 else parts for parts in parted]
        yield now_s, b"\r\n".join(b",".join(parts) for parts in gamma)


def _frozen(*fields: int) -> Bend:
    """These fields of every gamma line stand still."""
    def change(parts: list[bytes]) -> list[bytes]:
        still = b"000050" if parts[0] in (b"GS", b"GA") else b"000250"
        return [parts[0], *(still if i in fields else part for i, part in enumerate(parts[1:]))]
    return lambda wire, at_s: _lines(wire, at_s, change)


def _all_dead(wire: Wire, at_s: float) -> Wire:
    return _lines(wire, at_s, lambda parts: [parts[0], *[b"000000"] * 4])


def _silent(wire: Wire, at_s: float) -> Wire:
    return ((now_s, data) for now_s, data in wire if now_s <= at_s)


def _wrong_baud(wire: Wire, at_s: float) -> Wire:
    return ((now_s, bytes(byte * 7 & 0xFF for byte in data) if now_s > at_s else data) for now_s, data in wire)


FAULTS = (
    Injected("a panel dead", "panel-dead", 600, lambda t: {"dead_panels": (DeadPanel(t, 2),)}),
    Injected("a tube dead", "panel-dead", 1200, lambda t: {"dead_tubes": (DeadTube(t, 1),)}),
    Injected("every panel dead", "all-dead", 600, bend=_all_dead, mute=True),
    Injected("gain drifts away", "panel-drifts", 7200, lambda t: {"gain_drifts": (GainDrift(t, 3, -0.15, 0.30),)}),
    Injected("light leak", "panel-drifts", 3600, lambda t: {"light_leaks": (LightLeak(t, 0, 0.30),)}),
    Injected("background high", "high-background", 600, lambda t: {"high_backgrounds": (HighBackground(t, 1e9, 2.2),)}),
    Injected("one count frozen", "panel-frozen", 600, bend=_frozen(1)),
    Injected("controller frozen", "instrument-frozen", 600, bend=_frozen(0, 1, 2, 3), mute=True),
    Injected("noise on the line", "line-settings", 120, lambda t: {"line_noises": (LineNoise(t, 1e6, "garbage"),)}),
    Injected("wrong baud", "line-settings", 120, bend=_wrong_baud, mute=True),
    Injected("wire silent", "wire-silent", 120, bend=_silent, mute=True),
    Injected("power fails again and again", "portal-power", 20,
             lambda t: {"power_cycles": tuple(PowerCycle(t + 60 * i, 5.0) for i in range(10))}, mute=True),
)
GUIDE = guide.findings(None)


def wire_of(faults: Sequence[Injected], seed: int) -> tuple[Wire, float]:
    """The wire with these faults, one after the other has stood for its time; and when somebody asks."""
    began, at_s = [], HEALTHY_S
    for fault in faults:
        began.append(at_s)
        at_s += fault.after_s
    cars = scenes.convoy([Vehicle(0.0, shadow=0.06)] * int(at_s / 120), first_s=60.0, gap_s=110.0)
    scene: dict[str, Any] = {}
    for fault, begins_s in zip(faults, began, strict=True):
        for key, value in fault.scene(begins_s).items():
            scene[key] = scene.get(key, ()) + value
    wire: Wire = iter(rapiscan.wire(Scene(at_s, vehicles=cars, **scene), seed))
    for fault, begins_s in zip(faults, began, strict=True):
        wire = fault.bend(wire, begins_s) if fault.bend else wire
    return wire, at_s


def judged(wire: Wire, until_s: float) -> list[Found]:
    """What `diagnose` says of the lane at the end."""
    lane, last_s = Watched(), 0.0
    for at_s, data in wire:
        if at_s > until_s:
            break
        while last_s + 1.0 < at_s:          # the lane looks at its clock each second
            last_s += 1.0
            lane.tick(last_s)
        last_s = at_s
        lane.hear(Chunk(ns(at_s), data))
    while last_s < until_s:
        last_s += 1.0
        lane.tick(last_s)
    return diagnose(lane.portal.faults.details, GUIDE)


def rank(found: list[Found], expected: str) -> int:
    """1: named first; 0: not named."""
    names = [one.id for one in found]
    return names.index(expected) + 1 if expected in names else 0


def alone(seeds: int) -> bool:
    print(f"{'fault':30} {'class':18} {'first':>9}   named instead")
    good = total = 0
    for fault in FAULTS:
        found = [judged(*wire_of([fault], seed)) for seed in range(seeds)]
        first = sum(rank(one, fault.expected) == 1 for one in found)
        others = sorted({one[0].id if one else "nothing" for one in found if rank(one, fault.expected) != 1})
        good, total = good + first, total + seeds
        print(f"{fault.name:30} {fault.expected:18} {first:4}/{seeds:<4}   {', '.join(others)}", flush=True)
    print(f"right class first: {100 * good / total:.1f} % of {total} (goal 95)")
    return good >= 0.95 * total


def pairs(seeds: int) -> bool:
    """Two at once, of different classes and not one that silences the other."""
    seen = [fault for fault in FAULTS if not fault.mute]
    chosen = [(a, b) for a, b in itertools.permutations(seen, 2) if a.expected != b.expected]
    good = total = 0
    for a, b in chosen:
        found = [judged(*wire_of([a, b], seed)) for seed in range(seeds)]
        both = sum(all(0 < rank(one, fault.expected) <= 2 for fault in (a, b)) for one in found)
        good, total = good + both, total + seeds
        instead = "" if both == seeds else ", ".join(one.id for one in found[0])
        print(f"{a.name:20} then {b.name:20} {both:4}/{seeds:<4} {instead}", flush=True)
    print(f"both in the first two: {100 * good / total:.1f} % of {total} (goal 80)")
    return good >= 0.8 * total


def healthy(days: float) -> bool:
    """Days of mixed traffic without a fault: FAIL and LOOK of each hour."""
    fails = looks = 0
    lane, last_s, next_s = Watched(), 0.0, 3600.0
    for at_s, data in rapiscan.wire(scenes.load("border-day"), 5):
        while last_s + 1.0 < at_s:
            last_s += 1.0
            lane.tick(last_s)
        last_s = at_s
        lane.hear(Chunk(ns(at_s), data))
        if at_s >= next_s:
            found = diagnose(lane.portal.faults.details, GUIDE)
            fails += sum(one.verdict == "FAIL" for one in found)
            looks += sum(one.verdict == "LOOK" for one in found)
            next_s += 3600.0
        if at_s > days * 86400:
            break
    print(f"healthy, {last_s / 86400:.2f} days, looked at each hour: {fails} FAIL (goal 0), {looks} LOOK")
    return fails == 0


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--seeds", type=int, default=20)
    made.add_argument("--pairs", action="store_true", help="also two at once")
    made.add_argument("--healthy", type=float, default=0.0, metavar="DAYS")
    chosen = made.parse_args()
    good = alone(chosen.seeds)
    good &= not chosen.pairs or pairs(chosen.seeds)
    good &= not chosen.healthy or healthy(chosen.healthy)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
