"""A broker that replays, drops, forges, changes and reorders: it can hold messages back, and moves nothing."""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.center.tls import signed
from edge_agent.doors.tls import client_context
from edge_agent.doors.tls_key import TlsKey
from edge_agent.hands import broker as hand_module
from edge_agent.tools import ed25519, envelope, notes
from edge_agent.words.errors import EvidenceError, PeerError
from edge_agent.words.record import Checkpoint
from tests.center.bench import Centre
from tests.center.portal import Certificate, Portal

from .conftest import Hand
from .mosquitto import HOSTILE, Mosquitto

Make = Callable[..., Hand]


class Villain:
    """Reads everything, writes anything: as whoever runs the broker could."""

    def __init__(self, broker: Mosquitto, identity: Certificate) -> None:
        self.requests: list[MQTTMessage] = []
        self.answers: list[MQTTMessage] = []
        self.on_request: Callable[[MQTTMessage], None] = lambda message: None
        self._ready = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2, "villain", protocol=MQTTv5)
        self.client.username_pw_set(*HOSTILE)
        self.client.tls_set_context(client_context(broker.ca, identity.file, identity.file))
        self.client.on_message = self._heard
        self.client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self.client.on_subscribe = lambda *_: self._ready.set()
        self.client.connect("127.0.0.1", broker.password_port)
        self.client.loop_start()
        assert self._ready.wait(10)

    def _heard(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if message.topic.endswith("receipt"):
            self.answers.append(message)
        elif ("by", "villain") not in getattr(message.properties, "UserProperty", []):
            self.requests.append(message)
            self.on_request(message)

    def say(
        self, topic: str, correlation: bytes, user: list[tuple[str, str]], body: bytes, retain: bool = False,
    ) -> None:
        properties: Any = Properties(PacketTypes.PUBLISH)
        properties.CorrelationData = correlation
        properties.UserProperty = user
        self.client.publish(topic, body, qos=1, retain=retain, properties=properties)

    def repeat(self, message: MQTTMessage, correlation: bytes | None = None) -> None:
        properties: Any = message.properties
        user = [*properties.UserProperty, *([("by", "villain")] if not message.topic.endswith("receipt") else [])]
        self.say(message.topic, correlation or properties.CorrelationData, user, message.payload)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def villain(broker: Mosquitto, identity: Certificate) -> Iterator[Villain]:
    made = Villain(broker, identity)
    yield made
    made.close()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand_module, "ANSWER_S", 1.0)


@pytest.fixture
def away(centre: Centre, portal: Portal, hand: Make, villain: Villain) -> Iterator[Centre]:
    """A centre that gave two receipts and then left; the villain holds every message of that."""
    centre.enrol(portal.enrolment())
    portal.write_many(10)
    up = hand()
    assert up.send(portal, 0, 5).status == up.send(portal, 0, 10).status == 200
    up.send(portal, 10)
    centre.__exit__()
    yield centre
    centre.__enter__()


def test_no_answer_but_the_centres_own_to_this_request_counts(
    away: Centre, portal: Portal, hand: Make, villain: Villain, soon: None,
) -> None:
    """Old answers with the new correlation, other statuses, another key, receipts that are genuine: none is an answer."""
    genuine, forger = list(villain.answers), ed25519.SoftKey(bytes(range(32)))
    tried: list[str] = []

    def attack(request: MQTTMessage) -> None:
        properties: Any = request.properties
        topic, correlation = properties.ResponseTopic, properties.CorrelationData
        for old in genuine:
            villain.repeat(old)
            villain.repeat(old, correlation)
            changed = dict(old.properties.UserProperty)  # type: ignore[union-attr]
            for status in ("200", "404", "409", "422", "403", "503"):
                villain.say(topic, correlation, list({**changed, "status": status}.items()), old.payload)
        named, signature = envelope.read_request(request.topic, correlation, [
            each for each in properties.UserProperty if each[0] != "by"], request.payload)
        for answer in (envelope.Answered(409, None, b""), envelope.Answered(422, None, b"seq 3: two different lines\n")):
            villain.say(topic, correlation, answer.user(envelope.name_of(named, signature), forger), answer.body)
        villain.say(topic, correlation, [], b"")
        villain.say(topic, b"", [("v", "1"), ("v", "1")], b"\xff" * 100)
        tried.append(topic)

    villain.on_request = attack
    portal.write_many(5)
    up = hand()
    with pytest.raises(PeerError, match=r"the centre does not answer; \d+ answers came that the key in centre.vkey did not sign"):
        up.send(portal, 10)
    assert tried


def test_requests_repeated_or_changed_on_the_way_do_nothing_and_accuse_nobody(
    centre: Centre, portal: Portal, hand: Make, villain: Villain,
) -> None:
    centre.enrol(portal.enrolment())
    portal.write_many(10)

    def meddle(request: MQTTMessage) -> None:
        properties: Any = request.properties
        user = [*properties.UserProperty, ("by", "villain")]
        villain.repeat(request)
        for body in (b"", request.payload[:-1], b"\n" + portal.checkpoint()):
            villain.say(request.topic, properties.CorrelationData, user, body)
        for name in ("sig", "cert", "log", "encoding"):
            other = {"sig": b64encode(b"x" * 70).decode(), "cert": "0" * 64, "log": "1" * 64, "encoding": "identity"}[name]
            changed = [(key, other if key == name else value) for key, value in user]
            villain.say(request.topic, properties.CorrelationData, changed, request.payload)
        villain.say(request.topic.replace("entries", "express"), properties.CorrelationData, user, request.payload)

    villain.on_request = meddle
    up = hand()
    statuses = [up.send(portal, begin, begin + 2).status for begin in range(0, 10, 2)]
    assert statuses == [200] * 5
    for old in list(villain.requests):
        villain.repeat(old)
    assert up.checkpoint(portal.origin).status == 200
    assert centre.root(portal) == (10, portal.tree.root(10))
    told = {line.split()[0] for line in centre.announced()}
    assert told <= {"RECEIPT", "MARKED"}, "nothing was refused in the portal's name"


def test_receipts_kept_back_and_given_late_are_passed_over(
    centre: Centre, portal: Portal, hand: Make, villain: Villain,
) -> None:
    centre.enrol(portal.enrolment())
    portal.write_many(6)
    up = hand()
    first = up.send(portal, 0, 2)
    villain.on_request = lambda request: [villain.repeat(old) for old in villain.answers] and None  # type: ignore[func-returns-value]
    for end in (3, 4, 5, 6):
        reply = up.send(portal, end - 1, end)
        receipt = notes.open_receipt(portal.checkpoint(end) + reply.body, portal.log_key, centre.key)
        assert receipt.checkpoint.size == end and reply.body != first.body


def test_what_a_broker_retained_answers_nothing(
    away: Centre, portal: Portal, hand: Make, villain: Villain, soon: None,
) -> None:
    old = villain.answers[0]
    villain.say(old.topic, old.properties.CorrelationData, old.properties.UserProperty, old.payload, retain=True)  # type: ignore[union-attr]
    time.sleep(0.2)
    up = hand()
    with pytest.raises(PeerError, match="the centre does not answer"):
        up.send(portal, 0, 5)


def test_a_forged_flood_takes_no_memory_and_ends(away: Centre, portal: Portal, hand: Make, villain: Villain, soon: None) -> None:
    def flood(request: MQTTMessage) -> None:
        for _ in range(300):
            villain.say(request.properties.ResponseTopic, b"x" * 16, [("v", "1")], b"y" * 60_000)  # type: ignore[union-attr]

    villain.on_request = flood
    up = hand()
    with pytest.raises(PeerError):
        up.send(portal, 0, 5)
    assert up._session is None or len(up._session._heard.messages) <= 16


# --- the envelope itself

HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)
REQUESTS = st.builds(
    envelope.Request, portal=HEX, kind=st.sampled_from(envelope.ASKING), log=HEX,
    correlation=st.binary(min_size=16, max_size=16), certificate=HEX, encoding=st.sampled_from(["gzip", "identity"]),
    body=st.binary(max_size=200),
)
SIGNER = ed25519.SoftKey(bytes(range(32)))
KEY, OTHER_KEY = SIGNER.public, ed25519.SoftKey(bytes(32)).public


@given(REQUESTS, st.binary(max_size=80))
def test_a_request_reads_back_as_it_was_written(request: envelope.Request, signature: bytes) -> None:
    read = envelope.read_request(request.topic, request.correlation, request.user(signature), request.body)
    assert read == (request, signature)


@given(REQUESTS, REQUESTS)
def test_requests_that_differ_are_signed_and_named_apart(one: envelope.Request, other: envelope.Request) -> None:
    assert (one.text() == other.text()) == (one == other)
    assert envelope.name_of(one, b"s") != envelope.name_of(one, b"t")


@given(st.binary(min_size=32, max_size=32), st.integers(100, 599), st.none() | st.integers(0, 3600), st.binary(max_size=80),
       st.data())
def test_an_answer_changed_anywhere_is_none(
    to: bytes, status: int, wait: int | None, body: bytes, data: st.DataObject,
) -> None:
    answered = envelope.Answered(status, wait, body)
    user = answered.user(to, SIGNER)
    assert envelope.read_answer(user, body, to, KEY) == answered
    at = data.draw(st.integers(0, len(user) - 1))
    value = data.draw(st.text(max_size=100).filter(lambda value: value != user[at][1]))
    for wrong in ([*user[:at], (user[at][0], value), *user[at + 1:]], user[:at] + user[at + 1:], [*user, user[at]]):
        with pytest.raises(EvidenceError):
            envelope.read_answer(wrong, body, to, KEY)
    elsewhere = bytes(32) if to != bytes(32) else KEY
    for args in ((user, body + b"x", to, KEY), (user, body, elsewhere, KEY), (user, body, to, OTHER_KEY)):
        with pytest.raises(EvidenceError):
            envelope.read_answer(*args)


@given(st.text(max_size=80), st.binary(max_size=20), st.lists(st.tuples(st.text(max_size=10), st.text(max_size=80))))
def test_whatever_arrives_is_read_or_refused(topic: str, correlation: bytes, user: list[tuple[str, str]]) -> None:
    with pytest.raises(EvidenceError):
        envelope.read_request(topic, correlation, user, b"")
    with pytest.raises(EvidenceError):
        envelope.read_answer(user, b"", bytes(32), KEY)


def test_the_key_of_the_certificate_signs_and_no_other(tmp_path: Any) -> None:
    mine, other = Certificate(tmp_path, "mine"), Certificate(tmp_path, "other")
    signature = TlsKey(mine.file, mine.file).sign(b"text")
    assert signed(mine.der, b"text", signature)
    assert not signed(other.der, b"text", signature)
    assert not signed(mine.der, b"texT", signature)
    assert not signed(mine.der, b"text", b"") and not signed(b"no certificate", b"text", signature)


def test_a_receipt_signature_is_no_answer_and_an_answer_no_receipt() -> None:
    """One key, two kinds of text: they begin differently, so neither can stand for the other."""
    point = Checkpoint("x.y/z", 1, bytes(32))
    line = notes.cosign(point, "c", SIGNER, 1_800_000_000)
    answered = envelope.Answered(200, None, line)
    assert answered.text(bytes(32)).startswith(b"edge-agent answer v1\n")
    forged = [("v", "1"), ("status", "200"), ("sig", b64encode(line[-65:-1]).decode())]
    with pytest.raises(EvidenceError):
        envelope.read_answer(forged, line, bytes(32), KEY)
