"""`edge-agent wire`: the bytes of a lane's wire and what they say, as they come; the daemon keeps the port."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from edge_agent.commands import options
from edge_agent.words.errors import NotRunning
from edge_agent.words.language import shown, tr, worded

QUIET_S = 10.0          # then the screen says why nothing comes


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "wire", "The bytes on a lane's wire and what they say, line by line; the daemon keeps the port. Ctrl-C ends it.",
        "edge-agent wire 2 --seconds 30",
    )
    made.add_argument("lane", help="name of the lane")
    made.add_argument("--seconds", type=options.seconds, default=0.0, help="stop after so long (default: until Ctrl-C)")
    made.add_argument("--hex", action="store_true", help="bytes in hexadecimal also where they are text")
    options.config(made)
    made.add_argument("--json", action="store_true", help="one JSON object a line")
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.hands.asking import Core
    from edge_agent.house.configuration import load
    from edge_agent.house.listening_in import reader
    from edge_agent.tools import capture
    from edge_agent.words.reading import Chunk

    configuration = load(chosen.config)
    control = Path(configuration.settings.portal.sockets) / "control.sock"
    signal.signal(signal.SIGINT, signal.default_int_handler)        # a shell's background job is born deaf to it
    with Core(control) as core:
        stream = core.follow("wire", lane=chosen.lane, **({"seconds": chosen.seconds} if chosen.seconds else {}))
        about = next(stream)
        read = reader(configuration, chosen.lane, about.get("count_means", ""))
        watch = _Quiet(control, chosen.lane)
        began, offset_ns = time.monotonic(), time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        try:
            for found in stream:
                watch.heard()
                for heard in read.feed(Chunk(found["at_ns"], capture.unescape(found["data"]))):
                    print(_json(heard, offset_ns) if chosen.json else _text(heard, offset_ns, chosen.hex), flush=True)
        except KeyboardInterrupt:
            return 0
        finally:
            watch.stop()
    if chosen.seconds and time.monotonic() - began >= chosen.seconds - 1.0:
        return 0
    raise NotRunning(worded("the core ended while we listened.\n  systemctl status edge-agent"))


def _text(heard: Any, offset_ns: int, as_hex: bool) -> str:
    from edge_agent.tools import reading_text

    wall = time.localtime((heard.at_ns + offset_ns) // 10**9)
    stamp = f"{time.strftime('%H:%M:%S', wall)}.{(heard.at_ns + offset_ns) // 10**6 % 1000:03d}"
    data = heard.data.hex(" ") if as_hex else reading_text.shown(heard.data)
    lines = []
    if heard.asked is not None:
        lines.append(f"{stamp} -> {heard.asked.hex(' ')}")
        data = f"{data}   ({heard.outcome})" if heard.outcome not in ("answer", "") else data
    lines.append(f"{stamp} <- {data}")
    lines += [f"{'':16}{reading_text.line(reading)}" for reading in heard.readings]
    return "\n".join(lines)


def _json(heard: Any, offset_ns: int) -> str:
    from edge_agent.tools import reading_text, times

    return json.dumps({
        "at": times.iso(heard.at_ns + offset_ns), "at_ns": heard.at_ns, "bytes": heard.data.hex(),
        **({} if heard.asked is None else {"asked": heard.asked.hex(), "outcome": heard.outcome}),
        "readings": [{"kind": type(reading).__name__, "text": reading_text.line(reading)} for reading in heard.readings],
    })


class _Quiet:
    """Says why nothing comes, on stderr; the stream itself would wait for ever."""

    def __init__(self, control: Path, lane: str) -> None:
        self._control, self._lane, self._last, self._ended = control, lane, time.monotonic(), threading.Event()
        self._told = False          # anything: bytes, or why there are none
        threading.Thread(target=self._run, daemon=True).start()

    def heard(self) -> None:
        self._last, self._told = time.monotonic(), True

    def stop(self) -> None:
        """A short look that heard nothing says so too: an empty screen would look like a wire without trouble."""
        self._ended.set()
        if not self._told:
            self._say()

    def _run(self) -> None:
        while not self._ended.wait(1.0):
            if time.monotonic() - self._last >= QUIET_S:
                self._say()

    def _say(self) -> None:
        quiet_s, self._last, self._told = time.monotonic() - self._last, time.monotonic(), True
        print(tr("-- nothing for {seconds:.0f} s; {why}", seconds=quiet_s, why=self._why()), file=sys.stderr, flush=True)

    def _why(self) -> str:
        from edge_agent.hands.asking import Core

        try:
            with Core(self._control, 5.0) as core:
                lane = core.ask("status")["lanes"][self._lane]
        except (NotRunning, KeyError):
            return tr("the core does not answer")
        details = lane.get("fault_details", {})
        reasons = "; ".join(f"{name}: {shown(details.get(name, ''))}" for name in lane["faults"]
                            if name in ("link", "silence", "instrument-refuses") or name.endswith("-silence"))
        return reasons or tr("no fault of the wire: the portal has nothing to say")
