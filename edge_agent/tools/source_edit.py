"""The register of check sources changed as text; every line that is not meant stays as somebody wrote it.  Pure."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from typing import Any

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded
from edge_agent.words.sources import CheckSource

_TABLE = re.compile(r"\s*\[")
_KEY = re.compile(r"\s*(measured|expected_cps)\s*=")


def with_expected(text: str, name: str, first: Mapping[str, float], measured: date) -> str:
    """`first`: net counts/s by panel, as of the day `measured`; SettingsError where the file is written too freely for that."""
    source = _of(text, name)
    rates = {**source.get("expected_cps", {}), **first}
    told = [f'measured = "{measured}"', "expected_cps = { " + ", ".join(f"{_bare(k)} = {v:g}" for k, v in rates.items()) + " }"]
    lines = text.split("\n")
    begin = _begin(lines, name)
    end = next((i for i in range(begin + 1, len(lines)) if _TABLE.match(lines[i])), len(lines))
    kept = [line for line in lines[begin + 1 : end] if not _KEY.match(line)]
    while kept and not kept[-1].strip():
        kept.pop()
    made = "\n".join([*lines[: begin + 1], *kept, *told, "", *lines[end:]])
    wanted = {**source, "measured": measured.isoformat(), "expected_cps": rates}
    if not source or _plain(made) != [wanted if each.get("id") == name else each for each in _plain(text)]:
        raise SettingsError(worded(
            "{name} is not written so that it can be changed here.\n  Write into its [[source]]: {told}",
            name=name, told="; ".join(told)))
    return made


def added(text: str, source: CheckSource) -> str:
    """One more source at the end."""
    keys = {"id": source.id, "nuclide": source.nuclide, "activity_bq": source.activity_bq, "date": source.date,
            "certificate": source.certificate, "kept": source.kept}
    table = "\n".join(["[[source]]", *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items())])
    return f"{text.rstrip()}\n\n{table}\n".lstrip()


def _begin(lines: list[str], name: str) -> int:
    for i, line in enumerate(lines):
        if line.strip().startswith("[[source]]"):
            end = next((j for j in range(i + 1, len(lines)) if _TABLE.match(lines[j])), len(lines))
            if any(re.match(rf"\s*id\s*=\s*{re.escape(json.dumps(name))}\s*(#|$)", each) for each in lines[i:end]):
                return i
    raise SettingsError(worded(
        "no [[source]] with id = {id} stands on lines of its own in the register", id=json.dumps(name)))


def _of(text: str, name: str) -> dict[str, Any]:
    return next((each for each in _plain(text) if each.get("id") == name), {})


def _plain(text: str) -> list[dict[str, Any]]:
    try:
        return [dict(each) for each in tomllib.loads(text)["source"]]
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError):
        return []


def _bare(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)
