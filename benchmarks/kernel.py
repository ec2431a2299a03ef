"""What the alarm kernel costs and how often it alarms on nothing.  Prints one table; no assertions.

    python benchmarks/kernel.py            ns per sample, in C and through the binding; memory of a lane
    python benchmarks/kernel.py focus      false alarms per passage of FOCuS by threshold (about two minutes)
    python benchmarks/kernel.py neutron    the same of the neutron rule by p, without and with cosmic-ray showers
    python benchmarks/kernel.py vacant     crossings of an empty lane per day

The C figures are of native/simulate.c, whose head tells its arguments.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.tools.kernel import KernelSettings, Lane
from edge_agent.words.reading import Radiation

NATIVE = Path(__file__).resolve().parent.parent / "native"
CALLS = 100_000
SETTINGS = KernelSettings(4, 2, groups=(15, 3, 12, 5, 10, 1, 2, 4, 8))

#         what                                               arguments of native/out/simulate
FOCUS = (
    ("120 s steady, passage 10 s", "focus 1000000 120 1 10 0 4000 0"),
    ("24 s sparse (1 s each 5 s), passage 10 s", "focus 1000000 24 5 10 0 4000 0"),
    ("120 s steady, stand 180 s in drift of 0.3 %/min sd", "focus 30000 120 1 180 0.003 4000 0"),
    ("24 s sparse, stand 180 s in the same drift", "focus 30000 24 5 180 0.003 4000 0"),
)
NEUTRON = (
    ("0.2 s samples, 2 cps, passage 10 s", "neutron 300000 10 0.2 2 0"),
    ("1 s samples, 2 cps, passage 10 s", "neutron 300000 10 1 2 0"),
)
VACANT = (("4000 cps, 0.2 s samples", "vacant 300 4000"),)


def simulate(arguments: str) -> str:
    subprocess.run(["make", "-s", "-C", str(NATIVE), "out/simulate"], check=True)
    program = [str(NATIVE / "out/simulate"), *arguments.split()]
    return subprocess.run(program, check=True, capture_output=True, text=True).stdout


def table(rows: tuple[tuple[str, str], ...]) -> None:
    for what, arguments in rows:
        print(f"{what}    [simulate {arguments}]")
        print("".join(f"    {line}\n" for line in simulate(arguments).splitlines()))


def ns_per_call(call: Callable[[float, float, list[int]], object], counts: list[list[int]], begin_s: float) -> float:
    begin = time.perf_counter_ns()
    for i in range(CALLS):
        call(begin_s + 0.2 * i, 0.2, counts[i & 1023])
    return (time.perf_counter_ns() - begin) / CALLS


def through_binding() -> None:
    rng, lane = random.Random(1), Lane(SETTINGS)
    gamma = [[round(rng.gauss(200, 14)) for _ in range(4)] for _ in range(1024)]
    neutron = [[int(rng.random() < 0.2) for _ in range(2)] for _ in range(1024)]
    print(f"binding gamma vacant      {ns_per_call(lane.gamma, gamma, 0.0):8.0f} ns")
    print(f"binding neutron vacant    {ns_per_call(lane.neutron, neutron, 0.0):8.0f} ns")
    lane.beam(1e5, True)
    print(f"binding gamma occupied    {ns_per_call(lane.gamma, gamma, 1e5):8.0f} ns")
    begin = time.perf_counter_ns()
    for _ in range(1000):
        lane.background(Radiation.GAMMA, 1.5e5)
    print(f"binding background        {(time.perf_counter_ns() - begin) / 1000:8.0f} ns")


def cost() -> None:
    for line in simulate("cost 2000000").splitlines():
        name, value = line.split()
        print(f"C {name:<24}{value:>8}")
    through_binding()


if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else "cost"
    tables = {"focus": FOCUS, "neutron": NEUTRON, "vacant": VACANT}
    if asked in tables:
        table(tables[asked])
    elif asked == "cost":
        cost()
    else:
        sys.exit(__doc__)
