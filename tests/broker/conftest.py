from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_agent.center import directory
from edge_agent.doors.own_certificates import OwnCertificates
from edge_agent.hands.broker import Broker
from edge_agent.words.delivery import Reply, log_id
from tests.center.bench import Centre
from tests.center.portal import ORIGIN, Certificate, Portal

from .mosquitto import Mosquitto


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """As enrolment may make them for a broker: the common name is the log id."""
    return Certificate(tmp_path_factory.mktemp("identity"), log_id(ORIGIN))


@pytest.fixture
def broker(tmp_path: Path, identity: Certificate) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path / "broker")
    made.admit(identity.pem)
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def centre(tmp_path: Path, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Centre]:
    monkeypatch.setattr("edge_agent.center.mqtt.AGAIN_S", 0.2)      # after a restart of the broker
    with Centre(tmp_path / "centre", broker.for_centre()) as running:
        running.wait("ready mqtts")
        yield running


@pytest.fixture
def portal(identity: Certificate, tmp_path: Path) -> Portal:
    return Portal(identity)


class Hand(Broker):
    """The uplink's hand, asked by a portal of the tests."""

    def send(self, portal: Portal, begin: int = 0, end: int | None = None) -> Reply:
        end = len(portal.lines) if end is None else end
        lines = [line.decode() for line in portal.lines[begin:end]]
        return self.entries(portal.origin, lines, portal.checkpoint(end).decode())


@pytest.fixture
def hand(broker: Mosquitto, tmp_path: Path, portal: Portal) -> Iterator[Callable[..., Hand]]:
    """Makes hands; every one is closed."""
    made: list[Hand] = []
    key = tmp_path / "centre"

    def make(
        who: Certificate = portal.certificate, origin: str = portal.origin, url: str = broker.url,
        login: tuple[str, str] | None = None, ca: Path = broker.ca, files: tuple[Path, Path] | None = None,
    ) -> Hand:
        known = directory.public_key(key).key if key.exists() else bytes(32)
        made.append(Hand(url, origin, known, OwnCertificates(ca, *(files or (who.file, who.file))), login))
        return made[-1]

    yield make
    for each in made:
        each.close()
