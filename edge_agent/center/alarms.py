"""An alarm as the centre shows it.  A body may be anything: what is missing or odd is a question mark."""

from __future__ import annotations

from typing import Any

from edge_agent.center.values import Raised, plain

SHOWN = ("lane", "radiation", "rule", "statistic")
PENDING, CHAINED, FORKED = "pending", "chained", "forked"


def vehicle_time(payload: dict[str, Any]) -> str:
    """When it happened at the lane: the event's own time, else the time of signing, as the portal's clock had it."""
    for name in ("at", "t"):
        stamp = payload.get(name)
        if isinstance(stamp, dict) and isinstance(stamp.get("wall"), str):
            return plain(stamp["wall"], 40)
    stamp = payload.get("t")
    if isinstance(stamp, dict):
        return f"boot-{plain(stamp.get('boot'), 20)}+{plain(stamp.get('mono_ms'), 20)}ms"
    return "?"


def raised(origin: str, seq: int, payload: dict[str, Any], state: str) -> Raised:
    """The ALARM line: one for an alarm ahead of its backlog, one when it stands in order."""
    parts = [f"{name}={_value(payload.get(name))}" for name in SHOWN]
    parts += [f"at={_value(vehicle_time(payload))}", f"log={origin}", f"seq={seq}", f"state={state}"]
    parts += [f"{name}={_value(payload[name])}" for name in ("exercise", "maintenance") if payload.get(name)]
    return Raised("ALARM", origin, f"{seq} {state} {vehicle_time(payload)}", " ".join(parts))


def _value(value: object) -> str:
    if value is None:
        return "?"
    text = plain(value, 60)
    return f'"{text}"' if " " in text or not text else text
