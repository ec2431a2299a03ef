"""An alarm is said once: per occupancy, and in the vacant lane until the rule was down for a while."""

from __future__ import annotations

from edge_agent.judgement.passage import Passage
from edge_agent.words.reading import Radiation

VACANT_LATCH_NS = 60 * 10**9     # in a vacant lane a rule that stays up is one alarm until it was down for a minute


class Latch:
    """Which rules of one lane are up."""

    def __init__(self) -> None:
        self._vacant_up: dict[tuple[str, Radiation], int] = {}      # rule alarmed in the vacant lane -> last seen up

    def first(self, passage: Passage | None, rule: str, radiation: Radiation, at_ns: int) -> bool:
        """Whether this crossing is news: one alarm per rule, radiation and occupancy."""
        key = (rule, radiation)
        if passage:
            first = key not in passage.fired
            passage.fired.add(key)
            return first
        last = self._vacant_up.get(key)
        self._vacant_up[key] = at_ns
        return last is None or at_ns - last > VACANT_LATCH_NS
