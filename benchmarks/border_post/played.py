"""One wire of the post as a process of its own, on a real pty or a real TCP port: `python -m benchmarks.border_post.played WIRE
--notes FILE --link PATH | --tcp HOST:PORT`.  What passed, and every question with its answer, stands in the notes as it came."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from benchmarks.border_post import post
from benchmarks.border_post.beside import Lit, Watched
from benchmarks.border_post.overheard import NotedSlave, Said, Sayings
from benchmarks.border_post.wires import FAMILIES, Passed, Vehicle
from hardware_mocks import rapiscan, serve
from hardware_mocks.serve import address, until_told
from hardware_mocks.serve_asked import Present, manners
from hardware_mocks.slave_ends import SlavePty, SlaveTcp
from hardware_mocks.truth import Truth


def now_s() -> float:
    """The clock chunks are stamped with, the same for every process of a machine."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Notes:
    """Lines of a file, each whole as soon as it is known."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def put(self, what: str, of: str, value: Any) -> None:
        print(json.dumps([what, of, dataclasses.asdict(value)], default=bytes.hex), file=self._file, flush=True)


@dataclasses.dataclass
class Noted(Passed):
    """Vehicles of one lane, noted as they leave."""

    lane: str = ""
    notes: Notes | None = None

    def add(self, begins_s: float, ends_s: float, source: bool, wanted: bool) -> None:
        super().add(begins_s, ends_s, source, wanted)
        assert self.notes is not None
        self.notes.put("vehicle", self.lane, self.vehicles.pop())


def read(path: Path) -> Iterator[tuple[str, str, Any]]:
    """What stands in notes: ("vehicle", lane), ("said", wire) or ("lit", lane), and the value."""
    for line in path.read_text().splitlines():
        what, of, value = json.loads(line)
        if what == "said":
            value = Said(**value | {"body": bytes.fromhex(value["body"])})
        yield what, of, {"vehicle": lambda v: Vehicle(**v), "lit": lambda v: Lit(**v), "said": lambda v: v}[what](value)


def sayings(notes: list[tuple[str, str, Any]], wire: str) -> Sayings:
    made = Sayings()
    for what, of, value in notes:
        if (what, of) == ("said", wire):
            made.add(value)
    return made


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("wire", choices=[wire for wire, _ in post.wires()])
    made.add_argument("--notes", type=Path, required=True)
    made.add_argument("--seed", type=int, default=0)
    place = made.add_mutually_exclusive_group(required=True)
    place.add_argument("--link", type=Path, help="symbolic link to the pty")
    place.add_argument("--tcp", type=address)
    chosen = made.parse_args()
    units = dict(post.wires())[chosen.wire]
    with chosen.notes.open("w") as file:
        if units[0].driver == "rapiscan":
            return _push(units[0], chosen, Notes(file))
        asyncio.run(_answer(units, chosen, Notes(file)))
    return 0


def _push(unit: post.Unit, chosen: argparse.Namespace, notes: Notes) -> int:
    """A Rapiscan portal, as hardware_mocks.rapiscan plays it; it begins with its first reader."""
    def signals(scene: Any, seed: int, *, endless: bool, loop: bool) -> Iterator[Any]:
        passed = Noted(now_s(), lane=unit.lane, notes=notes)
        for item in rapiscan.signals(post.scene(unit), chosen.seed, loop=True):
            if isinstance(item, Truth):
                passed.truth(item)
            yield item

    place = ["--pty", "--link", str(chosen.link)] if chosen.link else ["--tcp", ":".join(map(str, chosen.tcp))]
    return serve.main(signals, [*place, "--loop"])


async def _answer(units: tuple[post.Unit, ...], chosen: argparse.Namespace, notes: Notes) -> None:
    """Instruments that are asked, each with its manners."""
    made, watched = {}, {}
    passed = {unit.unit: Noted(now_s(), lane=unit.lane, notes=notes) for unit in units}
    for number, unit in enumerate(units):
        made[unit.unit], steps = FAMILIES[unit.driver].instrument(
            post.scene(unit), chosen.seed + number, loop=True, watch=passed[unit.unit].slice)
        made[unit.unit].manners = manners(f"{unit.unit}:{unit.manners}" if unit.manners else f"{unit.unit}")[1]
        made[unit.unit].catch_up = Present(steps, lambda began_s=passed[unit.unit].began_s: now_s() - began_s)
        if unit is post.MODULE:
            made[unit.unit].held = watched[unit.lane] = Watched(made[unit.unit].held)
    slave = NotedSlave(made, "rtu" if chosen.link else "tcp", random.Random(chosen.seed))
    slave.note = lambda said: notes.put("said", chosen.wire, said)
    slave.ahead_ns = round((now_s() - asyncio.get_running_loop().time()) * 1e9)
    end = SlavePty(slave, chosen.link) if chosen.link else SlaveTcp(slave, *chosen.tcp)
    print("ready", await end.open(), flush=True)
    try:
        await until_told(asyncio.Event().wait())
    finally:
        await end.close()
    for instrument in made.values():
        instrument.catch_up()               # who was asked seldom still tells who passed
    for lane, held in watched.items():
        notes.put("lit", lane, held.told())


if __name__ == "__main__":
    sys.exit(main())
