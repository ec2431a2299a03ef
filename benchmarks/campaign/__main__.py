"""`python -m benchmarks.campaign [NAME ...] [--runs N] [--seed S]`: the evidence under attack and crash, one row each.

Without names all of them, in the long form (hours); --runs N shortens every one.  `make campaign` is this at nice 15.
"""

from __future__ import annotations

import argparse
import importlib
import logging
from collections.abc import Iterator

from benchmarks.campaign.row import HEAD, Row

#  name       module            runs of the long form
CAMPAIGNS = {
    "attacks": ("benchmarks.campaign.attacks", 1000),       # of each attack
    "honest": ("benchmarks.campaign.honest", 10_000),
    "states": ("benchmarks.campaign.states", 100_000),
    "power_cuts": ("benchmarks.campaign.power_cuts", 300),
    "kills": ("benchmarks.campaign.kills", 10_000),
    "network": ("benchmarks.campaign.network", 20),         # of each fault of the network, half a minute each
    "failing_calls": ("benchmarks.campaign.failing_calls", 10**6),     # all there are
}


def rows(name: str, runs: int | None, seed: int) -> Iterator[Row]:
    module, usual = CAMPAIGNS[name]
    yield from importlib.import_module(module).rows(runs or usual, seed)


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CAMPAIGNS))
    made.add_argument("--runs", type=int)
    made.add_argument("--seed", type=int, default=0, help="the first; runs count up from it")
    chosen = made.parse_args()
    if unknown := [name for name in chosen.names if name not in CAMPAIGNS]:
        made.error(f"no campaign is called {unknown[0]}; there are: {', '.join(CAMPAIGNS)}")
    logging.disable(logging.CRITICAL)       # the agent's own messages, by the thousand
    print(HEAD, flush=True)
    bad = 0
    for name in chosen.names or CAMPAIGNS:
        for row in rows(name, chosen.runs, chosen.seed):
            print(row.text(), flush=True)
            bad += row.bad
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
