"""Top floor: one file per command.  `edge-agent COMMAND --help` shows an example of each."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import itertools
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from edge_agent import __version__
from edge_agent.commands import folding, options
from edge_agent.words import language
from edge_agent.words.errors import EdgeAgentError, StorageError
from edge_agent.words.language import mark, shown, tr

COMMANDS = (
    "setup", "commission", "run", "uplink", "relay", "enrol", "status", "diagnose", "report", "alarms", "verify", "watch", "wire",
    "trend", "record", "replay", "config", "learn", "probe", "link", "exercise", "maintenance", "panel", "source-check",
    "upkeep", "selftest", "simulate", "demo", "center", "witness",
)
DAEMONS = ("run", "uplink", "relay", "center", "witness")      # their words are logs: English, and no catalogue in memory
EXITS = mark("""exit codes:
  0 done     3 configuration         6 evidence does not verify
  1 refused  4 wire to the portal    7 centre
  2 usage    5 disk                  8 held by another program
                                     9 the daemon does not answer
  diagnose: 0 PASS, 10 LOOK, 11 FAIL""", about="help")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit code."""
    try:
        return _main(arguments)
    except KeyboardInterrupt:       # also while options are read, which takes a slow controller a second
        return 130


def _main(arguments: Sequence[str] | None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    if "--json" not in given and not set(DAEMONS).intersection(given[:1]):
        folding.begin()
    language.speak(None)
    if {"-h", "--help"}.intersection(given) and not set(DAEMONS).intersection(given[:1]):
        _speak_for_help(given)
    chosen = _parser(given).parse_args(given)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    try:
        if chosen.command not in DAEMONS and not getattr(chosen, "json", False):
            from edge_agent.house import speaking

            speaking.begin(chosen.language, getattr(chosen, "config", None))
        return int(chosen.run(chosen))
    except EdgeAgentError as problem:
        if getattr(chosen, "json", False) and not problem.answered:     # the same form as on our sockets
            print(json.dumps({"ok": False, "error": str(problem), "exit": problem.exit_code}))      # English
        print(f"edge-agent: {shown(problem)}", file=sys.stderr)
        return problem.exit_code
    except BrokenPipeError:
        sys.stderr.close()          # the reader of our output left: nothing to say
        return 0
    except ModuleNotFoundError as problem:
        print(tr("edge-agent: {name} is not installed.\n  The centre needs a bundle made with EXTRAS=mqtt,center"
                 " (docs/install.md), or: pip install 'edge-agent[center]'", name=problem.name), file=sys.stderr)
        return 1
    except OSError as problem:
        where = f"{problem.filename}: " if problem.filename else ""
        print(tr("edge-agent: {problem}.\n  Is the path right, and may this account use it?",
                 problem=f"{where}{problem.strerror or problem}"), file=sys.stderr)
        return StorageError.exit_code


def _speak_for_help(given: Sequence[str]) -> None:
    """--help ends the program while options are read: its language is found before them, and English where there is none."""
    from edge_agent.house import speaking

    words = [part for word in given for part in word.split("=", 1)]
    value = dict(itertools.pairwise(words))
    with contextlib.suppress(EdgeAgentError):
        speaking.begin(value.get("--language"), Path(value.get("--config", options.CONFIG)))


def whole_parser() -> argparse.ArgumentParser:
    """The parser of every command: what docs/commands.md, the man page and the completions are made from."""
    return _parser(())


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; only the command that is asked for is loaded, so the daemon loads nothing of the others."""
    parser = argparse.ArgumentParser(
        prog="edge-agent", description="Radiation portal agent.", epilog=EXITS,
        formatter_class=options.Help,
    )
    parser.add_argument("--version", action="version", version=f"edge-agent {__version__}")
    sub = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    parser.add_argument("--language", metavar="XX", help="language of what is shown: en, lt, ... (docs/translating.md)")
    command = given[2:] if given[:1] == ["--language"] else given
    wanted = [name for name in COMMANDS if command[:1] == [name]] or COMMANDS
    for name in wanted:
        importlib.import_module(f"edge_agent.commands.{name.replace('-', '_')}").add(sub)
    return parser
