"""The light beam: broken by bodies, and wrong for moments while it flickers.  Pure."""

from __future__ import annotations

from hardware_mocks import bodies
from hardware_mocks.physics import SLICE_S
from hardware_mocks.scene_faults import BeamFlicker
from hardware_mocks.scenes import Vehicle
from hardware_mocks.schedule import Now

EDGE_S = 1e-6                   # moments on the edge of a slice belong to neither neighbour


def start(at_s: float) -> float:
    """Of the slice that ends now; rounded as ends are, or a moment on the edge falls in two slices."""
    return round(at_s - SLICE_S, 3)


def broken(at_s: float, now: Now) -> tuple[bool, dict[int, Vehicle]]:
    """Whether the controller sees it broken in the slice that ends now, and the vehicles that do break it."""
    inside = {n: v for n, v in now.vehicles if breaks(v, at_s)}
    if any(_moment(f, at_s, whole=True) for f in now.scene.flickers if f.kind == "clears"):
        return False, {}
    return bool(inside) or any(_moment(f, at_s, whole=False) for f in now.scene.flickers if f.kind == "blocks"), inside


def breaks(vehicle: Vehicle, at_s: float) -> bool:
    """Whether a body of it is in the beam at any moment of the slice that ends now."""
    return any(begins < at_s and ends > start(at_s) for begins, ends in bodies.blocked_s(vehicle))


def _moment(flicker: BeamFlicker, at_s: float, whole: bool) -> bool:
    """Whether one of its moments covers the slice, or (not whole) touches it."""
    if not flicker.at_s <= start(at_s) < flicker.until_s:
        return False
    since = (start(at_s) - flicker.at_s) % flicker.every_s
    return since + SLICE_S <= flicker.lasts_s + EDGE_S if whole else since < flicker.lasts_s - EDGE_S
