"""The kernel's state of health in Python: ea_health as plain values.  Nothing is decided here."""

from __future__ import annotations

from typing import Any, NamedTuple

from edge_agent._kernel import ffi, lib


class Channel(NamedTuple):
    """One panel or tube.  Names as in ea_health, meanings and sources in native/health.c."""

    rate_cps: float         # what it should give; 0.0: nothing is known yet
    quiet: float            # counts that should have come since the last one
    equal: int              # times in a row that the newest count came
    scatter: float          # variance / mean of the last window; 0.0: none yet
    share: float            # of the sum, as learned; 0.0: not yet
    recent_share: float
    evidence: float         # log likelihood ratio, the larger side
    hot_cps: float          # of its last steep rise
    lone_z: float           # of the last sample in which it alone rose
    spikes: int             # times that lasted one sample


class Health(NamedTuple):
    """All channels of one radiation; masks: bit 0 the first channel."""

    silent: int
    stuck: int
    stuck_vacant: int
    noisy: int
    smooth: int
    low: int
    high: int
    overload: int
    lone: int
    sharing: int
    channels: tuple[Channel, ...]


_MASKS = Health._fields[:-1]


def look(lane: Any, radiation: int, t_s: float, lost: bool, channels: int) -> tuple[int, Health | None]:
    """(status of the kernel, its answer); `lost`: the wire broke, nothing more comes."""
    out = ffi.new("ea_health *")
    status = lib.ea_health_look(lane, radiation, t_s, lost, out)
    if status:
        return status, None
    found = tuple(
        Channel(
            out.rate_cps[c], out.quiet[c], int(out.equal[c]), out.scatter[c], out.share[c], out.recent_share[c],
            max(out.evidence_low[c], out.evidence_high[c]), out.hot_cps[c], out.lone_z[c], out.spikes[c],
        )
        for c in range(channels)
    )
    return status, Health(**{name: getattr(out, name) for name in _MASKS}, channels=found)
