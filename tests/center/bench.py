"""A centre in a thread with a clock of ours, and a client that speaks to it."""

from __future__ import annotations

import asyncio
import http.client
import json
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.center import directory, house, registry, shelves, store
from edge_agent.center.announce import Announcer
from edge_agent.center.enrolment import read as read_enrolment
from edge_agent.tools import notes
from edge_agent.words.clock import Trust

from .portal import Certificate, Portal

PATIENCE_S = 20                     # only ever reached when a test fails


class TestClock:
    """Time that moves when told.  Ticks of the centre come quickly in real time."""

    __test__ = False

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def mono_ns(self) -> int:
        return int(self.now_s * 1e9)

    def wall_ns(self) -> int:
        return int(self.now_s * 1e9)

    def trust(self) -> Trust:
        return Trust("none", None)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 100)


class Heard(Announcer):
    """Keeps the lines instead of printing them."""

    def __init__(self) -> None:
        self.queue: queue.Queue[str] = queue.Queue()
        self._verbose = True

    def say(self, line: str) -> None:
        self.queue.put(line)

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Got:
    status: int
    body: bytes
    headers: dict[str, str]


class Centre:
    def __init__(self, path: Path, mqtt: Path | None = None) -> None:
        self.path, self.mqtt = path, mqtt
        self.clock = TestClock()
        self.heard = Heard()
        self.port = 0
        if not (path / store.NAME).exists():
            directory.create(path, "centre.test/rpm", ["127.0.0.1", "localhost"])
        self.pem = directory.certificate(path).decode()
        self.key = directory.public_key(path)

    def __enter__(self) -> Centre:
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        place = house.Place(self.path, "127.0.0.1", 0, mqtt=self.mqtt)
        work = house.serve(place, self.clock, self._stop, self.heard)
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(work,))
        self._thread.start()
        self.port = int(self.wait("ready https").rsplit(":", 1)[1])
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        self._loop.close()

    def enrol(self, enrolment: dict[str, Any]) -> registry.Registered:
        """As `center enrol` does beside a running centre; then wait until TLS lets the portal in."""
        db = store.open_store(self.path)
        try:
            return registry.enrol(db, read_enrolment(json.dumps(enrolment).encode(), certificate=True), 0)
        finally:
            db.close()

    def enrolled(self, portal: Portal) -> Portal:
        self.enrol(portal.enrolment())
        until(lambda: self.ask(portal.certificate, "GET", f"/v1/logs/{portal.id}/checkpoint").status)
        return portal

    def wait(self, start: str) -> str:
        """The next announced line that starts so; others are passed over."""
        while True:
            line = self.heard.queue.get(timeout=PATIENCE_S)
            if line.startswith(start):
                return line

    def announced(self) -> list[str]:
        return [self.heard.queue.get_nowait() for _ in range(self.heard.queue.qsize())]

    def ask(self, who: Certificate, method: str, path: str, body: bytes | None = None, **headers: str) -> Got:
        context = who.context(self.pem)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return Got(answer.status, answer.read(), dict(answer.getheaders()))
        finally:
            connection.close()

    def post(self, portal: Portal, body: bytes, **headers: str) -> Got:
        return self.ask(portal.certificate, "POST", f"/v1/logs/{portal.id}/entries", body, **headers)

    def express(self, portal: Portal, body: bytes) -> Got:
        return self.ask(portal.certificate, "POST", f"/v1/logs/{portal.id}/express", body)

    @contextmanager
    def wire(self, portal: Portal) -> Iterator[ssl.SSLSocket]:
        """A connection to write odd HTTP on."""
        context = portal.certificate.context(self.pem)
        plain = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        with plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as client:
            yield client

    def receipt(self, portal: Portal, got: Got, size: int | None = None) -> notes.Receipt:
        """The verified receipt of an answer, whichever of its two forms it has."""
        assert got.status == 200, got
        note = portal.checkpoint(size) + got.body if got.body.startswith("— ".encode()) else got.body
        return notes.open_receipt(note, portal.log_key, self.key)

    def kept(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        db = store.open_store(self.path)
        try:
            return [tuple(row) for row in db.execute(query, values)]
        finally:
            db.close()

    def root(self, portal: Portal) -> tuple[int, bytes]:
        """Size and root of the tree as stored."""
        from edge_agent.tools import merkle
        db = store.open_store(self.path)
        try:
            log = shelves.log_of(db, portal.id)
            assert log is not None
            return log.head.seq, merkle.root(log.head.seq, shelves.held(db, log).node)
        finally:
            db.close()


def until(tried: Any) -> Any:
    """The first true result of something that may fail for a moment."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            if result := tried():
                return result
        except OSError:
            pass
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)
