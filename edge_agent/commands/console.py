"""A person at a terminal: questions until the answer is one, and answers given before as defaults."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edge_agent.commands import acting
from edge_agent.tools import answer_checks
from edge_agent.words.errors import EdgeAgentError, SettingsError, StorageError
from edge_agent.words.language import shown, spoken_only, worded

T = TypeVar("T")
PATIENCE_S = 600.0          # for the centre to enrol this portal: somebody reads digits over the telephone


class Console:
    """`kept`: the file of answers given before; None: each time is a new one.  `without`: worded, what to do with no terminal."""

    def __init__(self, kept: Path | None, without: str = "") -> None:
        self._kept, self._without = kept, without
        try:
            held = json.loads(kept.read_text()) if kept else {}
            self._answers: dict[str, str] = {str(k): str(v) for k, v in held.items()}
        except (OSError, ValueError, AttributeError):
            self._answers = {}

    def ask(self, key: str, question: str, default: str, check: Callable[[str], T]) -> T:
        default = self._answers.get(key, default)
        while True:
            try:
                text = input(f"{question}{f' [{answer_checks.shown(default)}]' if default else ''}: ").strip() or default
            except EOFError:
                raise SettingsError(worded(
                    "no answer to: {question}.{without}", question=spoken_only(key, question), without=self._without)) from None
            try:
                text, found = _meant(text, check)
            except EdgeAgentError as problem:
                print(f"  {shown(problem)}")
                continue
            self._keep(key, text)
            return found

    def _keep(self, key: str, text: str) -> None:
        if self._kept is None:
            return
        from edge_agent.doors.files import write_whole

        self._answers[key] = text
        with contextlib.suppress(OSError, StorageError):      # only for the next time
            self._kept.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._kept, json.dumps(self._answers, indent=1).encode())

    def say(self, text: str) -> None:
        print(text, flush=True)

    def enter(self, text: str) -> None:
        acting.enter(text)

    def patience_s(self) -> float:
        return PATIENCE_S


def _meant(text: str, check: Callable[[str], T]) -> tuple[str, T]:
    """An answer as it stands (a lane may be called "ne"), else the word it means in the person's language."""
    word = answer_checks.in_english(text)
    try:
        return text, check(text)
    except EdgeAgentError:
        if word == text:
            raise
    return word, check(word)
