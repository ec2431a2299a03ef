"""A controller that grows old: its clock, and its card before it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks import fault_box
from edge_agent.house.caretaker import SLOW_S
from edge_agent.house.core import Core
from edge_agent.tools import ed25519, merkle, notes
from edge_agent.words.record import Checkpoint
from hardware_mocks import broken_box

from .test_no_receipt import CENTRE, SEED, Outbox, with_core
from .test_wall_clock import HandClock, S


async def receipt(core: Core, hand: HandClock, off_s: int, number: int = 0) -> None:
    """One that the centre makes now; our clock is off by so much."""
    core.scribe.submit("config", {"number": number})
    await core.scribe.write_some()
    ledger = core.books.ledger
    point = Checkpoint(ledger.origin, ledger.size, await ledger.tree(lambda node: merkle.root(ledger.size, node)))
    hand.mono, hand.wall = hand.mono + 60 * S, hand.wall + 60 * S
    cosigned = notes.cosign(point, CENTRE.name, ed25519.SoftKey(SEED), hand.wall // S - off_s)
    note = notes.sign_checkpoint(point, core.books.identity.signer()) + cosigned
    outbox = Outbox(core.books.books(lambda: None), CENTRE, core.report, core.scribe.wait_beyond)
    await outbox.receipt({"log": ledger.origin, "note": note.decode()})
    await core.caretaker.look_at_delivery()


def test_a_clock_that_is_not_the_centres_is_a_fault_until_it_is(tmp_path: Path) -> None:
    async def story(core: Core, hand: HandClock) -> None:
        await core.caretaker.look_at_delivery()
        told = []
        for off_s in (-7200, -7200, -7200, 3, 3):
            await receipt(core, hand, off_s, off_s)
            told.append(core.status()["fault_details"].get("clock-off", ""))
        assert [bool(why) for why in told] == [False, True, True, False, False]
        assert "7200 s behind the centre's" in told[1] and "timedatectl" in told[1]

    with_core(tmp_path, story)


def test_one_old_receipt_that_was_lost_here_accuses_no_clock(tmp_path: Path) -> None:
    async def story(core: Core, hand: HandClock) -> None:
        await core.caretaker.look_at_delivery()
        for off_s in (86400, 2, 1):
            await receipt(core, hand, off_s)
            assert "clock-off" not in core.status()["faults"]

    with_core(tmp_path, story)


def test_a_clock_set_twice_in_a_day_is_a_fault_and_once_is_none(tmp_path: Path) -> None:
    async def story(core: Core, hand: HandClock) -> None:
        for steps in (0, 1):
            hand.wall += 3600 * S
            core.caretaker.look_at_clock()
            assert ("clock-steps" in core.status()["faults"]) is bool(steps)
        assert "set 2 times in a day, the last time by +3600 s" in core.status()["fault_details"]["clock-steps"]
        hand.mono, hand.wall = hand.mono + 86401 * S, hand.wall + 86401 * S
        core.caretaker.look_at_clock()
        assert "clock-steps" not in core.status()["faults"]

    with_core(tmp_path, story)


def test_a_card_that_takes_seconds_is_told_before_it_refuses(tmp_path: Path) -> None:
    async def story(core: Core, hand: HandClock) -> None:
        append = core.scribe.ledger.append
        for takes_s in (0.1, SLOW_S + 1, 0.1):
            async def slowly(*given: Any, takes_s: float = takes_s) -> int:
                hand.mono += round(takes_s * S)
                return await append(*given)
            with patch.object(core.scribe.ledger, "append", slowly):
                core.scribe.submit("config", {"takes_s": takes_s})
                await core.scribe.write_some()
            core.caretaker.look_at_disk()
            assert ("disk-slow" in core.status()["faults"]) is (takes_s >= SLOW_S)

    with_core(tmp_path, story)


def test_the_bench_of_boxes_names_nothing_of_a_sound_one_and_knows_every_fault() -> None:
    assert fault_box.named((), 7) == []
    assert set(fault_box.CLASSES) == set(broken_box.FAULTS)
    assert fault_box.named(("clock_steps",), 7)[0] == "controller-clock"
