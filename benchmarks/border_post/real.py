"""`python -m benchmarks.border_post.real --minutes 15`: the post on real ptys and TCP ports, every part a process of its own: the
core, the uplink, the centre, and a process for each wire (played.py).  Two Rapiscan (TCP; serial), two Aspect (Modbus TCP), an
RS-485 line with four instruments and an I/O module, a GPS receiver (serial), a handheld's inbox.  Exit 1: a goal was missed."""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.border_post import played, post
from benchmarks.border_post.beside import Beside, judge_end
from benchmarks.border_post.judged import KNOWN_S, Judged, Span, judge
from benchmarks.border_post.overheard import Heard, Overheard, Sayings, decoder
from benchmarks.border_post.wires import Passed
from edge_agent.doors.clock import RealClock
from edge_agent.house import configuration
from edge_agent.tools import capture
from tests.live.post import Post, free_port, payloads, wait_for

SERIAL = ("rapiscan-2", "rs485")
DOCUMENTS = 15              # of the inbox in one run
SETTLES_S = 15.0            # for the last of them, and the last vehicles, to be records at the centre
LISTENS_S = 60.0            # for the core's start


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--minutes", type=float, default=15.0)
    made.add_argument("--seed", type=int, default=0)
    chosen = made.parse_args()
    began, load = time.monotonic(), os.getloadavg()[0]
    found = run(chosen.minutes * 60, chosen.seed)
    print("\n".join(found.rows))
    print(f"{chosen.minutes:g} minutes of the post, {time.monotonic() - began:.0f} s with start and end, load of the machine"
          f" {load:.1f} before, {os.getloadavg()[2]:.1f} in the last quarter of an hour, {os.cpu_count()} cores")
    print("\n".join(f"BAD {what}" for what in found.bad) or "every source at the centre once, with its instrument")
    return 1 if found.bad else 0


def run(seconds: float, seed: int) -> Judged:
    with tempfile.TemporaryDirectory(prefix="ea-") as where:
        processes = Post(Path(where))
        try:
            return Minutes(processes, seed, seconds).run()
        finally:
            processes.close()


class Minutes:
    """One run."""

    def __init__(self, processes: Post, seed: int, seconds: float) -> None:
        self._post, self._where, self._seconds = processes, processes.where, seconds
        self._clock = RealClock()
        self._wires = [wire for wire, _ in post.wires()]
        self._beside = Beside(self._where / "inbox", self._clock, seconds / DOCUMENTS)
        self._start(seed)

    def _start(self, seed: int) -> None:
        """Centre, instruments, core and uplink, enrolled with each other."""
        self._post.make_centre()
        self._post.start_centre()
        for number, (wire, units) in enumerate(post.wires()):
            self._post.lanes += [post.lane_text(unit, self._play(wire, unit, seed + 100 * number)) for unit in units[:1]]
            self._post.lanes += [post.lane_text(unit, self._line(unit)) for unit in units[1:]]
        gps = self._where / "gps.tty"
        self._post.spawn("gps", "hardware_mocks.nmea", "--pty", "--link", str(gps), "--speed", "1")
        wait_for(gps.exists, 20, "the GPS receiver")
        (self._where / "profiles").mkdir()
        (self._where / f"profiles/{post.IO_PROFILE}.toml").write_text(post.io_profile())
        self._post.lanes.append(f'{post.LAMPS}[gps]\nlink = {{ kind = "serial", device = "{gps}", baud = 9600 }}\n'
                                f'[[inbox]]\ndirectory = "{self._where}/inbox"\nkind = "handheld"\n')
        self._post.configure(heartbeat_s=60)
        self._post.enrol()
        self._post.start_core()
        self._post.start_uplink()
        wait_for(lambda: self._post.ask("status"), LISTENS_S, "the core")

    def _play(self, wire: str, unit: post.Unit, seed: int) -> str:
        """Start the process of a wire; the inside of its first lane's link."""
        port = 0 if wire in SERIAL else free_port()
        place = ["--tcp", f"127.0.0.1:{port}"] if port else ["--link", str(self._where / f"{wire}.tty")]
        self._post.spawn(wire, "benchmarks.border_post.played", wire, "--notes", str(self._where / f"{wire}.notes"),
                         "--seed", str(seed), *place)
        wait_for(lambda: "ready " in self._post.log(wire), 20, wire)
        return self._line(unit) if wire in SERIAL else (
            f'kind = "{"tcp" if unit.driver == "rapiscan" else "modbus-tcp"}", host = "127.0.0.1", port = {port}')

    def _line(self, unit: post.Unit) -> str:
        kind = f'kind = "modbus-rtu", baud = {post.BAUD}' if unit.unit else 'kind = "serial"'
        return f'{kind}, device = "{self._where}/{unit.wire}.tty"'

    def run(self) -> Judged:
        began_s = played.now_s()
        while (gone_s := played.now_s() - began_s) < self._seconds:
            self._beside.step(gone_s)
            time.sleep(0.5)
        span = Span(began_s, played.now_s())
        time.sleep(SETTLES_S)
        wait_for(lambda: self._post.all_receipted() or None, 60, "receipts of all records")
        lanes = self._post.status()["lanes"]
        theirs = [line.encode() for line in self._post.centre_lines()]
        ours = [line.encode() for line in self._post.all_lines()][: len(theirs)]
        heard_from = self._recordings()
        self._post.kill("core", signal.SIGTERM)
        for wire in self._wires:
            self._post.kill(wire, signal.SIGTERM)
        return self._judged(ours, theirs, lanes, heard_from, span)

    def _recordings(self) -> dict[str, Path]:
        """What the core says came on each lane that is asked."""
        made = {unit.lane: self._where / f"lane-{unit.lane}.capture" for unit in post.ASKED}
        for lane, out in made.items():
            self._post.command("record", lane, "--from", "2000-01-01T00:00Z", "--out", out, "--config", self._post.config)
        return made

    def _judged(self, ours: list[bytes], theirs: list[bytes], lanes: dict[str, Any], recordings: dict[str, Path],
                span: Span) -> Judged:
        notes = [note for wire in self._wires for note in played.read(self._where / f"{wire}.notes")]
        passed = {unit.lane: Passed() for unit in post.POST}
        for what, of, value in notes:
            if what == "vehicle" and of in passed:
                passed[of].vehicles.append(value)
        heard = {unit.lane: self._heard(unit, recordings[unit.lane], played.sayings(notes, unit.wire), span)
                 for unit in post.ASKED}
        records = list(payloads([line.decode() for line in theirs]))
        found = judge(ours, theirs, records, lanes, passed, heard, span)
        lit = next(value for what, _, value in notes if what == "lit")
        self._beside.judge(records, self._stored(), found, lit, self._seconds)
        judge_end(lit, found)
        return found

    def _heard(self, unit: post.Unit, recording: Path, sayings: Sayings, span: Span) -> Heard:
        known_s = min(KNOWN_S, self._seconds / 4)
        over = Overheard(decoder(configuration.load(self._post.config), unit.lane), span.begins_s + known_s)
        for chunk in capture.read(recording.read_text().splitlines(), recording.name):
            if chunk.at_ns <= span.ends_s * 1e9:
                over.chunk(chunk, sayings)
        return over.heard

    def _stored(self) -> set[str]:
        """Documents the centre has whole."""
        database = next((self._where / "centre").glob("*.db"))
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
            return {str(row[0]) for row in db.execute("SELECT sha256 FROM blob WHERE stored_ms IS NOT NULL")}


if __name__ == "__main__":
    sys.exit(main())
