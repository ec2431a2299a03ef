"""`python -m benchmarks.border_post.simulated --hours 24`: the post in memory on a virtual clock: the real core, lanes,
buses, ledger and forwarder, the reference centre's own desk; only wires, time and TLS are not real.  Ctrl-C: judged so far."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.border_post import post
from benchmarks.border_post.beside import SETTLES_S, Beside, Moves, Watched, judge_end
from benchmarks.border_post.judged import KNOWN_S, Judged, Span, judge
from benchmarks.border_post.overheard import Overheard, decoder
from benchmarks.border_post.virtual import VirtualClock, VirtualLoop
from benchmarks.border_post.wires import FAMILIES, Asked, MemoryLinks, Passed, Pushes
from benchmarks.campaign.centre import CERTIFICATE, Centre
from benchmarks.campaign.inline import without_threads
from benchmarks.campaign.portal import Link
from edge_agent.hands.links.mailbox import Wire
from edge_agent.house import configuration
from edge_agent.house.core import Core
from edge_agent.house.identity import create_log
from edge_agent.paths.forwarder import Forwarder
from edge_agent.tools import jws
from edge_agent.tools.piece import Piece
from edge_agent.words.clock import Clock
from edge_agent.words.delivery import Reply
from hardware_mocks.serve_asked import manners

ORIGIN = "rpm.example.gov/portal/POST"
SLICE_S = 20.0          # between two looks of the uplink


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--hours", type=float, default=24.0)
    made.add_argument("--seed", type=int, default=0)
    chosen = made.parse_args()
    logging.disable(logging.CRITICAL)
    began = time.monotonic()
    found = run(chosen.hours * 3600, chosen.seed, progress=True)
    print("\n".join(found.rows))
    print(f"{found.hours:.4g} simulated hours in {time.monotonic() - began:.0f} s")
    print("\n".join(f"BAD {what}" for what in found.bad) or "every alarm at the centre once, each with its instrument")
    return 1 if found.bad else 0


def run(seconds: float, seed: int, *, progress: bool = False) -> Judged:
    with tempfile.TemporaryDirectory(prefix="ea-") as where, without_threads():
        (Path(where) / "centre").mkdir()
        day = Day(Path(where), seed)
        try:
            return day.run(seconds, progress)
        finally:
            day.close()


class Day:
    """One core and one centre on one virtual loop."""

    def __init__(self, where: Path, seed: int) -> None:
        self._loop = VirtualLoop()
        self._taken: dict[str, int] = {}
        self._enough = False
        asyncio.set_event_loop(self._loop)
        clock = VirtualClock(self._loop)
        self._centre = Centre(where / "centre/one", clock)  # type: ignore[arg-type]
        self._passed = {unit.lane: Passed() for unit in (*post.POST, post.MODULE)}
        self._beside = Beside(where / "inbox", clock, post.DOCUMENT_EVERY_S)
        self._module = Watched({})
        config = where / "edge-agent.toml"
        config.write_text(self._configuration(where))
        (where / "profiles").mkdir()
        (where / f"profiles/{post.IO_PROFILE}.toml").write_text(post.io_profile())
        self._centre.enrol(create_log(where / "state", ORIGIN, 1).public())
        loaded = configuration.load(config)
        self._core = Core(loaded, clock)
        wires = dict(self._wires(clock, seed))
        self._overheard = {unit.lane: Overheard(decoder(loaded, unit.lane), self._loop.time() + KNOWN_S) for unit in post.ASKED}
        self._core.links = MemoryLinks(
            clock, {at: lambda wire=wire: wire for at, wire in wires.items()},
            {(at, unit.unit): (self._overheard[unit.lane], wire.sayings)
             for at, wire in wires.items() for unit in post.ASKED if unit.wire == wire.name})
        self._loop.run_until_complete(self._core.open())
        uplink = Forwarder(_Asked(self), _Way(self._centre), lambda text: None)  # type: ignore[arg-type]
        self._step = uplink.step

    def _configuration(self, where: Path) -> str:
        kinds = {"rapiscan": 'kind = "tcp"', "aspect": 'kind = "modbus-tcp"', "modbus_map": 'kind = "modbus-rtu"',
                 "modbus_io": 'kind = "modbus-rtu"'}
        lanes = "".join(
            post.lane_text(unit, kinds[unit.driver] + (
                f', device = "{unit.wire}", baud = {post.BAUD}' if unit.wire == "rs485" else f', host = "{unit.wire}"'))
            for unit in (*post.POST, post.MODULE))
        return (f'version = 1\n[portal]\norigin = "{ORIGIN}"\nstate = "{where}/state"\nsockets = "{where}/run"\n{lanes}'
                f'{post.LAMPS}[gps]\nlink = {{ kind = "tcp", host = "gps", port = {post.GPS_PORT} }}\n'
                f'[[inbox]]\ndirectory = "{where}/inbox"\nkind = "handheld"\n'
                f'[centre]\nurl = "https://centre.test"\nvkey = "{self._centre.key.public.text()}"\nca = "none.pem"\n')

    def _wires(self, clock: Clock, seed: int) -> Iterator[tuple[str, Any]]:
        yield f"gps:{post.GPS_PORT}", Moves("gps", clock)
        for number, (wire, units) in enumerate(post.wires()):
            made = self._wire(wire, units, clock, seed + 100 * number)
            at = {"rapiscan": f"{wire}:1600", "aspect": f"{wire}:502", "modbus_map": wire}[units[0].driver]
            yield at, made

    def _wire(self, wire: str, units: tuple[post.Unit, ...], clock: Clock, seed: int) -> Wire:
        if units[0].driver == "rapiscan":
            return Pushes(wire, post.scene(units[0]), seed, clock, self._passed[units[0].lane])
        made = {}
        for number, unit in enumerate(units):
            watch = self._passed[unit.lane].slice
            made[unit.unit] = FAMILIES[unit.driver].instrument(post.scene(unit), seed + number, loop=True, watch=watch)
            if unit.manners:
                made[unit.unit][0].manners = manners(f"{unit.unit}:{unit.manners}")[1]
            if unit is post.MODULE:
                made[unit.unit][0].held = self._module = Watched(made[unit.unit][0].held)
        passed = [self._passed[unit.lane] for unit in units]
        return Asked(wire, "rtu" if units[0].driver == "modbus_map" else "tcp", made, passed, clock)

    def ask(self, op: str, **values: Any) -> dict[str, Any]:
        return dict(self._loop.run_until_complete(self._core.doors[-1].asks[op](values)))

    def run(self, seconds: float, progress: bool) -> Judged:
        running = self._loop.create_task(self._core.run())
        began_s = self._loop.time()
        self._loop.run_until_complete(asyncio.sleep(0))         # the core has taken the signals
        self._loop.add_signal_handler(signal.SIGINT, lambda: setattr(self, "_enough", True))
        while (gone_s := self._loop.time() - began_s) < seconds and not self._enough:
            self._beside.step(gone_s)
            self._loop.run_until_complete(asyncio.sleep(SLICE_S))
            if running.done():
                running.result()
            for _ in range(200):
                if not self._step():
                    break
            if progress and int(gone_s / 3600) != int((gone_s + SLICE_S) / 3600):
                self._tell(round(gone_s / 3600))
        lanes = self._loop.run_until_complete(self._core.doors[0].asks["status"]({}))["lanes"]
        ours = self._ours()
        rows = self._centre.desk.db.execute("SELECT line FROM line ORDER BY seq LIMIT ?", (len(ours),))
        theirs = [bytes(row[0]) for row in rows]
        records = [part.payload | {"kind": part.kind} for part in map(jws.take_apart, theirs)]
        heard = {lane: over.heard for lane, over in self._overheard.items()}
        found = judge(ours, theirs, records, lanes, self._passed, heard, Span(began_s, self._loop.time()))
        stored = self._centre.desk.db.execute("SELECT sha256 FROM blob WHERE stored_ms IS NOT NULL")
        self._beside.judge(records, {str(row[0]) for row in stored}, found, self._module.told(),
                           self._loop.time() - began_s - SETTLES_S)
        os.kill(os.getpid(), signal.SIGTERM)        # as systemd ends it: lanes first, then the ledger
        self._loop.run_until_complete(running)
        judge_end(self._module.told(), found)
        return found

    def _tell(self, hour: int) -> None:
        """What each lane counted in this hour beside its nominal rate: a lane that fades shows when."""
        taken = {lane.name: lane.portal.tally.samples for lane in self._core.lanes}
        rates = (f"{name} {(count - self._taken.get(name, 0)) / 2 / post.RATE_HZ / 3600:.2f}" for name, count in taken.items())
        print(f"{hour} h   {'  '.join(rates)}", file=sys.stderr, flush=True)
        self._taken = taken

    def _ours(self) -> list[bytes]:
        """What was receipted: the rest is under way."""
        ledger = self._core.books.ledger

        async def read() -> list[bytes]:
            receipt, lines = await ledger.receipt(), []
            while receipt and len(lines) < receipt.size:
                lines += await ledger.lines(len(lines), min(1000, receipt.size - len(lines)))
            return lines

        return self._loop.run_until_complete(read())

    def close(self) -> None:
        self._centre.close()
        self._loop.close()
        asyncio.set_event_loop(None)


class _Asked:
    """What the forwarder asks through uplink.sock."""

    def __init__(self, day: Day) -> None:
        self.ask = day.ask


class _Way(Link):
    """Always up, and honest."""

    def __init__(self, centre: Centre) -> None:
        import random
        super().__init__(centre, random.Random(0))

    def blob(self, piece: Piece) -> Reply:
        return self._reply(lambda: self.centre.desk.blob(CERTIFICATE, lambda: piece))


if __name__ == "__main__":
    sys.exit(main())
