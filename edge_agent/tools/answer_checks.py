"""What an answer of a technician may be; SettingsError says what was expected.  Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import fields

from edge_agent.words.errors import SettingsError


def of_key(settings: type, name: str) -> Callable[[str], str]:
    """As the key of a settings file has it (words.key): its pattern, and its rule in words."""
    about = next(field.metadata for field in fields(settings) if field.name == name)

    def check(text: str) -> str:
        if not re.fullmatch(about["pattern"], text):
            raise SettingsError(f"{text!r}: expected {about['form'] or about['why']}")
        return text
    return check


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
