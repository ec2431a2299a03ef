"""ext4 turns read-only under a running core, as errors=remount-ro does after an error of the card: measuring goes on and says
so; after a check of the file system nothing that was on disk is missing, and the log goes on as itself."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.words.errors import EdgeAgentError
from tests.live.post import Post, wait_for

SIZE_MB = 16


class Card:
    """A file system of its own on a loop device."""

    def __init__(self, where: Path) -> None:
        self.image, self.mounted = where / "card.img", where / "state"
        self.mounted.mkdir()
        with self.image.open("wb") as file:
            file.truncate(SIZE_MB << 20)
        self.run("mkfs.ext4", "-q", "-F", self.image)

    def run(self, *words: object, good: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
        if done.returncode not in good:
            pytest.skip(f"no loop device with ext4 here: {' '.join(map(str, words))}: {done.stderr.strip()}")
        return done.stdout

    def mount(self) -> None:
        self.run("mount", "-o", "loop,errors=remount-ro", self.image, self.mounted)
        self.mounted.chmod(0o711)

    def fail(self) -> None:
        """What ext4 does when it finds an error: aborts its journal, takes no write any more."""
        device = Path(self.run("findmnt", "-no", "SOURCE", self.mounted).strip()).name
        trigger = Path(f"/sys/fs/ext4/{device}/trigger_fs_error")
        if not trigger.exists():
            pytest.skip("this kernel's ext4 has no trigger_fs_error")
        trigger.write_text("1\n")

    def repair(self) -> None:
        self.run("umount", self.mounted)
        # the loop device goes by itself, a little later; a mount before that finds its old pages, error mark and all
        wait_for(lambda: not self.run("losetup", "-j", self.image), 30, "the loop device is gone")
        self.run("e2fsck", "-fp", self.image, good=(0, 1))      # 1: errors corrected


@pytest.fixture
def card(post: Post) -> Iterator[Card]:
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("needs root and e2fsprogs, to mount an ext4 of its own")
    made = Card(post.where)
    made.mount()
    try:
        yield made
    finally:
        post.close()
        subprocess.run(["umount", "-l", made.mounted], capture_output=True)


def test_a_card_that_turns_read_only_stops_no_lane_and_loses_nothing_it_held(post: Post, card: Card) -> None:
    post.portal("1", "--scene", "twenty", "--rate", "20", "--loop")
    post.configure(heartbeat_s=1)
    post.enrol()
    post.start_core()
    wait_for(lambda: post.status()["log"]["size"] >= 10, 40, "records")
    held = post.all_lines()
    card.fail()
    trouble = wait_for(lambda: post.status()["storage"], 40, "the fault is shown")
    assert "readonly" in trouble.lower() or "read-only" in trouble.lower() or "disk I/O" in trouble
    # Falls short: a handle opened anew on such a card may refuse reads too (SQLITE_READONLY), so this longer copy may be missing.
    with contextlib.suppress(EdgeAgentError):
        held = post.all_lines()
    told = post.log("core").count("\nALARM")
    wait_for(lambda: post.log("core").count("\nALARM") > told, 60, "an alarm is told all the same")
    waiting = post.status()["queued"]
    time.sleep(2)
    assert post.status()["queued"] > waiting, "records wait in memory"
    post.kill("core", signal.SIGTERM)
    assert "records are lost with the end of the program" in post.log("core")

    card.repair()
    card.mount()
    post.start_core()
    wait_for(lambda: post.status()["log"]["size"] > len(held), 40, "the log goes on")
    assert post.all_lines()[: len(held)] == held
    assert [path.name for path in (post.where / "state/logs").iterdir()] == ["1"], "no continuation was needed"
    assert post.command("verify", "--config", post.config).returncode == 0
