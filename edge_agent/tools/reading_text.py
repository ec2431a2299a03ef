"""Readings in the words of a person who stands at the portal.  Pure."""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.words.reading import (
    DoseRate,
    Health,
    Inputs,
    Missed,
    OccupancyEnd,
    Reading,
    Sample,
    Setup,
    Speed,
    Unchanged,
    Unreadable,
    VacantRate,
)


def line(reading: Reading) -> str:
    """One reading, without its time."""
    match reading:
        case Sample():
            notes = ["occupied" if reading.occupied else "vacant"]
            notes += ["THE PORTAL ALARMS"] if reading.vendor_alarm else []
            notes += ["late"] if reading.late else []
            return f"{reading.radiation.value} {_numbers(reading.counts)} in {reading.interval_s:.3g} s, {', '.join(notes)}"
        case VacantRate():
            limit = f", the portal says {reading.limit.value}" if reading.limit else ""
            return f"{reading.radiation.value} background {_numbers(reading.rates_cps)} counts/s{limit}"
        case DoseRate():
            error = "" if reading.error_pct is None else f" +- {reading.error_pct:g} %"
            return f"dose rate {reading.value:g} {reading.unit}{error}"
        case Speed():
            other = ", THE OTHER WAY" if reading.reverse else ""
            return f"speed {reading.speed_mps:.2f} m/s, {reading.speed_mps * 3.6:.1f} km/h{other}"
        case OccupancyEnd():
            return f"the vehicle has left; the portal's number {reading.counter}"
        case Health():
            part = f"{reading.part} " if reading.part else ""
            detail = f": {reading.detail}" if reading.detail else ""
            return f"{part}{reading.condition.value} {'begins' if reading.present else 'is over'}{detail}"
        case Inputs():
            return "inputs " + ", ".join(f"{name} {'YES' if on else 'no'}" for name, on in reading.states)
        case Setup():
            return f"setting {reading.tag}: {', '.join(reading.fields)}"
        case Unreadable():
            return f"UNREADABLE: {reading.reason}"
        case Missed():
            return "NO ANSWER in time"
        case Unchanged():
            return "nothing new in its answers for a while"


def shown(data: bytes) -> str:
    """Bytes as text where they are text, else in hexadecimal pairs."""
    text = data.rstrip(b"\r\n")
    if text and all(0x20 <= byte < 0x7F for byte in text):
        return text.decode("ascii")
    return data.hex(" ")


def _numbers(values: Sequence[int]) -> str:
    return " ".join(map(str, values))
