"""`python -m benchmarks.fault_box --seeds N`: broken controllers and supplies: which class does `diagnose` name first?

Faults: `hardware_mocks.broken_box`, what a box would measure of itself.  A real core on a clock of ours is opened on a disk,
given a receipt, and then lives with the box for ten minutes: its wall clock, its free room, how long its disk takes or that
it refuses, the end of its certificate, what the uplink tells, receipts that do not come.  Mains and battery are told by the
instrument of a lane.  A sound box is asked too: nothing may be named.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edge_agent.house import enrolment, guide
from edge_agent.house.configuration import load
from edge_agent.house.core import Core
from edge_agent.paths import certificates
from edge_agent.paths.outbox import Outbox
from edge_agent.tools import ed25519, merkle, notes
from edge_agent.tools.diagnosis import diagnose
from edge_agent.words.errors import StorageError
from edge_agent.words.reading import Condition, Health
from edge_agent.words.record import Checkpoint
from hardware_mocks.broken_box import FAULTS, Box, broken
from tests.judgement.bench import Watched
from tests.words_tools.test_wall_clock import NOW_NS, HandClock, S

SEED = bytes(range(32))
CENTRE = notes.VerifierKey("test.example/centre", notes.COSIGNER_KEY, ed25519.public(SEED))
CONFIGURATION = """
version = 1
[portal]
origin = "rpm.example.gov/portal/QX-0042"
state = "{here}/state"
sockets = "{here}"
[centre]
url = "https://127.0.0.1:1"
vkey = "{vkey}"
ca = "centre.pem"
[[lane]]
name = "2"
driver = "rapiscan"
link = {{ kind = "tcp", host = "127.0.0.1" }}
"""
DISK = 8 << 30
LOOKS, LOOK_S = 120, 5              # ten minutes of rounds
CLASSES = {
    "clock_unset": ["controller-clock"], "clock_steps": ["controller-clock"], "disk_full": ["disk-full"],
    "disk_read_only": ["disk"], "disk_worn": ["disk"], "certificate_ends": ["delivery"], "link_down": ["delivery"],
    "piling_up": ["delivery"], "refused_record": ["delivery"], "mains_lost": ["portal-power"],
    "battery_low": ["battery", "portal-power"],         # with the mains there, or gone
}
GUIDE = guide.findings(None)


class Living:
    """A core that lives in a box."""

    def __init__(self, core: Core, hand: HandClock, box: Box) -> None:
        self.core, self.hand, self.box, self.true_ns = core, hand, box, NOW_NS
        self.outbox = Outbox(core.books.books(lambda: None), CENTRE, core.report, core.scribe.wait_beyond)
        self._steps = box.clock_steps

    async def live(self) -> None:
        await self._uplink_tells()
        for number in range(LOOKS):
            self._pass(LOOK_S)
            if self._steps and number % 5 == 4:
                self._steps -= 1
                self.hand.wall += round(self.box.clock_off_s * S) * (1 if self._steps % 2 else -1)
            self.core.scribe.submit("config", {"number": number})
            await self._write()
            if not (self.box.unsent or self.box.refused):
                await self._receipt()
            await self._go_round()

    def _pass(self, seconds: float) -> None:
        self.hand.mono += round(seconds * S)
        self.hand.wall += round(seconds * S)
        self.true_ns += round(seconds * S)

    async def _write(self) -> None:
        append = self.core.scribe.ledger.append

        async def slowly(*given: Any) -> int:
            if self.box.disk_read_only:
                raise StorageError("the ledger: attempt to write a readonly database")
            self._pass(self.box.disk_sync_s)
            return await append(*given)
        with patch.object(self.core.scribe.ledger, "append", slowly):
            await self.core.scribe.write_some()

    async def _receipt(self) -> None:
        ledger = self.core.books.ledger
        point = Checkpoint(ledger.origin, ledger.size, await ledger.tree(lambda node: merkle.root(ledger.size, node)))
        note = notes.sign_checkpoint(point, self.core.books.identity.signer())
        note += notes.cosign(point, CENTRE.name, ed25519.SoftKey(SEED), self.true_ns // S)
        await self.outbox.receipt({"log": ledger.origin, "note": note.decode()})

    async def _uplink_tells(self) -> None:
        if self.box.link_breaks_at:
            await self.outbox.link({"why": f"the way to the centre breaks at {self.box.link_breaks_at}"})
        if self.box.refused:
            await self.outbox.refused({"why": "409: another record is in its place"})
        why = certificates.told({certificates.OURS: certificate(self.box.certificate_days)}, self.true_ns / S)
        await self.outbox.certificate({"why": why})

    async def _go_round(self) -> None:
        core = self.core
        core.reports.settle(self.hand.mono)
        await core.caretaker.look_at_delivery()
        with patch("edge_agent.paths.room.space", lambda _: (round(DISK * self.box.disk_free_share), DISK)):
            await core.room.look()
        core.caretaker.look_at_clock()
        core.caretaker.look_at_disk()


def certificate(days: float) -> str:
    """A certificate that ends so many days after the beginning."""
    end, key = datetime.fromtimestamp(NOW_NS / S, UTC) + timedelta(days=days), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "portal")])
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
            .not_valid_before(end - timedelta(days=400)).not_valid_after(end).sign(key, hashes.SHA256()))
    return made.public_bytes(serialization.Encoding.PEM).decode()


async def controller(box: Box, here: Path) -> list[str]:
    """What is named of the controller."""
    path, hand = here / "edge-agent.toml", HandClock()
    path.write_text(CONFIGURATION.format(here=here, vkey=CENTRE.text()))
    if not box.clock_synced:
        hand.wall += round(box.clock_off_s * S)
    core = Core(load(path), hand)
    enrolment.enrol(core.state, core.settings.portal.origin)
    try:
        await core.open()
        await core.scribe.write_some()
        await Living(core, hand, box).live()
        return ids({**core.status(), "lanes": {}, "storage": core.scribe.trouble})
    finally:
        await core.close()


def ids(status: Mapping[str, Any]) -> list[str]:
    return [one.id for one in guide.of_status(status, GUIDE)["controller"]]


def lane(box: Box) -> list[str]:
    """What is named of a lane whose instrument tells of its supply."""
    watched = Watched()
    at_s = watched.vacant(0.0, 60.0)
    told = ((Condition.MAINS, not box.mains), (Condition.BATTERY, box.battery_low))
    watched.observe(*(Health(round(at_s * S), condition, present) for condition, present in told))
    return [one.id for one in diagnose(watched.portal.faults.details, GUIDE)]


def named(names: tuple[str, ...], seed: int) -> list[str]:
    """Classes, the lane's first."""
    box = broken(names, seed)
    with tempfile.TemporaryDirectory() as here:
        return lane(box) + asyncio.run(controller(box, Path(here)))


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--seeds", type=int, default=20)
    made.add_argument("--first", type=int, default=0, help="the first of the seeds")
    chosen = made.parse_args()
    logging.disable(logging.CRITICAL)
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    sound = named((), 0)
    print(f"{'(sound)':18} named: {', '.join(sound) or 'nothing'}")
    good = total = 0
    for name in FAULTS:
        firsts = [(named((name,), seed) or ["nothing"])[0] for seed in seeds]
        right = sum(first in CLASSES[name] for first in firsts)
        print(f"{name:18} {right:3}/{len(seeds):<3}  {', '.join(f'{one} {n}' for one, n in Counter(firsts).items())}", flush=True)
        good, total = good + right, total + len(seeds)
    print(f"right class first: {100 * good / total:.1f} % of {total} (goal 95)")
    return 0 if good >= 0.95 * total and not sound else 1


if __name__ == "__main__":
    sys.exit(main())
