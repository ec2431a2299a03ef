"""The heartbeat: every period one signed record of how everything stands, so that nothing missing goes unseen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge_agent.paths.lane import Lane
from edge_agent.paths.scribe import Scribe
from edge_agent.tools.base64url import encode
from edge_agent.words.reading import Radiation


def lane_state(lane: Lane, now_ns: int) -> dict[str, Any]:
    """What heartbeat and status say of a lane."""
    portal = lane.portal
    tally = portal.tally
    heard_ns = portal.cadence.heard_ns
    return {
        "driver": portal.lane.driver,
        "state": portal.state.value,
        "armed": not lane.silent and not portal.health.blind and _armed(lane, now_ns),
        "heard_s": None if heard_ns is None else max(round((now_ns - heard_ns) / 1e9, 3), 0.0),
        "counts": {
            "alarms": dict(tally.alarms), "occupancies": tally.occupancies, "samples": tally.samples,
            "unreadable": tally.unreadable, "refused": tally.refused, "late": tally.late,
            "disagreements": tally.disagreements, "missed_occupancies": tally.missed_occupancies,
            "missed_polls": tally.missed, "line": dict(tally.line),
        },
        "shadow": {"off": portal.looks.shadow_off, "silent": tally.shadow_silent},
        "detectors": _detectors(lane, now_ns),
        "tamper": {None: "unknown", True: "open", False: "closed"}[portal.door.open],
        "faults": sorted(portal.faults.open),
        "panels_verified": portal.lane.panels_verified,
        "out_of_service": portal.health.out_of_service,
    }


async def body(
    lanes: Sequence[Lane], scribe: Scribe, *, now_ns: int, period_s: float, uptime_s: int, annunciator: str,
    free_mb: int | None, faults: Sequence[str], acts: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """The body of a heartbeat, but for the tree before it, which the ledger puts in as it signs."""
    receipt = await scribe.ledger.receipt()
    size = scribe.ledger.size
    return {
        "period_s": period_s,
        "uptime_s": uptime_s,
        "lanes": {lane.name: lane_state(lane, now_ns) for lane in lanes},
        "faults": [*faults, "storage"] if scribe.trouble else list(faults),
        "acts": list(acts),
        "annunciator": annunciator,
        "disk": {"free_mb": free_mb},
        "buf": {"unreceipted": size - (receipt.size if receipt else 0), "queued": scribe.queued,
                "overflowed": scribe.overflowed, "first": scribe.ledger.first},
        "receipt": {"size": receipt.size, "sha256": encode(receipt.sha256)} if receipt else None,
    }


def _armed(lane: Lane, now_ns: int) -> bool:
    """Whether its first radiation, gamma where it counts gamma, is known and has a background to be held against."""
    portal = lane.portal
    counted = [radiation for radiation in Radiation if portal.rules.detectors[radiation]]
    if not counted:                     # dose rates, inputs: nothing to learn before what it says counts
        return portal.cadence.heard_ns is not None
    background = portal.rules.background(counted[0], now_ns)
    return background is not None and background.armed and portal.knows(counted[0])


def _detectors(lane: Lane, now_ns: int) -> dict[str, Any]:
    rules, out = lane.portal.rules, lane.portal.health.out_of_service
    found: dict[str, Any] = {}
    for radiation, names in rules.detectors.items():
        rates = rules.background_cps(radiation, now_ns)
        for name in names:
            known = name in rates and lane.portal.knows(radiation)
            found[name] = {"bkg": rates.get(name), "state": "out" if name in out else "ok" if known else "unknown"}
    return found
