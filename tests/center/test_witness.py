"""A second agency cosigns without seeing a record; two histories shown to two centres are found, and both sides kept."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.center import comparing, directory, report, store, submitting, witness
from edge_agent.center.values import Answer
from edge_agent.center.witness import Witness
from edge_agent.commands import main
from edge_agent.tools import ed25519, merkle, notes
from edge_agent.words.errors import SettingsError
from edge_agent.words.record import Checkpoint

from .bench import Centre, TestClock
from .portal import Certificate, Portal


class Agency:
    """A witness in this process, over its real database."""

    def __init__(self, path: Path, name: str = "agency.test/witness") -> None:
        self.path = path
        self.key = directory.create(path, name, ["127.0.0.1"], witness.make_store, witness.NAME)
        self.db = witness.open_store(path)
        self.desk = Witness(self.db, directory.receipt_key(path), TestClock())

    def know(self, portal: Portal) -> None:
        with store.writing(self.db):
            witness.add_log(self.db, portal.log_key.text())

    def add(self, portal: Portal, old: int, size: int, note: bytes | None = None, proof: list[bytes] | None = None) -> Answer:
        found = merkle.consistency(old, size, portal.tree.node) if proof is None else proof
        return self.desk.add_checkpoint(witness.body(old, found, note or portal.checkpoint(size)))


@pytest.fixture
def portal(tmp_path: Path) -> Portal:
    return Portal(Certificate(tmp_path)).write_many(20)


@pytest.fixture
def agency(tmp_path: Path, portal: Portal) -> Agency:
    made = Agency(tmp_path / "witness")
    made.know(portal)
    return made


def test_a_first_checkpoint_and_one_that_continues_it_are_cosigned(agency: Agency, portal: Portal) -> None:
    for old, size in ((0, 7), (7, 7), (7, 12), (12, 20)):
        got = agency.add(portal, old, size)
        assert got.status == 200
        assert notes.open_receipt(portal.checkpoint(size) + got.body, portal.log_key, agency.key).checkpoint.size == size
        assert agency.desk.checkpoint(portal.id).body == portal.checkpoint(size) + got.body


@pytest.mark.parametrize(("old", "size", "status", "body"), [
    (0, 12, 409, b"7\n"), (5, 12, 409, b"7\n"), (8, 12, 409, b"7\n"), (7, 5, 400, b""), (5, 5, 409, b"7\n"),
])
def test_another_old_size_is_told_the_size_that_is_known(
    agency: Agency, portal: Portal, old: int, size: int, status: int, body: bytes
) -> None:
    agency.add(portal, 0, 7)
    got = agency.add(portal, old, size, proof=[])
    assert (got.status, got.body if body else b"") == (status, body)
    assert got.type == (witness.SIZE_TYPE if status == 409 else "text/plain")


def test_a_tree_that_does_not_begin_with_the_cosigned_one_is_not_cosigned(agency: Agency, portal: Portal) -> None:
    agency.add(portal, 0, 7)
    other = portal.branch(5).write_many(0)
    for _ in range(15):
        other.write("fault", other=True)
    for proof in (None, [], [bytes(32)] * 4, [bytes(32)] * 63):
        assert agency.add(other, 7, 12, proof=proof).status == 422
    assert agency.desk.checkpoint(portal.id).body.startswith(portal.checkpoint(7))


def test_two_trees_of_one_size_are_a_proof_and_both_are_kept(agency: Agency, portal: Portal) -> None:
    agency.add(portal, 0, 7)
    other = portal.checkpoint(7, root=bytes(32))
    for _ in range(3):
        assert agency.add(portal, 7, 7, note=other, proof=[]).status == 409
    rows = agency.db.execute("SELECT size, ours, theirs FROM fork").fetchall()
    assert [(row["size"], bytes(row["theirs"])) for row in rows] == [(7, other)]
    assert bytes(rows[0]["ours"]).startswith(portal.checkpoint(7))
    assert [text.split()[0] for text in agency.desk.forked] == ["FORK"]
    agency.db.close()
    assert main(["witness", "status", str(agency.path)]) == 6


def test_unknown_logs_and_other_signatures_get_nothing(agency: Agency, portal: Portal, tmp_path: Path) -> None:
    stranger = Portal(portal.certificate, "rpm.example.gov/portal/other").write_many(3)
    assert agency.add(stranger, 0, 3).status == 404
    point = Checkpoint(portal.origin, 5, portal.tree.root(5))
    forged = notes.sign_checkpoint(point, ed25519.SoftKey(bytes(32)))
    assert agency.add(portal, 0, 5, note=forged).status == 403
    assert agency.desk.checkpoint(portal.id).status == 404


@pytest.mark.parametrize("data", [
    b"", b"old 0\n", b"old 01\n\nx\n", b"old -1\n\nx\n", b"old 0\nnot base64\n\nx\n", b"old 99999999999999999999\n\nx\n",
    b"\xff\xfe\n\n\n",
    b"old 0\n" + b"AAAA\n" * 3 + b"\nx\n", b"old 0\n" + b"A" * 43 + b"=\n", b"new 0\n\nx\n", b"old 0\n\n\xff\n",
])
def test_what_is_no_submission_is_answered_in_words(agency: Agency, data: bytes) -> None:
    assert agency.desk.add_checkpoint(data).status == 400


def test_a_key_of_a_log_never_changes(agency: Agency, portal: Portal) -> None:
    from edge_agent.words.errors import SettingsError

    other = notes.VerifierKey(portal.origin, notes.LOG_KEY, ed25519.public(bytes(32)))
    with pytest.raises(SettingsError, match="never changes"):
        witness.add_log(agency.db, other.text())
    with pytest.raises(SettingsError, match="cosigns"):
        witness.add_log(agency.db, agency.key.text())


# --- the centre asks a witness over the network

@pytest.fixture
def running(agency: Agency, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Path]:
    """The witness served over TLS; the path of its card."""
    from edge_agent.center import card, witness_server

    agency.db.close()
    loop, stop, port = asyncio.new_event_loop(), asyncio.Event(), free_port()
    work = witness_server.serve(agency.path, "127.0.0.1", port, TestClock(), stop)
    thread = threading.Thread(target=loop.run_until_complete, args=(work,))
    thread.start()
    path = tmp_path / "agency.card.json"
    path.write_bytes(card.make(agency.path, f"https://127.0.0.1:{port}", 0))
    yield path
    loop.call_soon_threadsafe(stop.set)
    thread.join(20)
    loop.close()


def free_port() -> int:
    import socket

    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def rounds(centre: Centre) -> int:
    from tests.center.bench import until

    found = [0]

    def once() -> bool:
        found[0] = submitting.one_round(centre.path)
        return found[0] > 0

    until(once)
    return found[0]


def test_the_witness_s_line_joins_the_receipt(centre: Centre, portal: Portal, running: Path, agency: Agency) -> None:
    centre.enrolled(portal)
    assert main(["center", "witness", str(centre.path), str(running)]) == 0
    for end in (3, 11, 20):
        assert centre.post(portal, portal.batch(0, end)).status == 200
        rounds(centre)
        note = centre.ask(portal.certificate, "GET", f"/v1/logs/{portal.id}/checkpoint").body
        assert notes.open_receipt(note, portal.log_key, centre.key).checkpoint.size == end
        assert notes.open_receipt(note, portal.log_key, agency.key).checkpoint.size == end
    assert submitting.one_round(centre.path) == 0
    with store.opened(centre.path) as db:
        assert report.log_list(db, 0)[0]["witnessed"][0]["size"] == 20
    again = centre.post(portal, portal.batch(11, 20))         # sent again: the answer now holds both lines
    assert len(again.body.splitlines()) == 2
    assert main(["center", "verify", str(centre.path)]) == 0


def test_a_witness_that_was_shown_another_history_cosigns_nothing(
    centre: Centre, portal: Portal, running: Path, agency: Agency
) -> None:
    centre.enrolled(portal)
    main(["center", "witness", str(centre.path), str(running)])
    other = portal.branch(4)
    for _ in range(5):
        other.write("fault", other=True)
    with witness_of(agency) as desk:
        desk.add_checkpoint(witness.body(0, [], other.checkpoint(9)))
    centre.post(portal, portal.batch())
    assert submitting.one_round(centre.path) == 0
    note = centre.ask(portal.certificate, "GET", f"/v1/logs/{portal.id}/checkpoint").body
    assert agency.key.name.encode() not in note


class witness_of:
    def __init__(self, agency: Agency) -> None:
        self._agency = agency

    def __enter__(self) -> Witness:
        self._db = witness.open_store(self._agency.path)
        return Witness(self._db, directory.receipt_key(self._agency.path), TestClock())

    def __exit__(self, *_: object) -> None:
        self._db.close()


def test_a_witness_that_is_away_costs_no_receipt(centre: Centre, portal: Portal, agency: Agency, tmp_path: Path) -> None:
    from edge_agent.center import card

    centre.enrolled(portal)
    away = tmp_path / "away.json"
    away.write_bytes(card.make(agency.path, f"https://127.0.0.1:{free_port()}", 0))
    main(["center", "witness", str(centre.path), str(away)])
    assert centre.post(portal, portal.batch()).status == 200
    assert submitting.one_round(centre.path) == 0


# --- comparing

def second_centre(tmp_path: Path, portal: Portal, end: int) -> Path:
    """Another centre's directory that was shown these lines."""
    other = Centre(tmp_path / "second")
    with other:
        other.enrolled(portal)
        assert other.post(portal, portal.batch(0, end)).status == 200
    return other.path


@pytest.mark.parametrize(("first", "second"), [(20, 20), (20, 13), (8, 20)])
def test_centres_that_were_shown_one_history_agree(
    centre: Centre, portal: Portal, tmp_path: Path, first: int, second: int, capsys: pytest.CaptureFixture[str]
) -> None:
    centre.enrolled(portal)
    centre.post(portal, portal.batch(0, first))
    other = second_centre(tmp_path, portal, second)
    assert main(["center", "compare", str(centre.path), str(other)]) == 0
    assert comparing.AGREE in capsys.readouterr().out


@pytest.mark.parametrize(("first", "second"), [(20, 20), (20, 13), (8, 20)])
def test_two_histories_are_found_and_both_sides_kept(
    centre: Centre, portal: Portal, tmp_path: Path, first: int, second: int, capsys: pytest.CaptureFixture[str]
) -> None:
    centre.enrolled(portal)
    centre.post(portal, portal.batch(0, first))
    forked = portal.branch(6)
    for _ in range(14):
        forked.write("fault", other=True)
    other = second_centre(tmp_path, forked, second)
    out = tmp_path / "proofs"
    assert main(["center", "compare", str(centre.path), str(other), "--out", str(out)]) == 6
    assert comparing.FORK in capsys.readouterr().out
    kept = json.loads(next(out.iterdir()).read_text())
    sizes = [notes.open_checkpoint(side["note"].encode(), portal.log_key).size for side in kept["sides"]]
    assert sorted(sizes) == sorted([first, second])


def test_a_centre_far_away_is_compared_by_its_proof(
    centre: Centre, portal: Portal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from edge_agent.center import card

    centre.enrolled(portal)
    centre.post(portal, portal.batch())
    far = tmp_path / "far.card.json"
    far.write_bytes(card.make(centre.path, f"https://127.0.0.1:{centre.port}", 0))
    client = ["--cert", str(portal.certificate.file), "--cert-key", str(portal.certificate.file)]
    agency = Agency(tmp_path / "second-agency")
    agency.know(portal)
    assert agency.add(portal, 0, 9).status == 200
    agency.db.close()
    assert main(["center", "compare", str(agency.path), str(far), *client]) == 0
    assert comparing.AGREE in capsys.readouterr().out
    with sqlite3.connect(agency.path / witness.NAME) as db:
        db.execute("UPDATE log SET size = 0, root = NULL, note = NULL")
    with witness_of(agency) as desk:
        forked = portal.branch(4)
        for _ in range(5):
            forked.write("fault", other=True)
        assert desk.add_checkpoint(witness.body(0, [], forked.checkpoint(9))).status == 200
    assert main(["center", "compare", str(agency.path), str(far), *client]) == 6
    assert comparing.FORK in capsys.readouterr().out


def test_two_witnesses_of_different_sizes_cannot_be_compared_alone(agency: Agency, portal: Portal, tmp_path: Path) -> None:
    other = Agency(tmp_path / "other", "other.test/witness")
    other.know(portal)
    agency.add(portal, 0, 5)
    other.add(portal, 0, 9)
    views = [view for each in (agency, other) for view in comparing.views_of(each.path, {}, None)]
    assert [one.verdict for one in comparing.compare(views)] == [comparing.UNKNOWN]


def test_consistency_is_for_registered_certificates_and_sizes_that_are_held(
    centre: Centre, portal: Portal, tmp_path: Path
) -> None:
    centre.enrolled(portal)
    centre.post(portal, portal.batch())
    answers: list[Any] = [
        centre.ask(portal.certificate, "GET", f"/v1/logs/{portal.id}/consistency/{old}/{size}").status
        for old, size in ((3, 20), (3, 21), (9, 3), (0, 20), (20, 20))
    ]
    assert answers == [200, 404, 404, 200, 200]
    with pytest.raises((ssl.SSLError, OSError)):
        centre.ask(Certificate(tmp_path, "stranger"), "GET", f"/v1/logs/{portal.id}/consistency/3/20")


@pytest.mark.parametrize("body", [{"url": 7}, {"tls_cert": ""}, {"tls_cert": 7}, {"vkey": None}, {"url": "http://agency.test"}])
def test_a_card_of_the_wrong_form_is_refused_in_words(body: dict[str, Any], tmp_path: Path) -> None:
    """Found by attack: a number for an address was a traceback, no certificate was taken."""
    agency = Agency(tmp_path / "agency")
    pem = (agency.path / "tls.crt").read_text()
    good = {"v": 1, "url": "https://agency.test:8444", "vkey": agency.key.text(), "tls_cert": pem}
    with pytest.raises(SettingsError, match="not the card"):
        submitting.Card.read(json.dumps(good | body).encode())
