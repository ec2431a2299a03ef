"""The core: detectors, alarm rules, keys, ledger.  Built here, started, and closed in order.  No way to the outside."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from edge_agent import __version__, drivers
from edge_agent.doors.clock import SaneClock
from edge_agent.doors.files import free_mb, hold, kernel_boot, make_directory
from edge_agent.doors.systemd import notify
from edge_agent.hands.annunciator import Annunciator
from edge_agent.hands.links import Links
from edge_agent.hands.sockets import Door
from edge_agent.hands.taps import Taps
from edge_agent.house import inboxes, models, trials
from edge_agent.house.caretaker import Caretaker, patiently
from edge_agent.house.configuration import Configuration
from edge_agent.house.lighting import Lighting
from edge_agent.house.logbooks import Logbooks
from edge_agent.judgement.portal import Portal
from edge_agent.paths import heart
from edge_agent.paths.acting import Acting
from edge_agent.paths.attachments import Attachments
from edge_agent.paths.chronicle import Chronicle
from edge_agent.paths.control import Control
from edge_agent.paths.daily import DailyFiles
from edge_agent.paths.feed import Feed
from edge_agent.paths.keeping import Keeping
from edge_agent.paths.lane import Lane
from edge_agent.paths.outbox import Outbox
from edge_agent.paths.positioning import Positioning
from edge_agent.paths.recorder import Recorder
from edge_agent.paths.reports import Reports
from edge_agent.paths.room import Room, open_history
from edge_agent.paths.scribe import Scribe
from edge_agent.paths.upkeeping import Upkeeping
from edge_agent.tools import bodies, times
from edge_agent.tools.notes import read_vkey
from edge_agent.words.clock import Clock
from edge_agent.words.event import Event
from edge_agent.words.settings import LaneSettings

log = logging.getLogger("edge_agent.core")
# groups: people who may look; people who may act; the uplink and the relay, which may neither
LOOKERS, ACTORS, UPLINK, RELAY = "edge-agent", "edge-agent-op", "edge-agent-uplink", "edge-agent-relay"


class Core:
    """Everything of one controller's core process."""

    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        self.configuration, self.clock = configuration, SaneClock(clock)
        clock = self.clock
        self.settings = configuration.settings
        self.state = Path(self.settings.portal.state)
        self.started_ns = clock.mono_ns()
        self.events: Taps[Event] = Taps()
        self._ids = 0
        self.reports = Reports(self.publish)      # faults of the controller itself; lanes keep their own
        self.links = Links(self.clock)
        self.caretaker = Caretaker(self)
        self._closers: list[Callable[[], Awaitable[None]]] = []

    # --- building

    async def open(self) -> None:
        """Take the directory, open the ledger, build lanes and sockets.  Raises before anything runs."""
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))        # keys never in core files
        os.umask(0o077)
        make_directory(self.state, key="portal.state")
        self._lock = hold(self.state / "core.lock", "an edge-agent core")
        self.books = await Logbooks.open(self.state, self.settings.portal.origin)
        self._closers.append(self.books.close)
        self.boot = await self.books.next_boot()
        self.scribe = Scribe(self.books.ledger, self.clock, self.now, lambda: self.room.release())
        self.context = bodies.Context(self.moment, __version__, self.configuration.hash)
        self.keeping = Keeping(await open_history(self.state, self.settings.portal.wire_history_mb), self.clock)
        self._closers.append(self.keeping.close)
        self.retention = self.books.retention(self.settings, self.clock)
        self.attachments = Attachments(self.state, self.books.shelves, self.clock, self.report)
        self.room = Room(self.state, self.keeping, self.retention, self.report, self.attachments.make_room,
                         self.settings.portal.wire_history_mb)
        self.lighting = Lighting(self.settings, self.links, self.clock, self.report)
        self.annunciator = Annunciator(self.lighting.signals, self.events.put)
        self.lanes = [self._lane(lane) for lane in self.settings.lane]
        named = {lane.name: lane for lane in self.lanes}
        for lane in self.lanes:
            if lane.portal.lane.occupancy is not None:
                named[lane.portal.lane.occupancy.module].hearers.append(lane.hear)
        self.chronicle = Chronicle(self.lanes, self.keeping, self.clock)
        gps = self.settings.gps
        self.positioning = Positioning(self.links.make(gps.link, ()) if gps else None, self.clock, self.report)
        self.feed = Feed(self.lanes, self.clock, self.report)
        self.recorder = Recorder(self.lanes, self.keeping, self.clock, self.boot)
        self.acting = Acting(self.state / "acting.json", self.lanes, self.clock, self.scribe.submit, self.moment, self.new_id)
        self.upkeeping = Upkeeping(self.state / "upkeep.json", [lane.name for lane in self.lanes], self.clock,
                                   self.scribe.submit, self.moment)
        self.lighting.watch(self.lanes, self.acting)
        self.daily = [DailyFiles(Path(self.settings.portal.daily_files), lane.name) for lane in self.lanes
                      if self.settings.portal.daily_files]
        await self.keeping.put_back(self.lanes)
        for kind, body in await self.books.opening(self.configuration, self.boot, kernel_boot()):
            self.scribe.submit(kind, body)
        for lane in self.lanes:
            if why := self.configuration.unusable.get(lane.name):
                for event in models.without(lane.portal, why, self.clock.mono_ns()):
                    self.publish(event)
        self.acting.restore()
        self.upkeeping.restore()
        await self._open_doors()
        await self.room.look()

    def _lane(self, lane: LaneSettings) -> Lane:
        profile = self.configuration.profiles[lane.name]
        driver = drivers.find(lane.driver)
        portal = Portal(lane, profile, self.new_id, self.configuration.models.get(lane.name))
        link = self.links.make(lane.link, driver.polls(profile, lane.link), driver.dialect)
        return Lane(lane.name, link, driver.decoder(profile), portal, self.clock, self.annunciator, self.submit)

    async def _open_doors(self) -> None:
        sockets = Path(self.settings.portal.sockets)
        make_directory(sockets, 0o755, "portal.sockets")
        control = Control(self.lanes, self.scribe, self.events, self.status, self.clock, self._describe)
        self.doors = [Door(sockets / "control.sock", LOOKERS, control.asks() | self.chronicle.asks() | self.recorder.asks(),
                           control.streams()),
                      Door(sockets / "act.sock", ACTORS, self.acting.asks() | trials.asks(self), {}, names_peer=True)]
        if self.feed:
            self.doors.append(Door(sockets / "wire.sock", RELAY, self.feed.asks(), self.feed.streams()))
        if self.settings.centre is not None:
            centre_key = read_vkey(self.settings.centre.vkey)
            books = self.books.books(lambda: self.scribe.newest.get("heartbeat"))
            outbox = Outbox(books, centre_key, self.report, self.scribe.wait_beyond, self.attachments.send_again)
            asks = {name: getattr(outbox, name) for name in
                    ("logs", "wait", "batch", "express", "expressed", "receipt", "behind", "refused", "link", "certificate")}
            self.doors.append(Door(sockets / "uplink.sock", UPLINK, asks | self.attachments.asks(centre_key), {}))
        for door in self.doors:
            await door.open()
            self._closers.append(door.close)

    # --- times and names

    def now(self) -> dict[str, Any]:
        """`t` of a record signed now."""
        mono_ns, wall_ns, trust = self.clock.mono_ns(), self.clock.wall_ns(), self.clock.trust()
        return {"wall": times.iso(wall_ns), "boot": self.boot, "mono_ms": mono_ns // 1_000_000,
                "src": trust.source, "unc_ms": trust.uncertainty_ms}

    def moment(self, at_ns: int) -> dict[str, Any]:
        return times.moment(at_ns, self.boot, self.clock.mono_ns(), self.clock.wall_ns())

    def new_id(self) -> str:
        self._ids += 1
        origin = self.settings.portal.origin
        log_number = self.scribe.ledger.origin.removeprefix(origin)     # "" or "/2": a restored copy counts its starts again
        return f"{origin.rsplit('/', 1)[-1]}{log_number}/{self.boot}/{self._ids}"

    # --- events

    def submit(self, event: Event) -> None:
        """An event becomes a draft of the ledger, and a passage goes to the history."""
        kind, body = bodies.of_event(event, self.context)
        self.scribe.submit(kind, body := self.positioning.mark(kind, self.acting.mark(kind, body)))
        if kind == "occupancy":
            self.keeping.passage(body)

    async def keep_blob(self, data: bytes, media_type: str) -> str:
        """A document durable on the disk; its SHA-256.  Submit the record that names it afterwards (paths.attachments)."""
        return await self.attachments.keep(data, media_type)

    def _describe(self, event: Event) -> dict[str, Any]:
        kind, body = bodies.of_event(event, self.context)
        return {"kind": kind, "body": body}

    def report(self, condition: str, detail: str, present: bool) -> None:
        """A fault of the controller itself, raised once and ended once."""
        self.reports.report(self.clock.mono_ns(), condition, detail, present)

    def publish(self, event: Event) -> None:
        self.annunciator.show(event)
        self.submit(event)

    def status(self) -> dict[str, Any]:
        """What `edge-agent status` shows of the controller; lanes are added by whoever asks."""
        return {
            "agent": __version__, "origin": self.scribe.ledger.origin, "boot": self.boot,
            "uptime_s": (self.clock.mono_ns() - self.started_ns) // 10**9, "now": self.now(),
            "cfg": self.configuration.hash, "config": str(self.configuration.path),
            "annunciator": self.settings.annunciator.kind, "faults": self.reports.open, "fault_details": self.reports.details,
            "free_mb": free_mb(self.state), "centre": self.settings.centre.url if self.settings.centre else None,
            "acts": self.acting.plain(), "relays": self.feed.plain(), "position": self.positioning.shown(),
            "upkeep": self.upkeeping.plain(),
        }

    # --- running

    async def run(self) -> None:
        """Run until a signal; then close in order: lanes, ledger, sockets."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        writer = asyncio.create_task(self.scribe.run(), name="scribe")
        lanes = [asyncio.create_task(lane.run(), name=f"lane {lane.name}") for lane in self.lanes]
        others = [asyncio.create_task(work, name=name) for name, work in self._others().items()]
        notify("READY=1")
        log.info("edge-agent %s watches %d lanes, log %s", __version__, len(lanes), self.books.ledger.origin)
        ended = asyncio.create_task(stop.wait())
        await asyncio.wait([ended, writer, *lanes, *others], return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in (writer, *lanes, *others) if task.done()]
        notify("STOPPING=1")
        await self._close(writer, lanes, others)
        for task in failed:
            task.result()           # a task never ends by itself: let its error end the process, systemd starts anew

    def _others(self) -> dict[str, Coroutine[Any, Any, None]]:
        return {
            "heart": self._beat(), **self.caretaker.tasks(),
            **inboxes.tasks(self), **self.lighting.work(), "minutes": self.chronicle.run(),
            **self.recorder.tasks(), **({"gps": self.positioning.run()} if self.settings.gps else {}),
            **{f"daily {files.lane}": files.follow(lane.chunks, self.clock)
               for files, lane in zip(self.daily, self.lanes, strict=False)},
        }

    async def _beat(self) -> None:
        while True:
            await patiently(self.heartbeat())
            await self.clock.sleep(self.settings.portal.heartbeat_s)

    async def heartbeat(self) -> None:
        now_ns = self.clock.mono_ns()
        self.scribe.submit("heartbeat", self.positioning.mark("heartbeat", await heart.body(
            self.lanes, self.scribe, now_ns=now_ns, period_s=self.settings.portal.heartbeat_s,
            uptime_s=(now_ns - self.started_ns) // 10**9, annunciator=self.settings.annunciator.kind,
            free_mb=free_mb(self.state), faults=self.reports.open, acts=self.acting.plain(),
        )))
        await self.keeping.backgrounds(self.lanes, now_ns)

    async def _close(self, writer: asyncio.Task[None], lanes: list[Any], others: list[Any]) -> None:
        for task in [*others, *lanes]:
            task.cancel()
        await asyncio.gather(*others, *lanes, return_exceptions=True)   # lanes write the occupancy under way
        self.scribe.finish()
        await asyncio.gather(writer, self.chronicle.finish(), self.recorder.write(), return_exceptions=True)
        await self.close()

    async def close(self) -> None:
        """Close what was opened, newest first; also after an open that failed half-way."""
        for closer in reversed(self._closers):
            await closer()
