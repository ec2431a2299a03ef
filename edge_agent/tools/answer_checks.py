"""What an answer of a technician may be; SettingsError says what was expected.  Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from edge_agent.words.errors import SettingsError

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,31}")


def like(pattern: re.Pattern[str], expected: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise SettingsError(f"{text!r}: expected {expected}")
        return text
    return check


def lane_name(text: str) -> str:
    return like(NAME, "a short name: letters, digits, . _ -")(text)


def one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in choices:
            raise SettingsError(f"{text!r}: expected one of {', '.join(choices)}")
        return text
    return check


def given(text: str) -> str:
    if not text or not text.isprintable():
        raise SettingsError("expected an address or a serial port")
    return text


def address_or(word: str) -> Callable[[str], str]:
    """An IP address, or that word where it is not empty."""
    def check(text: str) -> str:
        if word and text == word:
            return text
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            raise SettingsError(f"{text!r}: expected an IP address" + (f", or {word}" if word else "")) from None
    return check


def absolute(text: str) -> str:
    if not text.startswith("/") or not text.isprintable():
        raise SettingsError(f"{text!r}: expected a path from / on")
    return text
