"""The relay beside a real core: the portal's own bytes to an alarm station; loss shown as loss; kill -9 of either."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from edge_agent.tools import capture

from .post import Post, free_port, wait_for


class Station:
    """An old alarm station: connects again and again, keeps what it reads, one connection after the other."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard: list[bytearray] = []
        self.closed = 0
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while not self.ends.is_set():
            try:
                with closing(socket.create_connection(("127.0.0.1", self.port), 2)) as door:
                    self._listen(door)
            except OSError:
                time.sleep(0.05)

    def _listen(self, door: socket.socket) -> None:
        door.settimeout(0.2)
        held = bytearray()
        while not self.ends.is_set():
            try:
                data = door.recv(4096)
            except TimeoutError:
                continue
            if not data:
                break
            if not held:
                self.heard.append(held)
                door.sendall(b"what an operator types\r\n")
            held += data
        if held:
            self.closed += 1

    def whole(self) -> bytes:
        return b"".join(self.heard)


@pytest.fixture
def served(post: Post) -> Iterator[tuple[Post, Station]]:
    port = free_port()
    post.portal("1", "--scene", "five", "--seed", "11", "--rate", "10", "--loop", "--one-client")
    post.lanes[0] += f'relay = {{ host = "127.0.0.1", port = {port}, allow = ["127.0.0.1"] }}\n'
    post.configure()
    post.enrol()
    post.start_core()
    post.status()
    post.spawn("relay", "edge_agent", "relay", "--config", str(post.config))
    station = Station(port)
    yield post, station
    station.ends.set()
    station.thread.join(5)


def test_an_alarm_station_gets_the_portals_own_bytes(served: tuple[Post, Station]) -> None:
    post, station = served
    wait_for(lambda: len(station.whole()) > 20_000, 60, "bytes at the station")
    out = post.where / "past.capture"
    begin = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 600))
    post.command("record", "1", "--from", begin, "--out", out, "--config", post.config)
    whole = b"".join(chunk.data for chunk in capture.read(out.read_text().splitlines()))
    heard = bytes(station.heard[0])
    inside = heard[: len(heard) // 2]
    at = whole.find(inside)
    assert at >= 0 and (at == 0 or whole[at - 1 : at] == b"\n"), "unchanged, from the begin of a line"
    told = wait_for(lambda: post.status()["relays"]["1"] if post.status()["relays"]["1"].get("sent_bytes") else None, 30, "told")
    assert told["running"] and told["now"] == 1 and told["dropped"] == 0
    assert "relay of lane 1: 1 listening" in post.command("status", "--config", post.config, check=False).stdout
    assert post.status()["lanes"]["1"]["counts"]["unreadable"] == 0


def test_a_relay_that_cannot_listen_is_a_fault_and_says_so_once(post: Post) -> None:
    post.portal("1", "--scene", "quiet")
    post.lanes[0] += 'relay = { host = "192.0.2.77", port = 1600, allow = ["127.0.0.1"] }\n'      # TEST-NET-1: nobody's
    post.configure()
    post.enrol()
    post.start_core()
    post.status()
    post.spawn("relay", "edge_agent", "relay", "--config", str(post.config))
    told = wait_for(lambda: post.status()["fault_details"].get("relay:1"), 60, "the fault")
    assert "cannot listen on 192.0.2.77:1600" in told and "edge-agent-relay" in told
    assert post.log("relay").count("cannot listen") == 1


def test_loss_of_the_portal_the_core_or_the_relay_is_seen_and_ends(served: tuple[Post, Station]) -> None:
    post, station = served
    wait_for(lambda: len(station.whole()) > 2000, 60, "bytes at the station")
    for name, start in (
        ("relay", lambda: post.spawn("relay", "edge_agent", "relay", "--config", str(post.config))), ("core", post.start_core),
    ):
        closed, heard = station.closed, len(station.heard)
        post.kill(name, signal.SIGKILL)
        wait_for(lambda closed=closed: station.closed > closed, 30, f"the station sees the loss of the {name}")
        start()
        wait_for(lambda heard=heard: len(station.heard) > heard, 60, f"the station hears again after the {name}")
    closed = station.closed
    post.kill("portal-1", signal.SIGKILL)
    wait_for(lambda: station.closed > closed, 30, "the station sees the loss of the portal")
    with pytest.raises(OSError), closing(socket.create_connection(("127.0.0.1", station.port), 2)):
        pass
    assert "Traceback" not in post.log("relay") + post.log("core")
