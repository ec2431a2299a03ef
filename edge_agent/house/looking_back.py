"""One alarm found again with its occupancy: in a running core, in a ledger's file, in a copied log.  Reads, changes nothing.

Signatures are not checked here: `edge-agent verify` does.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.doors.files import reading_uri
from edge_agent.hands.asking import Core
from edge_agent.hands.shelf import HEARTBEAT_BEFORE, RECEIPT_OVER
from edge_agent.house.configuration import Configuration
from edge_agent.judgement import retrace
from edge_agent.judgement.rules import lane_detectors
from edge_agent.tools import jws, model_file
from edge_agent.tools.base64url import encode
from edge_agent.tools.bracket import Bracket, named_receipt
from edge_agent.tools.kernel_picture import Picture
from edge_agent.words.errors import EdgeAgentError, EvidenceError, SettingsError, StorageError
from edge_agent.words.language import tr, worded
from edge_agent.words.reading import Radiation

LAST = 1000                     # alarms the core gives at once (paths/control.py)
SQLITE = b"SQLite format 3\x00"
Body = dict[str, Any]


@dataclass(slots=True)
class Found:
    """An alarm, the occupancy it happened in (None: vacant lane, or not over yet), other alarms of that occupancy."""

    alarm: Body
    occupancy: Body | None = None
    others: list[Body] = field(default_factory=list)
    bracket: Bracket = field(default_factory=lambda: Bracket(None, None))      # when the alarm was signed, by the centre's clock


def in_core(core: Core, name: str) -> Found:
    """From control.sock."""
    answer = core.ask("alarms", last=LAST)
    recent = [jws.take_apart(line.encode()).payload for line in answer["lines"]]
    if len(recent) < LAST and not any(is_named(alarm, name) for alarm in recent):
        return choose((("alarm", alarm) for alarm in recent), name)     # these are all: it says that there is none
    begin = min((alarm["seq"] for alarm in recent if is_named(alarm, name)), default=0)
    found = choose(_records(line.encode() for line in _core_lines(core, begin)), name)
    found.alarm["receipted"] = found.alarm["seq"] < answer["receipted"]
    signed = core.ask("bracket", seq=found.alarm["seq"])
    found.bracket = Bracket(signed["after_s"], signed["before_s"])
    return found


def in_file(path: Path, name: str) -> Found:
    """From ledger.db, or from a file of lines as `edge-agent center export` writes it."""
    with contextlib.closing(_file_lines(path)) as lines:
        found = choose(_records(lines), name)
    with contextlib.suppress(sqlite3.Error):        # a part of a ledger someone copied out may hold no receipts
        found.bracket = _bracket(path, found.alarm["seq"])
    return found


def choose(records: Iterable[tuple[str, Body]], name: str) -> Found:
    """The alarm of that name, or whose name ends so; SettingsError when none or several are."""
    alarms: list[Body] = []
    occupancies: dict[str, Body] = {}
    for kind, body in records:
        if kind == "alarm":
            alarms.append(body)
        elif kind == "occupancy" and body["alarms"]:
            occupancies[body["id"]] = body
    chosen = [alarm for alarm in alarms if alarm["id"] == name] or [alarm for alarm in alarms if is_named(alarm, name)]
    if len(chosen) != 1:
        last = ", ".join(alarm["id"] for alarm in (chosen or alarms)[-5:]) or "none"
        what = f"{len(chosen)} alarms end in {name!r}" if chosen else f"no alarm is called {name!r}"
        raise SettingsError(worded(
            "{what}.\n  The last ones are: {last}     More: edge-agent alarms --last 50",
            what=what, last=last))
    alarm = chosen[0]
    if alarm["occupancy"] is None:
        return Found(alarm)
    others = [each for each in alarms if each["occupancy"] == alarm["occupancy"] and each is not alarm]
    return Found(alarm, occupancies.get(alarm["occupancy"]), others)


def picture(found: Found, configuration: Configuration | None, model: Path | None) -> tuple[Picture | None, str]:
    """The shadow test of the alarm's passage by the lane's own model, and why there is none where it is None."""
    if found.alarm["radiation"] != "gamma" or found.occupancy is None:
        return None, tr("the shadow test is of gamma counts of a vehicle")
    if configuration is None:
        return None, tr("the lane's settings are not here: --config FILE draws the fitted shadow and source too")
    lane = next((lane for lane in configuration.settings.lane if lane.name == found.alarm["lane"]), None)
    if lane is None:
        return None, tr("{file} has no lane {lane}", file=configuration.path, lane=found.alarm["lane"])
    profile = configuration.profiles[lane.name]
    held = configuration.models.get(lane.name)
    if model is not None:
        held = model_file.read(_text(model), str(model), len(lane_detectors(lane, profile)[Radiation.GAMMA]))
    if held is None and lane.name in configuration.unusable:
        why = configuration.unusable[lane.name]
        return None, tr("the shadow model of lane {lane} cannot be used: {why}", lane=lane.name, why=why)
    if held is None:
        return None, tr("lane {lane} has no shadow model", lane=lane.name)
    drawn = retrace.picture(lane, profile, held, found.occupancy)
    return drawn, "" if drawn else tr(
        "the shadow test has nothing to say of this passage (no speed, no background, other panels)")


def is_named(alarm: Body, name: str) -> bool:
    """Whether an alarm has this name, or one that ends so."""
    return bool(alarm["id"] == name or alarm["id"].endswith(f"/{name}"))


def _records(lines: Iterable[bytes]) -> Iterator[tuple[str, Body]]:
    for line in lines:
        parts = jws.take_apart(line)
        yield parts.kind, parts.payload


def _core_lines(core: Core, begin: int) -> Iterator[str]:
    while (answer := core.ask("lines", **{"from": begin}))["lines"]:
        yield from answer["lines"]
        begin = answer["from"] + len(answer["lines"])


def _bracket(path: Path, seq: int) -> Bracket:
    """By the receipts in a ledger's file; a copied log has none."""
    with path.open("rb") as file:
        if file.read(len(SQLITE)) != SQLITE:
            return Bracket(None, None)
    with contextlib.closing(sqlite3.connect(reading_uri(path), uri=True)) as database:
        row = database.execute(HEARTBEAT_BEFORE, (seq,)).fetchone()
        named = named_receipt(jws.take_apart(bytes(row[0])).payload) if row else None
        given = database.execute("SELECT line, time_s FROM receipt WHERE size = ?", (named[0],)).fetchone() if named else None
        after = given[1] if named and given and encode(hashlib.sha256(given[0]).digest()) == named[1] else None
        return Bracket(after, database.execute(RECEIPT_OVER, (seq,)).fetchone()[0])


def _file_lines(path: Path) -> Generator[bytes, None, None]:
    try:
        with path.open("rb") as file:
            if file.read(len(SQLITE)) != SQLITE:
                file.seek(0)
                yield from _plain_lines(file, path)
                return
        database = sqlite3.connect(reading_uri(path), uri=True)
        try:
            yield from (bytes(row[0]) for row in database.execute(
                "SELECT line FROM record WHERE kind IN ('alarm', 'occupancy') ORDER BY seq"))
        finally:
            database.close()
    except OSError as problem:
        raise SettingsError(worded(
            "cannot read {path}: {strerror}.\n  Give ledger.db, or a file of lines.",
            path=path, strerror=problem.strerror)) from None
    except sqlite3.Error as problem:
        raise StorageError(worded(
            "cannot read {path}: {problem}.\n  Copy it together with its -wal file, or stop the core first.",
            path=path, problem=problem)) from None


def lines_in(path: Path) -> Iterator[bytes]:
    """The record lines of a plain file."""
    with path.open("rb") as file:
        yield from _plain_lines(file, path)


def _plain_lines(file: Iterable[bytes], path: Path) -> Iterator[bytes]:
    for number, line in enumerate(file, 1):
        text = line.rstrip(b"\r\n")
        if not text:
            continue
        try:
            jws.take_apart(text)
        except EvidenceError as problem:
            raise EvidenceError(worded(
                "{path}, line {number}: not a record: {problem}.\n  Give a file of record lines, or ledger.db.",
                path=path, number=number, problem=problem)) from None
        yield text


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise EdgeAgentError(worded("cannot read the shadow model {path}: {problem}", path=path, problem=problem)) from None
