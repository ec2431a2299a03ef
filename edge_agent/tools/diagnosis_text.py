"""Findings for a person with a screwdriver, 80 columns.  Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from edge_agent.tools.diagnosis import Found


def page(where: str, found: Sequence[Found]) -> list[str]:
    """One lane, or the controller."""
    if not found:
        return [f"{where}: PASS"]
    worst = "FAIL" if any(one.verdict == "FAIL" for one in found) else "LOOK"
    lines = [f"{where}: {worst}"]
    for number, one in enumerate(found, 1):
        about = f": {', '.join(one.subjects)}" if one.subjects else ""
        lines += _wrapped(f"{number}. {one.verdict} {one.title}{about}", " ", "    ")
        for name, words in one.signs.items():
            lines += _wrapped(f"seen: {name}: {words}" if words else f"seen: {name}", "    ", "          ")
        if one.follows:
            lines += _wrapped(f"follows from it: {', '.join(one.follows)}", "    ", "          ")
        lines += _causes(one)
    return lines


def _causes(one: Found) -> list[str]:
    if not one.causes:
        return _wrapped("not sure what this is: docs/diagnostics.md; edge-agent record LANE and send it to us", "    ", "    ")
    lines = []
    if not one.sure:
        lines += _wrapped(f"NOT SURE between {one.causes[0].what} and {one.causes[1].what}: confirm first", "    ", "    ")
    total = sum(cause.weight for cause in one.causes) or 1.0
    for cause in one.causes:
        lines += _wrapped(f"{100 * cause.weight / total:3.0f} % {cause.what}", "    ", "          ")
        for label, text in (("confirm", cause.confirm), ("repair", cause.repair), ("bring", cause.part)):
            lines += _wrapped(f"{label}: {text}", "          ", "            ") if text else []
    return lines


def plain(found: Sequence[Found]) -> list[dict[str, Any]]:
    return [{
        "id": one.id, "title": one.title, "verdict": one.verdict, "subjects": one.subjects, "signs": dict(one.signs),
        "follows": list(one.follows), "sure": one.sure, "sources": one.sources,
        "causes": [asdict(cause) for cause in one.causes],
    } for one in found]


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(text, 80, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
