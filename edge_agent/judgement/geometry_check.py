"""Whether panels can stand where a lane says they do.  Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

APART_M = 0.05          # two panels nearer than this are one
PILLAR_M = 1.0          # no pillar is as thick; lanes are 3 m wide and more between theirs (IAEA TECDOC-1312)


def trouble(places: Mapping[str, Sequence[float]], panels: Sequence[str]) -> str:
    """What is wrong with a lane's own geometry, which takes the place of the profile's whole table; "" for nothing."""
    for name, place in places.items():
        if name not in panels:
            return f"geometry of {name}: there is no such panel; this lane has {', '.join(panels)}"
        if len(place) != 3:
            return f"geometry of {name} has {len(place)} numbers; it takes three in m: along, across, height"
        if place[2] < 0.0:
            return f"geometry of {name}: a height of {place[2]:g} m is below the ground"
    missing = [name for name in panels if places and name not in places]
    if missing:
        return f"geometry of {', '.join(missing)} is missing: [lane.geometry] takes the place of the profile's whole table"
    for number, name in enumerate(places):
        for other in list(places)[:number]:
            if math.dist(places[other], places[name]) < APART_M:
                return f"geometry: {other} and {name} stand in one place"
    across = [place[1] for place in places.values()]
    if across and min(across) * max(across) > 0.0 and max(across) - min(across) > PILLAR_M:
        return (f"geometry: two pillars on one side of the lane, {min(across):g} and {max(across):g} m across; "
                "across counts from the middle of the lane, driver's left is negative")
    return ""
