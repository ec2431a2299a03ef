"""A passage as the shadow test saw it, bin by bin: ea_picture of native/ea_kernel.h as plain values, for drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge_agent._kernel import ffi, lib
from edge_agent.tools import kernel_shadow
from edge_agent.tools.kernel_values import KernelSettings, ModelRefused, Shadow, Why


@dataclass(frozen=True, slots=True)
class Picture:
    """Counts per panel and bin; times in s on the lane's clock.  Panels out of the test (`seen.mask`) are rows of 0."""

    seen: Shadow                        # the look that is drawn
    on_s: float                         # the beam broke
    off_s: float                        # it cleared; unfinished: would clear for the length that counts
    bin_s: float
    begin_s: list[float]                # of each bin
    exposure_s: list[float]             # counting time in it
    counts: list[list[float]]           # [panel][bin]
    background: list[list[float]]       # to be expected without a vehicle
    shadowed: list[list[float]]         # behind the shadow fitted beside the source
    source: list[list[float]]           # of the fitted source: it adds to `shadowed`


def picture(lane: Any, model: Any, settings: KernelSettings) -> Picture | None:
    """The picture of the vehicle in the lane, or of the last one; None where the test has no statistic."""
    if model is None:
        return None
    out = ffi.new("ea_picture *")
    if lib.ea_passage_picture(lane, model, kernel_shadow.scratch(), out) != lib.EA_OK:
        raise ModelRefused(f"picture of the shadow test: {ModelRefused.__doc__}")
    if Why(out.why) is not Why.SEEN:
        return None
    bins, panels = out.bins, range(settings.panels)
    names = ("counts", "background", "shadowed", "source")
    rows = {name: [list(getattr(out, name)[p][0:bins]) for p in panels] for name in names}
    seen = kernel_shadow.unpacked(ffi.buffer(ffi.addressof(out, "seen")))
    return Picture(
        seen, out.on_s, out.off_s, out.bin_s, list(out.begin_s[0:bins]), list(out.exposure_s[0:bins]), **rows
    )
