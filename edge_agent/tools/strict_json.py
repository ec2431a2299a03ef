"""JSON with one meaning: no duplicate keys, bounded depth, exact integers, finite numbers, UTF-8."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from edge_agent.words.errors import EvidenceError
from edge_agent.words.language import worded
from edge_agent.words.record import DEPTH_MAX, INTEGER_MAX

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")


def loads(data: bytes) -> Any:
    """The value, or EvidenceError that says what is wrong."""
    try:
        _refuse_depth(data)          # before the parser: a deep body must not exhaust the stack
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_number,
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as problem:
        raise EvidenceError(worded("not JSON: {problem}", problem=problem)) from None
    return value


def load_object(data: bytes) -> dict[str, Any]:
    value = loads(data)
    if not isinstance(value, dict):
        raise EvidenceError(worded("a JSON object was expected"))
    return value


def dumps(value: Any) -> bytes:
    """Compact UTF-8; refuses NaN and infinities."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise EvidenceError(worded("a JSON object names a key twice"))
    return result


def _constant(text: str) -> Any:
    raise EvidenceError(worded("{text} is not a JSON number", text=text))


def _integer(text: str) -> int:
    if len(text) > 17:              # int() of a long digit string is slow; 2^53 has 16 digits and a sign
        raise EvidenceError(worded("an integer beyond 2^53"))
    value = int(text)
    if abs(value) > INTEGER_MAX:
        raise EvidenceError(worded("an integer beyond 2^53"))
    return value


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise EvidenceError(worded("a number too large"))
    return value


def _refuse_depth(data: bytes) -> None:
    """Brackets inside strings do not nest; cut the strings out first, then count the rest."""
    if data.count(b"{") + data.count(b"[") <= DEPTH_MAX:
        return                      # most records; cutting strings out is most of the time a long one takes
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_MAX:
            raise EvidenceError(worded("JSON nested deeper than {most}", most=DEPTH_MAX))
