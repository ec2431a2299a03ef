"""What [portal] says of this machine: directories that can be, sockets that can be opened, a language there is."""

from __future__ import annotations

from pathlib import Path

from edge_agent.doors.files import not_a_directory
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded
from edge_agent.words.settings import Settings

EXAMPLES = {"state": "/var/lib/edge-agent", "sockets": "/run/edge-agent", "daily_files": "/srv/daily"}
SOCKET_PATH_MAX = 107               # bytes: sun_path of 108 with its closing zero (unix(7))
LONGEST_SOCKET = "control.sock"     # of those in the directory


def check(settings: Settings, path: Path) -> None:
    """The words alone.  A relative directory would be another one for each command, by where it is run."""
    for name in EXAMPLES:
        place = getattr(settings.portal, name)
        if not (place.startswith("/") or (name == "daily_files" and not place)):
            raise SettingsError(worded(
                "{path}: portal.{name} = {place!r}: expected a directory from / on.\n"
                "  Write all of it, for example {examples}.",
                path=path, name=name, place=place, examples=EXAMPLES[name]))
    room = SOCKET_PATH_MAX - len(f"/{LONGEST_SOCKET}")
    if len(settings.portal.sockets.encode()) > room:
        raise SettingsError(worded(
            "{path}: portal.sockets = {sockets!r}: too long; a socket's path has {socket_path_max} bytes at most.\n"
            "  Name a directory of at most {room} bytes, for example {examples}.",
            path=path, sockets=settings.portal.sockets[:30] + "...", socket_path_max=SOCKET_PATH_MAX, room=room,
            examples=EXAMPLES["sockets"]))


def look(settings: Settings, path: Path) -> None:
    """What is there now: for `config check`.  A core does not stop for the language of its screens."""
    from edge_agent.house import speaking  # no catalogue in a daemon's memory

    for name in EXAMPLES:
        place = getattr(settings.portal, name)
        file = not_a_directory(Path(place)) if place else None
        if file is not None:
            raise SettingsError(worded(
                "{path}: portal.{name} = {place!r}: {file} is a file, expected a directory.\n"
                "  Choose another directory, for example {examples}.",
                path=path, name=name, place=place, file=file, examples=EXAMPLES[name]))
    language = settings.portal.language
    if language and language not in (known := speaking.names(path)):
        raise SettingsError(worded(
            "{path}: portal.language = {language!r}: there is no catalogue of this language.\n"
            "  There are: {known}.  Another one: docs/translating.md.",
            path=path, language=language, known=", ".join(known)))
