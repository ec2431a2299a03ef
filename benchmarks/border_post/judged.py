"""What the centre holds of a post beside what passed: each source once, with its instrument and at its time; no false alarm; no
value that the instrument did not say; the rate of good units beside bad ones."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import Any

from benchmarks.border_post.overheard import Heard
from benchmarks.border_post.post import ASKED, POST, SEES, WELL, Unit
from benchmarks.border_post.wires import Passed, Vehicle

HEAD = (f"{'lane':>4} {'driver':10} {'manners':10} {'passed':>6} {'sources':>7} {'found':>5} {'twice':>5} {'false':>5}"
        f" {'vendor':>6} {'rate':>5} {'covered':>7} {'unheard':>7} {'spoiled':>7} {'late':>5} {'believed':>8} {'wrong':>5}"
        f" {'faults':>6}")
FAULTS_AN_HOUR, FAULTS_AT_FIRST = 12, 40       # fault records of one lane: a bad unit is a few standing faults, not hundreds
RATE_GOAL = 0.9                                 # of a live unit's nominal rate beside a dead one, once that one is known
KNOWN_S = 60.0                                  # for dead: it is asked six times in quick succession first
COVERED_GOAL = 0.99                             # of the time, by samples of a unit that answers
NEAR_S = 2.5            # an alarm comes while its vehicle is in the beam, or this near: samples before and after it count too
SELDOM_S = 40.0         # where a unit is asked twice a minute


@dataclass
class Judged:
    rows: list[str]
    bad: list[str]
    hours: float


@dataclass(frozen=True)
class Span:
    """Of the controller's clock: vehicles that came and left inside are judged."""

    begins_s: float
    ends_s: float

    def holds(self, vehicle: Vehicle, near_s: float) -> bool:
        return vehicle.begins_s >= self.begins_s + near_s and vehicle.ends_s <= self.ends_s - near_s


@dataclass
class Found:
    """Of one lane."""

    sources: int = 0
    found: int = 0
    twice: int = 0
    false: list[str] = field(default_factory=list)      # each alarm without a source, as it can be looked for


def judge(ours: list[bytes], theirs: list[bytes], records: list[dict[str, Any]], lanes: dict[str, Any],
          passed: dict[str, Passed], heard: dict[str, Heard], span: Span) -> Judged:
    """`ours` and `theirs`: lines of both ends; `records`: the centre's, opened; `lanes`: the core's status of them."""
    bad = [] if ours == theirs else [f"the centre's {len(theirs)} lines are not our {len(ours)}"]
    ids = [record["id"] for record in records if record["kind"] == "alarm"]
    bad += [f"alarm {name} is there {times} times" for name, times in collections.Counter(ids).items() if times > 1]
    rows, seconds = [HEAD], span.ends_s - span.begins_s
    for unit in POST:
        of_lane = [record for record in records if record.get("lane") == unit.lane]
        saw, counts, told = passed[unit.lane].vehicles, lanes[unit.lane]["counts"], heard.get(unit.lane, Heard(0.0))
        here = match(unit, of_lane, saw, span)
        vendor = sum(record["kind"] == "alarm" and record["rule"] == "vendor" for record in of_lane)
        rate, covered = told.rate(span.ends_s), told.gamma_s / seconds
        faults = sum(record["kind"] == "fault" for record in of_lane)
        asked = f"{rate:5.3f} {covered:7.4f}" if unit in ASKED else f"{'':13}"
        rows.append(f"{unit.lane:>4} {unit.driver:10} {unit.manners:10} {len(saw):6} {here.sources:7} {here.found:5}"
                    f" {here.twice:5} {len(here.false):5} {vendor:6} {asked} {counts['missed_polls']:7}"
                    f" {sum(counts['line'].values()):7} {told.late:5} {told.believed:8} {told.wrong:5} {faults:6}")
        bad += [f"lane {unit.lane}: {what}" for what in _missed(unit, here, rate, covered, told)]
        if faults > FAULTS_AT_FIRST + FAULTS_AN_HOUR * seconds / 3600:
            bad.append(f"lane {unit.lane}: {faults} fault records")
    return Judged(rows, bad, seconds / 3600)


def match(unit: Unit, of_lane: list[dict[str, Any]], saw: list[Vehicle], span: Span) -> Found:
    """Alarms of ours beside the vehicles that were in the beam then.  One outside an occupancy is of a source on its way to the
    beam: no finding of it, and a false alarm where there is none."""
    near_s = NEAR_S if unit in SEES else SELDOM_S
    ours = [record for record in of_lane if record["kind"] == "alarm" and record["rule"] != "vendor"]
    alarms = [(record["at"]["mono_ms"] / 1000, record["occupancy"], record["id"]) for record in ours]
    here, explained = Found(), set()
    for vehicle in saw:
        if not (vehicle.source or vehicle.wanted):
            continue
        its = [alarm for alarm in alarms if vehicle.begins_s - near_s <= alarm[0] <= vehicle.ends_s + near_s]
        explained |= {name for _, _, name in its}
        occupancies = {occupancy for _, occupancy, _ in its if occupancy}
        if vehicle.source and span.holds(vehicle, near_s):
            here.sources += 1
            here.found += bool(occupancies)
            here.twice += len(occupancies) > 1
    here.false = [_told(record, saw) for record, (at_s, _, name) in zip(ours, alarms, strict=True)
                  if at_s < span.ends_s - near_s and name not in explained]
    return here


def _told(record: dict[str, Any], saw: list[Vehicle]) -> str:
    at_s = record["at"]["mono_ms"] / 1000
    before = max((vehicle for vehicle in saw if vehicle.begins_s < at_s), key=lambda vehicle: vehicle.begins_s, default=None)
    after = f"{at_s - before.ends_s:.1f} s after the last vehicle left" if before else "before the first vehicle"
    where = "occupied" if record["occupancy"] else "vacant"
    return (f"{record['id']} at {at_s:.1f} s, {after}, {where}, {record['rule']} {record['radiation']}: {record['statistic']} of "
            f"{record['threshold']} in {record['window_s']} s, {record['notes']}")


def _missed(unit: Unit, here: Found, rate: float, covered: float, told: Heard) -> list[str]:
    """Goals that were missed, in words."""
    answers = unit in ASKED and unit in SEES
    goals: list[tuple[object, str]] = [
        (here.false, f"{len(here.false)} false alarms: {'; '.join(here.false)}"),
        (unit in SEES and here.found < here.sources, f"{here.sources} sources passed, {here.found} found"),
        (unit in SEES and here.twice, f"{here.twice} sources are more than one occupancy with alarm"),
        (unit in SEES and unit.wire == "rs485" and rate < RATE_GOAL, f"only {rate:.2f} of its rate beside a dead unit"),
        (answers and unit in WELL and covered < COVERED_GOAL, f"samples cover only {covered:.4f} of the time"),
        (told.wrong, f"{told.wrong} wrong values of {told.believed} believed; {told.first}"),
    ]
    return [words for missed, words in goals if missed]
