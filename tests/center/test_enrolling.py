"""A portal is registered once its digits are compared, and an enrolment that was wrong can be taken back."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

from edge_agent.center import directory, registry, shelves, silence, store, withdrawal
from edge_agent.center.desk import Desk
from edge_agent.center.kinds import Bodies
from edge_agent.words.errors import EvidenceError, SettingsError

from .bench import Centre, TestClock
from .portal import ORIGIN, Certificate, Portal
from .test_commands import ENV, MAIN, center, enrolled, made
from .test_doorstep import continuation

WHO = ("--by", "A. Person", "--why", "the portal reads other digits")


def file_of(portal: Portal, tmp_path: Path) -> Path:
    file = tmp_path / f"{portal.seed}.json"
    file.write_text(json.dumps(portal.enrolment()))
    return file


def answered(path: Path, file: Path, answers: str) -> tuple[int, str]:
    """`center enrol` at a terminal; each answer is typed before it is asked for."""
    master, slave = pty.openpty()
    os.write(master, answers.encode())
    done = subprocess.run([*MAIN, "center", "enrol", str(path), str(file)], env=ENV, stdin=slave, capture_output=True, text=True,
                          timeout=60)
    os.close(master)
    os.close(slave)
    return done.returncode, done.stdout + done.stderr


def registered(path: Path) -> list[str]:
    return [log["log"] for log in json.loads(center("status", path, "--json"))]


def test_a_person_at_the_terminal_is_asked_before_anything_is_registered(tmp_path: Path) -> None:
    path, portal = made(tmp_path), Portal(Certificate(tmp_path))
    file = file_of(portal, tmp_path)
    code, said = answered(path, file, "no\n")
    assert code == EvidenceError.exit_code and portal.origin in said and portal.digits() in said
    assert f"{file} is not registered" in said and "enrol --out" in said
    code, said = answered(path, file, "\x04")           # Ctrl-D
    assert code == SettingsError.exit_code and "nobody has compared" in said and not registered(path)
    code, said = answered(path, file, "\ny\nsure\nyes\n")
    assert code == 0 and said.count("yes or no:") == 4 and f"{portal.origin}: registered" in said
    assert registered(path) == [portal.origin]
    code, said = answered(path, file, "")
    assert code == 0 and "registered already" in said and "yes or no" not in said, "there is nothing to compare"


def test_a_renewed_certificate_is_compared_too(tmp_path: Path) -> None:
    path = made(tmp_path)
    portal = enrolled(path, tmp_path)
    portal.certificate = Certificate(tmp_path)
    code, said = answered(path, file_of(portal, tmp_path), "no\n")
    assert code == EvidenceError.exit_code and portal.digits() in said
    with store.opened(path) as db:
        assert len(shelves.certificates(db)) == 1
    assert "a new TLS certificate" in center("enrol", path, file_of(portal, tmp_path), "--fingerprint", portal.digits())


def test_without_a_terminal_digits_are_asked_for(tmp_path: Path) -> None:
    path, portal = made(tmp_path), Portal(Certificate(tmp_path))
    said = center("enrol", path, file_of(portal, tmp_path), code=SettingsError.exit_code)
    assert "nobody has compared" in said and "--fingerprint" in said and not registered(path)


def test_digits_that_were_heard_are_compared_before_anything_is_registered(tmp_path: Path) -> None:
    path, portal = made(tmp_path), Portal(Certificate(tmp_path))
    file, digits = file_of(portal, tmp_path), portal.digits()
    other = digits[:7] + str((int(digits[7]) + 1) % 10) + digits[8:]
    said = center("enrol", path, file, "--fingerprint", other, code=EvidenceError.exit_code)
    assert other in said and digits in said and "groups 2 differ" in said and f"{file} is not registered" in said
    for typed in (digits[:-1], digits + "1", "yes", ""):
        said = center("enrol", path, file, "--fingerprint", typed, code=SettingsError.exit_code)
        assert "six groups of five digits" in said
    assert not registered(path)
    assert "registered" in center("enrol", path, file, "--fingerprint", digits.replace(" ", "-"))
    assert center("enrol", path, file, "--fingerprint", other, code=EvidenceError.exit_code), "also of what is registered"


def test_an_exchanged_file_is_taken_back_and_the_true_portal_enrolled(tmp_path: Path) -> None:
    path = made(tmp_path)
    enrolled(path, tmp_path)                                        # nobody compared in earnest
    true = Portal(Certificate(tmp_path), seed=1)
    said = center("enrol", path, file_of(true, tmp_path), "--fingerprint", true.digits(), code=EvidenceError.exit_code)
    assert f"center withdraw DIR {ORIGIN}" in said and true.digits() in said
    false_digits = json.loads(center("status", path, "--json"))[0]["fingerprint"]
    assert "withdrawn" in center("withdraw", path, ORIGIN, *WHO)
    assert not registered(path)
    for _ in range(2):
        said = center("withdraw", path, ORIGIN, *WHO, code=SettingsError.exit_code)
        assert "was withdrawn on 2" in said and "A. Person" in said and "center enrol" in said
    assert "not registered here" in center("withdraw", path, f"{ORIGIN}9", *WHO, code=SettingsError.exit_code)
    report = center("report", path)
    assert f"{ORIGIN}: not registered" in report and "by A. Person: the portal reads other digits" in report
    assert false_digits in report
    center("enrol", path, file_of(true, tmp_path), "--fingerprint", true.digits())
    found, = json.loads(center("report", path, "--json"))
    assert found["registered"] and [one["digits"] for one in found["withdrawn"]] == [false_digits]
    assert "BEGIN CERTIFICATE" in found["withdrawn"][0]["tls_certs"][0]
    assert "good" in center("verify", path)


def test_a_running_centre_refuses_a_withdrawn_portal_at_once(centre: Centre, portal: Portal, tmp_path: Path) -> None:
    portal.write_many(2)
    with centre.wire(portal) as client:                             # a connection that was let in before
        center("withdraw", centre.path, portal.origin, *WHO)
        client.sendall(f"GET /v1/logs/{portal.id}/checkpoint HTTP/1.1\r\nHost: c\r\n\r\n".encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 403")
    assert centre.post(portal, portal.batch()).status == 404
    assert centre.express(portal, portal.express(1)).status == 404
    assert continuation(centre, Portal(portal.certificate, f"{portal.origin}/2")).status == 403
    true = centre.enrolled(Portal(Certificate(tmp_path), seed=1)).write_many(1)
    assert centre.receipt(true, centre.post(true, true.batch()))
    assert centre.post(portal, portal.batch()).status == 403, "the keys before stay out"


def test_what_has_come_is_never_taken_back(centre: Centre, portal: Portal) -> None:
    portal.write("heartbeat", period_s=60)
    portal.alarm()
    assert centre.express(portal, portal.express(1)).status == 202
    said = center("withdraw", centre.path, portal.origin, *WHO, code=SettingsError.exit_code)
    assert f"revoke DIR {portal.origin} --all" in said and "another name" in said
    assert centre.post(portal, portal.batch()).status == 200
    assert "stays as evidence" in center("withdraw", centre.path, portal.origin, *WHO, code=SettingsError.exit_code)
    other = Portal(portal.certificate, portal.origin, seed=5)
    code, said = answered(centre.path, file_of(other, centre.path), "yes\n")
    assert code == EvidenceError.exit_code and "yes or no" not in said, "an answer could not help"
    assert "withdraw" not in said and "continuation" in said and "revoke" in said


def test_continuations_go_with_the_portal_unless_something_came_of_one(centre: Centre, portal: Portal) -> None:
    second, third = (Portal(portal.certificate, f"{portal.origin}/{n}") for n in (2, 3))
    for each in (second, third):
        assert continuation(centre, each).status == 201
    second.write("recovery", old=portal.origin)
    third.write("recovery", old=second.origin)
    assert centre.post(third, third.batch()).status == 200
    assert third.origin in center("withdraw", centre.path, portal.origin, *WHO, code=SettingsError.exit_code)
    said = center("withdraw", centre.path, second.origin, *WHO)
    assert f"revoke {centre.path} {portal.origin} --all" in said.replace("\n ", ""), "its certificate can begin it again"
    assert registered(centre.path) == [portal.origin, third.origin]
    assert f"{second.origin} ({second.digits()}) was withdrawn by A. Person" in center("status", centre.path)
    centre.announced()
    other = Portal(portal.certificate, second.origin, seed=1)
    assert continuation(centre, other).status == 201
    assert other.digits() in centre.wait("CONTINUATION"), "another of that name is told of anew"


def test_an_empty_family_is_withdrawn_whole_with_what_was_noted(centre: Centre, portal: Portal) -> None:
    second = Portal(portal.certificate, f"{portal.origin}/2")
    assert continuation(centre, second).status == 201
    forger = Portal(portal.certificate, portal.origin, seed=7).write_many(1)
    assert centre.post(portal, forger.batch()).status == 422
    center("withdraw", centre.path, portal.origin, *WHO)
    assert not registered(centre.path)
    first, = json.loads(center("report", centre.path, "--json"))[0]["withdrawn"]
    assert {"REFUSED", "CONTINUATION"} == {event["kind"] for event in first["events"]}


KILLED = """
import os, signal, sys
from pathlib import Path
from edge_agent.center import store, withdrawal
left = int(sys.argv[2])
def statement(_):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
with store.opened(Path(sys.argv[1])) as db:
    db.set_trace_callback(statement)
    withdrawal.withdraw(db, sys.argv[3], "A. Person", "killed", 1)
"""


def test_kill_at_any_statement_leaves_the_enrolment_whole_or_withdrawn(tmp_path: Path) -> None:
    path = made(tmp_path)
    portal = enrolled(path, tmp_path)
    with store.opened(path) as db:
        before = list(map(tuple, db.execute("SELECT * FROM log, certificate")))
    for statements in range(100):
        killed = subprocess.run([sys.executable, "-c", KILLED, str(path), str(statements), portal.origin], env=ENV)
        with store.opened(path) as db:
            there, gone = list(map(tuple, db.execute("SELECT * FROM log, certificate"))), withdrawal.by_origin(db)
        assert (there, bool(gone)) in [(before, False), ([], True)]
        if gone:
            break
    assert statements > 5 and not registered(path), killed


def test_a_number_is_not_given_twice(tmp_path: Path) -> None:
    """A request that was admitted before the withdrawal may hold the number."""
    path = made(tmp_path)
    enrolled(path, tmp_path)
    center("withdraw", path, ORIGIN, *WHO)
    enrolled(path, tmp_path)
    with store.opened(path) as db:
        assert registry.find(db, ORIGIN).number == 2


def test_status_speaks_of_a_portal_without_a_certificate(tmp_path: Path) -> None:
    path = made(tmp_path)
    portal = enrolled(path, tmp_path)
    center("revoke", path, portal.origin, "--all")
    assert "shut out" in center("status", path)
    assert json.loads(center("status", path, "--json"))[0]["fingerprint"] is None
    center("withdraw", path, portal.origin, *WHO)
    assert "certificate was revoked" in center("report", path)


def test_a_withdrawn_portal_is_missed_by_nobody(tmp_path: Path) -> None:
    """A batch that the disk refused leaves its log in the watch, and nothing stored."""
    path, clock, watch = made(tmp_path), TestClock(), silence.Watch()
    enrolled(path, tmp_path)
    with store.opened(path) as db:
        watch.begin(registry.find(db, ORIGIN).number, clock.mono_ns())
        center("withdraw", path, ORIGIN, *WHO)
        clock.now_s += 1000
        assert Desk(db, directory.receipt_key(path), clock, watch, Bodies()).tick() == ()
