"""A whole post with a broker between: real processes, restarts and kills of each; nothing lost, nothing twice."""

from __future__ import annotations

import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.post import ORIGIN, Post, payloads, wait_for

from .mosquitto import Mosquitto

pytestmark = pytest.mark.slow


class BrokerPost(Post):
    """A post whose uplink and centre meet at a broker."""

    def __init__(self, where: Path) -> None:
        super().__init__(where)
        self.broker = Mosquitto(where / "broker")
        self.broker.options = ["persistence true", f"persistence_location {where}/broker/"]
        self.broker.files = where / "for-broker"

    def start_centre(self) -> None:
        before = self.log("centre").count("ready mqtts")
        self.spawn("centre", "edge_agent", "center", "run", str(self.where / "centre"), "--listen", self.url[8:],
                   "--mqtt", str(self.broker.for_centre()))
        wait_for(lambda: self.log("centre").count("ready mqtts") > before, 20, "the centre at the broker")

    def configure(self, heartbeat_s: float = 1, extra: str = "") -> None:
        super().configure(heartbeat_s, extra)
        text = self.config.read_text().replace(f'url = "{self.url}"', f'url = "{self.broker.url}"')
        self.config.write_text(text.replace('ca = "centre.pem"', f'ca = "{self.broker.ca}"'))

    def enrol(self) -> None:
        super().enrol()
        self.command("center", "broker", self.where / "centre", "--out", self.where / "for-broker")

    def further(self, what: str) -> None:
        """Wait until the core holds a receipt for more than now."""
        before = self.status()["log"]["receipted"]
        wait_for(lambda: self.status()["log"]["receipted"] > before + 5, 30, what)

    def close(self) -> None:
        super().close()
        self.broker.stop()


@pytest.fixture
def post() -> Iterator[BrokerPost]:
    with tempfile.TemporaryDirectory(prefix="ea-", ignore_cleanup_errors=True) as where:
        made = BrokerPost(Path(where))
        try:
            made.make_centre()
            yield made
        finally:
            made.close()


def test_nothing_is_lost_and_nothing_twice_through_every_restart(post: BrokerPost) -> None:
    post.portal("busy", "--scene", "twenty", "--rate", "60", "--loop")
    post.configure()
    post.enrol()
    post.broker.start()
    post.start_centre()
    post.start_core()
    post.start_uplink()
    post.further("the first records")
    post.broker.stop()
    post.broker.start()
    post.further("after a restart of the broker")
    post.broker.stop(signal.SIGKILL)
    for path in (post.where / "broker").glob("mosquitto.db*"):
        path.unlink()
    post.broker.start()
    post.further("after kill -9 and loss of the broker's state")
    post.kill("uplink")
    post.start_uplink()
    post.further("after kill -9 of the uplink")
    post.kill("centre")
    wait_for(lambda: "centre-link" in post.status()["faults"], 30, "the fault")
    said = post.status()["fault_details"]["centre-link"]
    assert "the broker takes our messages, the centre does not answer" in said
    wait_for(lambda: post.status()["log"]["unreceipted"] > 60, 30, "a backlog to overtake, more than a first batch")
    post.start_centre()
    wait_for(lambda: "ALARM" in post.log("centre").rsplit("ready mqtts", 1)[1], 20, "an alarm at the centre")
    first = re.search(r"^ALARM .*$", post.log("centre").rsplit("ready mqtts", 1)[1], re.MULTILINE)
    assert first is not None and "state=pending" in first[0], "a fresh alarm is shown before its backlog arrived"
    post.kill("portal-busy")
    wait_for(post.all_receipted, 60, "the backlog")
    post.kill("core", signal.SIGTERM)
    theirs = post.centre_lines()
    assert [record["seq"] for record in payloads(theirs)] == list(range(len(theirs)))
    assert post.command("center", "verify", post.where / "centre").returncode == 0
    post.start_core()
    assert post.all_lines()[: len(theirs)] == theirs
    wait_for(lambda: "centre-link" not in post.status()["faults"], 20, "the fault's end")
    assert "Traceback" not in post.log("uplink") + post.log("centre")


def test_a_lost_log_goes_on_without_anyone_at_the_broker(post: BrokerPost) -> None:
    """Keys lost: the continuation registers itself through the same topics, and is told unconfirmed."""
    post.portal("1", "--scene", "five", "--rate", "20")
    post.configure()
    post.enrol()
    post.broker.start()
    post.start_centre()
    post.start_core()
    post.start_uplink()
    post.further("the first records")
    post.kill("core", signal.SIGTERM)
    for path in (post.where / "state/logs/1").glob("record*key*"):
        path.unlink()
    post.start_core()
    wait_for(lambda: "CONTINUATION" in post.log("centre"), 30, "the continuation")
    wait_for(lambda: len(post.centre_lines(f"{ORIGIN}/2")) > 3, 30, "its records")
