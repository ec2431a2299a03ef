"""Long forms: `python -m tests.fuzz --seconds 60 [NAME ...]`, each target so long; a finding ends the run with code 1.

    --atheris NAME      coverage-guided by atheris (pip install '.[fuzz]'), until Ctrl-C or --seconds
Memory is held to 2 GiB and one input to 60 s: what needs more is a finding, too.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

from . import bend
from .targets import CONTROL, Target, dice, targets

HANGS_S, MEMORY = 60, 2 << 30


def hung(number: int, frame: object) -> None:
    raise TimeoutError(f"one input took more than {HANGS_S} s")


def take(target: Target, data: bytes) -> bool:
    """Whether only documented refusals came out."""
    signal.alarm(HANGS_S)
    try:
        target(data)
    except (Exception, MemoryError):
        traceback.print_exc()
        file = Path(f"fuzz-{target.name}.bin")
        file.write_bytes(data)
        print(f"{target.name}: the input is in {file}; add it to tests/fuzz/test_found.py", file=sys.stderr)
        return False
    finally:
        signal.alarm(0)
    return True


def seeded(target: Target, seconds: float, start: int) -> bool:
    end, number = time.monotonic() + seconds, start
    while time.monotonic() < end:
        if not take(target, bend.bytes_of(dice(target.name, number), target.seeds)):
            print(f"{target.name}: input {number}", file=sys.stderr)
            return False
        number += 1
    print(f"{target.name}: {number - start} inputs", flush=True)
    return True


def guided(target: Target, seconds: float) -> None:
    import tempfile

    import atheris  # type: ignore[import-not-found,unused-ignore]

    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds):
            (Path(corpus) / str(number)).write_bytes(seed)
        atheris.instrument_all()
        atheris.Setup(
            [sys.argv[0], f"-max_total_time={int(seconds)}", f"-timeout={HANGS_S}", "-rss_limit_mb=2048", corpus], target
        )
        atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--start", type=int, default=0, metavar="N", help="number of the first input: other ones than last time")
    parser.add_argument("--atheris", metavar="NAME")
    chosen = parser.parse_args()
    known = {target.name: target for target in targets()}
    unknown = {*chosen.names, *([chosen.atheris] if chosen.atheris else [])} - set(known)
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    if chosen.atheris:
        guided(known[chosen.atheris], chosen.seconds)
        return 0
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, hung)
    try:
        good = [seeded(known[name], chosen.seconds, chosen.start) for name in chosen.names or known]
    finally:
        CONTROL.close()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
