"""The fault guide in force: the shipped one, and the site's own files beside the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge_agent.doors.files import read_text, shipped_config
from edge_agent.tools import toml_settings
from edge_agent.tools.diagnosis import Found, diagnose
from edge_agent.words.guide import Finding, Guide
from edge_agent.words.language import worded

LINE_SHARE = 0.01       # of a lane's questions: less trouble of one kind is a line's everyday


def findings(config: Path | None) -> list[Finding]:
    """In order; SettingsError names file and key of a bad one."""
    files = sorted((shipped_config() / "guide").glob("*.toml"))
    files += sorted((config.parent / "guide").glob("*.toml")) if config is not None else []
    held: dict[str, Finding] = {}
    for file in files:
        for one in toml_settings.read(Guide, read_text(file, "the fault guide"), str(file)).finding:
            held[one.id] = one
    return list(held.values())


def of_status(
    status: Mapping[str, Any], guide: list[Finding], lane: str | None = None,
    history: Callable[[str], Mapping[str, str]] = lambda lane: {},
) -> dict[str, list[Found]]:
    """Place -> findings, of what `status` says and what the minutes of a lane show: every lane, or one, and the controller."""
    found = {}
    for name, about in status["lanes"].items():
        if lane in (None, name):
            faults = {fault: about.get("fault_details", {}).get(fault, "") for fault in about["faults"]}
            faults |= {"tamper": worded("a door is open")} if about.get("tamper") == "open" else {}
            found[f"lane {name}"] = diagnose(faults | _line(about["counts"]) | dict(history(name)), guide,
                                             str(about.get("link_kind", "")))
    if lane is None:
        faults = {fault: status.get("fault_details", {}).get(fault, "") for fault in status["faults"]}
        faults |= {"storage": status["storage"]} if status.get("storage") else {}
        found["controller"] = diagnose(faults, guide)
    return found


def _line(counts: Mapping[str, Any]) -> dict[str, str]:
    asked = counts["samples"] + counts.get("missed_polls", 0) + sum(counts.get("line", {}).values())
    kinds = {**counts.get("line", {}), "silence": counts.get("missed_polls", 0)}
    return {f"line:{kind}": worded("{times} of {asked} answers", times=times, asked=asked) for kind, times in kinds.items()
            if asked and times > LINE_SHARE * asked}
