"""Inputs from seeds: bytes flipped, cut, spliced; JSON values exchanged for odd ones.  Seeded, so a finding can be had again."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

TOKENS = (
    b"\n",
    b"\n\n",
    b"\r\n",
    b" ",
    b",",
    b".",
    b"=",
    b"+",
    b"-",
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b"\\",
    b"\\ud800",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"null",
    b"true",
    b"NaN",
    b"Infinity",
    b"1e999",
    b"-1",
    b"0",
    b"9007199254740992",
    b"9" * 5000,
    b"[" * 2000,
    b'{"a":' * 2000,
    "—".encode(),
    b"# ",
    b"\x1f\x8b\x08\x00",
    b"HTTP/1.1 ",
    b"Content-Length: ",
    b"Transfer-Encoding: chunked\r\n",
)
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**53,
    2**63,
    -(2**63),
    10**400,
    1.5,
    1e308,
    -0.0,
    float("inf"),
    float("nan"),
    "",
    "x",
    "\ud800",
    "\x00",
    "é" * 50,
    "1",
    "9" * 5000,
    [],
    [[]],
    {},
    {"": 0},
    [None] * 50,
    "A" * 43,
    "a.b.c",
    "../../etc",
    -1e308,
)


def bytes_of(dice: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One input: a seed, bent in one to five places; JSON by its values half of the time."""
    data = dice.choice(seeds)
    if dice.random() < 0.5 and (odd := _json(dice, data)) is not None:
        data = odd
        if dice.random() < 0.7:
            return data
    for _ in range(dice.randint(1, 5)):
        at = dice.randint(0, len(data))
        end = min(len(data), at + dice.choice((0, 1, 2, 8, 64)))
        what = dice.random()
        if what < 0.4 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ (1 << dice.randint(0, 7))]) + data[at + 1 :]
        elif what < 0.7:
            data = data[:at] + dice.choice(TOKENS) + data[end:]
        elif what < 0.85:
            other = dice.choice(seeds)
            begin = dice.randint(0, len(other))
            data = data[:at] + other[begin : begin + dice.choice((4, 40, 400))] + data[end:]
        else:
            data = data[:at] + data[end:] if dice.random() < 0.7 else data[:at]
    return data


def _json(dice: random.Random, data: bytes) -> bytes | None:
    """The same JSON with one or two values, or names, exchanged; None where it is none."""
    try:
        value = json.loads(data)
        for _ in range(dice.randint(1, 2)):
            value = _exchanged(dice, value)
        return json.dumps(value).encode()
    except (ValueError, RecursionError):
        return None


def _exchanged(dice: random.Random, value: Any) -> Any:
    if isinstance(value, dict) and value and dice.random() < 0.9:
        name = dice.choice(list(value))
        what = dice.random()
        if what < 0.1:
            return {each: value[each] for each in value if each != name}
        if what < 0.15:
            return {**value, str(dice.choice(ODD)): dice.choice(ODD)}
        return {**value, name: _exchanged(dice, value[name])}
    if isinstance(value, list) and value and dice.random() < 0.9:
        at = dice.randrange(len(value))
        if dice.random() < 0.2:
            return value[:at] + value[at + 1 :]
        return [*value[:at], _exchanged(dice, value[at]), *value[at + 1 :]]
    return dice.choice(ODD)
