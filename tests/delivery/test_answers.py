"""Whatever answers in the centre's place: one clear message with the next step, and nothing counts as delivered."""

from __future__ import annotations

import random
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from edge_agent.words.errors import EdgeAgentError, PeerError

from .bench import Liar, Post, always, answer, certificate

HTML = b"<html><body>Welcome to Border Hotel WiFi</body></html>"
STRANGER = bytes(range(1, 33))


def refusal(post: Post, liar: Liar, **more: object) -> str:
    """What one exchange ends with."""
    try:
        with pytest.raises(PeerError) as found:
            post.forwarder(post.centre(liar, **more)).step()
    finally:
        liar.close()
    assert post.receipted == 0
    return str(found.value)


@pytest.mark.parametrize("said, words", [
    (answer("200 OK", HTML, "Content-Type: text/html"), ("200 without a receipt", "Border Hotel", "failure of the server")),
    (answer("200 OK"), ("200 without a receipt", "failure of the server")),
    (answer("204 No Content"), ("204", "between us")),
    (answer("202 Accepted"), ("202", "between us")),
    (answer("302 Found", b"", "Location: http://login.example/"), ("302", "http://login.example/", "login page")),
    (answer("401 Unauthorized", HTML), ("401", "between us")),
    (answer("407 Proxy Authentication Required"), ("407", "between us")),
    (answer("502 Bad Gateway", HTML), ("502", "between us")),
    (answer("103 Early Hints"), ("103", "between us")),
    (answer("200 OK", b"\xe2\x80\x94 rpm.example.gov/mirror/test \xff\xff\n"), ("200 without a receipt",)),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nshort", ("200 without a receipt",)),
    (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + HTML, ("200 without a receipt",)),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 300_000, ("more than", "is this the centre")),
    (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 300_000, ("more than", "is this the centre")),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnonsense", ("does not answer as a centre",)),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1;" + b"x" * 60_000, ("does not answer as a centre",)),
    (b"HTTP/1.1 100 Continue\r\n\r\n" * 30_000, ("does not answer as a centre", "far more bytes")),
    (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000, ("does not answer as a centre",)),
    (b"SSH-2.0-OpenSSH_9.2\r\n", ("does not answer as a centre",)),
    (b"\x00\x01\x02\r\n\r\n", ("does not answer as a centre",)),
    (b"", ("connection was cut", "enrolled there", "firewall")),
])
def test_no_answer_but_a_receipt_is_one(post: Post, said: bytes, words: tuple[str, ...]) -> None:
    found = refusal(post, Liar(post.where, always(said)))
    for word in words:
        assert word in found, found


def test_a_cosignature_of_a_stranger_or_of_another_size_is_none(post: Post) -> None:
    for said in (post.cosigned(3, STRANGER), post.cosigned(2), post.cosigned(3)[:-20] + b"AAAA\n"):
        found = refusal(post, Liar(post.where, always(answer("200 OK", said))))
        assert "200 without a receipt of ours" in found and "failure of the server" in found


def test_the_right_cosignature_is_one(post: Post) -> None:
    liar = Liar(post.where, always(answer("200 OK", post.cosigned(3))))
    assert post.forwarder(post.centre(liar)).step()
    assert post.receipted == 3
    liar.close()


def test_random_bytes_are_always_a_clear_error(post: Post) -> None:
    """What a broken box may say, and answers of a centre with bytes changed: never another exception, never a receipt."""
    dice = random.Random(7)
    good = answer("200 OK", post.cosigned(2), "Retry-After: 3")
    told: list[bytes] = []
    liar = Liar(post.where, lambda wire, head, body: (wire.sendall(told[-1]), wire.close())[1])
    for _ in range(150):
        bent = bytearray(good)
        for _ in range(dice.randrange(1, 30)):
            bent[dice.randrange(len(bent))] = dice.choice(b"\r\n :;0123456789\x00\xffHT")
        told.append(bytes(bent[: dice.randrange(len(bent) + 1)]))
        try:
            post.forwarder(post.centre(liar)).step()
        except EdgeAgentError as problem:
            assert "Traceback" not in str(problem) and str(problem).isprintable(), told[-1]
        assert post.receipted == 0
    liar.close()


def test_a_flood_of_drops_does_not_hold_the_uplink(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interim answers, one after the other: the whole exchange is bounded, not each wait."""
    monkeypatch.setattr("edge_agent.hands.centre.ANSWER_S", 1.0)
    monkeypatch.setattr("edge_agent.hands.centre.SLOWEST_BPS", 10**9)

    def drip(wire: ssl.SSLSocket, head: bytes, body: bytes) -> None:
        for _ in range(200):
            wire.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.1)

    assert "no answer in time" in refusal(post, Liar(post.where, drip))


# --- TLS

def test_an_intercepting_box_is_named_as_one(post: Post, tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    found = refusal(post, Liar(post.where, always(b"")), ca=certificate(tmp_path / "box", "centre.test"))
    assert "not the one we trust" in found and "box on the way" in found and "card" in found


@pytest.mark.parametrize("begins, ends, state", [(-100, -1, "has ended"), (1, 100, "not valid yet")])
def test_a_certificate_out_of_its_time_may_be_our_clock(post: Post, begins: int, ends: int, state: str) -> None:
    crt = certificate(post.where, "centre.test", begins=begins, ends=ends)
    found = refusal(post, Liar(post.where, always(b""), crt=crt))
    assert state in found and "timedatectl" in found and f"{time.gmtime().tm_year}-" in found


def test_a_name_that_is_not_the_certificates(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, 1, 0, "", ("127.0.0.1", port))])
    liar = Liar(post.where, always(b""))
    port = liar.port
    assert "for another name" in refusal(post, liar, host="elsewhere.test")


@pytest.mark.parametrize("ends, words", [(365, "does not know this portal"), (-1, "has ended")])
def test_a_centre_that_refuses_our_certificate(post: Post, ends: int, words: str) -> None:
    if ends < 0:
        post.tls = certificate(post.where, "portal.test", ends=ends)
    (post.where / "other").mkdir()
    known = post.tls if ends < 0 else certificate(post.where / "other", "another.test")
    found = refusal(post, Liar(post.where, always(b""), client_ca=known))
    assert words in found or "connection was cut" in found       # a reset can overtake TLS's own word


def test_a_login_page_on_the_port_of_tls(post: Post) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        def say() -> None:
            peer, _ = door.accept()
            peer.recv(100)
            peer.sendall(answer("200 OK", HTML))
            peer.recv(4096)
            peer.close()
        threading.Thread(target=say, daemon=True).start()
        liar = Liar(post.where, always(b""))
        liar.port = door.getsockname()[1]
        assert "does not speak TLS" in refusal(post, liar)


# --- the way there

def test_names_and_ports_that_lead_nowhere(post: Post) -> None:
    liar = Liar(post.where, always(b""))
    assert "is not known here" in (found := refusal(post, liar, host="no-such-host.invalid")) or "no DNS server" in found
    liar = Liar(post.where, always(b""))
    with socket.socket() as taken:          # bound, not listening: nobody else takes the port
        taken.bind(("127.0.0.1", 0))
        liar.port = taken.getsockname()[1]
        assert "refuses connections" in refusal(post, liar)


def test_an_ipv6_address_is_one_too(post: Post) -> None:
    liar = Liar(post.where, always(answer("200 OK", post.cosigned(3))), family=socket.AF_INET6)
    post.forwarder(post.centre(liar, host="[::1]")).step()
    assert post.receipted == 3
    liar.close()


def test_a_connection_that_died_while_it_idled_is_no_fault(post: Post) -> None:
    """The centre, or a firewall, closes what was idle: the next request goes over a new connection at once."""
    closed = threading.Event()

    def once(wire: ssl.SSLSocket, head: bytes, body: bytes) -> None:
        wire.sendall(answer("200 OK", post.cosigned(3)))
        if not closed.is_set():
            closed.set()
            wire.close()                    # without a word in the answer that it will

    liar = Liar(post.where, once)
    centre = post.centre(liar)
    assert centre.checkpoint("x.y/z").status == 200
    closed.wait(5)
    time.sleep(0.1)
    assert centre.checkpoint("x.y/z").status == 200
    assert liar.connections == 2
    liar.close()


def test_an_answer_given_before_the_whole_body_was_read_is_heard(post: Post) -> None:
    """A front server says 413 at the header and closes: the portal must hear it, to send less."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        liar = Liar(post.where, always(b""))

        def early() -> None:
            with liar._context.wrap_socket(door.accept()[0], server_side=True) as wire:
                wire.recv(4096)
                wire.sendall(answer("413 Content Too Large", b"", "Connection: close"))
                time.sleep(0.5)
        threading.Thread(target=early, daemon=True).start()
        liar.port = door.getsockname()[1]
        big = [random.Random(1).randbytes(30_000).hex() for _ in range(60)]
        assert post.centre(liar).entries("x.y/z", big, "note").status == 413
        liar.close()
