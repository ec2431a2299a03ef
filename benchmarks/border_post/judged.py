"""What the centre holds of a post beside what passed: each alarm once, with its instrument; sources found, no false alarm."""

from __future__ import annotations

import collections
from dataclasses import dataclass
from typing import Any

from benchmarks.border_post.post import POST, RATE_HZ, SEES, WELL
from benchmarks.border_post.wires import Passed

HEAD = (f"{'lane':>4} {'driver':12} {'manners':11} {'passed':>7} {'sources':>8} {'found':>6} {'false':>6} {'vendor':>7}"
        f" {'rate':>6} {'unheard':>8} {'spoiled':>8} {'faults':>7}")
FAULTS_AN_HOUR, FAULTS_AT_FIRST = 12, 40       # fault records of one lane: a bad unit is a few standing faults, not hundreds

UNDER_WAY = 1       # a vehicle in the lane at the end: seen by us and not yet passed, or the other way round


@dataclass
class Judged:
    rows: list[str]
    bad: list[str]


def judge(ours: list[bytes], theirs: list[bytes], records: list[dict[str, Any]], lanes: dict[str, Any],
          passed: dict[str, Passed], seconds: float) -> Judged:
    """`ours` and `theirs`: lines of both ends; `records`: the centre's, opened; `lanes`: the core's status of them."""
    bad = [] if ours == theirs else [f"the centre's {len(theirs)} lines are not our {len(ours)}"]
    ids = [record["id"] for record in records if record["kind"] == "alarm"]
    bad += [f"alarm {name} is there {times} times" for name, times in collections.Counter(ids).items() if times > 1]
    rows = [HEAD]
    for unit in POST:
        of_lane = [record for record in records if record.get("lane") == unit.lane]
        alarms = [record for record in of_lane if record["kind"] == "alarm"]
        alarmed = {record["occupancy"] for record in alarms if record["rule"] != "vendor" and record["occupancy"]}
        vendor = sum(record["rule"] == "vendor" for record in alarms)
        saw, counts = passed[unit.lane], lanes[unit.lane]["counts"]
        rate = counts["samples"] / 2 / RATE_HZ / seconds        # two radiations
        found = min(len(alarmed), saw.sources)
        faults = sum(record["kind"] == "fault" for record in of_lane)
        false = max(0, len(alarmed) - saw.sources - UNDER_WAY)
        rows.append(f"{unit.lane:>4} {unit.driver:12} {unit.manners:11} {saw.sources + saw.clean:7} {saw.sources:8} {found:6}"
                    f" {false:6} {vendor:7} {rate:6.2f} {counts['missed_polls']:8} {sum(counts['line'].values()):8} {faults:7}")
        if false or (unit in SEES and found < saw.sources - UNDER_WAY):
            bad.append(f"lane {unit.lane}: {saw.sources} sources passed, {len(alarmed)} occupancies alarmed")
        if unit in WELL and unit.wire == "rs485" and rate < 0.9:
            bad.append(f"lane {unit.lane}: only {rate:.2f} of its rate beside a dead unit")
        if faults > FAULTS_AT_FIRST + FAULTS_AN_HOUR * seconds / 3600:
            bad.append(f"lane {unit.lane}: {faults} fault records")
    return Judged(rows, bad)
