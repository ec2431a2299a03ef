"""One line of the core's answer on a local socket: written and read the same by whoever answers and asks.  Pure.

    {"ok":true, ..., "fault_details":{"silence":"nothing for 21 s"},
     "worded":{"nothing for 21 s":{"text":"nothing for {seconds:.0f} s","about":"","values":{"seconds":21.3}}}}

An answer is English; beside it stands what each of its worded texts is made of: who asked can say it in another language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from edge_agent.words.errors import EdgeAgentError, NotRunning
from edge_agent.words.language import Worded, knows, said_by, spoken, worded

WORDED = "worded"
DEEP_MAX = 6                # texts in texts; ours are three
JOINED = re.compile(r"(\{part[0-9]{1,3}\}[^{}]*)+")         # words.language.joined: places alone, nothing to translate


def written(answer: Mapping[str, Any]) -> bytes:
    made_of = {str(said): _plain(said) for said in _worded_in(answer)}
    beside = {WORDED: made_of} if made_of else {}
    return json.dumps({**answer, **beside}, separators=(",", ":")).encode() + b"\n"


def refused(problem: EdgeAgentError) -> dict[str, Any]:
    """An error as an answer."""
    return {"ok": False, "error": said_by(problem), "exit": problem.exit_code}


def read(line: bytes) -> dict[str, Any]:
    """The answer.  The core's own error with its exit code as EdgeAgentError; NotRunning where it is another program's."""
    try:
        answer: dict[str, Any] = json.loads(line)
        made_of = answer.pop(WORDED, None)
        if isinstance(made_of, Mapping) and spoken() is not None:
            again = {english: _said(english, plain) for english, plain in made_of.items()}
            answer = _with(answer, again)
        if answer.get("ok"):
            return answer
        error = answer.get("error")
        refusal = EdgeAgentError(error if isinstance(error, str) else str(error))
        refusal.exit_code = int(answer.get("exit", 1))
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
        raise NotRunning(worded("what answers on this socket is not edge-agent.\n  Which program holds it?  ss -xlp")) from None
    raise refusal


def _worded_in(value: Any) -> Iterator[Worded]:
    if isinstance(value, Worded):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _worded_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _worded_in(one)


def _with(value: Any, again: Mapping[str, str]) -> Any:
    """The same answer with its worded texts."""
    if isinstance(value, str):
        return again.get(value, value)
    if isinstance(value, dict):
        return {name: _with(one, again) for name, one in value.items()}
    return [_with(one, again) for one in value] if isinstance(value, list) else value


def _plain(said: Worded) -> dict[str, Any]:
    values = {name: _plain(value) if isinstance(value, Worded) else value if isinstance(value, int | float) else str(value)
              for name, value in said.values.items()}
    return {"text": said.text, "about": said.about, "values": values}


def _said(english: str, plain: Any) -> str:
    """What it is made of, where that makes the English it came with; else the English alone."""
    try:
        made = _made(plain)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return english
    return made if made == english else english


def _is_joined(text: str) -> bool:
    """Places alone, each once: one that stands sixty times, five deep, would be gigabytes."""
    return bool(JOINED.fullmatch(text)) and text.count("{") == len({*re.findall(r"[{]part[0-9]+[}]", text)})


def _made(plain: Any, deep: int = 0) -> Worded:
    if not isinstance(plain, Mapping) or deep > DEEP_MAX:
        raise ValueError("not a text")
    values = {str(name): _made(value, deep + 1) if isinstance(value, Mapping) else value
              for name, value in plain["values"].items()}
    if not (knows(plain["text"], plain["about"]) or _is_joined(plain["text"])):     # no text of another program is filled
        raise ValueError("not a text of the catalogue")
    return worded(plain["text"], about=plain["about"], **values)
