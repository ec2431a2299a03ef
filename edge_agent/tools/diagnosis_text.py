"""Findings for a person with a screwdriver, 80 columns.  Pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from edge_agent.tools.diagnosis import Found
from edge_agent.words.language import tr


def distance(found: Mapping[str, Sequence[Found]]) -> list[str]:
    """Before every page: the lanes nobody may go near.  Whoever reads one line reads this one."""
    lanes = ", ".join(place.removeprefix("lane ") for place, here in found.items() if any(one.danger for one in here))
    if not lanes:
        return []
    return _wrapped(tr("KEEP DISTANCE from lane {names}: survey meter first, from afar; close it", names=lanes), "!! ", "   ")


def page(place: str, found: Sequence[Found]) -> list[str]:
    """One lane ("lane 2"), or the "controller"."""
    where = tr("controller") if place == "controller" else tr("lane {name}", name=place.removeprefix("lane "))
    if not found:
        return [f"{where}: PASS"]                   # PASS, LOOK, FAIL: stays English, names as of the exit codes
    worst = "FAIL" if any(one.verdict == "FAIL" for one in found) else "LOOK"
    lines = [f"{where}: {worst}"]
    for number, one in enumerate(found, 1):
        about = f": {', '.join(one.subjects)}" if one.subjects else ""
        lines += _wrapped(f"{number}. {one.verdict} {_guide(one.title)}{about}", " ", "    ")
        for name, words in one.signs.items():
            seen = tr("seen: {name}: {words}", name=name, words=words) if words else tr("seen: {name}", name=name)
            lines += _wrapped(seen, "    ", "          ")
        if one.follows:
            lines += _wrapped(tr("follows from it: {names}", names=", ".join(one.follows)), "    ", "          ")
        lines += _causes(one, place.partition(" ")[2])
    return lines


def _guide(text: str) -> str:
    """A text of the guide (config/guide) in the language spoken; a site's own finding stays as it was written."""
    return tr(text, about="guide") if text else ""


def _causes(one: Found, lane: str) -> list[str]:
    if not one.causes:
        unknown = tr("not sure what this is: docs/diagnostics.md; edge-agent record LANE and send it to us")
        return _wrapped(unknown.replace("LANE", lane or "LANE"), "    ", "    ")
    lines = []
    if not one.sure:
        first, other = (_guide(cause.what) for cause in one.causes[:2])
        lines += _wrapped(tr("NOT SURE between {one} and {other}: confirm first", one=first, other=other), "    ", "    ")
    total = sum(cause.weight for cause in one.causes) or 1.0
    for cause in one.causes:
        lines += _wrapped(f"{100 * cause.weight / total:3.0f} % {_guide(cause.what)}", "    ", "          ")
        told = [tr("confirm: {text}", text=_guide(cause.confirm)) if cause.confirm else "",
                tr("repair: {text}", text=_guide(cause.repair)) if cause.repair else "",
                tr("bring: {text}", text=_guide(cause.part)) if cause.part else ""]
        for text in filter(None, told):
            lines += _wrapped(re.sub(r"\bLANE\b", lane, text) if lane else text, "          ", "            ")
    return lines


def plain(found: Sequence[Found]) -> list[dict[str, Any]]:
    return [{
        "id": one.id, "title": one.title, "verdict": one.verdict, "subjects": one.subjects, "signs": dict(one.signs),
        "follows": list(one.follows), "sure": one.sure, "sources": one.sources,
        "causes": [asdict(cause) for cause in one.causes],
    } for one in found]


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(text, 80, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
