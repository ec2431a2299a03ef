"""Options several commands share."""

from __future__ import annotations

import argparse
import contextlib
import re
import textwrap
from pathlib import Path
from typing import Any

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import mark, tr, worded

CONFIG = Path("/etc/edge-agent/edge-agent.toml")
Sub = Any               # argparse's subparsers object has no public type


HELP = "help"                           # msgctxt of what --help says; docs/texts.py finds it in the parsers
USAGE = mark("usage: ", about="help")


def parts(text: str) -> list[str]:
    """What of a description or epilog is looked up: of an example the prose, line by line, its commands never; else all."""
    if not text.startswith("example:"):
        return [text]
    return [line for line in text.split("\n") if line and not line.startswith("  ")]


class Help(argparse.RawDescriptionHelpFormatter):
    """Help that fits the terminal, in the language spoken: prose is wrapped; an example (indented) is broken as a shell line
    goes on."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, tr(USAGE, about=HELP) if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        super().start_section(tr(heading, about=HELP) if heading else heading)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return tr(action.help, about=HELP) if action.help else action.help

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        for part in parts(text):
            text = text.replace(part, tr(part, about=HELP), 1)
        made = (_example(line, width) if line.startswith("  ") else textwrap.wrap(line, width) for line in text.splitlines())
        return "\n".join(indent + line for lines in made for line in (lines or [""]))


# blanks an example is not broken at: between an option and its value, and within "quotes"
_GLUED = re.compile(r'(--[\w-]+) (?!-)|(?<=[^ ]) (?=[^"]*"(?:[^"]*"[^"]*")*[^"]*$)')


def _example(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    whole = _GLUED.sub(lambda gap: f"{gap[1] or ''}\0", line)
    lines = textwrap.wrap(
        whole, width - 2, subsequent_indent="      ", break_long_words=False, break_on_hyphens=False, drop_whitespace=True,
    )
    return [part.replace("\0", " ") for part in (*(f"{part} \\" for part in lines[:-1]), lines[-1])]


def parser(sub: Sub, name: str, help_text: str, example: str) -> argparse.ArgumentParser:
    """A subparser with an example that works in its --help."""
    made = sub.add_parser(
        name, help=help_text, description=help_text, epilog=f"example:\n  {example}",
        formatter_class=Help,
    )
    assert isinstance(made, argparse.ArgumentParser)
    return made


def config(made: argparse.ArgumentParser) -> None:
    made.add_argument("--config", type=Path, default=CONFIG, metavar="FILE", help=f"configuration (default {CONFIG})")


def as_json(made: argparse.ArgumentParser) -> None:
    made.add_argument("--json", action="store_true", help="one JSON object instead of text")


class Once(argparse.Action):
    """An option that means nothing when given twice; the last would win unseen."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: Any = None) -> None:
        if getattr(namespace, self.dest) is not None:
            parser.error(f"{option} is given twice; give it once")      # an error: stays English
        setattr(namespace, self.dest, values)


def at_least_one(text: str) -> int:
    """A whole number from 1 on, for argparse."""
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 1 on")
    return int(text)


def seconds(text: str) -> float:
    """A time to listen, for argparse."""
    with contextlib.suppress(ValueError):
        if 1.0 <= float(text) <= 86_400.0:
            return float(text)
    raise argparse.ArgumentTypeError(f"{text!r}: expected seconds, 1 to 86400")


def read_bytes(path: Path) -> bytes:
    """A file given on the command line; SettingsError when it cannot be read.  A device has no end."""
    if path.is_char_device() or path.is_block_device() or path.is_fifo():
        raise SettingsError(worded("{path} is a device or a pipe and no file.\n  Give a file", path=path))
    try:
        return path.read_bytes()
    except OSError as problem:
        raise SettingsError(worded(
            "cannot read {path}: {strerror}.\n  Is the path right, and may this account read it?",
            path=path, strerror=problem.strerror)) from None
