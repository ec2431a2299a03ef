"""`edge-agent replay`: runs a recording through decoder and detection again, with other settings if asked."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge_agent.commands import options
from edge_agent.words.errors import SettingsError


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "replay", "Run a recording or a daily file through decoder and alarm rules again.",
        "edge-agent replay --driver rapiscan --set ksigma_n=8 recording.capture",
    )
    made.add_argument("file", type=Path, help="recording of `edge-agent record`, bare listing, or daily file")
    made.add_argument("--driver", default="rapiscan", help="portal family (default rapiscan)")
    made.add_argument("--profile", type=Path, metavar="FILE", help="profile file (default: the driver's shipped one)")
    made.add_argument("--model", type=Path, metavar="FILE", help="shadow model of the lane, as edge-agent learn wrote it")
    made.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="another alarm setting; repeatable")
    options.as_json(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent import drivers
    from edge_agent.doors.files import read_text, shipped_config
    from edge_agent.judgement.rules import NOT_FITTED
    from edge_agent.paths.replaying import Replay
    from edge_agent.tools import model_file, toml_settings
    from edge_agent.words.settings import LaneSettings, LinkSettings, Profile

    file = chosen.profile or shipped_config() / "profiles" / f"{chosen.driver}.toml"
    driver = drivers.find(chosen.driver)
    profile = toml_settings.read(Profile, read_text(file, "the profile"), str(file))
    lane = LaneSettings("replay", chosen.driver, LinkSettings(driver.links[0]), alarm=_alarm(chosen.set))
    model = None
    if chosen.model:
        panels = sum(name != NOT_FITTED for name in profile.gamma)
        model = model_file.read(read_text(chosen.model, "the shadow model"), str(chosen.model), panels)
    summary = Replay(lane, profile, driver, model).run(_chunks(chosen.file)).plain()
    print(json.dumps(summary, indent=1) if chosen.json else "\n".join(_page(summary)))
    return 0


def _alarm(changes: list[str]) -> Any:
    """Alarm settings with KEY=VALUE changes, held to the same limits as the configuration."""
    from edge_agent.tools import toml_settings
    from edge_agent.words.settings import AlarmSettings

    if not all("=" in change for change in changes):
        raise SettingsError("--set takes KEY=VALUE, for example --set ksigma_n=8")
    return toml_settings.read(AlarmSettings, "\n".join(changes), "--set")


def _chunks(path: Path) -> Iterator[Any]:
    from edge_agent.tools import capture, daily_file

    lines = options.read_bytes(path).decode("latin-1").split("\n")
    first = next((line for line in lines if line.strip()), "")
    if daily_file.looks_like(first):
        return daily_file.read(lines, str(path))
    return capture.read(lines, str(path))


def _page(summary: dict[str, Any]) -> list[str]:
    lines = [
        f"{summary['seconds']:.0f} s of wire, {sum(summary['records'].values())} records, {summary['unreadable']} unreadable",
        f"{summary['occupancies']} occupancies; the portal alarmed: gamma {summary['vendor_gamma_alarms']}, "
        f"neutron {summary['vendor_neutron_alarms']}",
        f"tamper opened {summary['tamper_opened']}, closed {summary['tamper_closed']}",
        f"our alarms: {len(summary['alarms'])}",
    ]
    for alarm in summary["alarms"]:
        lines.append(
            f"  {alarm['at_s']:9.1f} s  {alarm['radiation']:7} {alarm['rule']:10} {alarm['statistic']:6.1f} sigma  "
            f"{alarm['counts']} counts in {alarm['window_s']:g} s, background {alarm['expected']:.0f}"
        )
    return lines


