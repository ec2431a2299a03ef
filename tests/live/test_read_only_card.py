"""A card taken out of a controller and mounted read-only: what is on it can be verified and exported all the same."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess

import pytest

from tests.live.post import Post, payloads, wait_for

pytestmark = pytest.mark.slow


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount a file system read-only")
def test_a_card_mounted_read_only_is_evidence_like_any_other(post: Post) -> None:
    """Found by attack: SQLite wants to write beside a database with a write-ahead log, and nothing could be looked at."""
    post.portal("1", "--scene", "five", "--seed", "11", "--rate", "10", "--once")
    post.configure()
    post.enrol()
    post.start_core()
    wait_for(lambda: post.status()["lanes"]["1"]["counts"]["occupancies"] >= 5, 60, "the vehicles")
    alarm = next(payloads(post.all_lines(), "alarm"))
    post.kill("core", signal.SIGTERM)
    card = post.where / "card"
    card.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "none", card], capture_output=True).returncode:
        pytest.skip("needs to mount a tmpfs")
    try:
        shutil.copytree(post.where / "state/logs", card / "logs")
        subprocess.run(["mount", "-o", "remount,ro", card], check=True)
        ledger = card / "logs/1/ledger.db"
        shown = post.command("alarms", "show", alarm["id"], "--config", post.config, "--ledger", ledger)
        assert alarm["id"] in shown.stdout
        out = post.where / "alarm.html"
        post.command("alarms", "export", alarm["id"], "--config", post.config, "--ledger", ledger, "--exhibit", out)
        assert alarm["id"] in out.read_text()
    finally:
        subprocess.run(["umount", card], check=True)
