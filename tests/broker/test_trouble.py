"""The way through a broker breaks in every place: one clear message, and the next exchange works."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.center import tls
from edge_agent.hands import broker as hand_module
from edge_agent.words.errors import PeerError
from tests.center.bench import Centre
from tests.center.portal import Portal

from .conftest import Hand
from .mosquitto import HOSTILE, Mosquitto

Make = Callable[..., Hand]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand_module, "ANSWER_S", 1.0)
    monkeypatch.setattr(hand_module, "TAKEN_S", 1.0)
    monkeypatch.setattr(hand_module, "CONNECT_S", 1.0)


def test_a_centre_that_is_away_is_said_at_once_and_nothing_is_left_at_the_broker(
    centre: Centre, portal: Portal, hand: Make,
) -> None:
    centre.enrol(portal.enrolment())
    portal.write_many(4)
    up = hand()
    assert up.send(portal, 0, 2).status == 200
    centre.__exit__()
    with pytest.raises(PeerError, match="the broker takes our messages, the centre does not answer: none listens there"):
        up.send(portal)
    centre.__enter__()
    centre.wait("ready mqtts")
    assert centre.root(portal)[0] == 2, "the broker kept nothing that would arrive by itself"
    assert up.send(portal, 2).status == 200


def test_a_puback_is_no_receipt(portal: Portal, hand: Make, broker: Mosquitto, soon: None) -> None:
    """Someone listens on our topic and says nothing: the broker acknowledges, the centre has not spoken."""
    dumb = hand(url=broker.password_url, login=HOSTILE)
    dumb._portal = "0" * 64
    session = dumb._opened()
    session._client.subscribe("rpm/+/entries", 1)
    session._turn(0.2)
    with pytest.raises(PeerError, match=r"the broker takes our messages, the centre does not answer$"):
        hand().send(portal.write_many(1))


def test_two_clients_with_one_identity_do_not_take_each_others_answers(centre: Centre, portal: Portal, hand: Make) -> None:
    """A new uplink beside one that has not ended yet; a cloned controller is found by its forked log, at the centre."""
    centre.enrol(portal.enrolment())
    portal.write_many(6)
    first, second = hand(), hand()
    statuses = [up.send(portal, at, at + 1).status for at, up in enumerate([first, second] * 3)]
    assert statuses == [200] * 6


def test_an_answer_given_while_the_link_was_down_is_not_lost(
    centre: Centre, portal: Portal, hand: Make, monkeypatch: pytest.MonkeyPatch,
) -> None:
    from edge_agent.center.desk import Desk

    centre.enrol(portal.enrolment())
    portal.write_many(2)
    up, asked, entries = hand(), threading.Event(), Desk.entries

    def slow(*args: object) -> object:
        asked.set()
        time.sleep(0.5)
        return entries(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(Desk, "entries", slow)

    def cut() -> None:
        assert asked.wait(10) and up._session is not None
        wire = up._session._client.socket()
        assert wire is not None
        wire.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]

    threading.Thread(target=cut, daemon=True).start()
    assert up.send(portal).status == 200


def test_a_broker_that_hangs_costs_one_exchange(
    centre: Centre, portal: Portal, hand: Make, broker: Mosquitto, soon: None,
) -> None:
    centre.enrol(portal.enrolment())
    portal.write_many(4)
    up = hand()
    assert up.send(portal, 0, 2).status == 200
    broker.freeze()
    with pytest.raises(PeerError, match="no answer in time"):
        up.send(portal, 2)
    broker.stop(9)
    with pytest.raises(PeerError, match="the broker is not running there"):
        up.send(portal, 2)
    broker.start()
    centre.wait("ready mqtts")
    assert up.send(portal, 2).status == 200


def test_a_connection_that_died_unseen_costs_no_exchange(
    centre: Centre, portal: Portal, hand: Make, monkeypatch: pytest.MonkeyPatch,
) -> None:
    from edge_agent.doors.mqtt import Session

    centre.enrol(portal.enrolment())
    portal.write_many(4)
    up = hand()
    assert up.send(portal, 0, 2).status == 200
    monkeypatch.setattr(Session, "check", lambda self: None)        # nothing has told us yet
    wire = up._session._client.socket()  # type: ignore[union-attr]
    wire.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
    assert up.send(portal, 2).status == 200


def test_a_restarted_broker_is_met_again_without_an_error(centre: Centre, portal: Portal, hand: Make, broker: Mosquitto) -> None:
    centre.enrol(portal.enrolment())
    portal.write_many(4)
    up = hand()
    assert up.send(portal, 0, 2).status == 200
    broker.stop()
    broker.start()
    centre.wait("ready mqtts")
    assert up.send(portal, 2).status == 200


def test_an_alarm_does_not_wait_behind_batches_at_the_broker(
    centre: Centre, portal: Portal, hand: Make, monkeypatch: pytest.MonkeyPatch, broker: Mosquitto,
) -> None:
    """More batches of others than the centre works on at once: the express connection is another one."""
    from edge_agent.center.mailroom import Mailroom

    centre.enrol(portal.enrolment())
    portal.write_many(2)
    portal.alarm()
    gate, ask = threading.Event(), Mailroom._ask

    async def held(self: Mailroom, request: object, who: bytes) -> object:
        import asyncio

        while request.kind == "entries" and not gate.is_set():  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)
        return await ask(self, request, who)  # type: ignore[arg-type]

    monkeypatch.setattr(Mailroom, "_ask", held)
    monkeypatch.setattr(hand_module, "ANSWER_S", 0.01)
    others = hand(url=broker.password_url, login=HOSTILE)
    for _ in range(40):
        with pytest.raises(PeerError):
            others.send(portal, 0, 2)
    others.close()
    monkeypatch.setattr(hand_module, "ANSWER_S", 20.0)
    assert hand().express(portal.origin, json.loads(portal.express(2))).status == 202
    gate.set()


@pytest.fixture
def odd_server(tmp_path: Path) -> Iterator[Callable[[bytes], tuple[str, Path]]]:
    """A TLS server that says what it is told to, to everyone."""
    key, certificate = tls.make_certificate(["127.0.0.1"])
    (tmp_path / "odd.key").write_bytes(key)
    (tmp_path / "odd.crt").write_bytes(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "odd.crt", tmp_path / "odd.key")
    doors: list[socket.socket] = []

    def serve(said: bytes) -> tuple[str, Path]:
        door = socket.create_server(("127.0.0.1", 0))
        doors.append(door)

        def talk() -> None:
            try:
                plain, _ = door.accept()
                with context.wrap_socket(plain, server_side=True) as peer:
                    peer.recv(1000)
                    for at in range(0, len(said), 16384):
                        peer.sendall(said[at:at + 16384])
                    peer.recv(1000)
            except OSError:
                return

        threading.Thread(target=talk, daemon=True).start()
        return f"mqtts://127.0.0.1:{door.getsockname()[1]}", tmp_path / "odd.crt"

    yield serve
    for door in doors:
        door.close()


@pytest.mark.parametrize(("said", "told"), [
    (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\n" + b" " * 100, "does not speak MQTT 5"),
    (b"\x20\x05\x00\x00\x03\x27\x00", "does not speak MQTT 5"),             # CONNACK, properties cut short
    (b"\x20\x02\x00\x01", "must"),                                          # CONNACK of an MQTT 3 broker
    (b"\x20\x03\x00\x8a\x00", "has banned this portal"),
    (b"\x30\xff\xff\xff\x7f" + b"x" * 6_000_000, "connection was cut"),     # PUBLISH of 256 MB
    (b"\x20\x03\x00\x00\x00\x90\x04\x00\x01\x00\x01\xe0\x01\x8e", "another client came with this portal's identity"),
    (b"\x20\x03\x00\x00\x00\x90\x04\x00\x01\x00\x87", "does not let this portal read rpm/"),
    (b"", "no answer in time|connection was cut"),
])
def test_what_is_no_broker_is_told_and_takes_no_memory(
    portal: Portal, hand: Make, odd_server: Callable[[bytes], tuple[str, Path]], said: bytes, told: str, soon: None,
) -> None:
    url, ca = odd_server(said)
    up = hand(url=url, ca=ca)
    with pytest.raises(PeerError, match=told) as caught:
        up.send(portal.write_many(1))
    assert "Traceback" not in str(caught.value)
