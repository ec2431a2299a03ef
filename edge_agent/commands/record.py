"""`edge-agent record`: keeps the bytes of a lane's wire in a file, without taking the port from the daemon; also those of the
last weeks, out of the core's history."""

from __future__ import annotations

import argparse
import base64
import signal
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.commands import options
from edge_agent.words.errors import SettingsError, StorageError
from edge_agent.words.language import trn, worded

if TYPE_CHECKING:
    from edge_agent.hands.asking import Core
    from edge_agent.tools.wire_block import About
    from edge_agent.words.reading import Chunk


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "record", "Keep the bytes of a lane's wire in a file; the daemon goes on.",
        "edge-agent record 2 --seconds 60 --out lane-2.capture\n"
        "  edge-agent record 2 --from 2026-11-26T03:10 --seconds 300 --out night.capture\n"
        "The second cuts out what came then, from the last weeks kept (wire_history_mb).",
    )
    made.add_argument("lane", help="name of the lane")
    made.add_argument("--out", type=Path, required=True, metavar="FILE", help="recording to write; never over an old one")
    made.add_argument("--seconds", type=options.seconds, default=0.0,
                      help="stop after so long (default: until Ctrl-C; with --from, until now)")
    made.add_argument("--from", dest="begin", type=_moment, metavar="TIME",
                      help="of the past: YYYY-MM-DDTHH:MM[:SS], local time; with Z at its end UTC")
    options.config(made)
    made.set_defaults(run=_run)


def _moment(text: str) -> float:
    """Seconds since 1970."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a time as 2026-11-26T03:10, local, or 2026-11-26T01:10Z") from None


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.hands.asking import Core
    from edge_agent.house.configuration import load

    settings = load(chosen.config).settings
    signal.signal(signal.SIGINT, signal.default_int_handler)        # a shell's background job is born deaf to it
    with Core(Path(settings.portal.sockets) / "control.sock") as core:
        if chosen.begin is not None:
            return _past(core, chosen)
        stream = core.follow("wire", lane=chosen.lane, **({"seconds": chosen.seconds} if chosen.seconds else {}))
        about = next(stream)
        count = _write(chosen.out, about, stream)
    print(trn("{file}: {n} chunk of lane {lane}.  Look at it: edge-agent replay {file}",
              "{file}: {n} chunks of lane {lane}.  Look at it: edge-agent replay {file}", count, file=chosen.out,
              lane=chosen.lane))
    return 0


# --- of the past

def _past(core: Core, chosen: argparse.Namespace) -> int:
    from edge_agent.tools import capture, times

    end_s = chosen.begin + chosen.seconds if chosen.seconds else time.time()
    spoiled: list[str] = []
    found = list(_cut(_blocks(core, chosen.lane, chosen.begin, end_s, spoiled), chosen.begin, end_s))
    if spoiled:
        print(trn("{n} damaged block of the history of lane {lane} is left out",
                  "{n} damaged blocks of the history of lane {lane} are left out", len(spoiled), lane=chosen.lane),
              file=sys.stderr)
    if not found:
        raise SettingsError(worded(
            "nothing of lane {lane} is kept from {begin} to {end}.\n"
            "  What is kept: edge-agent trend {lane}     How far back: wire_history_mb in the configuration",
            lane=chosen.lane, begin=_local(chosen.begin), end=_local(end_s)))
    about, first = found[0]
    start_ns = first.at_ns
    lines = [capture.header(about.driver, about.means, times.iso(_wall_ns(about, first)), start_ns), *_lines(found, start_ns)]
    try:
        with chosen.out.open("x", encoding="ascii") as file:
            print(*lines, sep="\n", file=file)
    except FileExistsError:
        raise StorageError(worded("{out} is there already; choose another name", out=chosen.out)) from None
    except OSError as problem:
        raise StorageError(worded("cannot write {out}: {strerror}", out=chosen.out, strerror=problem.strerror)) from None
    last_about, last = found[-1]
    print(trn("{file}: {n} chunk of lane {lane}, {begin} to {end}.  Look at it: edge-agent replay {file}",
              "{file}: {n} chunks of lane {lane}, {begin} to {end}.  Look at it: edge-agent replay {file}", len(found),
              file=chosen.out, lane=chosen.lane, begin=_local(_at_s(about, first)), end=_local(_at_s(last_about, last))))
    return 0


def _blocks(core: Core, lane: str, begin_s: float, end_s: float, spoiled: list[str]) -> Iterator[tuple[About, list[Chunk]]]:
    from edge_agent.tools import wire_block

    after = 0
    while True:
        answer = core.ask("wire_blocks", lane=lane, begin_s=int(begin_s) - 1, end_s=int(end_s) + 1, after=after)
        for block in answer["blocks"]:
            try:
                yield wire_block.unpack(base64.b64decode(block))
            except ValueError as problem:
                spoiled.append(str(problem))
        if answer["next"] is None:
            return
        after = answer["next"]


def _cut(blocks: Iterator[tuple[About, list[Chunk]]], begin_s: float, end_s: float) -> Iterator[tuple[About, Chunk]]:
    """Chunks inside the time asked for; a block that was written while it was asked for comes twice and counts once."""
    seen: set[tuple[int, int]] = set()
    for about, chunks in blocks:
        if (about.boot, about.start_ns) in seen:
            continue
        seen.add((about.boot, about.start_ns))
        for chunk in chunks:
            if begin_s <= _at_s(about, chunk) <= end_s:
                yield about, chunk


def _lines(found: list[tuple[About, Chunk]], start_ns: int) -> Iterator[str]:
    """A controller that was started anew counts its clock from zero: the recording goes on by the wall clock, and says so."""
    from edge_agent.tools import capture
    from edge_agent.words.reading import Chunk

    shift_ns, before = 0, found[0]
    for about, chunk in found:
        if about.boot != before[0].boot:
            gap_ns = max(0, _wall_ns(about, chunk) - _wall_ns(*before))
            shift_ns = before[1].at_ns + shift_ns + gap_ns - chunk.at_ns
            gap = f"{gap_ns / 1e9:.1f} s by its wall clock"        # in the file: stays English
            yield f"# the controller was started anew here, {gap}"  # in the file: stays English
        before = about, chunk
        yield capture.write_line(Chunk(chunk.at_ns + shift_ns, chunk.data), start_ns)


def _wall_ns(about: About, chunk: Chunk) -> int:
    return about.wall_ns + chunk.at_ns - about.start_ns


def _at_s(about: About, chunk: Chunk) -> float:
    return _wall_ns(about, chunk) / 1e9


def _local(at_s: float) -> str:
    return datetime.fromtimestamp(at_s).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


# --- from now on

def _write(out: Path, about: dict[str, Any], stream: Iterator[dict[str, Any]]) -> int:
    from edge_agent.tools import capture, times
    from edge_agent.words.reading import Chunk

    count, start_ns = 0, None
    try:
        with out.open("x", encoding="ascii") as file:
            told = (about["driver"], str(about.get("count_means") or ""), times.iso(time.time_ns()))
            try:
                for found in stream:
                    if start_ns is None:
                        start_ns = found["at_ns"]
                        print(capture.header(*told, start_ns), file=file)
                    chunk = Chunk(found["at_ns"], capture.unescape(found["data"]))
                    print(capture.write_line(chunk, start_ns), file=file, flush=True)
                    count += 1
            except KeyboardInterrupt:
                print(file=sys.stderr)
            if start_ns is None:
                print(capture.header(*told, None), file=file)
    except FileExistsError:
        raise StorageError(worded("{out} is there already; choose another name", out=out)) from None
    except OSError as problem:
        raise StorageError(worded("cannot write {out}: {strerror}", out=out, strerror=problem.strerror)) from None
    return count
