"""Texts for people in their language.  The English text is the key: what no catalogue knows is shown in English.

    tr("{found} s ago", found=14)           a text, and what stands in it
    trn("{n} record", "{n} records", n)     the form the language wants beside that number
    mark("vacant")                          a text that is looked up later: tr(state)

Numbers, units, names of panels, records, logs and --json stay as they are.  The daemon loads no catalogue: all of it is English.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Mapping, Sequence
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


def places(text: str) -> list[tuple[str, str, str]]:
    """What is put into a text: (name, how it is written, conversion), sorted.  ValueError where its braces are none."""
    parts = string.Formatter().parse(text)
    return sorted((name, spec or "", conversion or "") for _, name, spec, conversion in parts if name is not None)


def _filled(text: str, source: str, values: Mapping[str, object]) -> str:
    """A translator's slip must not keep a person from the text."""
    if not values:
        return text
    try:
        return text.format_map(values)
    except (KeyError, IndexError, ValueError, AttributeError):
        return source.format_map(values)
