"""TOML text into settings, strictly: every key known, typed, in range, or an error a technician can act on.

    /etc/edge-agent/edge-agent.toml: lane 2: link.port = 99999: expected 1 to 65535.
      TCP port of the portal controller; 1600 in the field.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
import types
import typing
from typing import Any, TypeVar

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import Worded, worded

T = TypeVar("T")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,31}")


def read(kind: type[T], text: str, file: str) -> T:
    """The settings in `text`; SettingsError names file, key, what was expected, remedy."""
    if text.startswith("\ufeff"):
        raise SettingsError(worded(
            "{file} begins with a byte order mark, as Windows editors write it.\n"
            "  Save it as UTF-8 without BOM, or take the mark out: sed -i '1s/^\\xEF\\xBB\\xBF//' {file}",
            file=file))
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as problem:     # TOMLDecodeError, and numbers or nesting beyond reason
        raise SettingsError(worded("{file}: {why}", file=file, why=_not_toml(text, problem))) from None
    return _Reader(file).build(kind, table, "")


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file

    def build(self, kind: type[T], table: Any, where: str) -> T:
        if not isinstance(table, dict):
            raise self._error(where, table, worded("a table"), "")
        fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
        for name in table:
            if name not in fields:
                raise self._unknown(_join(where, name), name, list(fields))
        hints = typing.get_type_hints(kind)
        values = {
            name: self._value(hints[name], table[name], _join(where, name), field.metadata)
            for name, field in fields.items() if name in table
        }
        for name, field in fields.items():
            if name not in values and _required(field):
                raise SettingsError(worded(
                    "{file}: {key} is missing.\n  It is {why}; add it.",
                    file=self._file, key=_join(where, name), why=field.metadata["why"]))
        return kind(**values)

    def _value(self, hint: Any, value: Any, where: str, about: Any) -> Any:
        if isinstance(hint, types.UnionType):                    # X | None: a table that may be left out
            hint = next(part for part in typing.get_args(hint) if part is not type(None))
        if dataclasses.is_dataclass(hint):
            return self.build(typing.cast(type, hint), value, where)
        origin, inner = typing.get_origin(hint), typing.get_args(hint)
        if origin is list:
            return self._list(inner[0], value, where, about)
        if origin is dict:
            if not isinstance(value, dict):
                raise self._error(where, value, worded("a table"), about["why"])
            return {name: self._value(inner[1], item, _join(where, name), about) for name, item in value.items()}
        return self._plain(hint, value, where, about)

    def _list(self, inner: Any, value: Any, where: str, about: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self._error(where, value, worded("a list"), about["why"])
        return [self._value(inner, item, _item(where, i, item), about) for i, item in enumerate(value)]

    def _plain(self, hint: type, value: Any, where: str, about: Any) -> Any:
        if hint is float and type(value) is int:
            value = float(value)
        if type(value) is not hint:
            raise self._error(where, value, _WORDS[hint], about["why"])
        low, high = about["low"], about["high"]
        if hint in (int, float) and not ((low is None or value >= low) and (high is None or value <= high)):
            unit = f" {about['unit']}" if about["unit"] else ""
            raise self._error(where, value, worded("{low:g} to {high:g}{unit}", low=low, high=high, unit=unit), about["why"])
        if about["choices"] and value not in about["choices"]:
            raise self._error(where, value, worded("one of {choices}", choices=", ".join(about["choices"])), about["why"])
        if about["pattern"] and isinstance(value, str) and not re.fullmatch(about["pattern"], value):
            raise self._error(where, value, about["form"] or worded("another text"), about["why"])
        return value

    def _error(self, where: str, value: Any, expected: str, why: str) -> SettingsError:
        shown = re.sub(r"//[^/@]*@", "//...@", repr(value))         # a password typed into a URL is not shown
        tail = worded("\n  The key is for: {why}.", why=why) if why else ""
        return SettingsError(worded(
            "{file}: {where} = {shown}: expected {expected}.{tail}",
            file=self._file, where=where, shown=shown[:60], expected=expected, tail=tail))

    def _unknown(self, where: str, name: str, known: list[str]) -> SettingsError:
        close = difflib.get_close_matches(name, known, 1)
        hint = worded("did you mean {key}?", key=close[0]) if close else worded("known here: {keys}", keys=", ".join(known))
        return SettingsError(worded(
            "{file}: {where} is not a key.\n  Correct or remove it; {hint}",
            file=self._file, where=where, hint=hint))


_WORDS: dict[type, str] = {str: worded("text in quotes"), int: worded("a whole number"), float: worded("a number"),
                           bool: worded("true or false")}


def _required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _join(where: str, name: str) -> str:
    return f"{where}{' ' if where.endswith(':') else '.'}{name}" if where else name


def _item(where: str, at: int, item: Any) -> str:
    """One table of a list as people call it: lane 2.  By its place, from 0, where it has no name to be called by."""
    name = item.get("name") if isinstance(item, dict) else None
    return f"{where} {name}:" if isinstance(name, str) and NAME.fullmatch(name) else f"{where}[{at}]"


def _not_toml(text: str, problem: Exception) -> Worded:
    """What is wrong with it and what to do, in words."""
    lines, at = text.splitlines(), re.search(r"at line (\d+)", str(problem))
    number = int(at[1]) if at else len(lines)
    line = lines[number - 1].strip() if lines else ""
    if "overwrite" in str(problem) and "=" in line:
        return worded("the key {key} stands twice, again in line {number}.\n  Take one of them out.",
                      key=line.partition("=")[0].strip(), number=number)
    if "declare" in str(problem):
        return worded(
            "the table {key} stands twice, again in line {number}.\n  Put its keys under the first, and take this one out.",
            key=line, number=number)
    return worded("not TOML: {problem}.\n  Look at that line for a missing quote, bracket or equals sign.", problem=problem)
