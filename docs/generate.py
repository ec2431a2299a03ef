"""`make docs`: docs/commands.md, the man page and the shell completions, all from the command line's own parser.

A test (tests/words_tools/test_commands_shown.py) holds what is committed against what this makes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import shtab
from argparse_manpage.manpage import Manpage

from edge_agent.commands import whole_parser

HERE = Path(__file__).resolve().parent
WIDTH = 80                      # a serial console
INTRODUCTION = "What `--help` prints of each, made by `make docs`. What `--json` prints: `json/commands.schema.json`."
SHELLS = {"bash": "completion/edge-agent", "zsh": "completion/_edge-agent"}


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser of every command and of what is below it, in the order of `edge-agent --help`."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in dict.fromkeys(action.choices.values()):
                yield from commands(below)


def pages() -> dict[str, str]:
    """Path below docs/ -> text."""
    os.environ["COLUMNS"] = str(WIDTH)
    parser = whole_parser()
    shown = [f"## {made.prog}\n\n```text\n{made.format_help().rstrip()}\n```\n" for made in commands(parser)]
    made = {
        "commands.md": f"# Every command\n\n{INTRODUCTION}\n\n" + "\n".join(shown),
        "man/edge-agent.1": _manual(parser),
    }
    return made | {path: shtab.complete(parser, shell).rstrip() + "\n" for shell, path in SHELLS.items()}


def _manual(parser: argparse.ArgumentParser) -> str:
    settings = {
        "project_name": "edge-agent", "prog": "edge-agent", "manual_title": "Radiation portal agent", "version": "",
        "description": "the agent of a radiation portal", "format": "pretty", "date": "2026",
    }
    return str(Manpage(parser, settings)).rstrip() + "\n"


def main() -> None:
    for path, text in pages().items():
        where = HERE / path
        where.parent.mkdir(exist_ok=True)
        where.write_text(text)
        print(f"{where.relative_to(HERE.parent)}: {len(text.splitlines())} lines")


if __name__ == "__main__":
    sys.exit(main())
