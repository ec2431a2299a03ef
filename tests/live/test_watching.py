"""`watch` and `wire` beside a real core: they show what passes, take nothing from it, and end as they should."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from .post import ENVIRONMENT, Post, wait_for

pytestmark = pytest.mark.slow


def started(post: Post, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "edge_agent", *words, "--config", str(post.config)], text=True,
                            env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_who_watches_sees_what_passes_and_the_lane_loses_nothing(post: Post) -> None:
    post.portal("1", "--scene", "demo", "--loop", pty=True)
    post.configure()
    post.enrol()
    post.start_core()
    wait_for(lambda: post.status()["lanes"]["1"]["counts"]["samples"] > 0, 40, "samples")
    many = [started(post, "wire", "1", "--json") for _ in range(2)] + [started(post, "watch", "--json")]
    wire = post.command("wire", "1", "--seconds", "12", "--config", post.config)
    watched = post.command("watch", "1", "--seconds", "2", "--config", post.config)
    assert "<- GS," in wire.stdout and "gamma" in wire.stdout and "UNREADABLE" not in wire.stdout
    assert "lane 1" in watched.stdout and "\x1b" not in watched.stdout
    for process in many:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 0 and "Traceback" not in err
        assert all(json.loads(line) for line in out.splitlines())
    lane = post.status()["lanes"]["1"]
    assert not lane["faults"] and lane["counts"]["late"] == 0 and lane["counts"]["unreadable"] == 0
    last = started(post, "wire", "1")
    assert last.stdout is not None and last.stdout.readline()
    post.kill("core")
    _, err = last.communicate(timeout=20)
    assert last.returncode == 9 and "the core ended" in err and "Traceback" not in err
    nobody = post.command("watch", "--config", post.config, check=False)
    assert nobody.returncode == 9 and "Is it running?" in nobody.stderr
