"""Catalogues as translators' programs (Poedit, Weblate, Lokalize) read and write them: GNU gettext's .po.  Pure.

    #: edge_agent/commands/status.py
    msgctxt "alarms"
    msgid "none"
    msgstr "nėra"
"""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import Catalogue, Key, places, worded

WORDS = ("msgctxt", "msgid", "msgid_plural", "msgstr")
FORMS_MAX = 6           # Arabic has six, none has more
DEFAULT_FORMS = "nplurals=2; plural=(n != 1);"


@dataclass(slots=True)
class Entry:
    """One text.  `forms` are empty strings where it is not translated."""

    about: str = ""
    text: str = ""
    many: str = ""                      # of a text beside a number
    forms: list[str] = field(default_factory=list)
    fuzzy: bool = False                 # a translator's program guessed it: not shown
    where: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def key(self) -> Key:
        return self.about, self.text

    @property
    def done(self) -> bool:
        return bool(self.forms) and all(self.forms) and not self.fuzzy


def read(text: str, where: str) -> list[Entry]:
    """Entries in order, the header (text "") first; SettingsError names file and line.  Obsolete ones (#~) are left out."""
    entries: list[Entry] = []
    held: dict[str, str] = {}
    entry, last = Entry(), ""
    for number, line in enumerate([*text.split("\n"), ""], 1):
        line = line.strip()
        if line.startswith('"') and last:
            held[last] += _string(line, where, number)
        elif line.startswith("#"):
            _note(entry, line)
        elif line:
            last, _, rest = line.partition(" ")
            if last.partition("[")[0] not in WORDS or last in held:
                raise SettingsError(worded(
                    "{where}, line {number}: not a line of a .po file.\n  Is a blank line missing before it?",
                    where=where, number=number))
            held[last] = _string(rest.strip(), where, number)
        else:
            if "msgid" in held:
                entries.append(_entry(entry, held))
            entry, held, last = Entry(), {}, ""
    return entries


def _note(entry: Entry, line: str) -> None:
    if line.startswith("#:"):
        entry.where += line[2:].split()
    elif line.startswith("#,"):
        entry.fuzzy = "fuzzy" in line
    elif not line.startswith("#~"):
        entry.notes.append(line)


def _entry(entry: Entry, held: dict[str, str]) -> Entry:
    entry.about, entry.text, entry.many = held.get("msgctxt", ""), held["msgid"], held.get("msgid_plural", "")
    numbered = [held[name] for name in (f"msgstr[{at}]" for at in range(FORMS_MAX)) if name in held]
    entry.forms = numbered or [held.get("msgstr", "")]
    return entry


def _string(text: str, where: str, number: int) -> str:
    try:
        found = json.loads(text, strict=False)      # its escapes are those of C that are used here
    except ValueError:
        found = None
    if not isinstance(found, str):
        raise SettingsError(worded(
            '{where}, line {number}: expected a text in "quotes", a quote in it written \\"', where=where, number=number))
    return found


def catalogue(entries: Iterable[Entry], where: str) -> Catalogue:
    """What can be spoken: translated, and with all that stands in the English text."""
    held = {entry.key: entry for entry in entries}
    about = _header(held.pop(("", ""), Entry()))
    try:
        form = gettext.c2py(about.get("Plural-Forms", DEFAULT_FORMS).partition("plural=")[2].rstrip("; ") or "0")
    except ValueError:
        raise SettingsError(worded(
            "{where}: Plural-Forms is none.\n  Take it from another catalogue of this language",
            where=where)) from None
    return Catalogue(about.get("Language", ""), {key: entry.forms for key, entry in held.items() if fits(entry)}, form)


def fits(entry: Entry) -> bool:
    """Whether it may be shown: every form is there, and says what the English says."""
    try:
        wanted = places(entry.many or entry.text)
        return entry.done and all(places(form) == wanted for form in entry.forms)
    except ValueError:
        return False


def _header(entry: Entry) -> dict[str, str]:
    lines = (line.partition(":") for line in (entry.forms or [""])[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def write(entries: Iterable[Entry]) -> str:
    return "\n".join("\n".join(_lines(entry)) + "\n" for entry in entries)


def _lines(entry: Entry) -> Iterator[str]:
    yield from entry.notes
    yield from (f"#: {where}" for where in entry.where)
    if entry.fuzzy:
        yield "#, fuzzy"
    if entry.about:
        yield from _quoted("msgctxt", entry.about)
    yield from _quoted("msgid", entry.text)
    if entry.many:
        yield from _quoted("msgid_plural", entry.many)
        for number, form in enumerate(entry.forms):
            yield from _quoted(f"msgstr[{number}]", form)
    else:
        yield from _quoted("msgstr", (entry.forms or [""])[0])


def _quoted(word: str, text: str) -> Iterator[str]:
    """On one line, or one for each line of the text."""
    parts = [json.dumps(part, ensure_ascii=False) for part in re.findall(r"[^\n]*\n|[^\n]+", text)]
    if len(parts) < 2:
        yield word + " " + (parts[0] if parts else '""')
    else:
        yield f'{word} ""'
        yield from parts
