"""The site's HTTP proxy: CONNECT, a login, TLS end to end; a real tinyproxy, and boxes that answer otherwise."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.doors.dialling import Proxy
from edge_agent.house import way_up
from edge_agent.words.errors import PeerError, SettingsError
from edge_agent.words.settings import CentreSettings
from tests import debian
from tests.live.post import free_port, wait_for

from .bench import Liar, Post, always, answer, certificate


@pytest.fixture(scope="module")
def tinyproxy() -> Iterator[tuple[int, Path]]:
    """Its port and its log; it lets user guard with password s3cret through."""
    if shutil.which("tinyproxy") is None:
        debian.need("tinyproxy", "tinyproxy")
        subprocess.run(["systemctl", "disable", "--now", "tinyproxy"], capture_output=True)
    where = Path(f"/tmp/ea-proxy-{os.getpid()}")
    where.mkdir()
    where.chmod(0o777)
    port = free_port()
    (where / "conf").write_text(
        f'Port {port}\nListen 127.0.0.1\nTimeout 60\nLogFile "{where}/log"\nLogLevel Connect\nMaxClients 20\n'
        "BasicAuth guard s3cret\n")
    program = subprocess.Popen(["tinyproxy", "-d", "-c", where / "conf"], stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: not socket.socket().connect_ex(("127.0.0.1", port)), 20, "tinyproxy")
        yield port, where / "log"
    finally:
        program.terminate()
        program.wait()
        shutil.rmtree(where)


def test_a_real_proxy_with_a_login_lets_through_what_only_we_and_the_centre_read(
    post: Post, tinyproxy: tuple[int, Path],
) -> None:
    port, log = tinyproxy
    liar = Liar(post.where, always(answer("200 OK", post.cosigned(3))), client_ca=post.tls)
    post.forwarder(post.centre(liar, proxy=Proxy("127.0.0.1", port, "guard:s3cret"))).step()
    assert post.receipted == 3
    assert f"CONNECT 127.0.0.1:{liar.port}" in log.read_text() and "/v1/logs" not in log.read_text()
    liar.close()


@pytest.mark.parametrize("login, words", [("", "wants a login"), ("guard:wrong", "centre.proxy_auth")])
def test_without_the_login_it_says_which_file_is_missing(
    post: Post, tinyproxy: tuple[int, Path], login: str, words: str,
) -> None:
    liar = Liar(post.where, always(b""))
    with pytest.raises(PeerError) as found:
        post.centre(liar, proxy=Proxy("127.0.0.1", tinyproxy[0], login)).checkpoint("x.y/z")
    assert words in str(found.value) and "proxy" in str(found.value) and "s3cret" not in str(found.value)
    assert liar.connections == 0
    liar.close()


def test_a_proxy_that_opens_tls_is_seen(post: Post, tmp_path: Path) -> None:
    """The tunnel leads to the box itself, which shows a certificate of its own."""
    (tmp_path / "box").mkdir()
    box = Liar(tmp_path / "box", always(answer("200 OK", post.cosigned(3))))
    with proxy_saying(b"HTTP/1.1 200 OK\r\n\r\n", then=box.port) as proxy, pytest.raises(PeerError, match="opens TLS"):
        post.forwarder(post.centre(box, ca=certificate(post.where, "centre.test"), proxy=proxy)).step()
    assert post.receipted == 0
    box.close()


@pytest.mark.parametrize("said, words", [
    (b"HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n", "302 Found"),
    (b"HTTP/1.1 403 Forbidden\r\n\r\n", "must allow CONNECT"),
    (b"HTTP/1.1\r\n\r\n", "does not open"),
    (b"\x05\x00 not a proxy at all\r\n\r\n", "does not open"),
    (b"X" * 100_000, "centre.proxy"),
    (b"", "centre.proxy"),
])
def test_what_is_no_proxy_is_named(post: Post, said: bytes, words: str) -> None:
    liar = Liar(post.where, always(b""))
    with proxy_saying(said) as proxy, pytest.raises(PeerError) as found:
        post.centre(liar, proxy=proxy).checkpoint("x.y/z")
    assert words in str(found.value) and proxy.name in str(found.value)
    liar.close()


class proxy_saying:
    """A box that answers CONNECT so, and then passes bytes on to a port here."""

    def __init__(self, said: bytes, then: int = 0) -> None:
        self._said, self._then = said, then

    def __enter__(self) -> Proxy:
        self._door = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return Proxy("127.0.0.1", self._door.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._door.close()

    def _serve(self) -> None:
        peer, _ = self._door.accept()
        peer.recv(4096)
        try:
            peer.sendall(self._said)
            if self._then:
                far = socket.create_connection(("127.0.0.1", self._then))
                threading.Thread(target=_pass, args=(far, peer), daemon=True).start()
                _pass(peer, far)
        except OSError:
            pass
        peer.close()


def _pass(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


def test_the_login_comes_from_a_file_and_is_in_no_record(tmp_path: Path) -> None:
    here, file = tmp_path / "edge-agent.toml", tmp_path / "login"
    file.write_text("guard:s3cret\n")
    settings = CentreSettings("https://c.example", "k", "ca", proxy="http://[::1]:3128", proxy_auth="login")
    proxy = way_up.proxy_of(settings, here)
    assert proxy == Proxy("::1", 3128, "guard:s3cret") and "s3cret" not in repr(proxy) and proxy.name == "[::1]:3128"
    file.write_text("no colon")
    with pytest.raises(SettingsError, match="user:password"):
        way_up.proxy_of(settings, here)
    with pytest.raises(SettingsError, match=r"centre\.proxy is not"):
        way_up.proxy_of(CentreSettings("https://c.example", "k", "ca", proxy_auth="login"), here)
