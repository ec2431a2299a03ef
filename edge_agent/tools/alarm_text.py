"""An alarm in words for whoever stands at the lane, and in numbers for whoever judges it again.  Record bodies in, lines out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

RULES = {
    "focus": "counts too high for some time", "ksigma": "counts of one second too high", "neutron": "too many neutrons",
    "neutron-template": "neutrons as from a source on the vehicle", "overload": "so strong that the detector fails",
    "shadow": "more counts than the vehicle's shadow allows", "vendor": "the portal's own electronics",
    "dose": "dose rate above its limit",
}
SURE = {
    "very high": "very sure it is not chance", "high": "sure it is not chance", "medium": "probably not chance",
    "low": "may well be chance",
}
SIDES = {"left": ", left side as driven", "middle": ", middle", "right": ", right side as driven"}
UNITS = ((365.25 * 86400, "year"), (30.4 * 86400, "month"), (86400.0, "day"), (3600.0, "hour"))
LONGEST_YEARS = 1000        # beyond it nobody means a number


def story(alarm: Mapping[str, Any]) -> list[str]:
    """An alarm in a few lines of text; records from before explanations were kept have fewer."""
    lines = [
        f"{alarm['at']['wall']}  lane {alarm['lane']}  {alarm['radiation'].upper()}  rule {alarm['rule']}  {alarm['id']}",
        *(f"   {line}" for line in (where(alarm), sure(alarm), also(alarm)) if line),
        f"   {numbers(alarm)}",
    ]
    panels = "  ".join(f"{name} {found['counts']}" for name, found in alarm["detectors"].items())
    last = [f"last interval {panels}"] if panels else []
    lines += [f"   {'   '.join(last + alarm['notes'])}"] if last or alarm["notes"] else []
    if "receipted" in alarm:
        kept = "receipted by the centre" if alarm["receipted"] else "waiting for the centre's receipt"
        lines.append(f"   record {alarm['seq']}, {kept}")
    return lines


def where(alarm: Mapping[str, Any]) -> str:
    """Where on the vehicle to look; "" where the rule does not know."""
    behind = (alarm.get("place") or {}).get("behind_m")
    if behind is None:
        return ""
    along = f"{behind:.1f} m behind the front bumper" if behind >= 0 else f"{-behind:.1f} m ahead of the front bumper"
    return f"where: {along}{SIDES.get(alarm.get('side') or '', '')}"


def sure(alarm: Mapping[str, Any]) -> str:
    """How sure, in words; "" where nothing is known."""
    per_day = alarm.get("false_alarms_per_day")
    word = SURE.get(alarm.get("confidence") or "", "")
    return f"{word}: clean traffic here would do this {often(per_day)}" if word and per_day is not None else ""


def also(alarm: Mapping[str, Any]) -> str:
    """What else had fired on the same vehicle."""
    names = [f"{RULES.get(rule(found), found['rule'])} ({found['radiation']})" for found in alarm.get("also", [])]
    return f"alarmed before on this vehicle: {', '.join(names)}" if names else ""


def numbers(alarm: Mapping[str, Any]) -> str:
    """Statistic, threshold, budget, counts, background with its error."""
    if alarm.get("dose_rate"):
        return dose(alarm["dose_rate"])
    if alarm["statistic"] is None and rule(alarm) == "overload":
        return "over-range: zeros or a gap right after a steep rise. A very strong source: KEEP DISTANCE"
    if alarm["statistic"] is None:
        return f"the portal's own alarm, {alarm['counts']} counts in {alarm['window_s']:g} s"
    error = f" +- {alarm['expected_sd']:.1f}" if alarm["expected_sd"] else ""
    budget = f" (for {alarm['budget']:g} false alarms a passage)" if alarm.get("budget") is not None else ""
    return (
        f"{alarm['statistic']:.1f} sigma, threshold {alarm['threshold']:g}{budget}: {alarm['counts']} counts in "
        f"{alarm['window_s']:g} s, background {alarm['expected']:.0f}{error}"
    )


def dose(found: Mapping[str, Any]) -> str:
    """Of an instrument that gives a dose rate and no counts."""
    limit = f"above the limit of {found['limit']:g}" if found["limit"] is not None else "the instrument's own alarm"
    return f"{found['value']:g} {found['unit']}, {limit}: keep distance, measure with a survey meter"


def often(per_day: float) -> str:
    """A rate as people say it: about 3 times a day, about once in 5 months."""
    if per_day >= 1.5:
        return f"about {per_day:.0f} times a day"
    seconds = 86400.0 / per_day if per_day > 0 else math.inf
    if seconds > LONGEST_YEARS * UNITS[0][0]:
        return f"less than once in {LONGEST_YEARS} years"
    length, unit = next(((length, unit) for length, unit in UNITS if seconds >= 0.95 * length), UNITS[-1])
    number = round(seconds / length)
    return f"about once a{'n' if unit == 'hour' else ''} {unit}" if number <= 1 else f"about once in {number} {unit}s"


def rule(found: Mapping[str, Any]) -> str:
    """focus of focus/1."""
    return str(found["rule"]).partition("/")[0]
