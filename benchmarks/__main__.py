"""`python -m benchmarks [NAME ...]`: each part prints one table.  Absolute figures are of this machine; ratios carry."""

from __future__ import annotations

import importlib
import sys

PARTS = (
    "kernel", "health", "ledger", "retention", "footprint", "latency", "held_disk", "outage",
    "network", "offline_month", "instruments", "detection",
)


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"no benchmark is called {unknown[0]}; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    for name in names or PARTS:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
