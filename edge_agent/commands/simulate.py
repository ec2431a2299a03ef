"""`edge-agent simulate`: a mock portal on a TCP port or a pseudo-terminal, for training and trials."""

from __future__ import annotations

import argparse
import os
import sys

from edge_agent.commands import options

FAMILIES = ("rapiscan", "aspect", "modbus_map", "radpro", "ludlum375", "ecotest_bdbg09", "atomtex_bdkg")


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "simulate", "Run a mock portal (all further options are its own: --help after --).",
        "edge-agent simulate rapiscan -- --tcp 127.0.0.1:1600 --scene demo --loop",
    )
    made.add_argument("family", choices=FAMILIES, metavar="FAMILY", help=f"one of {', '.join(FAMILIES)}")
    made.add_argument("options", nargs=argparse.REMAINDER, help="options of the mock, after --")
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    given = chosen.options[1:] if chosen.options[:1] == ["--"] else chosen.options
    os.execv(sys.executable, [sys.executable, "-m", f"hardware_mocks.{chosen.family}", *given])  # noqa: S606
