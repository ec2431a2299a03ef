"""One line of the core's answer on a local socket: written and read the same by whoever answers and asks.  Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edge_agent.words.errors import EdgeAgentError, NotRunning
from edge_agent.words.language import Worded, knows, said_by, worded


def refused(problem: EdgeAgentError) -> dict[str, Any]:
    """An error as an answer: English, and what it is made of, so that who asked can say it in another language."""
    said = said_by(problem)
    made_of = {"worded": _plain(said)} if isinstance(said, Worded) else {}
    return {"ok": False, "error": str(problem), "exit": problem.exit_code, **made_of}


def read(line: bytes) -> dict[str, Any]:
    """The answer.  The core's own error with its exit code as EdgeAgentError; NotRunning where it is another program's."""
    try:
        answer: dict[str, Any] = json.loads(line)
        if answer.get("ok"):
            return answer
        refusal = EdgeAgentError(_said(str(answer.get("error")), answer.get("worded")))
        refusal.exit_code = int(answer.get("exit", 1))
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
        raise NotRunning(worded("what answers on this socket is not edge-agent.\n  Which program holds it?  ss -xlp")) from None
    raise refusal


def _plain(said: Worded) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in said.values.items():
        inner = said_by(value) if isinstance(value, BaseException) else value
        values[name] = _plain(inner) if isinstance(inner, Worded) else inner if isinstance(inner, int | float) else str(value)
    return {"text": said.text, "about": said.about, "values": values}


def _said(english: str, plain: Any) -> str:
    """What it is made of, where that makes the English it came with; else the English alone."""
    try:
        made = _made(plain)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return english
    return made if made == english else english


def _made(plain: Any) -> Worded:
    if not isinstance(plain, Mapping):
        raise ValueError("not a text")
    values = {str(name): _made(value) if isinstance(value, Mapping) else value for name, value in plain["values"].items()}
    if not knows(plain["text"], plain["about"]):        # nothing to show instead; and no text of another program is filled
        raise ValueError("not a text of the catalogue")
    return worded(plain["text"], about=plain["about"], **values)
