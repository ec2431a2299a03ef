"""What people get wrong: one clear message that says what to do next, the documented exit code, nothing lost."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from edge_agent.doors.files import hold_read_only
from tests.live.post import Post, payloads, wait_for

SETTINGS, STORAGE, EVIDENCE, BUSY, NOT_RUNNING = 3, 5, 6, 8, 9


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """The command ended with `code`, said each of `words`, and showed no traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.fixture
def quiet(post: Post) -> Post:
    post.lanes.append('[[lane]]\nname = "1"\ndriver = "rapiscan"\nlink = { kind = "tcp", host = "127.0.0.1", port = 9 }\n')
    post.configure()
    return post


@pytest.mark.parametrize("broken, words", [
    ('version = 1\n[portal\norigin = "x.y/z"\n', ("not TOML", "line")),
    ("version = 1\n[portal]\n", ("portal.origin is missing", "add it")),
    ('version = 1\n[portal]\norigin = "x.y/z"\nhartbeat_s = 5\n', ("portal.hartbeat_s is not a key", "heartbeat_s")),
    ('version = 1\n[portal]\norigin = "x.y/z"\nheartbeat_s = "5"\n', ("portal.heartbeat_s", "expected a number")),
    ('version = 1\n[portal]\norigin = "x.y/z"\n', ("lane is missing",)),
])
def test_a_broken_configuration_names_file_key_and_remedy(post: Post, broken: str, words: tuple[str, ...]) -> None:
    post.config.write_text(broken)
    for command in (("config", "check"), ("run",), ("uplink",), ("status",)):
        refused(post.command(*command, "--config", post.config, check=False), SETTINGS, str(post.config), *words)


def test_a_missing_configuration_is_named(post: Post) -> None:
    refused(post.command("run", "--config", "/nowhere/a.toml", check=False), SETTINGS, "/nowhere/a.toml", "does not exist")


def test_without_keys_the_core_says_how_to_make_them(quiet: Post) -> None:
    refused(quiet.command("run", "--config", quiet.config, check=False), SETTINGS, "no keys", "edge-agent enrol")


def test_a_state_directory_that_cannot_be_written_is_named(quiet: Post) -> None:
    (quiet.where / "state").write_text("a file where the directory should be")
    refused(quiet.command("enrol", "--config", quiet.config, "--out", quiet.where / "e.json", check=False), STORAGE,
            "it is a file", "Choose another directory", str(quiet.where / "state"))


def test_a_second_core_on_one_directory_is_refused(quiet: Post) -> None:
    quiet.enrol()
    quiet.start_core()
    quiet.status()
    refused(quiet.command("run", "--config", quiet.config, check=False), BUSY, "already running", "edge-agent status")
    assert quiet.status()["boot"] == 1


def test_status_without_a_daemon_says_what_to_look_at(quiet: Post) -> None:
    refused(quiet.command("status", "--config", quiet.config, check=False), NOT_RUNNING, "systemctl status edge-agent")


def test_another_origin_on_an_old_state_directory_is_refused(quiet: Post) -> None:
    quiet.enrol()
    quiet.config.write_text(quiet.config.read_text().replace("portal/T-1", "portal/T-2"))
    refused(quiet.command("run", "--config", quiet.config, check=False), SETTINGS, "portal/T-1", "portal/T-2")


def test_a_log_with_one_byte_changed_is_refused_by_record_number(post: Post) -> None:
    vectors = Path(__file__).resolve().parents[1] / "vectors"
    lines = (vectors / "log.ndjson").read_bytes().splitlines(keepends=True)
    lines[2] = lines[2][:300] + bytes([lines[2][300] ^ 1]) + lines[2][301:]
    (post.where / "log").write_bytes(b"".join(lines))
    done = post.command("verify", "--log", post.where / "log", "--key", vectors / "portal.jwk", check=False)
    assert done.returncode == EVIDENCE
    assert "REFUSED record 2" in done.stdout


def test_a_portal_that_refuses_connections_is_a_fault_until_it_answers(quiet: Post) -> None:
    quiet.enrol()
    quiet.start_core()
    wait_for(lambda: quiet.status()["lanes"]["1"]["faults"] == ["link"], 20, "the fault")
    assert "tcp 127.0.0.1:9" in quiet.log("core")
    done = quiet.command("status", "--config", quiet.config, check=False)
    assert done.returncode == 1 and "!! lane 1: link" in done.stdout


def test_garbage_on_the_wire_is_counted_and_reported_once(post: Post) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        link = f'{{ kind = "tcp", host = "127.0.0.1", port = {door.getsockname()[1]} }}'
        post.lanes.append(f'[[lane]]\nname = "1"\ndriver = "rapiscan"\nlink = {link}\n')
        post.configure()
        post.enrol()
        post.start_core()
        portal = door.accept()[0]
        portal.sendall(b"GB,000250,000250,000250,000250\r\n")
        for bad in (b"\x00\xff" * 20, b"GS,-00001,000001,000001,000001", b"GS,000001,000001", b"XX,000001", b"9" * 5000):
            portal.sendall(bad + b"\r\n")
        portal.sendall(b"GB,000251,000250,000250,000250\r\n")
        wait_for(lambda: post.status()["lanes"]["1"]["counts"]["unreadable"] >= 5, 20, "the unreadable lines")
        wait_for(lambda: post.status()["lanes"]["1"]["detectors"]["Aa1"]["bkg"], 20, "the good records are read")
        portal.close()
    wait_for(lambda: post.status()["queued"] == 0, 20, "the records")
    faults = [record for record in payloads(post.all_lines(), "fault") if record["condition"] == "unreadable"]
    assert len(faults) == 1 and faults[0]["present"]


def test_a_centre_that_is_someone_else_gets_nothing(post: Post) -> None:
    """The certificate on the card is not the one that answers: a fault, and not one record leaves."""
    post.make_centre()
    post.lanes.append('[[lane]]\nname = "1"\ndriver = "rapiscan"\nlink = { kind = "tcp", host = "127.0.0.1", port = 9 }\n')
    post.configure()
    post.enrol()
    stranger = Post(post.where / "stranger")
    stranger.where.mkdir()
    stranger.url = post.url
    stranger.make_centre()
    stranger.start_centre()
    try:
        post.start_core()
        post.start_uplink()
        wait_for(lambda: "certificate" in post.log("uplink"), 20, "the refusal")
        wait_for(lambda: "centre-link" in post.status()["faults"], 20, "the fault")
        assert post.status()["log"]["receipted"] == 0
    finally:
        stranger.close()


def test_a_portal_that_is_not_enrolled_is_told_so_and_keeps_its_records(post: Post) -> None:
    post.make_centre()
    post.start_centre()
    post.lanes.append('[[lane]]\nname = "1"\ndriver = "rapiscan"\nlink = { kind = "tcp", host = "127.0.0.1", port = 9 }\n')
    post.configure()
    post.command("enrol", "--config", post.config, "--out", post.where / "enrolment.json")
    post.start_core()
    post.start_uplink()
    wait_for(lambda: "enrol" in post.log("uplink"), 20, "the remedy")
    post.admit(post.where / "enrolment.json")
    wait_for(post.all_receipted, 30, "receipts once it is enrolled")


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 200_000,
    b"\x00\x01\x02 no http at all\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/login\r\nContent-Length: 0\r\n\r\n",
])
def test_a_2xx_without_a_receipt_is_never_an_acknowledgement(post: Post, answer: bytes) -> None:
    """A captive portal, a proxy, nonsense: nothing counts but a cosignature the core verifies."""
    import ssl

    post.make_centre()
    post.lanes.append('[[lane]]\nname = "1"\ndriver = "rapiscan"\nlink = { kind = "tcp", host = "127.0.0.1", port = 9 }\n')
    post.configure()
    post.enrol()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    keys = {path.suffix: path for path in (post.where / "centre").rglob("tls*")}
    context.load_cert_chain(keys[".crt"], keys[".key"])
    host, port = post.url[8:].split(":")
    with socket.create_server((host, int(port))) as door:
        threading.Thread(target=_answer, args=(door, context, answer), daemon=True).start()
        post.start_core()
        post.start_uplink()
        wait_for(lambda: "centre-link" in post.status()["faults"], 20, "the fault")
        assert post.status()["log"]["receipted"] == 0


def _answer(door: socket.socket, context: object, answer: bytes) -> None:
    while True:
        try:
            peer, _ = door.accept()
            with context.wrap_socket(peer, server_side=True) as secure:  # type: ignore[attr-defined]
                secure.recv(65536)
                secure.sendall(answer)
        except OSError:
            if door.fileno() < 0:
                return


def test_json_is_one_object(quiet: Post) -> None:
    quiet.enrol()
    quiet.start_core()
    quiet.status()
    for words in (("status",), ("alarms",), ("verify",), ("config", "check")):
        done = quiet.command(*words, "--config", quiet.config, "--json", check=False)
        assert isinstance(json.loads(done.stdout), dict), words


def test_a_core_that_is_dead_is_said_to_the_officer_and_to_programs(quiet: Post) -> None:
    """The booth's display stayed empty, and --json printed nothing."""
    done = quiet.command("status", "--officer", "--config", quiet.config, check=False)
    refused(done, NOT_RUNNING, "does not answer", "verify")
    assert done.stdout == "NO LANE IS WATCHED: search every vehicle by hand, call repair\n"
    done = quiet.command("--language", "lt", "status", "--officer", "--config", quiet.config, check=False)
    assert "NESTEBIMA" in done.stdout
    for command in ("status", "diagnose", "alarms"):
        done = quiet.command(command, "--json", "--config", quiet.config, check=False)
        told = json.loads(done.stdout)
        assert (done.returncode, told["exit"], told["ok"]) == (NOT_RUNNING, NOT_RUNNING, False)


def test_a_second_uplink_is_refused(quiet: Post) -> None:
    """Both ran and tried the centre for ever; a second core always was refused."""
    handle = hold_read_only(quiet.config, "an uplink", "edge-agent-uplink")
    try:
        done = quiet.command("uplink", "--config", quiet.config, check=False)
        refused(done, BUSY, "already running", "systemctl stop edge-agent-uplink")
    finally:
        os.close(handle)
