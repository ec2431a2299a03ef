"""Attacks of a person with root at the post, or of a centre; each over random honest histories, each with its verdict.

An attack does its work and says what must be seen: a *proof* or a *question*, at the centre, the verifier or the portal.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.campaign import thief
from benchmarks.campaign.centre import Centre
from benchmarks.campaign.honest import EVERYDAY
from benchmarks.campaign.life import ORIGIN, Life, life
from benchmarks.campaign.portal import Link, Portal
from benchmarks.campaign.row import Row, over_seeds
from edge_agent.center import audit, shelves
from edge_agent.house.audit import verify_state
from edge_agent.house.identity import create_log
from edge_agent.tools import jws
from edge_agent.tools.verify import verify_log


@dataclass
class Seen:
    """What people get to see after an attack."""

    proofs: list[str] = field(default_factory=list)         # where and what
    questions: list[str] = field(default_factory=list)      # kinds asked since the attack began

    @property
    def verdict(self) -> str:
        return "proof" if self.proofs else "question" if self.questions else "NOTHING"


def history(at: Life) -> None:
    """An honest life so far, its records delivered."""
    for _ in range(at.dice.randint(1, 3)):
        at.dice.choice(EVERYDAY)(at)
    at.portal.add(at.alarm(), *at.passing())
    at.settle()


def hidden_alarm(at: Life) -> int:
    """An alarm, and some minutes after it, that no centre knows of: the link is cut.  Its seq."""
    at.link.up = False
    at.minutes(1, 3)
    seq = at.portal.add(at.alarm())
    at.minutes(1, 3)
    return seq


def seen_at_the_centre(at: Life, before: int) -> Seen:
    return Seen([f"centre: {proof}" for proof in at.centre.proofs()], at.centre.questions(since=before))


def carry_on(at: Life) -> None:
    """The link is back, the agent starts as it always does, and time goes on."""
    at.link.up = True
    at.portal.start()
    for _ in range(3):
        at.minute()
        at.portal.deliver(200)
    at.silence(4)


def edit(at: Life) -> Seen:
    seq = hidden_alarm(at)
    at.portal.stop()
    line = thief.lines_of(at.portal.directory)[seq]
    thief.change(at.portal.directory, ("UPDATE record SET line = ? WHERE seq = ?", (thief.edited(line), seq)))
    carry_on(at)
    proofs = [f"centre: {proof}" for proof in at.centre.proofs()]
    return Seen([*proofs, *_verifier(at)] if proofs else [])


def delete_one(at: Life) -> Seen:
    seq = hidden_alarm(at)
    at.portal.stop()
    thief.change(at.portal.directory, ("DELETE FROM record WHERE seq = ?", (seq,)))
    carry_on(at)
    return Seen(_verifier(at))


def delete_and_close_the_gap(at: Life) -> Seen:
    """The records after it are numbered anew, so that nothing is missing to the eye."""
    seq = hidden_alarm(at)
    at.portal.stop()
    thief.change(at.portal.directory, ("DELETE FROM record WHERE seq = ?", (seq,)),
                 ("UPDATE record SET seq = -seq WHERE seq > ?", (seq,)), ("UPDATE record SET seq = -seq - 1 WHERE seq < 0", ()),
                 ("DELETE FROM node", ()))
    carry_on(at)
    return Seen(at.centre.proofs())


def truncate_and_carry_on(at: Life) -> Seen:
    seq = hidden_alarm(at)
    before = at.centre.asked()
    at.portal.stop()
    thief.truncate(at.portal.directory, seq)
    carry_on(at)
    return seen_at_the_centre(at, before)


def resign_with_the_current_key(at: Life) -> Seen:
    seq = hidden_alarm(at)
    at.portal.stop()
    directory = at.portal.directory
    false = thief.resigned(thief.lines_of(directory), seq, seq, thief.current_key(directory))
    thief.send(at.centre, directory, at.portal.books.identity.origin, false, _held(at))
    return Seen(at.centre.proofs())


def resign_with_any_key(at: Life) -> Seen:
    seq = hidden_alarm(at)
    at.portal.stop()
    directory, found = at.portal.directory, []
    lines = thief.lines_of(directory)
    for key in thief.keys_in(directory):
        proofs = len(at.centre.proofs())
        cut = at.dice.randint(_held(at), seq)
        false = thief.resigned(lines, cut, seq, key)
        taken = thief.send(at.centre, directory, at.portal.books.identity.origin, false, _held(at))
        found.append(taken.status == 422 and len(at.centre.proofs()) >= max(proofs, 1))
    return Seen(["centre: refused"] if all(found) else [])


def back_fill_with_false_times(at: Life) -> Seen:
    """From a clone of the card (its key still unused) the time of the alarm is written anew, with times of the thief's choice."""
    at.link.up = False
    at.minutes(1, 3)
    image = at.portal.image()
    before = at.centre.asked()
    at.portal.add(at.alarm())
    at.minutes(3, 6)
    at.portal.stop()
    at.portal.where = image
    at.time.wrong_ns = at.dice.choice([-1, 1]) * at.dice.randint(60, 10**6) * 10**9
    at.link.up = True
    at.portal.start()
    at.minutes(2, 4)
    return seen_at_the_centre(at, before)


def roll_back_past_a_receipt(at: Life) -> Seen:
    image = at.portal.image()
    at.portal.add(at.alarm())
    at.minutes(1, 3)
    at.settle()
    at.portal.stop()
    at.portal.where = image
    carry_on(at)
    told = {condition for condition, _ in at.portal.reports} & {"rolled-back", "centre-refused"}
    return Seen(at.centre.proofs() if told else [])


def forge_with_a_stolen_key(at: Life) -> Seen:
    """The key of today under a record of the past; also where the lines after it are signed anew."""
    at.portal.stop()
    directory, origin = at.portal.directory, at.portal.books.identity.origin
    lines, key = thief.lines_of(directory), thief.current_key(at.portal.directory)
    seq = at.dice.randrange(len(lines))
    false = thief.signed(jws.take_apart(lines[seq]), seq, lines[seq - 1] if seq else None, key, key, statistic=0.0)
    sent = [*lines[:seq], false, *lines[seq + 1:]] if at.dice.random() < 0.5 else [*lines[:seq], false]
    answer = thief.send(at.centre, directory, origin, sent, seq)
    return Seen(at.centre.proofs() if answer.status == 422 else [])


def wipe(at: Life) -> Seen:
    hidden_alarm(at)
    at.portal.stop()
    shutil.rmtree(at.portal.where)
    at.silence(4)
    return Seen([], at.centre.questions(still_open=True))


def wipe_and_begin_anew(at: Life) -> Seen:
    """New keys under the old name, offered with the registered certificate."""
    hidden_alarm(at)
    at.portal.stop()
    shutil.rmtree(at.portal.where)
    at.portal.make()
    carry_on(at)
    return Seen(at.centre.proofs())


def power_off_for_good(at: Life) -> Seen:
    before = at.centre.asked()
    at.portal.stop()
    at.silence(at.dice.randint(4, 30))
    return Seen([], at.centre.questions(since=before, still_open=True))


def two_histories_to_two_centres(at: Life) -> Seen:
    """A clone of the portal serves a second agency.  Each centre is content; their receipts together are not."""
    other = Centre(at.where / "second/centre", at.time, "second.test/rpm")
    other.enrol(at.portal.books.identity.public())
    image, where = at.portal.image(), at.portal.where
    at.portal.add(at.alarm())
    at.minutes(1, 3)
    at.settle()
    at.portal.stop()
    clone = Portal(image, ORIGIN, at.time, at.loop)
    clone.delivers_to(Link(other, at.dice))
    clone.start()
    for _ in range(at.dice.randint(1, 4)):
        at.pass_s(60)
        clone.heartbeat()
        clone.deliver(200)
    clone.stop()
    at.portal.where = where
    quiet = not at.centre.proofs() and not other.proofs()
    shorter, longer = sorted((at.centre, other), key=lambda centre: centre.logs()[0].head.seq)
    log = longer.logs()[0]
    receipts = shelves.receipts(shorter.desk.db, shorter.logs()[0])
    report = verify_log(audit.lines(longer.desk.db, log), log.record_key, receipts=receipts, log_key=log.log_key,
                        centre_key=shorter.key.public)
    other.close()
    return Seen([f"verifier: {problem}" for problem in report.problems] if quiet else [])


def a_centre_that_deletes(at: Life) -> Seen:
    copy = at.centre.keep_copy()
    at.portal.add(at.alarm())
    at.minutes(1, 3)
    at.settle()
    at.centre.restore(copy)
    at.settle()
    return Seen([f"portal: {detail}" for condition, detail in at.portal.reports if condition == "centre-rollback"])


def continuation_to_hide_a_tail(at: Life) -> Seen:
    """The alarm has gone ahead of its backlog; the thief cuts it off and begins a new log, as after a repair."""
    before = at.centre.asked()
    express = at.dice.random() < 0.5
    if express:
        at.link.express_only = True
        seq = at.portal.add(*at.passing(), at.alarm())
        at.portal.deliver(5)
    else:
        seq = hidden_alarm(at)
    at.portal.stop()
    thief.truncate(at.portal.directory, max(seq - at.dice.randint(0, 3), _held(at)))
    at.link.express_only = False
    create_log(at.portal.where, ORIGIN, len(list(at.portal.where.glob("logs/[0-9]*"))) + 1)
    carry_on(at)
    found = seen_at_the_centre(at, before)
    return found if "continuation" in found.questions and (not express or "fewer-records" in found.questions) else Seen()


def express_commitment_not_met(at: Life) -> Seen:
    """An alarm went ahead; the lines that follow in order, written from a clone of the card, do not hold it."""
    at.link.express_only = True
    image = at.portal.image()
    at.minutes(0, 2)
    at.portal.add(*at.passing(), at.alarm())
    at.portal.deliver(5)
    at.portal.stop()
    at.portal.where = image
    at.link.express_only = False
    carry_on(at)
    at.portal.add(*[at.alarm() for _ in range(20)])
    at.portal.deliver(200)
    return Seen(at.centre.proofs())


def _held(at: Life) -> int:
    """Records of the current log the centre has in order."""
    number = at.portal.directory.name
    origin = ORIGIN if number == "1" else f"{ORIGIN}/{number}"
    return next((log.head.seq for log in at.centre.logs() if log.origin == origin), 0)


def _verifier(at: Life) -> list[str]:
    """What `edge-agent verify` says at the post, where the centre sees something too."""
    at.portal.stop()
    reports = verify_state(Path(at.portal.where), at.centre.key.public)
    told = [f"verifier: {problem}" for report in reports for problem in report.problems]
    return told if at.centre.proofs() or "continuation" in at.centre.questions(still_open=True) else []


Attack = Callable[[Life], Seen]
#  name as people say it                            verdict      attack
MATRIX: dict[str, tuple[str, Attack]] = {
    "edit a record":                                ("proof", edit),
    "delete one mid-log":                           ("proof", delete_one),
    "delete one, number the rest anew":             ("proof", delete_and_close_the_gap),
    "truncate at an alarm, carry on":               ("question", truncate_and_carry_on),
    "delete an alarm, re-sign with current key":    ("proof", resign_with_the_current_key),
    "re-sign with whatever keys the files yield":   ("proof", resign_with_any_key),
    "truncate, back-fill with false times":         ("question", back_fill_with_false_times),
    "roll back past a receipt":                     ("proof", roll_back_past_a_receipt),
    "forge an old record with a stolen key":        ("proof", forge_with_a_stolen_key),
    "wipe":                                         ("question", wipe),
    "wipe, new keys under the old name":            ("proof", wipe_and_begin_anew),
    "power off for good":                           ("question", power_off_for_good),
    "two logs shown to two centres":                ("proof", two_histories_to_two_centres),
    "a centre that deletes":                        ("proof", a_centre_that_deletes),
    "continuation begun to hide a tail":            ("question", continuation_to_hide_a_tail),
    "express commitment not met":                   ("proof", express_commitment_not_met),
}


def one(name: str, seed: int) -> Seen:
    """The attack over the history of a seed; AssertionError names the seed when the verdict is another."""
    expected, attack = MATRIX[name]
    with life(seed) as at:
        history(at)
        assert not at.centre.proofs(), "the honest history gave a proof"
        seen = attack(at)
        assert seen.verdict == expected, f"{name}: {seen.verdict}, expected {expected}: {seen}"
        return seen


def rows(runs: int, seed: int) -> Iterator[Row]:
    for name, (verdict, _) in MATRIX.items():
        def run(number: int, name: str = name, verdict: str = verdict) -> tuple[list[str], list[str]]:
            return [], [verdict, *sorted(set(one(name, number).questions))]

        yield over_seeds(name, runs, seed, run)
