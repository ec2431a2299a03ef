"""Every command that shows something: 80 columns in a terminal, no colour in a pipe, JSON by its schema, Ctrl-C, a dead core."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.live.post import ENVIRONMENT, Post, wait_for

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs/json/commands.schema.json").read_text())
SHOWN = (["status"], ["diagnose"], ["alarms"], ["verify"], ["trend", "1"], ["link"])       # each also with --json
FOLLOWED = (["watch", "1"], ["wire", "1"])                                                 # until Ctrl-C
NEEDS_CORE = ("status", "diagnose", "alarms", "trend", "watch", "wire")
CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def busy(post: Post) -> Post:
    """A portal in traffic with its centre, and an alarm on record."""
    post.make_centre()
    post.start_centre()
    post.portal("1", "--scene", "five", "--rate", "20", "--loop")
    post.configure()
    post.enrol()
    post.start_core()
    post.start_uplink()
    wait_for(lambda: post.status()["lanes"]["1"]["counts"]["alarms"], 60, "an alarm")
    return post


def test_terminal_pipe_and_json(busy: Post, tmp_path: Path) -> None:
    for words in [*SHOWN, *([*words] for words in FOLLOWED)]:
        follows = words in FOLLOWED
        code, shown = in_a_terminal(busy, words, interrupt=follows)
        assert code in ((0, 130) if follows else (0, 1, 10)), (words, shown)
        assert shown.strip() and "Traceback" not in shown, words
        assert [line for line in CODE.sub("", shown).split("\n") if len(line) > 80] == [], words
        if not follows:
            assert "\x1b" not in busy.command(*words, "--config", busy.config, check=False).stdout, words
            check(words[0], json.loads(busy.command(*words, "--json", "--config", busy.config, check=False).stdout))
    for words in FOLLOWED:
        lines = piped(busy, [*words, "--json"])
        assert len(lines) >= 2
        for line in lines:
            check(words[0], json.loads(line))
    recording = tmp_path / "lane.capture"
    busy.command("record", "1", "--seconds", "2", "--out", recording, "--config", busy.config)
    check("replay", json.loads(busy.command("replay", "--json", recording, check=False).stdout))
    for name in ("status", "report"):
        shown = busy.command("center", name, busy.where / "centre", "--json", check=False)    # 1: open questions (busy)
        assert shown.returncode in (0, 1), shown.stderr
        check(f"center {name}", json.loads(shown.stdout))


def test_a_dead_core_is_said_with_what_to_do(busy: Post) -> None:
    busy.kill("core")
    for words in [*SHOWN, *FOLLOWED]:
        done = busy.command(*words, "--config", busy.config, check=False, timeout_s=30)
        assert "Traceback" not in done.stderr
        if words[0] in NEEDS_CORE:
            assert done.returncode == 9 and "Is it running?" in done.stderr, words
        else:                           # what is on the disk and at the centre is shown all the same
            assert done.returncode == 0 and done.stdout, words


def check(name: str, found: Any) -> None:
    jsonschema.Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{name}"}).validate(found)


def in_a_terminal(post: Post, words: list[str], *, interrupt: bool) -> tuple[int, str]:
    """(exit code, all that was shown) on a terminal of 80 x 24; with `interrupt` Ctrl-C after the first screen."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "edge_agent", *words, "--config", str(post.config)], stdin=theirs, stdout=theirs, stderr=theirs,
        env={name: value for name, value in ENVIRONMENT.items() if name not in ("COLUMNS", "LINES")} | {"TERM": "xterm"},
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while part := _read(ours):
            shown += part
            if interrupt and shown.count(b"\n") > 3:
                process.send_signal(signal.SIGINT)
                interrupt = False
        return process.wait(20), shown.decode(errors="replace").replace("\r", "")
    finally:
        process.kill()
        os.close(ours)


def _read(ours: int) -> bytes:
    try:
        return os.read(ours, 65536)
    except OSError:                     # the last one has closed the other end
        return b""


def piped(post: Post, words: list[str]) -> list[str]:
    """The first lines of a command that goes on for ever, whose reader then leaves."""
    with subprocess.Popen([sys.executable, "-m", "edge_agent", *words, "--config", str(post.config)], stdout=subprocess.PIPE,
                          text=True, env=ENVIRONMENT) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        assert process.wait(20) in (0, 130)
    return lines
