"""What a lane counted since the core started."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Counters since the start of the core, for heartbeat and status."""

    samples: int = 0
    alarms: Counter[str] = field(default_factory=Counter)       # by rule
    occupancies: int = 0
    judged: int = 0                 # times an armed gamma rule looked at a sample or a vacant rate
    unreadable: int = 0
    suspect: int = 0                # samples and rates with a count that the line may have spoiled
    missed: int = 0                 # questions an instrument did not answer in time
    line: Counter[str] = field(default_factory=Counter)         # trouble of a line that is asked, by kind
    refused: int = 0                # samples that do not fit the profile
    late: int = 0
    missing: int = 0                # samples that never came
    twice: int = 0                  # samples that came again
    disagreements: int = 0          # occupancies where the vendor's verdict and ours differ
    shadow_silent: int = 0          # occupancies the shadow test, though learned, had nothing to say of
    missed_occupancies: int = 0     # from gaps of the portal's counter
