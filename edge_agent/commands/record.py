"""`edge-agent record`: keeps the bytes of a lane's wire in a file, without taking the port from the daemon."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge_agent.commands import options
from edge_agent.words.errors import StorageError


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "record", "Keep the bytes of a lane's wire in a file; the daemon goes on.",
        "edge-agent record 2 --seconds 60 --out lane-2.capture",
    )
    made.add_argument("lane", help="name of the lane")
    made.add_argument("--out", type=Path, required=True, metavar="FILE", help="recording to write; never over an old one")
    made.add_argument("--seconds", type=options.seconds, default=0.0, help="stop after so long (default: until Ctrl-C)")
    options.config(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.hands.asking import Core
    from edge_agent.house.configuration import load

    settings = load(chosen.config).settings
    signal.signal(signal.SIGINT, signal.default_int_handler)        # a shell's background job is born deaf to it
    with Core(Path(settings.portal.sockets) / "control.sock") as core:
        stream = core.follow("wire", lane=chosen.lane, **({"seconds": chosen.seconds} if chosen.seconds else {}))
        about = next(stream)
        count = _write(chosen.out, about, stream)
    print(f"{chosen.out}: {count} chunks of lane {chosen.lane}.  Look at it: edge-agent replay {chosen.out}")
    return 0


def _write(out: Path, about: dict[str, Any], stream: Iterator[dict[str, Any]]) -> int:
    from edge_agent.tools import capture, times
    from edge_agent.words.reading import Chunk

    count, start_ns = 0, None
    try:
        with out.open("x", encoding="ascii") as file:
            means = f" count_means={about['count_means']}" if about.get("count_means") else ""
            about_it = f"{capture.HEADER} driver={about['driver']}{means} wall={times.iso(time.time_ns())}"
            try:
                for found in stream:
                    if start_ns is None:
                        start_ns = found["at_ns"]
                        print(f"{about_it} start_ns={start_ns}", file=file)
                    chunk = Chunk(found["at_ns"], capture.unescape(found["data"]))
                    print(capture.write_line(chunk, start_ns), file=file, flush=True)
                    count += 1
            except KeyboardInterrupt:
                print(file=sys.stderr)
            if start_ns is None:
                print(about_it, file=file)
    except FileExistsError:
        raise StorageError(f"{out} is there already; choose another name") from None
    except OSError as problem:
        raise StorageError(f"cannot write {out}: {problem.strerror}") from None
    return count
