"""The commands as people type them, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.commands import main
from edge_agent.tools import notes
from edge_agent.words.errors import BusyError, EvidenceError, SettingsError

from .bench import Centre, until
from .portal import Certificate, Portal

ROOT = Path(__file__).parent.parent.parent
MAIN = [sys.executable, str(Path(__file__).with_name("local_main.py"))]
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}


def center(*words: object, code: int = 0) -> str:
    done = subprocess.run([*MAIN, "center", *map(str, words)], env=ENV, capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout + done.stderr


class Running(Centre):
    """A centre in a process; asked like the one in a thread."""

    def __init__(self, path: Path, process: subprocess.Popen[str]) -> None:
        super().__init__(path)
        self.process = process
        self.port = int(self.line("ready https://127.0.0.1:").rsplit(":", 1)[1])

    def line(self, start: str) -> str:
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            if line.startswith(start):
                return line.strip()
        raise AssertionError(f"no line {start}")


@contextmanager
def running(path: Path, *options: str) -> Iterator[Running]:
    words = [*MAIN, *options, "center", "run", str(path), "--listen", "127.0.0.1:0", "--verbose"]
    process = subprocess.Popen(words, env=ENV, stdout=subprocess.PIPE, text=True)
    try:
        yield Running(path, process)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def made(tmp_path: Path) -> Path:
    center("init", tmp_path / "c", "--name", "centre.test/rpm", "--host", "127.0.0.1,localhost,::1")
    return tmp_path / "c"


def enrolled(path: Path, tmp_path: Path) -> Portal:
    portal = Portal(Certificate(tmp_path))
    file = tmp_path / "portal.json"
    file.write_text(json.dumps(portal.enrolment()))
    assert "registered" in center("enrol", path, file, "--fingerprint", portal.digits())
    return portal


def test_a_day_at_the_centre(tmp_path: Path) -> None:
    path = made(tmp_path)
    portal = enrolled(path, tmp_path)
    assert "registered already" in center("enrol", path, tmp_path / "portal.json")
    portal.write("heartbeat", period_s=60)
    portal.alarm(lane="north 1")
    portal.write_many(2)
    with running(path) as centre:
        assert "another `center run`" in center("run", path, "--listen", "127.0.0.1:0", code=BusyError.exit_code)
        centre.receipt(portal, centre.post(portal, portal.batch()))
        assert 'lane="north 1"' in centre.line("ALARM")
        portal.alarm(lane="3")
        centre.express(portal, portal.express(4))
        assert "state=pending" in centre.line("ALARM lane=3")
        shown = json.loads(center("alarms", path, "--json"))
        assert [(one["lane"], one["state"]) for one in shown] == [("north 1", "chained"), ("3", "pending")]
        assert shown[1]["record"]["seq"] == 4
        newest = center("alarms", path, "--last", "1")
        assert "lane=3" in newest and "north" not in newest
        status, = json.loads(center("status", path, "--json"))
        assert (status["size"], status["receipt"]["size"], status["pending"], status["silent"]) == (4, 4, 1, False)
        assert status["clock_behind_ms"] is not None and not status["unconfirmed"]
        assert portal.origin in center("status", path)
        out, note = tmp_path / "log.ndjson", tmp_path / "note.txt"
        center("export", path, portal.origin, "--out", out, "--note", note)
        assert out.read_bytes().splitlines() == portal.lines[:4]
        assert notes.open_receipt(note.read_bytes(), portal.log_key, centre.key).checkpoint.size == 4
        assert "4 records, 1 receipts: good" in center("verify", path)
        centre.process.send_signal(signal.SIGTERM)
        assert centre.process.wait(20) == 0


def test_continuation_shown_and_confirmed(tmp_path: Path) -> None:
    path = made(tmp_path)
    portal = enrolled(path, tmp_path)
    second = Portal(portal.certificate, f"{portal.origin}/2")
    with running(path) as centre:
        body = {name: value for name, value in second.enrolment().items() if name != "tls_cert"}
        assert centre.ask(portal.certificate, "PUT", f"/v1/logs/{second.id}", json.dumps(body).encode()).status == 201
        digits = json.loads(center("status", path, "--json"))[1]["fingerprint"]
        assert digits in centre.line("CONTINUATION") and digits in center("status", path)
    assert "UNCONFIRMED" in center("status", path)
    assert digits in center("confirm", path, second.origin)
    assert "unconfirmed" not in center("status", path).lower()
    assert "confirmed by a person" in center("status", path)
    center("confirm", path, "rpm.example.gov/portal/none", code=SettingsError.exit_code)


def test_a_log_that_another_continues_is_closed_and_not_silent(tmp_path: Path) -> None:
    import sqlite3

    path = made(tmp_path)
    portal = enrolled(path, tmp_path).write_many(3)
    second = Portal(portal.certificate, f"{portal.origin}/2").write_many(2)
    with running(path) as centre:
        assert centre.post(portal, portal.batch()).status == 200
        body = {name: value for name, value in second.enrolment().items() if name != "tls_cert"}
        assert centre.ask(portal.certificate, "PUT", f"/v1/logs/{second.id}", json.dumps(body).encode()).status == 201
        assert centre.post(second, second.batch()).status == 200
    with sqlite3.connect(path / "center.db") as db:
        db.execute("UPDATE log SET silent = 1")
    first, goes_on = json.loads(center("status", path, "--json"))
    assert (first["silent"], first["closed"], first["goes_on_as"]) == (False, True, second.origin)
    assert (goes_on["silent"], goes_on["closed"]) == (True, False)
    assert f"{portal.origin}   CLOSED\n" in center("status", path)


def test_a_centre_is_no_witness(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = made(tmp_path)
    for words in (("status", path), ("run", path, "--listen", "127.0.0.1:0"), ("know", path, enrolled_file(path, tmp_path))):
        assert main(["witness", *map(str, words)]) == SettingsError.exit_code
        assert "holds no witness" in capsys.readouterr().err
    assert not (path / "witness.db").exists()


def enrolled_file(path: Path, tmp_path: Path) -> Path:
    enrolled(path, tmp_path)
    return tmp_path / "portal.json"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://w.example", "mqtts://w.example", "https://w.example\nx", "https://a@b"])
def test_the_card_of_a_witness_names_an_address_a_centre_can_ask(
    tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["witness", "init", str(tmp_path / "w"), "--name", "w.test/rpm", "--host", "127.0.0.1"]) == 0
    card = ["witness", "card", str(tmp_path / "w"), "--url", url, "--out", str(tmp_path / "card.json")]
    assert main(card) == SettingsError.exit_code
    assert "https://HOST:PORT" in capsys.readouterr().err
    assert not (tmp_path / "card.json").exists()


def test_kill_between_commit_and_answer_then_resend(tmp_path: Path) -> None:
    path = made(tmp_path)
    portal = enrolled(path, tmp_path).write_many(7)
    with running(path, "--die-after-commit") as centre:
        with pytest.raises(OSError):
            centre.post(portal, portal.batch())
        assert centre.process.wait(20) == -signal.SIGKILL
    assert centre.root(portal) == (7, portal.tree.root())
    assert not centre.kept("SELECT * FROM receipt")
    with running(path) as centre:
        portal.write_many(2)
        assert centre.post(portal, portal.batch(8, 9)).status == 409
        assert centre.receipt(portal, centre.post(portal, portal.batch(0, 5)), 5).checkpoint.size == 5
        assert centre.receipt(portal, centre.post(portal, portal.batch(0, 7)), 7).checkpoint.size == 7
        centre.receipt(portal, centre.post(portal, portal.batch(3, 9)))
    assert "9 records, 3 receipts: good" in center("verify", path)


def test_a_portal_enrolled_while_the_centre_runs_is_let_in(tmp_path: Path) -> None:
    path = made(tmp_path)
    with running(path) as centre:
        portal = enrolled(path, tmp_path).write_many(1)
        until(lambda: centre.post(portal, portal.batch()).status == 200)
        assert centre.line("RECEIPT").endswith("size=1 lines=1")


def test_the_card(tmp_path: Path) -> None:
    path = made(tmp_path)
    center("card", path, "--out", tmp_path / "card.json")
    card = json.loads((tmp_path / "card.json").read_text())
    assert (card["v"], card["url"]) == (1, "https://127.0.0.1:8443")
    assert notes.read_vkey(card["vkey"]).name == "centre.test/rpm"
    ssl.create_default_context(cadata=card["tls_cert"])
    center("card", path, "--url", "https://c.example:1", "--out", tmp_path / "card.json")
    assert json.loads((tmp_path / "card.json").read_text())["url"] == "https://c.example:1"


def test_secrets_are_for_the_owner_alone(tmp_path: Path) -> None:
    path = made(tmp_path)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {modes["receipt.key"], modes["tls.key"], modes["center.db"]} == {0o600}


@pytest.mark.parametrize(("words", "code"), [
    (("init", "{c}", "--name", "again", "--host", "x"), SettingsError),
    (("init", "{n}", "--name", "a b", "--host", "x"), SettingsError),
    (("init", "{n}", "--name", "a", "--host", "a/b"), SettingsError), (("status", "{n}"), SettingsError),
    (("run", "{c}", "--listen", "nowhere"), SettingsError), (("run", "{n}", "--listen", "127.0.0.1:0"), SettingsError),
    (("run", "{c}", "--listen", "192.0.2.1:0"), BusyError), (("enrol", "{c}", "{c}/none"), SettingsError),
    (("enrol", "{c}", "{c}/receipt.vkey"), SettingsError), (("enrol", "{c}", "/dev/zero"), SettingsError),
    (("witness", "{c}", "{c}/receipt.vkey"), SettingsError),
    (("compare", "{c}", "{c}", "--log-key", "{c}/tls.crt"), SettingsError),
    (("card", "{c}", "--url", "ftp://c.example", "--out", "{n}"), SettingsError),
    (("card", "{c}", "--url", "https://", "--out", "{n}"), SettingsError),
])
def test_what_is_said_no_to(tmp_path: Path, words: tuple[str, ...], code: type[SettingsError]) -> None:
    made(tmp_path)
    said = center(*(word.format(c=tmp_path / "c", n=tmp_path / "n") for word in words), code=code.exit_code)
    assert "Traceback" not in said and said.strip()
    if words[0] in ("enrol", "witness", "compare"):
        assert words[-1].format(c=tmp_path / "c") in said, "the file is named"
    assert "\n  " in said.strip() or code is not SettingsError or words[0] not in ("enrol", "card"), "a next step"


def test_verify_finds_what_was_changed(tmp_path: Path) -> None:
    import sqlite3

    path = made(tmp_path)
    portal = enrolled(path, tmp_path).write_many(5)
    with running(path) as centre:
        centre.post(portal, portal.batch())
    with sqlite3.connect(path / "center.db") as db:
        db.execute("UPDATE line SET line = ? WHERE seq = 2", (portal.lines[1],))
    assert "NOT GOOD" in center("verify", path, code=EvidenceError.exit_code)
    with sqlite3.connect(path / "center.db") as db:
        db.execute("DELETE FROM line WHERE seq = 4")
    assert "NOT GOOD" in center("verify", path, code=EvidenceError.exit_code)


def test_a_bundle_without_the_centres_packages_says_which_has_them(
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.setattr("edge_agent.center", sys.modules["edge_agent.center"])      # for the tests after this one
    for name in [name for name in sys.modules if name.startswith(("aiohttp.", "edge_agent.center", "edge_agent.doors.http"))]:
        monkeypatch.delitem(sys.modules, name)
    main(["center", "init", str(tmp_path / "c"), "--name", "centre.example.gov/rpm", "--host", "127.0.0.1"])
    assert main(["center", "run", str(tmp_path / "c"), "--listen", "127.0.0.1:0"]) == 1
    assert "EXTRAS=mqtt,center" in capsys.readouterr().err
