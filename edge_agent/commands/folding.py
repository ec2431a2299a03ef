"""What a person reads in a terminal is folded at its width, between words; a pipe gets whole lines, for grep."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import Any, TextIO, cast

NARROWEST = 40                  # below this a terminal has told nonsense; a serial console tells 0: shutil says 80 then


def begin() -> None:
    """From here on, where standard output or error is a terminal."""
    if sys.stdout.isatty():
        sys.stdout = cast(TextIO, Folding(sys.stdout))
    if sys.stderr.isatty():
        sys.stderr = cast(TextIO, Folding(sys.stderr))


class Folding:
    """A text stream that folds what is written.  A line with terminal codes is left alone: its writer knows the width."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._rest = stream, ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._stream.write(folded(line, shutil.get_terminal_size().columns) + "\n")
        return len(text)

    def flush(self) -> None:
        """A prompt is shown at once."""
        self._stream.write(self._rest)
        self._rest = ""
        self._stream.flush()

    def close(self) -> None:
        self._rest = ""
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def folded(line: str, width: int) -> str:
    """The line in pieces of at most `width` columns, the further ones set in by two; a word longer than that stays whole."""
    if len(line) <= width or width < NARROWEST or "\x1b" in line:
        return line
    indent = line[: len(line) - len(line.lstrip())][: width // 2]
    return textwrap.fill(
        line.lstrip(), width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_long_words=False,
        break_on_hyphens=False, replace_whitespace=False,
    )
