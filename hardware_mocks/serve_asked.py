"""Serves mocks that are asked, from one command line: several units on one wire, each with its manners."""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from hardware_mocks import scenes
from hardware_mocks.checked import SceneError
from hardware_mocks.physics import SLICE_S
from hardware_mocks.serve import EXIT_PLACE, EXIT_SCENE, until_told
from hardware_mocks.serve import address as tcp_address
from hardware_mocks.slave import Instrument, Manners, Slave
from hardware_mocks.slave_ends import SlavePty, SlaveTcp

Made = tuple[Instrument, Iterator[float]]
UNIT = re.compile(r"([0-9]{1,3})(?::(silent|late=([0-9.]+)/([0-9]+)|noise=([0-9.]+)|cut=([0-9.]+)))?")


def main(make: Callable[..., Made], argv: list[str] | None = None, speaker: type[Slave] = Slave) -> int:
    """The whole program of one mock; the exit code."""
    wish = _arguments(argv)
    try:
        scene = scenes.load(wish.scene)
    except SceneError as problem:
        print(problem, file=sys.stderr)
        return EXIT_SCENE
    units = wish.unit or [(1, Manners())]
    made = {unit: make(scene, wish.seed + number, loop=wish.loop) for number, (unit, _) in enumerate(units)}
    for unit, how in units:
        made[unit][0].manners = how
    try:
        return asyncio.run(_serve(made, wish, speaker))
    except OSError as problem:
        print(f"cannot serve: {problem}", file=sys.stderr)
        return EXIT_PLACE


async def _serve(made: dict[int, Made], wish: argparse.Namespace, speaker: type[Slave]) -> int:
    instruments = {unit: instrument for unit, (instrument, _) in made.items()}
    framing = "rtu" if wish.pty or wish.rtu else "tcp"
    slave = speaker(instruments, framing, random.Random(wish.seed))
    end = SlavePty(slave, wish.link) if wish.pty else SlaveTcp(slave, *wish.tcp)
    print("ready", await end.open(), flush=True)
    clock = asyncio.get_running_loop().time
    began_s = clock()
    for instrument, steps in made.values():
        instrument.catch_up = Present(steps, lambda: (clock() - began_s) * wish.rate)
    try:
        await until_told(asyncio.Event().wait())
    finally:
        await end.close()
    return 0


class Present:
    """Brings one instrument to the present: a busy machine must not make an instrument that counts late."""

    def __init__(self, steps: Iterator[float], now_s: Callable[[], float]) -> None:
        self._steps, self._now_s = steps, now_s
        self._at_s = 0.0                    # of the slice that ends next

    def __call__(self) -> None:
        while self._at_s + SLICE_S <= self._now_s():
            self._at_s = next(self._steps)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A mock instrument that is asked.")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--tcp", metavar="HOST:PORT", type=tcp_address, help="port 0: any free one")
    place.add_argument("--pty", action="store_true", help="an RS-485 line (RTU)")
    parser.add_argument("--rtu", action="store_true", help="RTU frames over TCP, as behind a converter")
    parser.add_argument("--link", metavar="PATH", type=Path, help="symbolic link to the pty")
    parser.add_argument("--unit", action="append", type=manners, metavar="N[:MANNERS]",
                        help="address, and silent, late=SECONDS/EVERY, noise=SHARE, cut=SHARE (repeatable; default 1)")
    parser.add_argument("--scene", default="demo", help="TOML file or built-in name (default demo)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=1.0, help="scene seconds per second")
    parser.add_argument("--loop", action="store_true", help="repeat the scene for ever")
    return parser.parse_args(argv)


def manners(text: str) -> tuple[int, Manners]:
    found = UNIT.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= 247:
        forms = "N, N:silent, N:late=SECONDS/EVERY, N:noise=SHARE or N:cut=SHARE"
        raise argparse.ArgumentTypeError(f"expected {forms}, found {text!r}")
    return int(found[1]), Manners(
        silent=found[2] == "silent", late_s=float(found[3] or 0), late_every=int(found[4] or 0), noise=float(found[5] or 0),
        cut=float(found[6] or 0),
    )
