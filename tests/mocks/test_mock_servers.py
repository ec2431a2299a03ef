"""The servers give the generator's bytes, to anyone who comes.  Real processes, accelerated; no timing asserted."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest
from mock_program import Start, run

from hardware_mocks import rapiscan, scenes

FAST = ("--rate", "50", "--seed", "3")
WANT = {name: b"".join(data for _, data in rapiscan.wire(scenes.load(name), 3)) for name in ("demo", "five")}
LONGEST_S = 20.0                        # no read may hang a test run


def connect(place: str) -> socket.socket:
    host, port = place.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=LONGEST_S)


def to_end(client: socket.socket) -> bytes:
    """Everything until the portal hangs up."""
    got = b""
    while True:
        try:
            data = client.recv(65536)
        except ConnectionResetError:    # how lost power ends a connection
            return got
        if not data:
            return got
        got += data


def some(client: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        data = client.recv(65536)
        assert data
        got += data
    return got


def test_tcp_gives_the_bytes_and_the_truth(start: Start, tmp_path: Path) -> None:
    process, place = start("--tcp", "127.0.0.1:0", "--scene", "five", "--once", *FAST,
                           "--truth", str(tmp_path / "truth"))
    with connect(place) as client:
        client.sendall(b"the portal takes no commands\r\n")
        assert to_end(client) == WANT["five"]
    assert process.wait(LONGEST_S) == 0
    told = [json.loads(line) for line in (tmp_path / "truth").read_text().splitlines()]
    assert told == json.loads(json.dumps([asdict(truth) for truth in rapiscan.truths(scenes.load("five"), 3)]))


def test_two_clients_hear_the_same_and_one_may_come_back(start: Start) -> None:
    _, place = start("--tcp", "127.0.0.1:0", "--scene", "five", "--once", *FAST)
    with connect(place) as first:
        opening = some(first, 400)
        with connect(place) as second:
            some(second, 300)
        with connect(place) as again:
            late = to_end(again)
        whole = opening + to_end(first)
    assert whole == WANT["five"]
    assert late and whole.endswith(late)


def test_one_client_turns_a_second_away_until_the_first_leaves(start: Start) -> None:
    _, place = start("--tcp", "127.0.0.1:0", "--scene", "quiet", "--one-client", *FAST)
    with connect(place) as first:
        some(first, 200)
        with connect(place) as second:
            assert to_end(second) == b""
        some(first, 200)
    got = b""
    while not got:                      # the portal may need a moment to see that it is alone
        with connect(place) as third:
            got = third.recv(100)


def test_after_its_end_a_scene_stays_vacant(start: Start) -> None:
    process, place = start("--tcp", "127.0.0.1:0", "--scene", "demo", *FAST)
    with connect(place) as client:
        got = some(client, len(WANT["demo"]) + 500)
    assert got.startswith(WANT["demo"])
    assert {line[:2] for line in got[len(WANT["demo"]):].split(b"\r\n")[:-1]} == {b"NB", b"GB"}
    assert process.poll() is None


def test_power_and_dropped_connections_break_tcp_and_it_comes_back(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "breaks.toml"
    path.write_text("duration_s = 100\n[[drop_connections]]\nat_s = 20\n[[power_cycles]]\nat_s = 60\noff_s = 20")
    _, place = start("--tcp", "127.0.0.1:0", "--scene", str(path), "--once", *FAST)
    with connect(place) as first:
        before = to_end(first)
    with connect(place) as second:
        between = to_end(second)
    after = b""
    while not after:
        try:
            with connect(place) as third:
                after = to_end(third)
        except ConnectionRefusedError:
            continue                    # dark: nobody listens
    want = dict(rapiscan.wire(scenes.load(str(path)), 3))
    assert before == b"".join(data for at, data in want.items() if at <= 20)
    assert between.startswith(b"NB") and before + between == b"".join(d for at, d in want.items() if at < 60)
    # A client back within the first slice after power-up hears the setup dump, a later one does not.
    assert b"".join(d for at, d in want.items() if at >= 80).endswith(after)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("listening", [True, False])
def test_a_signal_ends_it_cleanly(start: Start, number: int, listening: bool) -> None:
    process, place = start("--tcp", "127.0.0.1:0", "--scene", "quiet", *FAST)
    if listening:
        with connect(place) as client:
            some(client, 200)
            process.send_signal(number)
            to_end(client)
    else:
        process.send_signal(number)
    out, err = process.communicate(timeout=LONGEST_S)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_taken_address_is_said_in_words(start: Start) -> None:
    _, place = start("--tcp", "127.0.0.1:0", "--scene", "quiet")
    process = run("--tcp", place)
    out, err = process.communicate(timeout=LONGEST_S)
    assert (process.returncode, out) == (4, "") and err.startswith("cannot serve: ") and err.count("\n") == 1


def read_pty(fd: int, size: int) -> bytes:
    got = b""
    while len(got) < size:
        got += os.read(fd, 65536)
    return got


def test_pty_gives_the_bytes_and_survives_its_reader(start: Start, tmp_path: Path) -> None:
    link = tmp_path / "rpm0"
    process, place = start("--pty", "--scene", "demo", "--link", str(link), *FAST)
    assert str(link.readlink()) == place
    first = os.open(link, os.O_RDWR | os.O_NOCTTY)
    assert read_pty(first, len(WANT["demo"])).startswith(WANT["demo"])
    os.close(first)
    second = os.open(place, os.O_RDWR | os.O_NOCTTY)
    os.write(second, b"not echoed\r\n")
    lines = read_pty(second, 500).split(b"\r\n")[1:-1]
    os.close(second)
    assert {line[:2] for line in lines} == {b"NB", b"GB"}
    process.terminate()
    assert process.wait(LONGEST_S) == 0 and not link.is_symlink()


def test_a_link_never_replaces_a_file(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("keep")
    process = run("--pty", "--link", str(path))
    _, err = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 4 and "File exists" in err and path.read_text() == "keep"


@pytest.mark.parametrize("args", [["--tcp", "here"], ["--pty", "--rate", "0"], ["--pty", "--seed", "-1"], []])
def test_a_wrong_argument_is_a_usage_error(args: list[str]) -> None:
    process: subprocess.Popen[str] = run(*args)
    _, err = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 2 and "usage:" in err
