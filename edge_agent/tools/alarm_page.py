"""Everything on record about one alarm, as lines of text: the story, the occupancy, what its rules saw, what was fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge_agent.tools import alarm_text, source_place
from edge_agent.tools.bracket import Bracket
from edge_agent.tools.kernel_picture import Picture
from edge_agent.tools.times import local
from edge_agent.words.language import mark, tr

Body = Mapping[str, Any]
ENDED = (
    mark("portal", about="ended"), mark("background-seen", about="ended"), mark("portal-restart", about="ended"),
    mark("silence", about="ended"), mark("stopped", about="ended"), mark("overdue", about="ended"),
)
VENDOR = {
    ("gamma",): mark("alarm, gamma"), ("neutron",): mark("alarm, neutron"),
    ("gamma", "neutron"): mark("alarm, gamma and neutron"),
}


def page(
    alarm: Body, occupancy: Body | None, others: Sequence[Body], picture: Picture | None, why: str, bracket: Bracket
) -> list[str]:
    """`why`: the reason where there is no picture; `bracket`: when the centre's clock says it was signed."""
    lines = alarm_text.story(alarm)
    lines += [f"   {text}" for text in (bracket.text(), bracket.question(alarm)) if text]
    lines += [tr("   source of the rate: {basis}", basis=alarm["basis"])] if alarm.get("basis") else []
    lines.append(tr("   sum of {panels}   speed {speed}   settings {cfg}", panels=", ".join(alarm["sum"]), speed=_speed(alarm),
                    cfg=alarm["cfg"][:12] or "-"))
    lines += _occupancy(occupancy) if occupancy else _vacant(alarm)
    lines += [f"   {_brief(other)}" for other in others]
    return lines + (_fitted(picture) if picture else [tr("no fitted shadow: {why}", why=why)])


def _vacant(alarm: Body) -> list[str]:
    if alarm["occupancy"] is None:
        return [tr("the lane was vacant")]
    return [tr("occupancy {id}: no record yet, the vehicle is in it", id=alarm["occupancy"])]


def _occupancy(body: Body) -> list[str]:
    seconds = (body["end"]["mono_ms"] - body["begin"]["mono_ms"]) / 1e3
    vendor = VENDOR.get(tuple(sorted(radiation for radiation, on in body["vendor"].items() if on)), mark("no alarm"))
    largest = ", ".join(f"{rule} {value:.2f}" for rule, value in sorted(body["statistics"].items()))
    lines = [
        tr("occupancy {id}   {begin} to {end}   {seconds:.1f} s, ended by {ended}", id=body["id"],
           begin=local(body["begin"]["wall"]), end=local(body["end"]["wall"]), seconds=seconds,
           ended=tr(body["ended"], about="ended")),
        tr("   the portal's own electronics: {vendor}   its counter {counter}", vendor=tr(vendor),
           counter="-" if body["counter"] is None else body["counter"]),
        tr("   largest of each rule: {largest}", largest=largest),
        *(_source(rule, found) for rule, found in body.get("sources", {}).items()),
    ]
    for radiation, found in body.get("background", {}).items():
        rates = "  ".join(f"{name} {rate:g}" for name, rate in found["cps"].items())
        lines.append(tr("   {radiation} background, counts/s: {rates}   from {exposure:.0f} s, {age:.0f} s old",
                        radiation=alarm_text.radiation({"radiation": radiation}), rates=rates, exposure=found["exposure_s"],
                        age=found["age_s"]))
    return lines + ([f"   {', '.join(body['notes'])}"] if body["notes"] else [])


def _source(rule: str, found: Body) -> str:
    """Where a rule sees it in the end; alarms are of the moment they came."""
    strength = tr("{cps:.0f} +- {sd:.0f} counts/s at closest approach", cps=found["source_cps"], sd=found["source_sd"])
    return tr("   {rule}, of the whole passage: {place}; {strength}", rule=rule, strength=strength,
              place=alarm_text.place(source_place.placed(found)))


def _brief(alarm: Body) -> str:
    return tr("also {id}  {radiation} {rule}: {numbers}", id=alarm["id"], radiation=alarm_text.radiation(alarm),
              rule=alarm["rule"], numbers=alarm_text.numbers(alarm))


def _fitted(picture: Picture) -> list[str]:
    seen = picture.seen
    return [
        tr("fitted over the whole passage: {sigma:.2f} sigma; vehicle {length:.1f} m long at {speed:.1f} km/h",
           sigma=seen.statistic, length=seen.length_m, speed=seen.speed_mps * 3.6),
        tr("   source {source:.0f} +- {sd:.0f} counts/s at closest approach, {behind:.1f} m behind the front bumper, {side}",
           source=seen.source_cps, sd=seen.source_sd, behind=seen.behind_m, side=_side(seen.lateral_m)),
        tr("   where it stands out: {counts:.0f} counts in {window:.1f} s, behind the shadow {expected:.0f}, "
           "without a vehicle {background:.0f}", counts=seen.counts, window=seen.window_s, expected=seen.expected,
           background=seen.background),
    ]


def _side(lateral_m: float) -> str:
    if not lateral_m:
        return tr("in the middle")
    return tr("{metres:.1f} m left of the middle", metres=-lateral_m) if lateral_m < 0 else tr(
        "{metres:.1f} m right of the middle", metres=lateral_m)


def _speed(alarm: Body) -> str:
    return tr("not measured") if alarm["speed_mps"] is None else f"{alarm['speed_mps'] * 3.6:.1f} km/h"
