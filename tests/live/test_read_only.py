"""ext4 turns read-only under a running core, as errors=remount-ro does after an error of the card: measuring goes on and says
so; after a check of the file system nothing that was on disk is missing, and the log goes on as itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge_agent.hands.taps import Taps
from edge_agent.paths.control import Control
from edge_agent.words.errors import StorageError, Unavailable
from tests.evidence.bench import Place, StillClock, T
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


def card_at(where: Path) -> Card:
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("needs root and e2fsprogs, to mount an ext4 of its own")
    made = Card(where)
    made.mount()
    return made


@pytest.fixture
def card(post: Post) -> Iterator[Card]:
    made = card_at(post.where)
    try:
        yield made
    finally:
        post.close()
        subprocess.run(["umount", "-l", made.mounted], capture_output=True)


def test_what_was_acknowledged_can_be_looked_at_after_a_commit_that_the_card_refused(tmp_path: Path) -> None:
    """A refused commit leaves the file in doubt: nothing is signed or sent from it until it is settled, which such a card takes
    as a write.  People were refused with the rest."""
    async def story() -> tuple[list[bytes], list[bytes], list[bytes]]:
        place = Place(card.mounted)
        ledger = await place.open()
        await ledger.append([("alarm", {"n": number}) for number in range(5)], T)
        kept = await ledger.lines(0, 5)
        card.fail()
        try:
            for _ in range(2):
                with pytest.raises(StorageError):
                    await ledger._database.write([("INSERT INTO node VALUES (9, 9, x'00')", ())])      # a receipt, say
            with pytest.raises(Unavailable, match=r"READONLY|Read-only"):
                await ledger.lines(0, 5)
            control = Control([], SimpleNamespace(ledger=ledger), Taps(), dict, StillClock(), repr)  # type: ignore[arg-type]
            found = [await control.alarms({"last": 9}), await control.lines({"from": 0})]
            seen = [[line.encode() for line in answer["lines"]] for answer in found]
            return kept, *seen  # type: ignore[return-value]
        finally:
            await ledger.close()

    card = card_at(tmp_path)
    try:
        kept, alarms, lines = asyncio.run(story())
    finally:
        subprocess.run(["umount", "-l", card.mounted], capture_output=True)
    assert alarms == lines == kept


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
    held = post.all_lines()
    assert post.command("alarms", "--config", post.config).returncode == 0, "people can look at what is on the card"
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
