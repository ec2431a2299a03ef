"""Options several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from edge_agent.words.errors import SettingsError

CONFIG = Path("/etc/edge-agent/edge-agent.toml")
Sub = Any               # argparse's subparsers object has no public type


def parser(sub: Sub, name: str, help_text: str, example: str) -> argparse.ArgumentParser:
    """A subparser with an example that works in its --help."""
    made = sub.add_parser(
        name, help=help_text, description=help_text, epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
            parser.error(f"{option} is given twice; give it once")
        setattr(namespace, self.dest, values)


def at_least_one(text: str) -> int:
    """A whole number from 1 on, for argparse."""
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 1 on")
    return int(text)


def read_bytes(path: Path) -> bytes:
    """A file given on the command line; SettingsError when it cannot be read.  A device has no end."""
    if path.is_char_device() or path.is_block_device():
        raise SettingsError(f"{path} is a device and no file.\n  Give a file")
    try:
        return path.read_bytes()
    except OSError as problem:
        raise SettingsError(f"cannot read {path}: {problem.strerror}") from None
