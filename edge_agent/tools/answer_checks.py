"""What an answer of a technician may be; SettingsError says what was expected.  Pure."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable
from dataclasses import fields

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import mark, tr, worded

ANSWER = "answer"
WORDS = (mark("yes", about="answer"), mark("no", about="answer"), mark("later", about="answer"), mark("none", about="answer"),
         mark("now", about="answer"))


def shown(word: str) -> str:
    """A word to be typed, as the person's language has it."""
    return tr(word, about=ANSWER) if word in WORDS else word


def in_english(text: str) -> str:
    """The word an answer stands for; accents and capitals are no matter, a serial console may have neither."""
    return next((word for word in WORDS if _plain(text) in (word, _plain(shown(word)))), text)


def _plain(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(one))


def of_key(settings: type, name: str) -> Callable[[str], str]:
    """As the key of a settings file has it (words.key): its pattern, and its rule in words."""
    about = next(field.metadata for field in fields(settings) if field.name == name)

    def check(text: str) -> str:
        if not re.fullmatch(about["pattern"], text):
            raise SettingsError(worded("{text!r}: expected {it}", text=text, it=about["form"] or about["why"]))
        return text
    return check


def one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in choices:
            raise SettingsError(worded("{text!r}: expected one of {choices}", text=text, choices=", ".join(map(shown, choices))))
        return text
    return check


def given(text: str) -> str:
    if not text or not text.isprintable():
        raise SettingsError(worded("expected an address or a serial port"))
    return text


def address_or(word: str) -> Callable[[str], str]:
    """An IP address, or that word where it is not empty."""
    def check(text: str) -> str:
        if word and text == word:
            return text
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            raise SettingsError(worded("{text!r}: expected an IP address, or {word}", text=text, word=worded(word, about=ANSWER))
                                if word else worded("{text!r}: expected an IP address", text=text)) from None
    return check


def own_address(text: str) -> str:
    """One address of ours to listen on: a relay on all of them would be open to every network (docs/relay.md)."""
    found = address_or("")(text)
    if ipaddress.ip_address(found).is_unspecified:
        raise SettingsError(worded("{text!r} is every address: expected one, that on the station's network", text=text))
    return found


def absolute(text: str) -> str:
    if not text.startswith("/") or not text.isprintable():
        raise SettingsError(worded("{text!r}: expected a path from / on", text=text))
    return text
