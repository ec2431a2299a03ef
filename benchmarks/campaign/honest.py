"""Honest lives: kills, power cuts, clock steps, dead and lossy links, a replaced card.  No proof ever; every question closes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from benchmarks.campaign.life import STEPS_NS, Life, life
from benchmarks.campaign.row import Row, over_seeds


def one(seed: int) -> tuple[list[str], Counter[str]]:
    """(what went wrong, kinds of questions asked and answered)."""
    with life(seed) as at:
        for _ in range(at.dice.randint(2, 6)):
            at.dice.choice(EVENTS)(at)
        at.settle()
        at.centre.confirm_all()
        at.settle()
        wrong = [f"proof: {proof}" for proof in at.centre.proofs()]
        wrong += [f"open: {kind}" for kind in at.centre.questions(still_open=True)]
        wrong += [f"portal: {condition}: {detail}" for condition, detail in at.portal.reports if condition in REFUSALS]
        return wrong, Counter(at.centre.questions())


REFUSALS = {"rolled-back", "centre-refused", "centre-rollback"}


def _quiet(at: Life) -> None:
    at.minutes(1, 4)


def _dead_link(at: Life) -> None:
    at.link.up = False
    at.minutes(1, 6)
    at.link.up = at.dice.random() < 0.8
    at.minute()


def _lossy_link(at: Life) -> None:
    at.link.lossy = at.dice.uniform(0.1, 0.9)
    at.minutes(1, 4)
    at.link.lossy = 0.0


def _thin_link(at: Life) -> None:
    """Only express gets through."""
    at.link.express_only = True
    at.minutes(1, 4)
    at.link.express_only = False


def _killed(at: Life) -> None:
    at.kill()
    at.portal.start()
    at.minutes(0, 2)


def _power_cut(at: Life) -> None:
    at.power_cut(at.dice.randint(0, 6))
    if at.dice.random() < 0.3:          # the battery of the clock is empty: it starts anywhere
        at.time.wrong_ns = -at.dice.choice(STEPS_NS)
    at.portal.start()
    at.minutes(0, 2)


def _clock_step(at: Life) -> None:
    at.time.wrong_ns = at.dice.choice(STEPS_NS) * at.dice.choice([-1, 1])
    at.minutes(1, 3)
    if at.dice.random() < 0.7:
        at.time.wrong_ns = 0
        at.minute()


def _pruned(at: Life) -> None:
    at.portal.prune()
    at.minutes(0, 2)


def _pruned_while_killed(at: Life) -> None:
    at.portal.prune()
    at.kill()
    at.portal.start()
    at.minutes(0, 2)


def _key_lost(at: Life) -> None:
    """The card's key file is gone (a repair): a continuation begins, and a person confirms it."""
    at.portal.deliver(200)
    at.portal.stop()
    (at.portal.directory / "record.key").unlink()
    at.portal.start()
    at.minutes(1, 3)


def _card_replaced(at: Life) -> None:
    """The database is unreadable: a continuation begins that can say nothing of what was before."""
    at.portal.deliver(200)
    at.portal.stop()
    directory = at.portal.directory
    (directory / "ledger.db").write_bytes(b"\xa5" * 8192)
    for path in directory.glob("ledger.db-*"):
        path.unlink()
    at.portal.start()
    at.minutes(1, 3)


EVENTS = [
    _quiet, _quiet, _dead_link, _lossy_link, _thin_link, _killed, _killed, _power_cut, _clock_step, _key_lost, _card_replaced,
    _pruned, _pruned_while_killed,
]
EVERYDAY = [_quiet, _lossy_link, _killed, _power_cut]       # what leaves one log that still goes on


def rows(runs: int, seed: int) -> Iterator[Row]:
    def run(number: int) -> tuple[list[str], list[str]]:
        wrong, asked = one(number)
        return wrong, list(asked.elements())

    yield over_seeds("honest lives", runs, seed, run)
