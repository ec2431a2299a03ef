"""Dataclasses whose fields carry ranges, checked when made and buildable from TOML tables."""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

T = TypeVar("T")


class SceneError(Exception):
    """A person must edit a scene.  The message names file, key and what was expected."""

    def __init__(self, key: str, expected: str, found: object) -> None:
        super().__init__(f"{key}: expected {expected}, found {found!r}")
        self.key, self.expected, self.found = key, expected, found

    def under(self, where: str) -> SceneError:
        """The same complaint, told from one level further out (a table, then the file)."""
        joint = "" if where.endswith(" ") else "."      # after "file: " the key begins
        return SceneError(f"{where}{joint}{self.key}", self.expected, self.found)


@dataclass(frozen=True, slots=True)
class Range:
    """Which numbers a field takes.  `above` leaves `least` itself out."""

    least: float
    most: float = math.inf
    above: bool = False

    def __contains__(self, value: float) -> bool:
        return (value > self.least if self.above else value >= self.least) and value <= self.most

    def __str__(self) -> str:
        low = f"above {self.least:g}" if self.above else f"at least {self.least:g}"
        return "a number " + (low if math.isinf(self.most) else f"{low} and at most {self.most:g}")


@dataclass(frozen=True, slots=True)
class Matching:
    """Which words a field takes."""

    words: tuple[str, ...]

    def __contains__(self, value: str) -> bool:
        return value in self.words

    def __str__(self) -> str:
        return "one of " + ", ".join(self.words)


Number = Annotated[float, Range(0.0)]            # seconds, counts/s or metres that cannot be negative
Positive = Annotated[float, Range(0.0, above=True)]
MOST = 1e9                                       # beyond any scene, within what a Poisson can be drawn of
Rate = Annotated[float, Range(0.0, MOST)]        # counts/s
PositiveRate = Annotated[float, Range(0.0, MOST, above=True)]
Moment = Annotated[float, Range(0.0, MOST)]      # seconds of a scene at which something must come
Share = Annotated[float, Range(0.0, 1.0)]
Index = Annotated[int, Range(0, 3)]              # which of the four detectors, in wire order


class Checked:
    """Base of every scene dataclass: a value outside its field's range is never made."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, hint in _hints(_any(type(self))).items():
            value = getattr(self, name)
            for rule in getattr(hint, "__metadata__", ()):
                if value not in rule:
                    raise SceneError(name, str(rule), value)


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    """Field name -> type with its ranges, read once per dataclass."""
    return typing.get_type_hints(kind, include_extras=True)


def _any(kind: object) -> Any:
    return kind                     # mypy takes a class with slots for neither hashable nor a dataclass


def build(kind: type[T], table: object) -> T:
    """A dataclass from a TOML table, refusing unknown keys, missing keys and wrong types."""
    if not isinstance(table, Mapping):
        raise SceneError("", f"a table of {kind.__name__}", table)
    fields = {f.name: f for f in dataclasses.fields(_any(kind))}
    for key in table:
        if key not in fields:
            raise SceneError(key, "a key among " + ", ".join(fields), table[key])
    for name, field in fields.items():
        if name not in table and field.default is field.default_factory is dataclasses.MISSING:
            raise SceneError(name, "this key, which has no default", "nothing")
    return kind(**{key: convert(_hints(_any(kind))[key], value, key) for key, value in table.items()})


def convert(hint: Any, value: object, key: str) -> Any:
    """`value` as the type `hint`, or a SceneError that names `key`."""
    if typing.get_origin(hint) is Annotated:
        return convert(hint.__origin__, value, key)
    if isinstance(hint, types.UnionType):
        hint = next(arm for arm in hint.__args__ if arm is not type(None))
        return convert(hint, value, key)
    if typing.get_origin(hint) is tuple:
        return _many(hint.__args__[0], value, key)
    if dataclasses.is_dataclass(hint):
        return _named(typing.cast(type, hint), value, key)
    return _plain(hint, value, key)


def _many(hint: Any, value: object, key: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise SceneError(key, "a list", value)
    return tuple(convert(hint, item, f"{key}[{i}]") for i, item in enumerate(value))


def _named(kind: type, value: object, key: str) -> object:
    try:
        return build(kind, value)
    except SceneError as problem:
        raise (problem.under(key) if problem.key else SceneError(key, problem.expected, value)) from None


def _plain(hint: Any, value: object, key: str) -> object:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint or (hint is float and math.isnan(typing.cast(float, value))):
        words = {float: "a number", int: "a whole number", str: "a text", bool: "true or false"}
        raise SceneError(key, words[hint], value)
    return value
