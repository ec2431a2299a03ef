"""The list of upkeep in force, and what of it is due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge_agent.doors.files import read_text, shipped_config
from edge_agent.house.configuration import Configuration
from edge_agent.tools import toml_settings, upkeep
from edge_agent.tools.upkeep import Due
from edge_agent.words.upkeep import Task, Upkeep


def tasks(config: Path) -> list[Task]:
    """The site's own list, or the shipped one; SettingsError names file and key."""
    own = config.with_name("upkeep.toml")
    file = own if own.exists() else shipped_config() / "upkeep.toml"
    return toml_settings.read(Upkeep, read_text(file, "the list of upkeep"), str(file)).task


def of_status(found: Configuration, status: Mapping[str, Any]) -> list[Due]:
    """[] of an older core, which does not tell."""
    held = status.get("upkeep")
    if held is None:
        return []
    lanes = {lane.name: lane.kind for lane in found.settings.lane}
    return upkeep.look(tasks(found.path), lanes, held["begun"], held["done"], datetime.now(UTC))
