"""A real detector driven into over-range: an X-ray exposure of 0 -> 125 000 counts/s with ten zeros in its middle.

Series: ckuethe/radiacode-tools (MIT), `series/radiacode_xray_exam_1s.csv` beside the repository; skipped where it is not.
"""

from __future__ import annotations

import csv
import dataclasses
import random
from pathlib import Path

import pytest

from edge_agent.judgement.portal import Portal
from edge_agent.words.event import Alarm, Event, Fault
from edge_agent.words.reading import Radiation, Sample

from .bench import LANE, PROFILE, ROOT, noisy, ns

SERIES = ROOT.parent / "shared/data/series/radiacode_xray_exam_1s.csv"
QUIET_S = 300.0         # of background put before it: the series has 15 s
needs_series = pytest.mark.skipif(
    not SERIES.exists(), reason=f"{SERIES} is not here: ckuethe/radiacode-tools, X-ray exam, as timestamp,dt_live_s,counts"
)


def samples(leave_out: int = 0) -> list[Sample]:
    """One panel, 1 s; the zeros of the series, or nothing in their place."""
    chance = random.Random(1)
    found = [Sample(ns(step + 1.0), Radiation.GAMMA, 1.0, (noisy(chance, 3),), False) for step in range(int(QUIET_S))]
    with Path(SERIES).open() as file:
        rows = list(csv.DictReader(file))
    began_s = float(rows[0]["timestamp"])
    for row in rows:
        at_s, count = QUIET_S + 1.0 + float(row["timestamp"]) - began_s, int(row["counts"])
        if not (leave_out and count == 0):
            found.append(Sample(ns(at_s), Radiation.GAMMA, float(row["dt_live_s"]), (count,), False))
    return found


def judged(given: list[Sample]) -> list[Event]:
    profile = dataclasses.replace(PROFILE, gamma=["Aa1"], neutron=[], sums={}, gamma_interval_s=1.0, geometry={})
    lane = dataclasses.replace(LANE, alarm=dataclasses.replace(LANE.alarm, ksigma_sums=[]))
    portal = Portal(lane, profile, lambda: "T/1/1")
    portal.opened(0)
    events: list[Event] = []
    at_ns = 0
    for sample in given:
        for tick_ns in range(at_ns + 10**9, sample.at_ns, 10**9):
            events += portal.tick(tick_ns)
        at_ns = sample.at_ns
        events += portal.observe(sample)
    for second in range(1, 60):
        events += portal.tick(at_ns + second * 10**9)
    return events


def faults(events: list[Event], condition: str) -> list[bool]:
    return [event.present for event in events if isinstance(event, Fault) and event.condition == condition]


@needs_series
@pytest.mark.parametrize("leave_out", [0, 1], ids=["zeros", "missing samples"])
def test_the_exposure_alarms_and_its_zeros_are_an_over_range_that_ends_with_it(leave_out: int) -> None:
    events = judged(samples(leave_out))
    rules = [event.judgement.rule for event in events if isinstance(event, Alarm)]
    assert {"focus/1", "ksigma/1", "overload/1"} <= set(rules)
    assert faults(events, "overload")[:2] == faults(events, "over-range:Aa1")[:2] == [True, False]
    assert faults(events, "dead:Aa1") == [] and faults(events, "blind") == []


@needs_series
def test_the_over_range_stands_while_the_zeros_last() -> None:
    events = judged(samples())
    begin, over = (event.at_ns / 1e9 for event in events if isinstance(event, Fault) and event.condition == "overload")
    zeros = [sample.at_ns / 1e9 for sample in samples() if sample.counts == (0,) and sample.at_ns > ns(QUIET_S + 20)]
    assert zeros[0] <= begin <= zeros[0] + 1.1 and over > zeros[-1] + 10.0


@needs_series
def test_a_gap_in_its_plain_background_is_a_fault_and_no_over_range() -> None:
    background = samples()[: int(QUIET_S)]
    shown = [sample for sample in background if not ns(200.0) < sample.at_ns < ns(230.0)]
    events = judged(shown)
    assert faults(events, "silence")[:1] == [True] and faults(events, "overload") == []
