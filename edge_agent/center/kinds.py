"""What is odd about a body: an unknown kind, or a failed JSON Schema.  Odd lines are stored all the same."""

from __future__ import annotations

import json
from importlib import import_module, resources
from typing import Any

from edge_agent.center.values import plain

KINDS = frozenset((
    "boot", "alarm", "occupancy", "fault", "tamper", "heartbeat", "config", "clock", "exercise", "maintenance",
    "operator", "instrument", "recovery", "commissioning",
))
_ENDING = ".schema.json"


class Bodies:
    """The schemas of edge_agent/words/schemas, where they are there and jsonschema-rs is installed: in plain Python the
    schemas were half of what a record costs the centre (jsonschema 1.4 ms, jsonschema-rs 0.01 ms)."""

    def __init__(self, schemas: dict[str, dict[str, Any]] | None = None) -> None:
        found = load() if schemas is None else schemas
        self._kinds = KINDS | found.keys()
        self._validators = _validators(found)

    def mark(self, kind: str, payload: dict[str, Any]) -> str | None:
        """What is odd, in a few words; None when nothing is."""
        if kind not in self._kinds:
            return f"unknown kind {kind}"
        validator = self._validators.get(kind)
        if validator is None:
            return None
        problem = next(iter(validator.iter_errors(payload)), None)
        return None if problem is None else plain(f"{_path(problem.instance_path)}: {problem.message}", 200)


def load() -> dict[str, dict[str, Any]]:
    """Schemas by kind; none when the directory is not there."""
    try:
        files = list(resources.files("edge_agent.words").joinpath("schemas").iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return {
        file.name.removesuffix(_ENDING): json.loads(file.read_bytes())
        for file in files if file.name.endswith(_ENDING)
    }


def _validators(schemas: dict[str, dict[str, Any]]) -> dict[str, Any]:
    try:
        validator_for = import_module("jsonschema_rs").validator_for      # optional
    except ImportError:
        return {}
    return {kind: validator_for(schema) for kind, schema in schemas.items()}


def _path(steps: list[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
