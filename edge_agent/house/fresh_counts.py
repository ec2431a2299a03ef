"""Rates of a lane that were counted after a moment: what a source at a panel gives, and nothing from before it was there."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge_agent.house import asked
from edge_agent.house.configuration import Configuration
from edge_agent.words.errors import EdgeAgentError
from edge_agent.words.language import tr, worded

PATIENCE = 6            # times the counting time asked for, before it is given up: a vacant lane tells a rate every 5 s
BACKGROUND_S = 40.0     # of an empty lane, before its background is known
NEW_S = 0.15            # two answers whose counts end closer than that tell the same sample


@dataclass(frozen=True, slots=True)
class Counted:
    rates: Sequence[Sequence[float]]        # counts/s, [sample][detector as `names` has them]
    each_s: float

    @property
    def seconds(self) -> float:
        return len(self.rates) * self.each_s


def names(found: Configuration, lane: str, radiation: str) -> list[str]:
    """Detectors as they are taken now, in wire order; [] where the lane has none."""
    return list(asked.live(found, lane)["radiations"].get(radiation, {"detectors": []})["detectors"])


def background(found: Configuration, lane: str, radiation: str) -> list[float]:
    """counts/s, in wire order; waits for it, and EdgeAgentError where one is not known by then."""
    if not names(found, lane, radiation):
        raise EdgeAgentError(worded(
            "lane {lane} has no panels to count with: it is an I/O module or counts otherwise.\n"
            "  Which lanes have panels: edge-agent status", lane=lane))
    ends = time.monotonic() + BACKGROUND_S
    while None in (rates := asked.live(found, lane)["radiations"][radiation]["background_cps"]):
        if time.monotonic() > ends:
            raise EdgeAgentError(worded(
                "lane {lane} has no background yet.\n"
                "  Wait for half a minute of an empty lane, then again",
                lane=lane))
        time.sleep(0.5)
    return [float(rate) for rate in rates]


def count(found: Configuration, lane: str, radiation: str, seconds: float, say: Callable[[str], None],
          enough: Callable[[Sequence[Sequence[float]], float], bool] = lambda rates, each_s: False) -> Counted:
    """Samples whose whole counting time came after this call, until they add up to `seconds` or are `enough`; who holds the
    source is told to stay: a vacant Rapiscan lane takes five times as long."""
    say(tr("  counting, up to {seconds:.0f} s: leave the source there until the result is shown", seconds=PATIENCE * seconds))
    took: list[tuple[list[float], float]] = []
    began = time.monotonic()
    seen, ends = began, began + PATIENCE * seconds
    while sum(length_s for _, length_s in took) < seconds and not enough(*_even(took)):
        if time.monotonic() > ends:
            raise EdgeAgentError(worded("no counts of lane {lane} came.\n  edge-agent watch {lane}", lane=lane))
        now = asked.live(found, lane)["radiations"][radiation]
        stamp = None if now["age_s"] is None or now["cps"] is None else time.monotonic() - now["age_s"]
        if stamp is not None and stamp - seen > NEW_S:
            seen, length_s = stamp, now["interval_s"] or now["exposure_s"]
            if stamp - began > length_s:
                took.append(([float(rate) for rate in now["cps"]], length_s))
        time.sleep(0.1)
    return Counted(*_even(took))


def _even(took: Sequence[tuple[list[float], float]]) -> tuple[list[list[float]], float]:
    """The same as rates of equal times, the shortest's: a sample that a stalled wire made longer stands for as many."""
    each_s = min((length_s for _, length_s in took), default=1.0)
    return [rates for rates, length_s in took for _ in range(round(length_s / each_s))], each_s
