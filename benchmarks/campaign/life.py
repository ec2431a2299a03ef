"""A portal and its centre from the first start on: what happens at a border, by seed."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.campaign.centre import Centre
from benchmarks.campaign.inline import without_threads
from benchmarks.campaign.portal import PERIOD_S, POINTS, Link, Portal
from benchmarks.campaign.time import Time
from edge_agent.hands.ledger import Draft

ORIGIN = "rpm.example.gov/portal/C-1"
SHM = Path("/dev/shm")
STEPS_NS = (10**9, 10**11, 3600 * 10**9, 86400 * 365 * 10 * 10**9)      # clock steps: 1 s, 100 s, 1 h, 10 years


class Life:
    def __init__(self, dice: random.Random, where: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.dice, self.where, self.loop = dice, where, loop
        self.time = Time()
        self.centre = Centre(where / "centre", self.time)
        self.portal = Portal(where / "portal/state", ORIGIN, self.time, loop)
        self.link = Link(self.centre, dice)
        self.portal.delivers_to(self.link)
        self.centre.enrol(self.portal.make())
        self.portal.start()
        self.alarms = 0

    def alarm(self) -> Draft:
        self.alarms += 1
        return "alarm", {"id": f"C-1/{self.portal.boot}/{self.alarms}", "lane": "1", "radiation": "gamma", "rule": "focus/1",
                         "statistic": round(self.dice.uniform(5, 50), 2)}

    def passing(self) -> list[Draft]:
        """One to four records of traffic."""
        occupancy = "occupancy", {"lane": "1", "speed_kmh": self.dice.randint(3, 30)}
        kinds: list[Draft] = [occupancy, ("fault", {"condition": "tamper"})]
        return [self.alarm() if self.dice.random() < 0.2 else self.dice.choice(kinds) for _ in range(self.dice.randint(1, 4))]

    def minute(self) -> None:
        """Traffic, then the heartbeat, then whatever the link carries; the centre looks each minute."""
        self.pass_s(self.dice.uniform(5, PERIOD_S - 5))
        if self.dice.random() < 0.7:
            self.portal.add(*self.passing())
        self.pass_s(PERIOD_S - 30)
        self.portal.heartbeat()
        self.portal.deliver(self.dice.choice([1, 2, 50]))
        self.centre.desk.tick()

    def minutes(self, fewest: int, most: int) -> None:
        for _ in range(self.dice.randint(fewest, most)):
            self.minute()

    def silence(self, minutes: int) -> None:
        """Time without the portal."""
        for _ in range(minutes):
            self.pass_s(60)
            self.centre.desk.tick()

    def pass_s(self, seconds: float) -> None:
        self.time.pass_s(seconds)

    def kill(self) -> None:
        self.portal.kill(self.dice.choice(POINTS), *self.passing())

    def power_cut(self, minutes: int) -> None:
        self.kill()
        self.silence(minutes)
        self.time.booted_ns = self.time.true_ns - int(self.dice.uniform(5, 40) * 1e9)

    def settle(self) -> None:
        """The link is good, the clock right, the core runs: three heartbeats later nothing may be open."""
        self.link.up, self.link.lossy, self.time.wrong_ns = True, 0.0, 0
        for _ in range(3):
            self.minute()
            self.portal.deliver(200)
        self.centre.desk.tick()

    def close(self) -> None:
        self.portal.stop()
        self.centre.close()


@contextmanager
def life(seed: int) -> Iterator[Life]:
    """A life on the tmpfs, gone afterwards; names the seed when it ends badly."""
    where = Path(tempfile.mkdtemp(prefix="life-", dir=SHM if SHM.is_dir() else None))
    loop = asyncio.new_event_loop()
    try:
        with without_threads():
            (where / "a").mkdir()
            found = Life(random.Random(seed), where / "a", loop)
            yield found
            found.close()
    except BaseException as problem:
        problem.add_note(f"seed {seed}")
        raise
    finally:
        loop.close()
        shutil.rmtree(where, ignore_errors=True)
