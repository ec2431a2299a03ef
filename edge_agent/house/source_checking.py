"""A check source at panels of a running lane: guided, measured, on record; and the register it is in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from edge_agent.doors.files import read_text, write_whole
from edge_agent.house import fresh_counts
from edge_agent.house.configuration import Configuration
from edge_agent.tools import source_check, source_edit, toml_settings
from edge_agent.words.errors import EdgeAgentError, SettingsError
from edge_agent.words.language import tr, worded
from edge_agent.words.sources import CheckSource, Sources

RADIATIONS = ("gamma", "neutron")
MAKE_IT = 'Make it as docs/diagnostics.md shows: "Check sources"'
Say = Callable[[str], None]


def register(file: Path) -> list[CheckSource]:
    return toml_settings.read(Sources, read_text(file, "the register of check sources", MAKE_IT), str(file)).source


def find(file: Path, name: str) -> CheckSource:
    sources = register(file)
    one = next((source for source in sources if source.id == name), None)
    if one is None:
        raise SettingsError(worded(
            "{file}: no source is called {name!r}; there are: {sources}",
            file=file, name=name, sources=", ".join(s.id for s in sources)))
    return one


def detectors(found: Configuration, lane: str, wanted: Sequence[str] = ()) -> dict[str, str]:
    """Name of a panel or tube -> its radiation; all of `wanted` are among them."""
    known = {name: radiation for radiation in RADIATIONS for name in fresh_counts.names(found, lane, radiation)}
    if unknown := [panel for panel in wanted if panel not in known]:
        raise SettingsError(worded(
            "lane {lane} has no {unknown}; there are: {known}", lane=lane, unknown=unknown[0], known=", ".join(known)))
    return known


def measure(
    found: Configuration, lane: str, source: CheckSource, panels: Sequence[str], seconds: float, today: date,
    say: Say, enter: Say,
) -> tuple[dict[str, Any], dict[str, float]]:
    """(check as a record has it, net counts/s of panels measured for the first time).  `enter` says a thing and waits for the
    person."""
    known = detectors(found, lane, panels)
    results: dict[str, source_check.Checked] = {}
    for panel in panels:
        radiation = known[panel]
        at = fresh_counts.names(found, lane, radiation).index(panel)
        background = fresh_counts.background(found, lane, radiation)[at]
        enter(tr("Put the source into its holder at {panel}, then press Enter", panel=panel))
        counted = fresh_counts.count(found, lane, radiation, seconds, say)
        expected = source_check.expected_cps(source, panel, today)
        results[panel] = one = source_check.judge(background, [rates[at] for rates in counted.rates], counted.each_s, expected)
        say(tr("  FAIL {panel}: {text}", panel=panel, text=one.text()) if one.verdict == "fail" else
            tr("  ok   {panel}: {text}", panel=panel, text=one.text()))
    enter(tr("Take the source back to where it is kept, then press Enter"))
    check = {
        "nuclide": source.nuclide, "source": source.id, "activity_bq": source_check.activity_bq(source, today),
        "detectors": {panel: one.plain() for panel, one in results.items()},
        "passed": all(one.verdict != "fail" for one in results.values()),
    }
    return check, {panel: round(one.net_cps, 1) for panel, one in results.items() if one.verdict == "first"}


def keep_first(file: Path, source: CheckSource, first: dict[str, float], today: date) -> bool:
    """Write what was measured for the first time into the register, as of the day its other panels were measured; False where
    this account or the file's form forbids it."""
    day = source_check.day(source.measured) if source.measured else today
    then = {panel: round(rate / source_check.left(source.nuclide, day, today), 1) for panel, rate in first.items()}
    try:
        write_whole(file, source_edit.with_expected(read_text(file, "the register"), source.id, then, day).encode())
    except EdgeAgentError:
        return False
    return True
