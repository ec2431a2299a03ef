"""The whole state directory comes back from an older copy: both ends say so, and a person begins a continuation."""

from __future__ import annotations

import shutil
import signal
from typing import Any

from tests.live.post import ORIGIN, Post, payloads, wait_for

NEXT = f"{ORIGIN}/2"


def test_a_restored_state_directory_is_continued_and_every_alarm_is_at_the_centre_once(post: Post) -> None:
    post.make_centre()
    post.start_centre()
    post.portal("1", "--scene", "twenty", "--rate", "20", "--loop")
    post.configure(heartbeat_s=1)
    post.enrol()
    post.start_core()
    post.start_uplink()
    wait_for(post.all_receipted, 40, "the first receipts")
    stop(post)
    shutil.copytree(post.where / "state", post.where / "backup")

    post.start_core()
    before = wait_for(lambda: alarms(post), 60, "an alarm after the copy was made")
    wait_for(lambda: all(name in centre_alarms(post) for name in before), 40, "it is at the centre")
    stop(post)
    shutil.rmtree(post.where / "state")
    shutil.move(post.where / "backup", post.where / "state")

    post.start_core()
    found = wait_for(lambda: refused(post), 60, "the refusal is shown here")
    assert "enrol --continue" in found["rolled-back"] and "older copy" in found["rolled-back"]
    assert "FORK" in post.log("centre"), "and there"
    in_the_fork = wait_for(lambda: alarms(post), 60, "an alarm that the centre cannot take in order")
    running = post.command("enrol", "--config", post.config, "--continue", check=False)
    assert running.returncode == 8 and "already running" in running.stderr
    stop(post)
    check = post.command("verify", "--config", post.config, check=False)
    assert check.returncode == 6 and "rolled back" in check.stdout + check.stderr, "the log verifies; what the core knows is told"

    told = post.command("enrol", "--config", post.config, "--continue").stdout
    assert NEXT in told and "older copy" in told and "center confirm" in told
    post.kill("portal-1")
    post.start_core()
    wait_for(post.all_receipted, 60, "the continuation is receipted")
    wait_for(lambda: not {"rolled-back", "centre-refused"} & set(post.status()["faults"]), 40, "no refusal stands")
    first = next(payloads(post.centre_lines(NEXT)))
    assert (first["kind"], first["of"], first["by"]["how"]) == ("recovery", ORIGIN, "edge-agent enrol --continue")
    assert 0 < first["agreed"]["size"] <= first["tail"]["from"] <= first["size"]
    known = centre_alarms(post)
    assert len(known) == len(set(known)), "an alarm is at the centre twice"
    assert set(in_the_fork) <= set(centre_alarms(post, NEXT)), "an alarm of the refused records is not at the centre"

    assert NEXT in (unconfirmed := post.command("center", "status", post.where / "centre").stdout)
    digits = next(line for line in told.splitlines() if line.startswith("Fingerprint")).split()[1]
    assert digits in unconfirmed and "UNCONFIRMED" in unconfirmed
    post.command("center", "confirm", post.where / "centre", NEXT)
    assert post.command("verify", "--config", post.config).returncode == 0
    again = post.command("enrol", "--config", post.config, "--continue", check=False)
    assert again.returncode == 8, "the core runs"
    stop(post)
    again = post.command("enrol", "--config", post.config, "--continue", check=False)
    assert again.returncode == 3 and "nothing is to be continued" in again.stderr


def stop(post: Post) -> None:
    post.kill("core", signal.SIGTERM)


def alarms(post: Post) -> list[str]:
    return [crossing(record) for record in payloads(post.all_lines(), "alarm")]


def centre_alarms(post: Post, origin: str = "") -> list[str]:
    """Alarms in order at the centre, in one log or in both."""
    lines = post.centre_lines(origin) if origin else [*post.centre_lines(ORIGIN), *post.centre_lines(NEXT)]
    return [crossing(record) for record in payloads(lines, "alarm")]


def crossing(record: dict[str, Any]) -> str:
    """One alarm by its name and time: a restored copy counts its names again."""
    return f"{record['id']} {record['at']['mono_ms']}"


def refused(post: Post) -> dict[str, str]:
    """The refusal as the ledger has it, in words; nothing until both faults are told."""
    told = {record["condition"]: record["detail"] for record in payloads(post.all_lines(), "fault") if record["present"]}
    return told if {"rolled-back", "centre-refused"} <= told.keys() else {}
