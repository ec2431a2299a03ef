"""`center run`: build the parts, serve, look for silence each second, close in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from edge_agent.center import broker_settings, directory, shelves, silence, store, submitting, tls
from edge_agent.center.announce import Announcer
from edge_agent.center.clock import SystemClock
from edge_agent.center.desk import Desk
from edge_agent.center.kinds import Bodies
from edge_agent.center.mailroom import Mailroom
from edge_agent.center.reception import Reception
from edge_agent.center.server import Server
from edge_agent.center.writer import URGENT, Writer
from edge_agent.words.clock import Clock
from edge_agent.words.errors import BusyError, StorageError

TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a centre lives and listens."""

    path: Path
    host: str
    port: int
    verbose: bool = False
    mqtt: Path | None = None        # settings of a broker to listen at too


def run(place: Place) -> int:
    """Until SIGTERM or Ctrl-C."""
    directory.receipt_key(place.path)       # a directory that is no centre is named before anything is made in it
    handle = directory.lock(place.path)
    try:
        asyncio.run(_serve(place, SystemClock()))
    finally:
        os.close(handle)
    return 0


async def _serve(place: Place, clock: Clock) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(place, clock, stop, Announcer(verbose=place.verbose))


async def serve(place: Place, clock: Clock, stop: asyncio.Event, announcer: Announcer) -> None:
    """The centre with any clock, until `stop`."""
    broker = broker_settings.load(place.mqtt) if place.mqtt else None
    context = tls.server_context(place.path / directory.TLS_CERT, place.path / directory.TLS_KEY)
    trust = tls.TrustStore(context)
    work = Writer(Desks(place.path, clock))
    reception = Reception(work, announcer)
    server = Server(reception)
    room = Mailroom(reception, directory.receipt_key(place.path))
    try:
        trust.hold(await work.do(Desk.certificates, URGENT))
        port = await _open(server, place, context)
        announcer.say(f"ready https://{_bracketed(place.host)}:{port}")
        asking = asyncio.create_task(submitting.run(place.path, stop))
        async with _listening_at(broker, room, announcer):
            await _watch(work, trust, announcer, clock, stop)
        await asking
    finally:
        await server.close()
        await work.close()
        announcer.close()


@contextlib.asynccontextmanager
async def _listening_at(broker: broker_settings.Broker | None, room: Mailroom, announcer: Announcer) -> AsyncIterator[None]:
    """At a broker too, where one is named.  What that needs is loaded only then."""
    if broker is None:
        yield
        return
    from edge_agent.center.mqtt import Subscriber

    task = asyncio.create_task(Subscriber(broker, room, announcer).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


class Desks:
    """Opens the desk, again after the database failed; what was heard when is kept meanwhile."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._key = directory.receipt_key(path)
        self._bodies = Bodies()
        self._watch: silence.Watch | None = None

    def __call__(self) -> Desk:
        db = store.open_store(self._path)
        shelves.check_heads(db)
        if self._watch is None:
            self._watch = silence.Watch()
            silence.resume(db, self._watch, self._clock.mono_ns())
        return Desk(db, self._key, self._clock, self._watch, self._bodies)


async def _watch(work: Writer, trust: tls.TrustStore, announcer: Announcer, clock: Clock, stop: asyncio.Event) -> None:
    """Each second: newly enrolled certificates, and logs that have fallen silent."""
    stopped = asyncio.create_task(stop.wait())
    while not stopped.done():
        second = asyncio.ensure_future(clock.sleep(TICK_S))
        await asyncio.wait({stopped, second}, return_when=asyncio.FIRST_COMPLETED)
        second.cancel()
        try:
            trust.hold(await work.do(Desk.certificates, URGENT))
            announcer.show(await work.do(Desk.tick, URGENT))
        except StorageError as problem:
            announcer.say(f"STORAGE {problem}")


async def _open(server: Server, place: Place, context: ssl.SSLContext) -> int:
    try:
        return await server.open(place.host, place.port, context)
    except OSError as problem:
        raise BusyError(f"cannot listen on {place.host}:{place.port}: {problem.strerror or problem}") from None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
