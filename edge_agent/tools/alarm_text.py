"""An alarm in words for whoever stands at the lane, and in numbers for whoever judges it again.  Record bodies in, lines out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from edge_agent.tools.times import local
from edge_agent.words.language import mark, markn, tr, trn

RULES = {
    "focus": mark("counts too high for some time"), "ksigma": mark("counts of one second too high"),
    "neutron": mark("too many neutrons"),
    "neutron-template": mark("neutrons as from a source on the vehicle"), "overload": mark("so strong that the detector fails"),
    "shadow": mark("more counts than the vehicle's shadow allows"), "vendor": mark("the portal's own electronics"),
    "dose": mark("dose rate above its limit"),
}
SURE = {
    "very high": mark("very sure it is not chance"), "high": mark("sure it is not chance"), "medium": mark("probably not chance"),
    "low": mark("may well be chance"),
}
SIDES = {"left": mark(", left side as driven"), "middle": mark(", middle"), "right": mark(", right side as driven")}
UNITS = (
    (365.25 * 86400, mark("about once a year"), markn("about once in {n} year", "about once in {n} years")),
    (30.4 * 86400, mark("about once a month"), markn("about once in {n} month", "about once in {n} months")),
    (86400.0, mark("about once a day"), markn("about once in {n} day", "about once in {n} days")),
    (3600.0, mark("about once an hour"), markn("about once in {n} hour", "about once in {n} hours")),
)
LONGEST_YEARS = 1000        # beyond it nobody means a number


RADIATIONS = {"gamma": mark("gamma"), "neutron": mark("neutron")}


def story(alarm: Mapping[str, Any]) -> list[str]:
    """An alarm in a few lines of text; records from before explanations were kept have fewer."""
    lines = [
        tr("{at}  lane {lane}  {radiation}  rule {rule}  {id}", at=local(alarm["at"]["wall"]), lane=alarm["lane"],
           radiation=radiation(alarm).upper(), rule=alarm["rule"], id=alarm["id"]),
        *(f"   {line}" for line in (where(alarm), sure(alarm), also(alarm)) if line),
        f"   {numbers(alarm)}",
    ]
    panels = "  ".join(f"{name} {found['counts']}" for name, found in alarm["detectors"].items())
    last = [tr("last interval {panels}", panels=panels)] if panels else []
    lines += [f"   {'   '.join(last + alarm['notes'])}"] if last or alarm["notes"] else []
    if "receipted" in alarm:
        kept = tr("receipted by the centre") if alarm["receipted"] else tr("waiting for the centre's receipt")
        lines.append(tr("   record {seq}, {kept}", seq=alarm["seq"], kept=kept))
    return lines


def radiation(found: Mapping[str, Any]) -> str:
    return tr(RADIATIONS.get(found["radiation"], found["radiation"]))


def place(alarm: Mapping[str, Any]) -> str:
    """Where on the vehicle to look; "" where the rule does not know."""
    behind = (alarm.get("place") or {}).get("behind_m")
    if behind is None:
        return ""
    side = tr(SIDES.get(alarm.get("side") or "", ""))
    if behind >= 0:
        return tr("{metres:.1f} m behind the front bumper", metres=behind) + side
    return tr("{metres:.1f} m ahead of the front bumper", metres=-behind) + side


def where(alarm: Mapping[str, Any]) -> str:
    """The same as a line of its own."""
    found = place(alarm)
    if not found and rule(alarm) == "neutron-template":
        return tr("where: not known before all of the vehicle has passed, and only with its speed")
    return tr("where: {place}", place=found) if found else ""


def sure(alarm: Mapping[str, Any]) -> str:
    """How sure, in words; "" where nothing is known."""
    per_day = alarm.get("false_alarms_per_day")
    word = tr(SURE.get(alarm.get("confidence") or "", ""))
    if not word or per_day is None:
        return ""
    return tr("{sure}: clean traffic here would do this {often}", sure=word, often=often(per_day))


def also(alarm: Mapping[str, Any]) -> str:
    """What else had fired on the same vehicle."""
    names = [f"{tr(RULES.get(rule(found), found['rule']))} ({radiation(found)})" for found in alarm.get("also", [])]
    return tr("alarmed before on this vehicle: {rules}", rules=", ".join(names)) if names else ""


def numbers(alarm: Mapping[str, Any]) -> str:
    """Statistic, threshold, budget, counts, background with its error."""
    if alarm.get("dose_rate"):
        return dose(alarm["dose_rate"])
    if alarm["statistic"] is None and rule(alarm) == "overload":
        return tr("over-range: zeros or a gap right after a steep rise. A very strong source: KEEP DISTANCE")
    if rule(alarm) == "test":
        return tr("a test alarm: it says nothing of the lane")
    if alarm["statistic"] is None:
        return tr("the portal's own alarm, {counts} counts in {window:g} s", counts=alarm["counts"], window=alarm["window_s"])
    error = f" +- {alarm['expected_sd']:.1f}" if alarm["expected_sd"] else ""
    budget = tr(" (for {budget:g} false alarms a passage)", budget=alarm["budget"]) if alarm.get("budget") is not None else ""
    return tr(
        "{statistic:.1f} sigma, threshold {threshold:g}{budget}: {counts} counts in {window:g} s, "
        "background {expected:.0f}{error}",
        statistic=alarm["statistic"], threshold=alarm["threshold"], budget=budget, counts=alarm["counts"],
        window=alarm["window_s"], expected=alarm["expected"], error=error,
    )


def dose(found: Mapping[str, Any]) -> str:
    """Of an instrument that gives a dose rate and no counts."""
    limit = tr("above the limit of {limit:g}", limit=found["limit"]) if found["limit"] is not None else tr(
        "the instrument's own alarm")
    value = tr("dose rate not known") if found["value"] is None else f"{found['value']:g} {found['unit']}"
    return tr("{value}, {limit}: keep distance, measure with a survey meter", value=value, limit=limit)


def often(per_day: float) -> str:
    """A rate as people say it: about 3 times a day, about once in 5 months."""
    if per_day >= 1.5:
        return trn("about {n} time a day", "about {n} times a day", round(per_day))
    seconds = 86400.0 / per_day if per_day > 0 else math.inf
    if seconds > LONGEST_YEARS * UNITS[0][0]:
        return tr("less than once in {years} years", years=LONGEST_YEARS)
    length, once, pair = next((unit for unit in UNITS if seconds >= 0.95 * unit[0]), UNITS[-1])
    number = round(seconds / length)
    return tr(once) if number <= 1 else trn(*pair, number)


def rule(found: Mapping[str, Any]) -> str:
    """focus of focus/1."""
    return str(found["rule"]).partition("/")[0]
