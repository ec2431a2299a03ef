"""Records that nobody receipts are a fault of the controller after three minutes, whatever the uplink says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from edge_agent.house import enrolment as enrolling
from edge_agent.house.caretaker import NO_RECEIPT_S
from edge_agent.house.configuration import load
from edge_agent.house.core import Core
from edge_agent.paths.outbox import Outbox
from edge_agent.tools import ed25519, merkle, notes
from edge_agent.words.record import Checkpoint
from tests.evidence.test_schemas import CONFIGURATION

from .test_wall_clock import HandClock

S = 10**9
SEED = bytes(range(32))
CENTRE = notes.VerifierKey("test.example/centre", notes.COSIGNER_KEY, ed25519.public(SEED))
WITH_CENTRE = CONFIGURATION + '[centre]\nurl = "https://127.0.0.1:1"\nvkey = "{vkey}"\nca = "centre.pem"\n'


def with_core(tmp_path: Path, story: Callable[[Core, HandClock], Awaitable[Any]]) -> None:
    path = tmp_path / "edge-agent.toml"
    path.write_text(WITH_CENTRE.format(here=tmp_path, vkey=CENTRE.text()))

    async def run() -> None:
        hand = HandClock()
        core = Core(load(path), hand)
        enrolling.enrol(core.state, core.settings.portal.origin)
        try:
            await core.open()
            await core.scribe.write_some()
            await story(core, hand)
        finally:
            await core.close()

    asyncio.run(run())


async def pass_time(core: Core, hand: HandClock, seconds: float) -> None:
    """As the core's own watch does, every five seconds."""
    for _ in range(int(seconds / 5)):
        hand.mono += 5 * S
        core.reports.settle(hand.mono)
        await core.caretaker.look_at_delivery()


async def give_receipt(core: Core) -> None:
    ledger, signer = core.books.ledger, core.books.identity.signer()
    size = ledger.size
    point = Checkpoint(ledger.origin, size, await ledger.tree(lambda node: merkle.root(size, node)))
    note = notes.sign_checkpoint(point, signer) + notes.cosign(point, CENTRE.name, ed25519.SoftKey(SEED), 1_795_000_000)
    outbox = Outbox(core.books.books(lambda: None), CENTRE, core.report, core.scribe.wait_beyond)
    await outbox.receipt({"log": ledger.origin, "note": note.decode()})


def test_no_receipt_for_three_minutes_is_a_fault_with_its_reason(tmp_path: Path) -> None:
    async def story(core: Core, hand: HandClock) -> None:
        await pass_time(core, hand, NO_RECEIPT_S)
        assert "no-receipt" not in core.status()["faults"], "not before its time"
        await pass_time(core, hand, 5)
        assert "no-receipt" in core.status()["faults"]
        assert "is the uplink running?" in core.status()["fault_details"]["no-receipt"]

    with_core(tmp_path, story)


def test_a_receipt_ends_the_fault(tmp_path: Path) -> None:
    async def story(core: Core, hand: HandClock) -> None:
        await pass_time(core, hand, NO_RECEIPT_S + 60)
        await give_receipt(core)
        await pass_time(core, hand, 5)
        assert "no-receipt" not in core.status()["faults"]

    with_core(tmp_path, story)


def test_all_receipted_and_nothing_new_is_no_fault_for_hours(tmp_path: Path) -> None:
    async def story(core: Core, hand: HandClock) -> None:
        await give_receipt(core)
        await pass_time(core, hand, 3600 * 5)
        assert "no-receipt" not in core.status()["faults"]

    with_core(tmp_path, story)


def test_receipts_that_stop_while_records_go_on_are_a_fault_once(tmp_path: Path) -> None:
    async def story(core: Core, hand: HandClock) -> None:
        await give_receipt(core)
        told: list[bool] = []
        submit = core.scribe.submit

        def listen(kind: str, body: Any) -> None:
            if kind == "fault" and body.get("condition") == "no-receipt":
                told.append(body["present"])
            submit(kind, body)

        core.scribe.submit = listen  # type: ignore[method-assign]
        core.scribe.submit("fault", {"n": 1})
        await core.scribe.write_some()
        await pass_time(core, hand, 3600)
        assert told == [True]

    with_core(tmp_path, story)
