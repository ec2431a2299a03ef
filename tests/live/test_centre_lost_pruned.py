"""The centre comes back from an old backup, and what it lost is pruned at the portal: both say so, delivery goes on."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal

from edge_agent.doors.clock import RealClock
from edge_agent.house.identity import logs_of
from edge_agent.house.salvage import open_log
from edge_agent.paths.retention import Retention
from edge_agent.tools.notes import read_vkey
from tests.live.post import Post, payloads, wait_for


def prune_all(post: Post) -> int:
    """What a full disk does, while the core is stopped; size of the cut."""
    async def story() -> int:
        identity = logs_of(post.where / "state")[0]
        ledger = await open_log(identity)
        centre = read_vkey(json.loads((post.where / "card.json").read_text())["vkey"])
        await Retention([(ledger, identity.log_key)], centre, RealClock(), 90).prune(0)
        cut = ledger.cut
        await ledger.close()
        return cut

    return asyncio.run(story())


def test_a_restored_centre_goes_on_from_the_stump_and_both_ends_show_the_hole(post: Post) -> None:
    post.make_centre()
    post.start_centre()
    post.portal("1", "--scene", "twenty", "--rate", "20", "--loop")
    post.configure(heartbeat_s=1)
    post.enrol()
    post.start_core()
    post.start_uplink()
    wait_for(post.all_receipted, 40, "the first receipts")
    post.kill("centre", signal.SIGTERM)
    shutil.copytree(post.where / "centre", post.where / "backup")
    had = len(post.centre_lines())
    post.start_centre()
    wait_for(lambda: len(post.centre_lines()) > had + 5 and post.all_receipted(), 60, "more receipts")
    post.kill("core", signal.SIGTERM)
    post.kill("centre", signal.SIGTERM)
    cut = prune_all(post)
    assert cut > had + 1
    shutil.rmtree(post.where / "centre")
    shutil.move(post.where / "backup", post.where / "centre")

    post.start_centre()
    post.start_core()
    wait_for(lambda: "HOLE" in post.log("centre"), 60, "the hole is told at the centre")
    wait_for(post.all_receipted, 60, "delivery goes on")
    faults = [body["detail"] for body in payloads(post.all_lines(), "fault") if body["condition"] == "centre-rollback"]
    assert faults
    assert f"records {had} to {cut - 2} are pruned here, a hole stays" in faults[0]
    assert post.command("verify", "--config", post.config).returncode == 0
    shown = post.command("center", "verify", post.where / "centre", check=False)
    assert shown.returncode == 6
    assert f"records {had} to {cut - 2} are lost here" in shown.stdout
