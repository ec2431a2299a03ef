"""Readings in the words of a person who stands at the portal.  Pure."""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.words import language
from edge_agent.words.language import tr
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
            notes = [tr("occupied", about="lane") if reading.occupied else tr("vacant", about="lane")]
            notes += [tr("THE PORTAL ALARMS")] if reading.vendor_alarm else []
            notes += [tr("late", about="sample")] if reading.late else []
            return tr("{radiation} {counts} in {interval:.3g} s, {notes}", radiation=tr(reading.radiation.value),
                      counts=_numbers(reading.counts), interval=reading.interval_s, notes=", ".join(notes))
        case VacantRate():
            limit = tr(", the portal says {limit}", limit=reading.limit.value) if reading.limit else ""
            return tr("{radiation} background {rates} counts/s{limit}", radiation=tr(reading.radiation.value),
                      rates=_numbers(reading.rates_cps), limit=limit)
        case DoseRate():
            error = "" if reading.error_pct is None else f" +- {reading.error_pct:g} %"
            return tr("dose rate {value:g} {unit}{error}", value=reading.value, unit=reading.unit, error=error)
        case Speed():
            other = tr(", THE OTHER WAY") if reading.reverse else ""
            mps = reading.speed_mps
            return tr("speed {mps:.2f} m/s, {kmh:.1f} km/h{other}", mps=mps, kmh=mps * 3.6, other=other)
        case OccupancyEnd():
            return tr("the vehicle has left; the portal's number {counter}", counter=reading.counter)
        case Health():
            part = f"{reading.part} " if reading.part else ""
            detail = f": {language.shown(reading.detail)}" if reading.detail else ""
            name = f"{part}{reading.condition.value}"
            if reading.present:
                return tr("{name} begins{detail}", name=name, detail=detail)
            return tr("{name} is over{detail}", name=name, detail=detail)
        case Inputs():
            states = ", ".join(f"{name} {tr('YES') if on else tr('no')}" for name, on in reading.states)
            return tr("inputs {states}", states=states)
        case Setup():
            return tr("setting {tag}: {fields}", tag=reading.tag, fields=", ".join(reading.fields))
        case Unreadable():
            return tr("UNREADABLE: {reason}", reason=reading.reason)
        case Missed():
            return tr("NO ANSWER in time")
        case Unchanged():
            return tr("nothing new in its answers for a while")


def shown(data: bytes) -> str:
    """Bytes as text where they are text, else in hexadecimal pairs."""
    text = data.rstrip(b"\r\n")
    if text and all(0x20 <= byte < 0x7F for byte in text):
        return text.decode("ascii")
    return data.hex(" ")


def _numbers(values: Sequence[int]) -> str:
    return " ".join(map(str, values))
