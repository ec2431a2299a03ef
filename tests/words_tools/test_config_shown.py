"""`config check` has a line of everything that is configured."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.commands import main

BARE = """version = 1
[portal]
origin = "rpm.example.gov/portal/QX-0042"
[[lane]]
name = "2"
driver = "rapiscan"
link = { kind = "tcp", host = "192.168.2.3" }
"""
MORE = """relay = { host = "10.0.0.5", allow = ["10.0.0.9"] }
[gps]
link = { kind = "serial", device = "/dev/serial/by-id/gps", baud = 4800 }
[[stream]]
name = "pack"
host = "192.168.2.9"
port = 2000
kind = "backpack"
lane = "2"
[[inbox]]
directory = "/srv/inbox"
[[annunciator.module]]
host = "192.168.2.50"
coils = { gamma = 0, neutron = 0, distance = 0, fault = 1, ready = 2, horn = 3 }
button = 5
"""
LINES = ("relay   10.0.0.5:1600, for 10.0.0.9", "gps     serial /dev/serial/by-id/gps 4800 8N1",
         "stream  pack: backpack, 192.168.2.9:2000, at lane 2", "inbox   /srv/inbox: as each document says",
         "lamps   192.168.2.50:502 unit 1, of every lane: gamma 0, neutron 0, distance 0, fault 1, ready 2, horn 3; "
         "button at input 5")


def told(file: Path, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    file.write_text(text)
    assert main(["config", "check", "--config", str(file)]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_each_thing_that_is_configured_has_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever wrote an inbox or lamps into the file could not see that it was read."""
    shown = told(tmp_path / "edge-agent.toml", BARE + MORE, capsys)
    assert not [line for line in LINES if line not in shown], shown


def test_what_is_not_configured_has_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = told(tmp_path / "edge-agent.toml", BARE, capsys)
    assert not [word for word in ("relay", "gps", "stream", "inbox", "lamps") if word in shown], shown


def test_nobody_told_at_the_lane_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = told(tmp_path / "edge-agent.toml", BARE + '[annunciator]\nkind = "none"\n', capsys)
    assert "lamps   none: nobody is told at the lane" in shown
