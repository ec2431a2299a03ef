"""Faults of the controller itself.  Told at once, then at most every few seconds: the uplink is not to be trusted with
the ledger's ink, and a link that flickers is one fault."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.judgement.faults import RETOLD_MAX, RETOLD_NS, reason
from edge_agent.words.event import Fault

CALM_NS = 30 * 10**9        # a condition changes at most this often on record; what was last said holds in the end
WHY_MAX = 300


class Reports:
    def __init__(self, publish: Callable[[Fault], None]) -> None:
        self._publish = publish
        self._wanted: dict[str, tuple[str, bool]] = {}      # last word on each condition
        self._told: dict[str, tuple[bool, int]] = {}        # what is on record, since when
        self._reasons: dict[str, tuple[str, int]] = {}      # reason on record of what stands, how often it changed

    @property
    def open(self) -> list[str]:
        """Conditions that hold, told or not yet."""
        return sorted(name for name, (_, present) in self._wanted.items() if present)

    @property
    def details(self) -> dict[str, str]:
        """Why each of them holds, in the newest words."""
        return {name: why for name, (why, present) in sorted(self._wanted.items()) if present}

    def report(self, at_ns: int, condition: str, why: str, present: bool) -> None:
        self._wanted[condition] = (why if len(why) <= WHY_MAX else why[:WHY_MAX], present)
        self.settle(at_ns)

    def settle(self, at_ns: int) -> None:
        """Tell what changed and may be told now."""
        for condition, (why, present) in self._wanted.items():
            told, since_ns = self._told.get(condition, (False, -CALM_NS))
            changed = present != told and at_ns - since_ns >= CALM_NS
            if changed or (present and told and at_ns - since_ns >= RETOLD_NS and self._another_reason(condition, why)):
                times = self._reasons[condition][1] + 1 if not changed else 0
                self._reasons[condition] = (why, times)
                self._told[condition] = (present, at_ns)
                self._publish(Fault(at_ns, None, condition, present, why))

    def _another_reason(self, condition: str, why: str) -> bool:
        told, times = self._reasons[condition]
        return times < RETOLD_MAX and reason(why) != reason(told)
