"""Which language a command speaks: the one that was asked for, else the site's, else that of the person's terminal."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from edge_agent.doors.files import read_text, shipped_config
from edge_agent.tools import po_file
from edge_agent.words import language
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded

CODE = re.compile("[a-z]{2,3}")                     # ISO 639
ENGLISH = ("", "en", "C", "POSIX")
TERMINAL = ("LC_ALL", "LC_MESSAGES", "LANG")        # the first that is set holds, as in POSIX


def begin(asked: str | None, config: Path | None, environment: Mapping[str, str] = os.environ) -> None:
    """Speak from here on.  SettingsError where a language was asked for that is not there; else what is not there is English."""
    wanted = asked or _of_site(config) or _of_terminal(environment)
    if wanted in ENGLISH:
        return
    file = next((path for path in places(wanted, config) if path.is_file()), None) if CODE.fullmatch(wanted) else None
    if file is None:
        if asked:
            raise SettingsError(worded(
                "there is no catalogue of the language {asked!r}.\n  There are: {names}",
                asked=asked, names=", ".join(names(config))))
        return
    language.speak(po_file.catalogue(po_file.read(read_text(file, "the catalogue"), str(file)), str(file)))
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")       # a console without these letters shows ? and the command goes on


def names(config: Path | None) -> list[str]:
    """Languages there are."""
    found = {path.stem for place in places("*", config) for path in place.parent.glob("*.po")}
    return sorted(found | {"en"})


def places(name: str, config: Path | None) -> list[Path]:
    """Where the catalogue of a language may stand, the site's own first."""
    own = [config.parent / "languages"] if config is not None else []
    return [place / f"{name}.po" for place in (*own, shipped_config() / "languages")]


def _of_site(config: Path | None) -> str:
    """[portal] language.  Whoever must know that the file is bad is told by the command itself."""
    try:
        found = tomllib.loads(config.read_text(encoding="utf-8"))["portal"]["language"] if config is not None else ""
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    return found if isinstance(found, str) and CODE.fullmatch(found) else ""


def _of_terminal(environment: Mapping[str, str]) -> str:
    """lt of lt_LT.UTF-8."""
    found = next((environment[name] for name in TERMINAL if environment.get(name)), "")
    code = re.split(r"[_.@]", found)[0]
    return code if CODE.fullmatch(code) else ""
