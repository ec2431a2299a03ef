"""Panels named by a check source, with the running core's own counts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge_agent.hands.asking import Core
from edge_agent.house.configuration import Configuration
from edge_agent.tools import panel_naming
from edge_agent.words.errors import EdgeAgentError

SECONDS = 10.0          # at each panel: a source of 0.3 MBq at 0.3 m doubles the field in that time many times over
PATIENCE = 6            # times that, before it is given up: a vacant lane tells a rate every 5 s
TRIES = 3               # at one panel


def names_of(found: Configuration, lane: str) -> list[str]:
    """Panels as they are taken now, in wire order."""
    return list(_live(found, lane)["radiations"]["gamma"]["detectors"])


def name(found: Configuration, lane: str, panels: Sequence[str], say: Callable[[str], None], enter: Callable[[str], None],
         seconds: float = SECONDS) -> list[str]:
    """The order of the wire; EdgeAgentError where it cannot be told.  `enter` says a thing and waits for the person."""
    background = _live(found, lane)["radiations"]["gamma"]["background_cps"]
    if any(rate is None for rate in background):
        raise EdgeAgentError(f"lane {lane} has no background yet.\n  Wait for half a minute of an empty lane, then again")
    places: dict[str, int] = {}
    for panel in panels:
        places[panel] = _place(found, lane, panel, background, say, enter, seconds)
    enter("Take the source back to where it is kept, then press Enter")
    order = panel_naming.order(places, len(panels))
    say(f"  lane {lane}, in the order of the wire: {' '.join(order)}")
    return order


def _place(found: Configuration, lane: str, panel: str, background: Sequence[float], say: Callable[[str], None],
           enter: Callable[[str], None], seconds: float) -> int:
    for _ in range(TRIES):
        enter(f"Hold the source at panel {panel}, then press Enter and stay {seconds:.0f} s")
        gross, counted_s = _count(found, lane, seconds)
        risen = panel_naming.risen(background, gross, counted_s)
        say(f"  {'ok  ' if risen.field is not None else 'FAIL'} {panel}: {risen.text}")
        if risen.field is not None:
            return risen.field
    raise EdgeAgentError(f"{panel} was not told from the others: panels stay unverified.\n  Later: edge-agent panel name {lane}")


def _count(found: Configuration, lane: str, seconds: float) -> tuple[list[float], float]:
    """(mean rate of each field, s counted) from counts that are newer than this question."""
    rates: list[list[float]] = []
    began = time.monotonic()
    seen, each_s, ends = began, 1.0, began + PATIENCE * seconds
    while len(rates) * each_s < seconds:
        if time.monotonic() > ends:
            raise EdgeAgentError(f"no counts of lane {lane} came.\n  edge-agent watch {lane}")
        gamma = _live(found, lane)["radiations"]["gamma"]
        stamp = None if gamma["age_s"] is None or gamma["cps"] is None else time.monotonic() - gamma["age_s"]
        if stamp is not None and stamp - seen > 0.15:
            seen, each_s = stamp, gamma["interval_s"] or gamma["exposure_s"]
            if stamp - began > each_s:                  # all of its counting time was with the source there
                rates.append([float(rate) for rate in gamma["cps"]])
        time.sleep(0.1)
    return [sum(column) / len(rates) for column in zip(*rates, strict=True)], len(rates) * each_s


def _live(found: Configuration, lane: str) -> dict[str, Any]:
    with Core(Path(found.settings.portal.sockets) / "control.sock") as core:
        return dict(core.ask("live", lane=lane)["lanes"][lane])
