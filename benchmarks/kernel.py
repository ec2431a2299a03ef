"""What the alarm kernel costs and how often it alarms on nothing.  Prints one table; no assertions.

    python -m benchmarks.kernel            ns per sample and us per look of the shadow test, in C, through the binding
                                           and in plain numpy; memory of a lane
    python -m benchmarks.kernel focus      false alarms per passage of FOCuS by threshold (about two minutes)
    python -m benchmarks.kernel neutron    the same of the neutron rule by p, without and with cosmic-ray showers
    python -m benchmarks.kernel vacant     crossings of an empty lane per day

The C figures are of native/simulate.c and native/look_cost.c, whose heads tell their arguments.  How well the shadow
test sees: tests/kernel/shadow_power.py (a sketch), benchmarks/detection (the study).
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from edge_agent._kernel import lib

from edge_agent.tools.kernel import Geometry, KernelSettings, Lane, ShadowClass, ShadowModel
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


def in_c(program: str, arguments: str) -> str:
    subprocess.run(["make", "-s", "-C", str(NATIVE), f"out/{program}"], check=True, stdout=subprocess.DEVNULL)
    command = [str(NATIVE / "out" / program), *arguments.split()]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def table(rows: tuple[tuple[str, str], ...]) -> None:
    for what, arguments in rows:
        print(f"{what}    [simulate {arguments}]")
        print("".join(f"    {line}\n" for line in in_c("simulate", arguments).splitlines()))


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


def ns(call: Callable[[], object], times: int) -> float:
    begin = time.perf_counter_ns()
    for _ in range(times):
        call()
    return (time.perf_counter_ns() - begin) / times


def plain_numpy() -> None:
    """What the same costs without the kernel: five-sample k-sigma, and one template of the shadow test at a time."""
    ring, mean = np.full((5, 4), 200.0), 800.0
    print(f"numpy k-sigma, one sum    {ns(lambda: (ring.sum() - 5 * mean) / np.sqrt(5 * mean), 20_000):8.0f} ns")
    rng, bins, coefficients = np.random.default_rng(1), 25, 4 * lib.EA_BASIS
    u, sigma = rng.normal(0, 14, (4 * bins, coefficients)), np.eye(coefficients) * 0.01
    r, templates = rng.normal(0, 14, 4 * bins), rng.uniform(0, 9, (36, 4 * bins))

    def look() -> float:
        c = np.diag(np.full(4 * bins, 200.0)) + u @ sigma @ u.T
        whitened = np.linalg.solve(c, templates.T)
        return float((r @ whitened / np.sqrt((templates.T * whitened).sum(axis=0))).max())

    print(f"numpy shadow test, C solved, design and templates given   {ns(look, 200) / 1e3:6.0f} us")


def shadow_through_binding() -> None:
    size = 4 * lib.EA_BASIS
    kind = ShadowClass(2000, 4.5, (0.05,) * size, tuple(tuple(0.01 * (i == j) for j in range(size)) for i in range(size)))
    place = Geometry((0.0,) * 4, (-2.5, -2.5, 2.5, 2.5), (0.8, 2.2, 0.8, 2.2), (1.0,) * 4)
    lane = Lane(SETTINGS)
    lane.put_background(Radiation.GAMMA, 0.0, 2.0, 120.0, [1000.0] * 4)
    lane.learned(ShadowModel(place, (kind, kind, kind)))
    lane.beam(0.0, True)
    for i in range(25):
        lane.gamma(0.2 * (i + 1), 0.2, [200 + i % 7] * 4)
    lane.speed(5.0, 2.2)
    lane.beam(5.0, False)
    print(f"binding shadow test, 4 panels, 25 bins   {ns(lane.shadow, 500) / 1e3:6.0f} us")


def cost() -> None:
    for line in in_c("simulate", "cost 2000000").splitlines() + in_c("look_cost", "200").splitlines():
        name, value = line.split()
        print(f"C {name:<44}{value:>8}")
    through_binding()
    shadow_through_binding()
    plain_numpy()


def main(asked: str = "cost") -> None:
    tables = {"focus": FOCUS, "neutron": NEUTRON, "vacant": VACANT}
    if asked in tables:
        table(tables[asked])
    elif asked == "cost":
        cost()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:2])
