"""Plays a mock's signals at the speed asked for, over a TCP server or a pty, from one command line."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TextIO

from hardware_mocks import scenes
from hardware_mocks.checked import SceneError
from hardware_mocks.pty_end import PtyEnd
from hardware_mocks.signals import HangUp, PowerOff, PowerOn, Sent
from hardware_mocks.tcp_caller import TcpCaller
from hardware_mocks.tcp_end import TcpEnd

EXIT_SCENE, EXIT_PLACE = 3, 4           # a person must edit the scene; the address or link is taken


class Mock(Protocol):
    """What a driver's mock gives: its `signals` function."""

    def __call__(self, scene: scenes.Scene, seed: int, *, endless: bool, loop: bool) -> Iterator[Any]: ...


class End(Protocol):
    """The portal's end of the wire."""

    listened: asyncio.Event             # set when the first reader comes

    async def open(self) -> str: ...
    def send(self, data: bytes) -> None: ...
    async def hang_up(self) -> None: ...
    async def power_off(self) -> None: ...
    async def power_on(self) -> None: ...
    async def close(self) -> None: ...


def main(mock: Callable[..., Iterator[Any]], argv: list[str] | None = None) -> int:
    """The whole program of one mock; the exit code."""
    wish = _arguments(argv)
    if wish.list:
        print("\n".join(f"{name:12} {scenes.load(name).about}" for name in scenes.names()))
        return 0
    try:
        scene = scenes.load(wish.scene)
        return asyncio.run(_serve(mock(scene, wish.seed, endless=not wish.once, loop=wish.loop), wish))
    except SceneError as problem:
        print(problem, file=sys.stderr)
        return EXIT_SCENE
    except OSError as problem:
        print(f"cannot serve: {problem}", file=sys.stderr)
        return EXIT_PLACE


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A mock portal that speaks the real wire.")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--tcp", metavar="HOST:PORT", type=address, help="port 0: any free one")
    place.add_argument("--pty", action="store_true", help="a serial line")
    place.add_argument("--connect", metavar="HOST:PORT", type=address, help="be the client (instruments that are)")
    place.add_argument("--list", action="store_true", help="the built-in scenes, a sentence each")
    parser.add_argument("--scene", default="demo", help="TOML file or built-in name (default demo)")
    parser.add_argument("--seed", type=_natural, default=0)
    parser.add_argument("--rate", type=_positive, default=1.0, help="wire seconds per second")
    parser.add_argument("--truth", metavar="FILE", type=Path, help="what was really there, JSON lines")
    parser.add_argument("--now", action="store_true", help="begin at once, not with the first reader")
    parser.add_argument("--one-client", action="store_true", help="turn a second TCP client away")
    parser.add_argument("--link", metavar="PATH", type=Path, help="symbolic link to the pty")
    after = parser.add_mutually_exclusive_group()
    after.add_argument("--loop", action="store_true", help="repeat the scene for ever")
    after.add_argument("--once", action="store_true", help="exit at its end (else: vacant for ever)")
    return parser.parse_args(argv)


def address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, found {text!r}")
    return host.strip("[]"), int(port)


def _natural(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"expected a whole number from 0, found {text!r}")
    return int(text)


def _positive(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) < float("inf"):
            return float(text)
    raise argparse.ArgumentTypeError(f"expected a number above 0, found {text!r}")


async def _serve(signals: Iterator[Any], wish: argparse.Namespace) -> int:
    end: End = PtyEnd(wish.link) if wish.pty else _tcp(wish)
    with contextlib.ExitStack() as files:
        truth = files.enter_context(wish.truth.open("w", encoding="utf-8")) if wish.truth else None
        try:
            await until_told(_play(signals, end, wish, truth))
        finally:
            await end.close()
    return 0


def _tcp(wish: argparse.Namespace) -> End:
    return TcpCaller(*wish.connect) if wish.connect else TcpEnd(wish.tcp[0], wish.tcp[1], wish.one_client)


async def until_told(work: Any) -> None:
    """Run to the end, or to SIGTERM or SIGINT."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _play(signals: Iterator[Any], end: End, wish: argparse.Namespace, truth: TextIO | None) -> None:
    print("ready", await end.open(), flush=True)
    if not wish.now:
        await end.listened.wait()
    clock = asyncio.get_running_loop().time
    began_s = clock()
    for item in signals:
        # Against the beginning, so that lateness never adds up; 0 still lets sockets work.
        await asyncio.sleep(max(0.0, began_s + item.at_s / wish.rate - clock()))
        await _act(item, end, truth)


async def _act(item: Any, end: End, truth: TextIO | None) -> None:
    if isinstance(item, Sent):
        end.send(item.data)
    elif isinstance(item, HangUp):
        await end.hang_up()
    elif isinstance(item, PowerOff):
        await end.power_off()
    elif isinstance(item, PowerOn):
        await end.power_on()
    elif truth is not None:
        truth.write(json.dumps(dataclasses.asdict(item)) + "\n")
        truth.flush()
