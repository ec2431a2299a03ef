"""`edge-agent link`: the first step that fails is where the way to the centre breaks, each with what to do next."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.doors.dialling import Proxy
from edge_agent.doors.own_certificates import OwnCertificates
from edge_agent.hands.way_test import Step, WayTest
from edge_agent.tools import ed25519, notes
from edge_agent.words.record import Checkpoint
from tests.evidence.bench import ORIGIN
from tests.live.post import Post as Live
from tests.live.post import free_port, wait_for

from .bench import KEY, SEED, Liar, always, answer, certificate

OTHER = bytes(range(1, 33))
NOW = "Wed, 25 Nov 2026 10:00:00 GMT"
NOW_NS = 1_795_600_800 * 10**9


def note(origin: str = ORIGIN, seed: bytes = SEED) -> bytes:
    checkpoint = Checkpoint(origin, 812, bytes(32))
    signed = notes.sign_checkpoint(checkpoint, ed25519.SoftKey(OTHER))
    return signed + notes.cosign(checkpoint, KEY.name, ed25519.SoftKey(seed), 5)


class Way:
    """A portal's files in a directory, and the test of the way to any place."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self.ours = certificate(where, "portal.test")
        self.ca = certificate(where, "centre.test")

    def steps(self, url: str, **more: Any) -> dict[str, Step]:
        own = more.pop("own", self.ours)
        test = WayTest(
            url, lambda: OwnCertificates(more.get("ca", self.ca), own, own.with_suffix(".key")), ORIGIN, KEY, more.get("proxy"),
            lambda: more.get("now_ns", NOW_NS),
        )
        return {step.name: step for step in test.steps()}

    def to(self, liar: Liar, **more: Any) -> dict[str, Step]:
        try:
            return self.steps(f"https://{more.pop('host', '127.0.0.1')}:{liar.port}", **more)
        finally:
            liar.close()


@pytest.fixture
def way(tmp_path: Path) -> Way:
    return Way(tmp_path)


def first_bad(steps: dict[str, Step]) -> tuple[str, str]:
    assert [step.good is False for step in steps.values()].index(True) == len(steps) - 1, "nothing is tried after a bad step"
    last = list(steps.values())[-1]
    return last.name, last.found


def test_a_good_way_is_good_at_every_step(way: Way) -> None:
    liar = Liar(way.where, always(answer("200 OK", note(), f"Date: {NOW}")), crt=way.ca, client_ca=way.ours)
    found = way.to(liar)
    assert list(found) == ["name", "connection", "TLS", "this portal", "clock", "receipt"]
    assert all(step.good for step in found.values()) and "812 records" in found["receipt"].found


@pytest.mark.parametrize("url, step, words", [
    ("https://no-such-name.invalid:8443", "name", "no-such-name.invalid"),
    ("https://127.0.0.1:{closed}", "connection", "refuses connections"),
])
def test_no_name_and_nobody_there(way: Way, url: str, step: str, words: str) -> None:
    bad, found = first_bad(way.steps(url.format(closed=free_port())))
    assert bad == step and words in found


def test_what_does_not_speak_tls_is_no_fault_of_our_certificate(way: Way) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        def page() -> None:
            peer, _ = door.accept()
            peer.recv(1000)
            peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            peer.close()
        threading.Thread(target=page, daemon=True).start()
        bad, found = first_bad(way.steps(f"https://127.0.0.1:{door.getsockname()[1]}"))
    assert bad == "TLS" and "does not speak TLS" in found


def test_another_server_and_another_name(way: Way) -> None:
    stranger = certificate(way.where, "stranger.test")
    assert first_bad(way.to(Liar(way.where, always(b""), crt=stranger)))[0] == "TLS"
    only_name = Liar(way.where, always(b""), crt=way.ca)
    assert "another name" in first_bad(way.to(only_name, host="localhost"))[1]


def test_a_centre_that_does_not_know_our_certificate(way: Way) -> None:
    liar = Liar(way.where, always(answer("200 OK")), crt=way.ca, client_ca=certificate(way.where, "someone.test"))
    bad, found = first_bad(way.to(liar))
    assert bad == "this portal" and "enrol" in found
    refuses = Liar(way.where, always(answer("403 Forbidden")), crt=way.ca)
    assert first_bad(way.to(refuses))[0] == "this portal"


def test_without_a_certificate_of_its_own_it_says_how_to_make_one(way: Way) -> None:
    liar = Liar(way.where, always(answer("200 OK")), crt=way.ca)
    bad, found = first_bad(way.to(liar, own=way.where / "none.crt"))
    assert bad == "this portal" and "edge-agent enrol" in found


def test_an_account_that_may_not_read_the_key_is_told_which_may(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    liar = Liar(way.where, always(answer("200 OK")), crt=way.ca)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")      # root, as in CI, may read everything

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", refuse)
    bad, found = first_bad(way.to(liar))
    assert bad == "this portal" and "sudo -u edge-agent-uplink" in found


@pytest.mark.parametrize("off_s, words", [(3600, "3600 s ahead of"), (-86_400, "86400 s behind")])
def test_a_wrong_clock_is_named_and_stops_nothing(way: Way, off_s: int, words: str) -> None:
    liar = Liar(way.where, always(answer("200 OK", note(), f"Date: {NOW}")), crt=way.ca)
    found = way.to(liar, now_ns=NOW_NS + off_s * 10**9)
    assert found["clock"].good is None and words in found["clock"].found and found["receipt"].good


@pytest.mark.parametrize("body, words", [
    (note(seed=OTHER), "no cosignature of"), (note("rpm.example.gov/portal/OTHER"), "OTHER"), (b"taken\n", "a note is text"),
])
def test_what_the_centre_did_not_sign_is_no_receipt(way: Way, body: bytes, words: str) -> None:
    bad, found = first_bad(way.to(Liar(way.where, always(answer("200 OK", body)), crt=way.ca)))
    assert bad == "receipt" and words in found


def test_a_box_that_answers_otherwise(way: Way) -> None:
    bad, found = first_bad(way.to(Liar(way.where, always(answer("302 Found", b"", "Location: http://login/")), crt=way.ca)))
    assert bad == "log" and "something between" in found
    assert first_bad(way.to(Liar(way.where, always(b"nonsense\r\n\r\n"), crt=way.ca)))[0] == "this portal"


def test_a_proxy_that_refuses_is_named(way: Way) -> None:
    port = free_port()
    bad, found = first_bad(way.steps("https://127.0.0.1:9", proxy=Proxy("127.0.0.1", port, "")))
    assert bad == "connection" and "refuses connections" in found


@pytest.fixture
def enrolled(live: Live) -> Iterator[Live]:
    live.make_centre()
    live.portal("1")
    live.configure()
    live.enrol()
    yield live


def test_the_command_at_a_real_post(enrolled: Live) -> None:
    """Before the centre runs, beside it, and with a core."""
    before = enrolled.command("link", "--config", enrolled.config, check=False)
    assert before.returncode == 7 and "BAD   connection" in before.stdout and "look  records" in before.stdout
    assert all(len(line) <= 80 for line in before.stdout.splitlines())
    enrolled.start_centre()
    enrolled.start_core()
    enrolled.start_uplink()
    wait_for(enrolled.all_receipted, 30, "receipts")
    told = json.loads(enrolled.command("link", "--json", "--config", enrolled.config).stdout)
    names = [step["name"] for step in told["steps"]]
    assert told["ok"] and names == ["name", "connection", "TLS", "this portal", "clock", "receipt", "records"]
