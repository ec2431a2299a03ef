"""Texts for people in their language.  The English text is the key: what no catalogue knows is shown in English.

    tr("{found} s ago", found=14)           a text, and what stands in it
    trn("{n} record", "{n} records", n)     the form the language wants beside that number
    mark("vacant")                          a text that is looked up later: tr(state)
    worded("{path} is full", path=path)       English where it is kept or logged, `shown` in the language spoken: errors

Numbers, units, names of panels, records, logs and --json stay as they are.  The daemon loads no catalogue: all of it is English.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

Key = tuple[str, str]           # (what it is about, where one English word is several elsewhere; the English text)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language.  `texts`: key -> forms; of a text without a number there is one form."""

    language: str
    texts: Mapping[Key, Sequence[str]]
    form: Callable[[int], int]


_spoken: Catalogue | None = None        # None: English


def speak(catalogue: Catalogue | None) -> None:
    """From here on, all of this process."""
    global _spoken
    _spoken = catalogue


def spoken() -> Catalogue | None:
    return _spoken


def code() -> str:
    """Of the language spoken, for the `lang` of a page."""
    return _spoken.language if _spoken is not None and _spoken.language else "en"


@contextmanager
def english() -> Iterator[None]:
    """For what is evidence or is read by a machine, whoever asked for it."""
    before = _spoken
    speak(None)
    try:
        yield
    finally:
        speak(before)


def tr(text: str, /, *, about: str = "", **values: object) -> str:
    """The text in the language spoken.  `about` tells apart what English calls by one word: "none" of alarms, of centres."""
    forms = _spoken.texts.get((about, text)) if _spoken is not None else None
    return _filled(forms[0] if forms else text, text, values)


def trn(one: str, many: str, n: int, /, **values: object) -> str:
    """The same beside a number, which the text calls {n}."""
    text = one if n == 1 else many
    forms = _spoken.texts.get(("", one)) if _spoken is not None else None
    which = _spoken.form(n) if _spoken is not None and forms else 0
    return _filled(forms[which] if forms and which < len(forms) else text, text, {"n": n, **values})


def mark(text: str, /, *, about: str = "") -> str:
    """The text itself: put down for the catalogue here, looked up where it is shown."""
    return text


def markn(one: str, many: str) -> tuple[str, str]:
    """The same of a text beside a number, for trn(*pair, n)."""
    return one, many


class Worded(str):
    """An English text that remembers what it was made of."""

    text: str
    about: str
    values: Mapping[str, object]


def knows(text: str, about: str) -> bool:
    """Whether the language spoken has this text."""
    return _spoken is not None and (about, text) in _spoken.texts


def worded(text: str, /, *, about: str = "", **values: object) -> Worded:
    """A text for a record and for a person: str() of it is English whatever is spoken, `shown` is not.

    Every error is one: a step of commissioning puts it on record, a command shows it.  Of an error among the values it keeps
    what that says: itself would keep alive whatever it was raised in.
    """
    values = {name: said_by(value) if isinstance(value, BaseException) else value for name, value in values.items()}
    made = Worded(text.format_map(values) if values else text)
    made.text, made.about, made.values = text, about, values
    return made


def spoken_only(english: str, said: str) -> Worded:
    """What was said in the language spoken, and what stands for it on record."""
    made = Worded(english)
    made.text, made.about, made.values = said, "", {}
    return made


def joined(between: str, parts: Iterable[str]) -> Worded:
    """The parts in a row, each still to be shown."""
    named = {f"part{n}": part for n, part in enumerate(parts)}
    return worded(between.join(f"{{{name}}}" for name in named), **named)


def said_by(problem: BaseException) -> str:
    """What an error says, as it was worded."""
    only = problem.args[0] if len(problem.args) == 1 else None
    return only if isinstance(only, Worded) else str(problem)


def shown(said: object) -> str:
    """What was worded, or an error that holds it, in the language spoken; anything else as it is."""
    said = said_by(said) if isinstance(said, BaseException) else said
    return tr(said.text, about=said.about, **said.values) if isinstance(said, Worded) else str(said)


def places(text: str) -> list[tuple[str, str, str]]:
    """What is put into a text: (name, how it is written, conversion), sorted.  ValueError where its braces are none."""
    parts = string.Formatter().parse(text)
    return sorted((name, spec or "", conversion or "") for _, name, spec, conversion in parts if name is not None)


def _filled(text: str, source: str, values: Mapping[str, object]) -> str:
    """A translator's slip must not keep a person from the text."""
    if not values:
        return text
    spoken = {name: shown(value) if isinstance(value, Worded | BaseException) else value for name, value in values.items()}
    try:
        return text.format_map(spoken)
    except (KeyError, IndexError, ValueError, AttributeError):
        return source.format_map(spoken)
