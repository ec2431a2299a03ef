"""What a stranger found: starts that must not hang, delivery that must not look healthy when it is not."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import threading
from pathlib import Path

import pytest

from edge_agent.hands.centre import Centre
from edge_agent.words.errors import PeerError
from tests.live.post import Post, wait_for

NO_PORTAL = '[[lane]]\nname = "1"\ndriver = "rapiscan"\nlink = { kind = "tcp", host = "127.0.0.1", port = 9 }\n'


@pytest.fixture
def quiet(post: Post) -> Post:
    post.lanes.append(NO_PORTAL)
    post.configure()
    post.enrol()
    return post


def test_a_start_that_fails_half_way_ends_and_frees_the_directory(quiet: Post) -> None:
    (quiet.where / "run").write_text("a file where the sockets should be")
    for _ in range(2):                  # the second would find the directory held if the first still hung
        done = quiet.command("run", "--config", quiet.config, check=False)
        assert done.returncode == 5 and "Traceback" not in done.stderr


def test_a_damaged_history_is_set_aside_and_the_portal_is_watched(quiet: Post) -> None:
    (quiet.where / "state/history.db").write_bytes(b"not a database, " * 1000)
    quiet.start_core()
    assert quiet.status()["boot"] == 1
    assert (quiet.where / "state/history.db.damaged").exists()


def test_a_lane_whose_model_is_gone_is_watched_and_says_so(quiet: Post) -> None:
    """The core ended with code 3, for ever: one lane's optional test took every lane down."""
    quiet.lanes[0] = quiet.lanes[0] + 'model = "gone.json"\n'
    quiet.configure()
    quiet.start_core()
    lane = quiet.status()["lanes"]["1"]
    assert "model-unusable" in lane["faults"] and "gone.json does not exist" in lane["fault_details"]["model-unusable"]
    assert lane["shadow"]["off"] == "its model cannot be used"
    quiet.kill("core", 15)
    quiet.start_core()
    assert "model-unusable" in quiet.status()["lanes"]["1"]["faults"]


def test_a_backup_beside_the_log_is_nobodys_log(quiet: Post) -> None:
    shutil.copytree(quiet.where / "state/logs/1", quiet.where / "state/logs/1.bak")
    quiet.start_core()
    assert quiet.status()["boot"] == 1


def test_enrol_never_makes_new_keys_over_a_ledger(quiet: Post) -> None:
    quiet.start_core()
    quiet.status()
    quiet.kill("core", 15)
    keys = (quiet.where / "state/logs/1/log.key").read_bytes()
    about = quiet.where / "state/logs/1/log.json"
    about.unlink()
    done = quiet.command("enrol", "--config", quiet.config, "--out", quiet.where / "e.json", check=False)
    assert done.returncode == 5 and "log.json" in done.stderr
    assert (quiet.where / "state/logs/1/log.key").read_bytes() == keys
    about.write_text("{")
    done = quiet.command("run", "--config", quiet.config, check=False)
    assert done.returncode == 5 and "Put the enrolment file in its place" in done.stderr
    about.write_bytes((quiet.where / "enrolment.json").read_bytes())
    quiet.start_core()
    assert quiet.status()["origin"] == json.loads(about.read_text())["origin"]


def test_a_ledger_deleted_under_the_core_is_a_fault(quiet: Post) -> None:
    quiet.start_core()
    quiet.status()
    (quiet.where / "state/logs/1/ledger.db").unlink()
    wait_for(lambda: "ledger-file" in quiet.status()["faults"], 20, "the fault")


@pytest.mark.parametrize("answer", [b"400 Bad Request", b"413 Too Large", b"409 Conflict"])
def test_answers_that_lead_nowhere_are_a_fault_and_no_hot_loop(post: Post, answer: bytes) -> None:
    post.make_centre()
    post.lanes.append(NO_PORTAL)
    post.configure()
    post.enrol()
    posts: list[int] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(post.where / "centre/tls.crt", post.where / "centre/tls.key")
    host, port = post.url[8:].split(":")
    with socket.create_server((host, int(port))) as door:
        threading.Thread(target=_say, args=(door, context, answer, posts), daemon=True).start()
        post.start_core()
        post.start_uplink()
        wait_for(lambda: "centre-link" in post.status()["faults"], 30, "the fault")
        assert len(posts) < 60, "the uplink runs hot"


def _say(door: socket.socket, context: ssl.SSLContext, answer: bytes, posts: list[int]) -> None:
    while door.fileno() >= 0:
        try:
            peer, _ = door.accept()
            with context.wrap_socket(peer, server_side=True) as secure:
                head = secure.recv(65536)
                length = int((re.search(rb"Content-Length: (\d+)", head) or [b"", b"0"])[1])
                while len(head.partition(b"\r\n\r\n")[2]) < length:
                    head += secure.recv(65536)
                posts.append(1)
                secure.sendall(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        except OSError:
            continue


def test_a_centre_that_drips_bytes_does_not_hold_the_uplink(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.hands.centre.EXCHANGE_S", 1.0)
    post.make_centre()
    post.lanes.append(NO_PORTAL)
    post.configure()
    post.enrol()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(post.where / "centre/tls.crt", post.where / "centre/tls.key")
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_drip, args=(door, context), daemon=True).start()
        tls = post.where / "state/uplink"
        centre = Centre(f"https://127.0.0.1:{door.getsockname()[1]}", post.where / "centre.pem", tls / "tls.crt", tls / "tls.key")
        with pytest.raises(PeerError, match="no answer in time"):
            centre.entries("x.y/z", [], "")


def _drip(door: socket.socket, context: ssl.SSLContext) -> None:
    try:
        peer, _ = door.accept()
        with context.wrap_socket(peer, server_side=True) as secure:
            secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
            for _ in range(600):
                secure.sendall(b"x")
                threading.Event().wait(0.1)
    except OSError:
        return


def test_the_path_of_every_file_the_core_makes_is_closed_to_others(quiet: Post) -> None:
    quiet.start_core()
    quiet.status()
    for path in Path(quiet.where, "state").rglob("*.db"):
        assert path.stat().st_mode & 0o077 == 0, path
