"""One lane's panels changed in the text of a configuration; every other line stays as somebody wrote it.  Pure."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from typing import Any

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded

_TABLE = re.compile(r"\s*\[")
_KEY = re.compile(r"\s*(gamma|panels_verified)\s*=")


def with_panels(text: str, lane: str, gamma: Sequence[str]) -> str:
    """`gamma` in wire order, and panels_verified = true; SettingsError where the file is written too freely for that."""
    lines = text.split("\n")
    begin = _begin(lines, lane)
    end = next((i for i in range(begin + 1, len(lines)) if _TABLE.match(lines[i])), len(lines))
    kept = [line for line in lines[begin + 1 : end] if not _KEY.match(line)]
    told = [f"gamma = {json.dumps(list(gamma))}", "panels_verified = true"]
    made = "\n".join([*lines[: begin + 1], *told, *kept, *lines[end:]])
    wanted = {**_plain(text, lane), "gamma": list(gamma), "panels_verified": True}
    if _plain(made, lane) != wanted or _others(made, lane) != _others(text, lane):
        raise SettingsError(worded(
            "lane {lane} is not written so that it can be changed here.\n  Write into its [[lane]]: {told}",
            lane=lane, told="; ".join(told)))
    return made


def _begin(lines: list[str], lane: str) -> int:
    tables = [i for i, line in enumerate(lines) if line.strip().startswith("[[lane]]")]
    for i in tables:
        end = next((j for j in range(i + 1, len(lines)) if _TABLE.match(lines[j])), len(lines))
        if any(re.match(rf"\s*name\s*=\s*{re.escape(json.dumps(lane))}\s*(#|$)", line) for line in lines[i:end]):
            return i
    raise SettingsError(worded("no [[lane]] is called {lane!r} in the configuration.\n  edge-agent config check", lane=lane))


def _plain(text: str, lane: str) -> dict[str, Any]:
    try:
        return next(dict(each) for each in tomllib.loads(text)["lane"] if each.get("name") == lane)
    except (tomllib.TOMLDecodeError, KeyError, StopIteration, AttributeError, TypeError):
        return {}


def _others(text: str, lane: str) -> dict[str, Any]:
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
    return found | {"lane": [each for each in found.get("lane", []) if each.get("name") != lane]}
