"""`edge-agent watch`: what the lanes see now, panel by panel, again and again."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

from edge_agent.commands import options
from edge_agent.words.language import tr

CLEAR, HOME, TO_END, LINE_END = "\x1b[2J", "\x1b[H", "\x1b[J", "\x1b[K"
EVERY_S = 0.5


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "watch", "What the lanes see now: counts of each panel, background, vehicle, faults. Ctrl-C ends it.",
        "edge-agent watch 2\n  edge-agent watch --seconds 60\nInto a file or a pipe it writes one line a second.",
    )
    made.add_argument("lane", nargs="?", help="name of the lane (default: all)")
    made.add_argument("--seconds", type=options.seconds, default=0.0, help="stop after so long (default: until Ctrl-C)")
    options.config(made)
    made.add_argument("--json", action="store_true", help="one JSON object a line")
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.hands.asking import Core
    from edge_agent.house.configuration import load

    control = Path(load(chosen.config).settings.portal.sockets) / "control.sock"
    signal.signal(signal.SIGINT, signal.default_int_handler)        # a shell's background job is born deaf to it
    terminal = sys.stdout.isatty() and not chosen.json
    ends = time.monotonic() + chosen.seconds if chosen.seconds else None
    wanted = {"lane": chosen.lane} if chosen.lane is not None else {}
    try:
        with Core(control) as core:
            if terminal:
                sys.stdout.write(CLEAR)
            while ends is None or time.monotonic() < ends:
                _show(core.ask("live", **wanted), chosen.json, terminal)
                time.sleep(EVERY_S if terminal else 1.0)
    except KeyboardInterrupt:
        pass
    return 0


def _show(found: dict[str, Any], as_json: bool, terminal: bool) -> None:
    from edge_agent.tools import live_text

    stamp = time.strftime("%H:%M:%S")
    if as_json:
        found.pop("ok", None)
        print(json.dumps(found), flush=True)
    elif terminal:
        lines = [tr("{time}   Ctrl-C ends this", time=stamp)]
        for name, lane in found["lanes"].items():
            lines += ["", *live_text.screen(name, lane)]
        size = shutil.get_terminal_size()
        if len(lines) >= size.lines and len(found["lanes"]) > 1:        # a small console: a line for each
            lines = [tr("{time}   Ctrl-C ends this; panels: edge-agent watch LANE", time=stamp), "",
                     *(live_text.line(name, lane) for name, lane in found["lanes"].items())]
        lines = [line[: size.columns] for line in lines[: size.lines - 1]]
        sys.stdout.write(HOME + "".join(f"{line}{LINE_END}\n" for line in lines) + TO_END)
        sys.stdout.flush()
    else:
        for name, lane in found["lanes"].items():
            print(f"{stamp}  {live_text.line(name, lane)}", flush=True)
