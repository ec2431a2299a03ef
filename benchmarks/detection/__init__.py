"""The power study: what each rule sees at equal measured false-alarm rate, beside the bound and the oracle.

    python -m benchmarks.detection [--quick] [--scale X] [--only TEXT] [--picture FILE]

Full size takes under half an hour on two cores, --quick under two minutes.  Scenes: scenarios.py; physics:
hardware_mocks/passages.py; rules: the C kernel.  A95: net counts/s summed over the panels at closest approach that is
detected in 95 % of passages; in brackets its 95 % interval; ~ where a threshold lies beyond the passages simulated.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace

from benchmarks.detection.scenarios import POWER

CLEAN_LEAST = 1100                      # of the full share; learning_tail.tail asks for 1001


def main(arguments: list[str] | None = None) -> None:
    from benchmarks.detection import answers, report, study

    asked = _asked(arguments)
    size = study.QUICK if asked.quick else study.FULL
    if asked.scale != 1.0:
        scaled = ("clean", "source", "neutron", "learn", "judged")
        size = replace(size, **{name: int(getattr(size, name) * asked.scale) for name in scaled})
    if size.clean < CLEAN_LEAST:
        sys.exit(f"--scale {asked.scale:g}: {size.clean} clean passages, at least {CLEAN_LEAST} are needed for a tail")
    chosen, began = [s for s in POWER if asked.only in s.name], time.monotonic()
    work = study.Work(size, os.cpu_count() or 1)
    work.learn(study.taught(chosen))
    begun = [study.begin(work, s, k) for k, s in enumerate(chosen)]
    asked_too = answers.begin(work)
    tables, results = {}, []
    for each in begun:
        result = study.finish(each)
        tables[result.scene.name] = {wanted: result.table(wanted) for wanted in (0.95, 0.5)}
        report.scene(result, tables[result.scene.name])
        results.append(result)
        sys.stdout.flush()
    report.goals(tables)
    answers.finish(asked_too, results, work)
    report.picture(results, asked.picture)
    print(f"\n{time.monotonic() - began:.0f} s; clean {size.clean}, sources {size.source} x {size.strengths} strengths")
    work.pool.shutdown()


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the number of passages")
    parser.add_argument("--only", default="", help="scenes whose name holds this text")
    parser.add_argument("--picture", default="build/detection.png")
    if arguments is None:               # `python -m benchmarks detection --quick`: options follow the names of parts
        first = next((k for k, a in enumerate(sys.argv) if a.startswith("--")), len(sys.argv))
        arguments = sys.argv[first:]
    return parser.parse_args(arguments)
