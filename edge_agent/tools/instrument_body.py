"""The body of an `instrument` record: what a document of a handheld, backpack or mobile system says, and where it is kept."""

from __future__ import annotations

from typing import Any

from edge_agent.words.blob import Blob
from edge_agent.words.instrument import Measured


def body(measured: Measured, blob: Blob, *, kind: str, lane: str, via: str, source: str, at: dict[str, Any]) -> dict[str, Any]:
    """`kind` "" : as the document says; `source`: the file or the stream, for people; `at`: the moment it was read."""
    doubts = f"; not read: {', '.join(measured.doubts)}" if measured.doubts else ""
    where = f"; at {measured.position[0]:.5f} {measured.position[1]:.5f}" if measured.position else ""
    alarms = f"; alarm: {', '.join(measured.alarms)}" if measured.alarms else ""
    shown = "".join(letter if letter.isprintable() else "?" for letter in source)
    return {
        "instrument": {"class": kind or measured.kind, "maker": measured.maker, "model": measured.model,
                       "serial": measured.serial},
        "via": via, "by": None, "lane": lane or None, "alarm": None, "occupancy": None,
        "measured": measured.measured, "real_s": measured.real_s, "gamma_cps": measured.gamma_cps,
        "neutron_cps": measured.neutron_cps, "dose_rate_usv_per_h": measured.dose_rate_usv_per_h,
        "nuclides": [{"name": one.name, "confidence": one.confidence, "category": one.category} for one in measured.nuclides],
        "conclusion": None,
        "text": f"{measured.form}, {shown}, document {measured.uuid or 'without id'}{where}{alarms}{doubts}",
        "blob": blob.plain(), "at": at,
    }
