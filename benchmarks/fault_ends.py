"""`python -m benchmarks.fault_ends --seeds N`: broken buses and TCP doors: which class does `diagnose` name first?

Buses: `hardware_mocks.broken_bus`, asked 200 times through our Modbus RTU framing; what came of each question is counted as
the lane counts it, and `silence` stands when none was answered.  Doors: `hardware_mocks.broken_door`, real sockets, opened
by our TCP link; its own words are the fault.  `diagnose` gets a status with just that; the lane between is not run.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections import Counter
from typing import Any

from edge_agent.hands.links.dialect import Rtu
from edge_agent.hands.links.tcp import TcpLink
from edge_agent.house import guide
from edge_agent.words.dialect import Outcome
from edge_agent.words.errors import LinkError
from hardware_mocks import broken_bus, broken_door
from hardware_mocks.slave import Instrument, Slave

QUESTIONS = 200             # 20 s at ten questions a second
HEARD_S = 0.3               # a door on this computer that says nothing by then says nothing
QUESTION = bytes((3, 3, 0, 0, 0, 20))
GUIDE = guide.findings(None)
# fault -> classes of the guide that are right: docs/diagnostics.md, What looks alike
CLASSES = {
    "wrong_baud": ("line-settings", "bus-silent"),
    "wrong_parity": ("line-settings", "bus-silent"),
    "swapped_wires": ("line-settings", "bus-silent"),
    "no_termination": ("line-noise",),
    "wrong_unit": ("bus-silent",),
    "refused": ("wire-refused",),
    "reset": ("another-client", "wire-dead"),
    "silent": ("wire-silent",),
    "held": ("another-client",),
}


class Now:
    """A clock for a link whose times nobody looks at."""

    def mono_ns(self) -> int:
        return 0

    def utc_ns(self) -> int:
        return 0


def of_bus(name: str, seed: int) -> list[str]:
    """Classes named for a lane whose bus is broken so."""
    held = Instrument()
    held.hold("holding", 0, *range(20))
    bus = broken_bus.FAULTS[name](Slave({3: held}, "rtu", random.Random(seed)), random.Random(seed))
    dialect, told = Rtu(), Counter[Outcome]()
    for n in range(QUESTIONS):
        heard = bus.question(dialect.frame(QUESTION))
        waiting = b"".join(data for _, data in bus.answers(heard[0], float(n))) if heard and heard[0] else b""
        found = dialect.take(waiting, QUESTION)
        told[found.outcome if found else dialect.rest(waiting, QUESTION)] += 1
    well, missed = told.pop(Outcome.ANSWER, 0) + told.pop(Outcome.REFUSED, 0), told.pop(Outcome.SILENCE, 0)
    counts = {"samples": well, "missed_polls": missed, "line": {kind.name.lower(): count for kind, count in told.items()}}
    return classes([] if well else ["silence"], counts)


async def of_door(kind: str) -> list[str]:
    """The same of a TCP door."""
    async with broken_door.door(kind) as port:
        link = TcpLink("127.0.0.1", port, Now())
        try:
            await link.open()
            return classes(["silence"] if await link.next(HEARD_S) is None else [])
        except LinkError as problem:
            return classes(["link"], details={"link": str(problem)})
        finally:
            link.close()
            await asyncio.sleep(0.01)       # the door's end sees it, and ends in order


def classes(faults: list[str], counts: dict[str, Any] | None = None, details: dict[str, str] | None = None) -> list[str]:
    """As `edge-agent diagnose LANE` finds them in the status."""
    lane = {"faults": faults, "fault_details": details or {}, "counts": counts or {"samples": 0}}
    return [one.id for one in guide.of_status({"lanes": {"1": lane}}, GUIDE, "1")["lane 1"]]


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--seeds", type=int, default=20)
    made.add_argument("--first", type=int, default=0, help="the first of the seeds")
    chosen = made.parse_args()
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    told = {name: [of_bus(name, seed) for seed in seeds] for name in broken_bus.FAULTS}
    told |= {kind: [asyncio.run(of_door(kind))] for kind in broken_door.KINDS}
    good = total = 0
    for name, runs in told.items():
        wrong = [found for found in runs if not found or found[0] not in CLASSES[name]]
        first = Counter(found[0] if found else "nothing" for found in runs)
        print(f"{name:16} {len(runs) - len(wrong):3}/{len(runs):<3}  {', '.join(f'{one} {n}' for one, n in first.items())}")
        good, total = good + len(runs) - len(wrong), total + len(runs)
    print(f"right class first: {100 * good / total:.1f} % of {total} (goal 95)")
    return 0 if good >= 0.95 * total else 1


if __name__ == "__main__":
    sys.exit(main())
