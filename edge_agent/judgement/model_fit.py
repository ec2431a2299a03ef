"""Whether a shadow model is of this lane: its panels by name and order, where they stand, where it was learned.  Pure.

A model holds numbers panel by panel.  Where the panel map or a place has changed since, it would name the wrong side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from edge_agent.judgement.rules import lane_detectors
from edge_agent.tools.model_file import ModelFile
from edge_agent.words.reading import Radiation
from edge_agent.words.settings import LaneSettings, Profile

MOVED_M = 0.05          # less is a tape measure's error


def home(portal: str, lane: str) -> str:
    """How a model names where it was learned."""
    return f"{portal} lane {lane}"


def misfit(model: ModelFile, lane: LaneSettings, profile: Profile, here: str = "") -> str:
    """Why a model is not of this lane; "" for one that is.  `here`: the lane's own `home`, "" where any will do."""
    panels = lane_detectors(lane, profile)[Radiation.GAMMA]
    if here and model.home and model.home != here:
        return f"it was learned at {model.home}, this is {here}"
    if model.panels and model.panels != panels:
        return f"it was learned with panels {', '.join(model.panels)}; in the order of the wire they are now {', '.join(panels)}"
    return _moved(model, panels, lane.geometry or profile.geometry)


def _moved(model: ModelFile, panels: Sequence[str], places: Mapping[str, Sequence[float]]) -> str:
    """A panel that stands elsewhere; where the lane does not say where one stands nothing is known."""
    g = model.model.geometry
    for name, learned in zip(panels, zip(g.along_m, g.across_m, g.height_m, strict=True), strict=True):
        now = places.get(name, learned)
        if len(now) != len(learned) or math.dist(now, learned) > MOVED_M:
            return f"it was learned with {name} at {_place(learned)}, now it is at {_place(now)}"
    return ""


def _place(found: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in found) + " m"
