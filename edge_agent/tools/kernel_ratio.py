"""The window ratio test through the binding: no driver gives energy windows yet (docs/decisions/0008)."""

from __future__ import annotations

import enum
from typing import NamedTuple

from edge_agent._kernel import ffi, lib
from edge_agent.tools.kernel_values import SampleRefused


class Side(enum.IntEnum):
    """How the counts of a passage lie beside the vacant ones."""

    ALIKE = lib.EA_ALIKE            # nothing, or NORM
    SOFTER = lib.EA_SOFTER          # threat-like: low in energy, or scattered down by shielding
    HARDER = lib.EA_HARDER          # NORM-like


class Ratio(NamedTuple):
    """ea_ratio, field by field."""

    side: Side
    z: float
    share: float
    vacant_share: float


def window_ratio(
    soft: float, hard: float, vacant_soft: float, vacant_hard: float, threshold: float, share_sd: float = 0.0
) -> Ratio:
    """Counts of two windows in a passage against those of the vacant lane; `threshold`: sigma; `share_sd`: of the share.

    SampleRefused: counts below zero, or a threshold or an error out of range.
    """
    out = ffi.new("ea_ratio *")
    if lib.ea_window_ratio([soft, hard], [vacant_soft, vacant_hard], share_sd, threshold, out) != lib.EA_OK:
        raise SampleRefused(f"windows {(soft, hard)} against {(vacant_soft, vacant_hard)} at {threshold} sigma")
    return Ratio(Side(out.side), out.z, out.share, out.vacant_share)
