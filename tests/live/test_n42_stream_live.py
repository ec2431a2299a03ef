"""A backpack that streams documents, from its socket to the centre: unplugged in between, silent, back."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from typing import Any

from edge_agent.tools import jws

from .post import ENVIRONMENT, Post, free_port, wait_for


def test_what_a_backpack_finds_is_at_the_centre_once(post: Post) -> None:
    port = free_port()

    def backpack() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "hardware_mocks.n42_stream", "--port", str(port), "--every", "0.2",
                                 "--alarm-at", "2", "--alarm-for", "3"], env=ENVIRONMENT, stdout=subprocess.DEVNULL)

    post.make_centre()
    post.start_centre()
    post.portal("1", "--scene", "quiet")
    post.configure()
    post.config.write_text(post.config.read_text() + f'[[stream]]\nname = "bp"\nhost = "127.0.0.1"\nport = {port}\nlane = "1"\n'
                           "silence_s = 5\n")
    post.enrol()
    post.start_core()
    post.start_uplink()
    wait_for(lambda: "n42-stream-link:bp" in post.status()["faults"], 20, "nobody listens there")
    post.processes["backpack"] = backpack()
    wait_for(lambda: "n42-stream-link:bp" not in post.status()["faults"], 20, "it is there")
    (record,) = wait_for(lambda: instruments(post), 30, "its record")
    there = post.where / "centre/blobs" / record["blob"]["sha256"]
    wait_for(there.exists, 40, "the document at the centre")
    assert hashlib.sha256(there.read_bytes()).hexdigest() == record["blob"]["sha256"] and b"Cs-137" in there.read_bytes()
    post.processes["backpack"].send_signal(signal.SIGSTOP)
    wait_for(lambda: "n42-stream-silence:bp" in post.status()["faults"], 30, "silence")
    post.processes["backpack"].send_signal(signal.SIGCONT)
    wait_for(lambda: not [name for name in post.status()["faults"] if name.startswith("n42")], 30, "it speaks again")
    assert len(instruments(post)) == 1


def instruments(post: Post) -> list[dict[str, Any]]:
    parts = [jws.take_apart(line.encode()) for line in (post.ask("lines", **{"from": 0}) or {"lines": []})["lines"]]
    return [part.payload for part in parts if part.kind == "instrument"]
