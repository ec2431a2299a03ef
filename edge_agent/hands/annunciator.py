"""Telling people at the lane, before anything is stored: the service log now, lamp and horn behind `Signal`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from edge_agent.tools import alarm_text
from edge_agent.words.event import Alarm, Event, Fault, Occupancy, Tamper

log = logging.getLogger("edge_agent.lane")


class Signal(Protocol):
    """A lamp, a horn, a display: whatever can be told of an event.  Must not block.  Keep-distance stands from the Fault
    `overload` that is present to the one that is not; it begins beside an Alarm of rule `overload/1`."""

    def show(self, event: Event) -> None: ...


class Annunciator:
    """Shows each event on every signal; one that fails does not keep the others from being told."""

    def __init__(self, signals: Sequence[Signal], tell: Callable[[Event], None]) -> None:
        self._signals, self._tell = signals, tell

    def show(self, event: Event) -> None:
        for show in [signal.show for signal in self._signals] + [self._tell]:
            try:
                show(event)
            except Exception:       # a lamp must never stop a lane
                log.exception("a signal failed")


class LogSignal:
    """One line in the service log, in words an officer can read aloud."""

    def show(self, event: Event) -> None:
        match event:
            case Alarm():
                log.critical("%s", sentence(event))
            case Tamper():
                log.error("TAMPER lane %s: cabinet %s", event.lane, "OPENED" if event.open else "closed")
            case Fault(condition="overload", present=True):
                log.critical("OVERLOAD lane %s: KEEP DISTANCE. %s", event.lane, event.detail)
            case Fault():
                level = logging.ERROR if event.present else logging.INFO
                log.log(level, "FAULT%s lane %s: %s %s", "" if event.present else " over", event.lane or "-",
                        event.condition, event.detail)
            case Occupancy():
                log.info("lane %s: occupancy %s over, %.1f s, alarms %d", event.lane, event.id,
                         (event.end_ns - event.begin_ns) / 1e9, len(event.alarms))


def sentence(alarm: Alarm) -> str:
    """What alarmed, how strongly, where on the vehicle."""
    judgement = alarm.judgement
    if judgement.rule.startswith("overload/"):
        numbers = f"KEEP DISTANCE: {', '.join(judgement.detectors)} overloaded by a very strong source"
    elif alarm.dose:
        numbers = alarm_text.dose({"value": alarm.dose.value, "unit": alarm.dose.unit, "limit": alarm.dose.limit})
    elif judgement.rule.startswith("test/"):
        numbers = "a test alarm that a person raised; it is an exercise"
    elif judgement.statistic is None or judgement.expected is None:
        numbers = "the portal's own alarm"
    else:
        numbers = (
            f"{judgement.statistic:.1f} sigma (threshold {judgement.threshold:.1f}): {judgement.counts} counts in "
            f"{judgement.window_s:.1f} s, background {judgement.expected:.0f}"
        )
    where = alarm_text.place({"place": judgement.place, "side": alarm.explanation.side})
    numbers += f"; {where}" if where else ""
    return f"ALARM lane {alarm.lane} {alarm.radiation.value} {judgement.rule}: {numbers}; {alarm.id}"
