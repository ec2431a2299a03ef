"""Panels named by a check source, with the running core's own counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from edge_agent.house import fresh_counts
from edge_agent.house.configuration import Configuration
from edge_agent.tools import panel_naming
from edge_agent.words.errors import EdgeAgentError
from edge_agent.words.language import tr, worded

SECONDS = 10.0          # at each panel: a source of 0.3 MBq at 0.3 m doubles the field in that time many times over
REASON = "panels named by a check source"     # of the maintenance meanwhile: on record, stays English
TRIES = 3               # at one panel


def names_of(found: Configuration, lane: str) -> list[str]:
    """Panels as they are taken now, in wire order."""
    return fresh_counts.names(found, lane, "gamma")


def name(found: Configuration, lane: str, panels: Sequence[str], say: Callable[[str], None], enter: Callable[[str], None],
         seconds: float = SECONDS) -> list[str]:
    """The order of the wire; EdgeAgentError where it cannot be told.  `enter` says a thing and waits for the person."""
    say(tr("  lane {lane}: its background first; keep the source away until it is asked for", lane=lane))
    background = fresh_counts.background(found, lane, "gamma")
    places: dict[str, int] = {}
    for panel in panels:
        places[panel] = _place(found, lane, panel, background, places, say, enter, seconds)
    enter(tr("Take the source back to where it is kept, then press Enter"))
    order = panel_naming.order(places, len(panels))
    say(tr("  lane {lane}, in the order of the wire: {panels}", lane=lane, panels=" ".join(order)))
    return order


def _place(found: Configuration, lane: str, panel: str, background: Sequence[float], known: Mapping[str, int],
           say: Callable[[str], None], enter: Callable[[str], None], seconds: float) -> int:
    for _ in range(TRIES):
        enter(tr("Hold the source at panel {panel}, then press Enter", panel=panel))
        counted = fresh_counts.count(found, lane, "gamma", seconds, say, partial(panel_naming.certain, background))
        gross = [sum(column) / len(counted.rates) for column in zip(*counted.rates, strict=True)]
        risen = panel_naming.risen(background, gross, counted.seconds, known)
        say(tr("  FAIL {panel}: {text}", panel=panel, text=risen.text()) if risen.field is None else
            tr("  ok   {panel}: {text}", panel=panel, text=risen.text()))
        if counted.seconds < seconds:
            say(tr("       certain after {counted:g} s of counts: counting on would tell nothing else", counted=counted.seconds))
        if risen.field is not None:
            return risen.field
    raise EdgeAgentError(worded(
        "{panel} was not told from the others: panels stay unverified.\n  Later: edge-agent panel name {lane}",
        panel=panel, lane=lane))
