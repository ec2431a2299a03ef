"""What a log makes the centre ask, how that closes, and what `center report` says of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edge_agent.center import casebook, dossier, questions, registry, silence, store
from edge_agent.center.questions import Closed, Memory, Opened, follow
from edge_agent.center.values import Commitment, NewLine
from edge_agent.words.errors import SettingsError

from .bench import Centre
from .portal import Portal

NOW_MS = 1_800_000_000_000
WALL = "2027-01-15T08:00:00.000Z"       # NOW_MS


def line(seq: int, kind: str = "heartbeat", wall: str | None = WALL, boot: int = 1, mono_ms: int = 0, **body: Any) -> NewLine:
    stamp = {"wall": wall, "boot": boot, "mono_ms": mono_ms, "src": "ntp", "unc_ms": 10}
    return NewLine(seq, b"", b"", kind, {"t": stamp, **body}, None)


def asked(*lines: NewLine, now_ms: int = NOW_MS, receipt_s: int | None = None) -> list[tuple[str, str]]:
    changes = follow(Memory(), lines, now_ms, lambda named: receipt_s)[1]
    return [("open" if isinstance(change, Opened) else "closed", change.kind) for change in changes]


def test_a_clock_ahead_of_arrival_is_asked_about_until_a_heartbeat_has_it_right() -> None:
    assert asked(line(0), line(1, wall="2027-01-15T08:00:05.000Z"), line(2, wall="2027-01-15T08:01:00.000Z"), line(3)) == [
        ("open", "clock"), ("closed", "clock")]


def test_a_clock_before_a_receipt_the_log_names_is_asked_about() -> None:
    named = line(0, wall="2027-01-15T07:59:00.000Z", receipt={"size": 1, "sha256": "x"})
    assert asked(named, receipt_s=NOW_MS // 1000) == [("open", "clock")]
    assert asked(named, receipt_s=None) == []


def test_running_time_that_goes_back_stays_open() -> None:
    assert asked(line(0, mono_ms=5000), line(1, mono_ms=4000), line(2, mono_ms=6000)) == [("open", "clock")]
    assert asked(line(0, boot=2), line(1, boot=1)) == [("open", "clock")]


def test_heartbeats_missing_while_it_ran() -> None:
    beats = [line(0, uptime_s=0, period_s=60), line(1, uptime_s=180, period_s=60), line(2, uptime_s=361, period_s=60)]
    assert asked(*beats) == [("open", "cadence")]
    assert asked(*beats, line(3, "fault", condition="queue-overflow")) == [("open", "cadence"), ("closed", "cadence")]


def test_a_start_is_asked_about_until_the_next_heartbeat() -> None:
    assert asked(line(0, "boot"), line(1)) == []
    assert asked(line(0, "boot"), line(1, "boot", boot=2), line(2, boot=2)) == [("open", "power-off"), ("closed", "power-off")]


def test_nothing_a_body_says_breaks_the_watch() -> None:
    odd: list[Any] = [None, True, "x", -1, 1.5, [], {}, 2**60]
    for value in odd:
        for kind in ("boot", "heartbeat", "fault", "recovery"):
            new = NewLine(1, b"", b"", kind, {"t": {"wall": value, "boot": value, "mono_ms": value, "unc_ms": value},
                                              "uptime_s": value, "period_s": value, "receipt": value, "of": value}, None)
            follow(Memory(boot=1, mono_ms=5, uptime_s=1.0), [new, NewLine(2, b"", b"", kind, {"t": value}, None)], NOW_MS,
                   lambda named: None)


def test_an_express_checkpoint_of_fewer_records_than_before() -> None:
    held = (Commitment(10, b"a", b""), Commitment(20, b"b", b""))
    assert [type(change) for change in questions.early(Commitment(15, b"c", b""), held)] == [Opened]
    assert questions.early(Commitment(10, b"a", b""), held) == []           # the same message again
    assert questions.early(Commitment(21, b"c", b""), held) == []
    assert questions.met([20], 19) == [] and isinstance(questions.met([20], 20)[0], Closed)


def test_a_question_is_told_kept_and_answered_by_a_person(centre: Centre, portal: Portal) -> None:
    portal.write("heartbeat", period_s=60, uptime_s=0)
    portal.write("heartbeat", period_s=60, uptime_s=500)
    centre.post(portal, portal.batch())
    assert centre.wait("QUESTION").startswith(f"QUESTION {portal.origin} cadence: no heartbeat was made for 500 s")
    db = store.open_store(centre.path)
    found = dossier.dossier(db, 5)[0]
    assert "OPEN" in "\n".join(dossier.page(found)) and "next: ask the post" in "\n".join(dossier.page(found))
    number = next(one["number"] for one in found["questions"] if one["kind"] == "cadence")
    casebook.answer(db, number, "A. Person", "paused for an update", 1)
    found = dossier.dossier(db, 5)[0]
    assert "A. Person: paused for an update" in "\n".join(dossier.page(found))
    with pytest.raises(SettingsError, match="closed already"):
        casebook.answer(db, number, "A. Person", "again", 1)
    db.close()


def test_two_histories_are_called_rolled_back(centre: Centre, portal: Portal) -> None:
    portal.write_many(3)
    centre.post(portal, portal.batch())
    other = portal.branch(2)
    other.write("fault")
    centre.post(other, other.batch(2))
    db = store.open_store(centre.path)
    text = "\n".join(dossier.page(dossier.dossier(db, 5)[0]))
    db.close()
    assert "1 PROOF" in text and "rolled back" in text and "attack" not in text


@pytest.mark.parametrize("registered", [(2, 3), (3, 2)])     # after a dead line the newest is registered first
def test_a_second_continuation_ends_the_silence_of_the_first(
    centre: Centre, portal: Portal, registered: tuple[int, int]
) -> None:
    portal.write("heartbeat", period_s=10)
    centre.post(portal, portal.batch())
    following = [Portal(portal.certificate, f"{portal.origin}/{number}") for number in (2, 3)]
    for log in (following[number - 2] for number in registered):
        body = {name: value for name, value in log.enrolment().items() if name != "tls_cert"}
        assert centre.ask(log.certificate, "PUT", f"/v1/logs/{log.id}", json.dumps(body).encode()).status == 201
        log.write("heartbeat", period_s=10)
        centre.post(log, log.batch())
    db = store.open_store(centre.path)
    registry.confirm(db, following[1].origin, 1)
    centre.clock.now_s += 31
    assert centre.wait("SILENT").split()[1] == following[1].origin
    found = {of["log"]: [(one["kind"], one["closed"] is None) for one in of["questions"]] for of in dossier.dossier(db, 5)}
    db.close()
    assert found[portal.origin] == [] and found[following[0].origin] == [("continuation", True)]
    assert silence.PERIODS == 3
