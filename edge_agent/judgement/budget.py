"""How much one lane may say.  No real lane has many vehicles a second: what says more is broken or hostile, and must not
take the ledger from the other lanes."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.words.event import Alarm, Event, Fault
from edge_agent.words.language import worded

PER_S = 5.0             # events a second in the long run: a passage makes about five, and lasts seconds
BURST = 300.0           # at once: a portal that wakes with every fault it has, and vehicles in a row
FLOOD = "event-flood"


class Budget:
    """Two token buckets on the events' own time: alarms have one of their own, no flood of lesser events drains it."""

    def __init__(self, lane: str) -> None:
        self._alarms, self._others = _Bucket(lane, f"alarm-{FLOOD}"), _Bucket(lane, FLOOD)

    def pass_on(self, event: Event) -> Iterator[Event]:
        """The event, or nothing and one fault that says so; when the flood is over, how much was held back."""
        return (self._alarms if isinstance(event, Alarm) else self._others).pass_on(event)


class _Bucket:
    def __init__(self, lane: str, condition: str) -> None:
        self._lane, self._condition = lane, condition
        self._tokens, self._last_ns = BURST, 0
        self._suppressed = 0                # since the flood began
        self._flooded = False

    def pass_on(self, event: Event) -> Iterator[Event]:
        since_ns = max(0, event.at_ns - self._last_ns)
        self._last_ns = max(self._last_ns, event.at_ns)
        self._tokens = min(BURST, self._tokens + since_ns / 1e9 * PER_S)
        if self._flooded and self._tokens > BURST / 2:
            self._flooded = False
            yield Fault(event.at_ns, self._lane, self._condition, False, worded("{n} events were held back", n=self._suppressed))
            self._suppressed = 0
        if self._tokens >= 1 and not self._flooded:
            self._tokens -= 1
            yield event
            return
        self._suppressed += 1
        if not self._flooded:
            self._flooded = True
            why = worded("more events than any lane can have: noise, or a hostile portal")
            yield Fault(event.at_ns, self._lane, self._condition, True, why)
