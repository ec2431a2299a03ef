"""The wire page over MQTT 5: the same questions, the same answers, through a real broker with access lists."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from edge_agent.doors import own_certificates
from edge_agent.doors.mqtt import Session
from edge_agent.tools import ed25519, notes
from edge_agent.tools.piece import Piece
from edge_agent.words.blob import confirmation_text
from edge_agent.words.errors import PeerError
from tests.center.bench import Centre
from tests.center.portal import Certificate, Portal

from .conftest import Hand
from .mosquitto import HOSTILE, Mosquitto

Make = Callable[..., Hand]


def test_a_batch_is_receipted_and_sent_again_is_receipted_again(centre: Centre, portal: Portal, hand: Make) -> None:
    centre.enrol(portal.enrolment())
    portal.write_many(40)
    up = hand()
    first = up.send(portal, 0, 20)
    assert first.status == 200
    receipt = notes.open_receipt(portal.checkpoint(20) + first.body, portal.log_key, centre.key)
    assert receipt.checkpoint.size == 20
    assert up.send(portal, 0, 20).body == first.body
    assert up.send(portal, 10, 40).status == 200
    assert centre.root(portal) == (40, portal.tree.root(40))
    again = up.send(portal, 0, 20)
    assert notes.open_receipt(again.body, portal.log_key, centre.key).checkpoint.size == 40, "the newest receipt"


def test_every_answer_of_the_wire_page_comes_through(centre: Centre, portal: Portal, hand: Make) -> None:
    up = hand()
    portal.write_many(3)
    assert up.send(portal).status == 403, "nobody this centre knows signed it"
    centre.enrol(portal.enrolment())
    moved = up.send(portal, 2)
    assert (moved.status, moved.body) == (409, b"")
    portal.alarm()
    assert up.express(portal.origin, json.loads(portal.express(3))).status == 202
    assert "ALARM" in centre.wait("ALARM")
    assert up.checkpoint(portal.origin).status == 404
    newest = up.send(portal)
    assert newest.status == 200
    assert up.checkpoint(portal.origin).body == portal.checkpoint() + newest.body
    assert up.entries("rpm.example.gov/portal/NO", [], "").status == 404
    assert up.entries(portal.origin, ["no line"], portal.checkpoint().decode()).status == 422
    assert up.entries(portal.origin, ["x" * 70_000], "").status == 400
    assert up.rejoin(portal.origin, {"v": 1}).status == 400


def test_a_document_comes_through_in_pieces(centre: Centre, portal: Portal, hand: Make) -> None:
    data = os.urandom(50_000)
    name = hashlib.sha256(data).hexdigest()
    centre.enrol(portal.enrolment())
    portal.write("instrument", blob={"sha256": name, "len": len(data), "type": "text/xml"})
    up = hand()
    assert up.blob(Piece(name, 0, len(data), data[:30_000])).status == 404, "its record is not there"
    assert up.send(portal).status == 200
    assert up.blob(Piece(name, 0, len(data), data[:30_000])).body == b'{"held":30000}\n'
    assert up.blob(Piece(name, 0, len(data), b"")).status == 409
    done = up.blob(Piece(name, 30_000, len(data), data[30_000:]))
    text = confirmation_text(name, len(data))
    assert done.status == 200 and ed25519.verifies(centre.key.key, text, base64.b64decode(done.body))
    assert (centre.path / "blobs" / name).read_bytes() == data
    assert up._ask("blob", "", b"no piece\n").status == 400


def test_a_continuation_is_registered_by_the_key_of_the_enrolled_certificate(
    centre: Centre, portal: Portal, hand: Make, tmp_path: Path, broker: Mosquitto,
) -> None:
    centre.enrol(portal.enrolment())
    second = Portal(portal.certificate, f"{portal.origin}/2")
    public = {name: value for name, value in second.enrolment().items() if name != "tls_cert"}
    assert hand().register(second.origin, public).status == 201
    assert "unconfirmed" in centre.wait("CONTINUATION")
    assert hand().send(second.write_many(2)).status == 200, "on the topics of the enrolled log: no new rights are needed"
    other = Certificate(tmp_path)                   # the broker lets it write in our name; the centre does not
    third = Portal(other, f"{portal.origin}/3")
    public = {name: value for name, value in third.enrolment().items() if name != "tls_cert"}
    thief = hand(other, url=broker.password_url, login=HOSTILE)
    assert thief.register(third.origin, public).status == 403


def test_a_user_and_password_do_as_well(centre: Centre, portal: Portal, hand: Make, broker: Mosquitto) -> None:
    centre.enrol(portal.enrolment())
    broker.users[(portal.id, "p-secret")] = []
    broker.stop()
    broker.start()
    centre.wait("ready mqtts")
    up = hand(url=broker.password_url, login=(portal.id, "p-secret"))
    assert up.send(portal.write_many(3)).status == 200
    with pytest.raises(PeerError, match=r"does not let this portal in: .*credentials"):
        hand(url=broker.password_url, login=(portal.id, "wrong")).send(portal)


def test_a_portal_writes_and_reads_on_its_own_topics_alone(
    centre: Centre, portal: Portal, hand: Make, tmp_path: Path, broker: Mosquitto,
) -> None:
    centre.enrol(portal.enrolment())
    portal.write_many(2)
    neighbour = hand(origin="rpm.example.gov/portal/T-9")      # our certificate, another's topics
    with pytest.raises(PeerError, match=r"does not let this portal write to rpm/[0-9a-f]{64}/entries; its access list"):
        neighbour.send(portal)
    stranger = Certificate(tmp_path, "0" * 64)
    broker.admit(stranger.pem)
    broker.stop()
    broker.start()
    centre.wait("ready mqtts")
    spy = hand(stranger)
    listening = Session(partial(spy._dial, spy._own.context()), "spy", None, f"rpm/{portal.id}/receipt", 70_000)
    listening.open(5)                   # mosquitto grants every subscription and holds back what it may not read
    mine = hand()
    assert mine.send(portal).status == 200
    with pytest.raises(TimeoutError):
        listening.receive(0.5)
    listening.close()


def test_whoever_is_not_known_is_told_what_to_do(portal: Portal, hand: Make, tmp_path: Path, broker: Mosquitto) -> None:
    portal.write_many(1)
    stranger = Certificate(tmp_path, portal.id)
    with pytest.raises(PeerError, match="know this portal's certificate"):
        hand(stranger).send(portal)
    with pytest.raises(PeerError, match="its certificate is not the one we trust"):
        hand(ca=stranger.file).send(portal)


@pytest.mark.parametrize("option", ["max_packet_size 20000", "message_size_limit 20000"])
def test_a_broker_that_takes_less_halves_the_batch(
    centre: Centre, portal: Portal, hand: Make, broker: Mosquitto, option: str,
) -> None:
    centre.enrol(portal.enrolment())
    broker.stop()
    broker.options = [option]
    broker.start()
    centre.wait("ready mqtts")
    for _ in range(60):
        portal.write(noise=os.urandom(300).hex())
    up = hand()
    assert (up.send(portal, 0, 60).status, up.send(portal, 0, 15).status) == (413, 200)


def test_a_renewed_certificate_leaves_no_gap(
    centre: Centre, portal: Portal, hand: Make, broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unknown to the broker first, then to the centre: the one before serves until both know the new one."""
    centre.enrol(portal.enrolment())
    portal.write_many(6)
    old, new = portal.certificate, Certificate(tmp_path, f"{portal.id[:60]}-new")   # another subject: one store holds both
    crt, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    for path in (crt, key):
        shutil.copy(old.file, path)
    up = hand(files=(crt, key))
    assert up.send(portal, 0, 2).status == 200
    for path in (crt, key):
        shutil.copy(path, path.with_stem("tls-1"))
        shutil.copy(new.file, path)
    up.close()
    with pytest.raises(PeerError, match="does not know this portal's certificate"):
        up.send(portal, 2, 3)
    assert up.send(portal, 2, 3).status == 200, "with the one before"
    broker.admit(new.pem)
    broker.users[(portal.id, "p-secret")] = []
    broker.stop()
    broker.start()
    centre.wait("ready mqtts")
    monkeypatch.setattr(own_certificates, "NEWEST_AGAIN_S", 0.0)
    login = hand(files=(crt, key), url=broker.password_url, login=(portal.id, "p-secret"))
    assert login.send(portal, 3, 4).status == 403, "the centre does not know the new one yet"
    monkeypatch.setattr(own_certificates, "NEWEST_AGAIN_S", 600.0)
    assert login.send(portal, 3, 4).status == 200
    portal.certificate = new
    centre.enrol(portal.enrolment())
    monkeypatch.setattr(own_certificates, "NEWEST_AGAIN_S", 0.0)
    assert login.send(portal, 4, 6).status == 200
    assert login._key.certificate == hashlib.sha256(new.der).hexdigest()
