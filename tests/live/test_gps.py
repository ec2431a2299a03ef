"""A mobile system with a GPS receiver on a real pty: every record says where it was; lost and found again."""

from __future__ import annotations

from pathlib import Path

from tests.evidence.test_schemas import VALIDATORS

from .post import Post, payloads, wait_for


def test_every_record_says_where_and_loss_is_told(post: Post) -> None:
    link = post.where / "gps.tty"
    post.spawn("gps", "hardware_mocks.nmea", "--pty", "--link", str(link), "--speed", "12")
    wait_for(link.exists, 20, "the receiver")
    post.portal("1", "--scene", "demo", "--rate", "6", "--loop")
    post.configure(heartbeat_s=2)
    post.config.write_text(post.config.read_text() + f'[gps]\nlink = {{ kind = "serial", device = "{link}", baud = 4800 }}\n')
    post.enrol()
    post.start_core()
    wait_for(lambda: (post.status()["position"] or {}).get("fix") == "gps", 30, "a position")
    wait_for(lambda: list(payloads(post.all_lines(), "alarm")), 60, "an alarm")
    (alarm, *_) = payloads(post.all_lines(), "alarm")
    assert alarm["position"]["fix"] == "gps" and 54 < alarm["position"]["latitude"] < 55 and alarm["track"]
    for kind in ("alarm", "occupancy", "heartbeat"):
        for body in payloads(post.all_lines(), kind):
            assert not list(VALIDATORS[kind].iter_errors(body)) and "position" in body
    assert "54.6" in post.command("status", "--config", post.config, check=False).stdout
    post.kill("gps")
    Path(link).unlink(missing_ok=True)
    wait_for(lambda: "gps" in post.status()["faults"], 40, "loss is told")
    wait_for(lambda: post.status()["position"]["fix"] == "none", 30, "and no old place shown for the present one")
    assert post.status()["position"]["last"]["age_s"] >= 10
    shown = post.command("status", "--config", post.config, check=False).stdout
    assert "position UNKNOWN; the last, 54.6" in shown
    post.spawn("gps", "hardware_mocks.nmea", "--pty", "--link", str(link))
    wait_for(lambda: (post.status()["position"] or {}).get("fix") == "gps", 40, "found again")
    assert "gps" not in post.status()["faults"]
