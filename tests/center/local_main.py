"""`edge-agent center` alone, so these tests need no other command.  `--die-after-commit` stands in for a power cut."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from edge_agent.commands import center
from edge_agent.words.errors import EdgeAgentError


def main(argv: list[str]) -> int:
    if argv[0] == "--die-after-commit":
        _die_before_receipts()
        argv = argv[1:]
    parser = argparse.ArgumentParser("edge-agent")
    center.add(parser.add_subparsers())
    args = parser.parse_args(argv)
    try:
        return int(args.run(args))
    except EdgeAgentError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code


def _die_before_receipts() -> None:
    from edge_agent.center.desk import Desk

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    Desk._receipt = die     # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
