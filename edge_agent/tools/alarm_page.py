"""Everything on record about one alarm, as lines of text: the story, the occupancy, what its rules saw, what was fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge_agent.tools import alarm_text
from edge_agent.tools.bracket import Bracket
from edge_agent.tools.kernel_picture import Picture

Body = Mapping[str, Any]


def page(
    alarm: Body, occupancy: Body | None, others: Sequence[Body], picture: Picture | None, why: str, bracket: Bracket
) -> list[str]:
    """`why`: the reason where there is no picture; `bracket`: when the centre's clock says it was signed."""
    lines = alarm_text.story(alarm)
    lines += [f"   {text}" for text in (bracket.text(), bracket.question(alarm)) if text]
    lines += [f"   source of the rate: {alarm['basis']}"] if alarm.get("basis") else []
    lines.append(f"   sum of {', '.join(alarm['sum'])}   speed {_speed(alarm)}   settings {alarm['cfg'][:12] or '-'}")
    lines += _occupancy(occupancy) if occupancy else _vacant(alarm)
    lines += [f"   {_brief(other)}" for other in others]
    return lines + (_fitted(picture) if picture else [f"no fitted shadow: {why}"])


def _vacant(alarm: Body) -> list[str]:
    if alarm["occupancy"] is None:
        return ["the lane was vacant"]
    return [f"occupancy {alarm['occupancy']}: no record yet, the vehicle is in it"]


def _occupancy(body: Body) -> list[str]:
    seconds = (body["end"]["mono_ms"] - body["begin"]["mono_ms"]) / 1e3
    vendor = [radiation for radiation, on in body["vendor"].items() if on]
    lines = [
        f"occupancy {body['id']}   {body['begin']['wall']} to {body['end']['wall']}   {seconds:.1f} s, ended by {body['ended']}",
        f"   the portal's own electronics: {'alarm, ' + ' and '.join(vendor) if vendor else 'no alarm'}"
        f"   its counter {'-' if body['counter'] is None else body['counter']}",
        "   largest of each rule: " + ", ".join(f"{rule} {value:.2f}" for rule, value in sorted(body["statistics"].items())),
    ]
    for radiation, found in body.get("background", {}).items():
        rates = "  ".join(f"{name} {rate:g}" for name, rate in found["cps"].items())
        known = f"from {found['exposure_s']:.0f} s, {found['age_s']:.0f} s old"
        lines.append(f"   {radiation} background, counts/s: {rates}   {known}")
    return lines + ([f"   {', '.join(body['notes'])}"] if body["notes"] else [])


def _brief(alarm: Body) -> str:
    return f"also {alarm['id']}  {alarm['radiation']} {alarm['rule']}: {alarm_text.numbers(alarm)}"


def _fitted(picture: Picture) -> list[str]:
    seen = picture.seen
    return [
        f"fitted over the whole passage: {seen.statistic:.2f} sigma; vehicle {seen.length_m:.1f} m long at "
        f"{seen.speed_mps * 3.6:.1f} km/h",
        f"   source {seen.source_cps:.0f} +- {seen.source_sd:.0f} counts/s at closest approach, {seen.behind_m:.1f} m behind the "
        f"front bumper, {abs(seen.lateral_m):.1f} m {_side(seen.lateral_m)}",
        f"   where it stands out: {seen.counts:.0f} counts in {seen.window_s:.1f} s, behind the shadow {seen.expected:.0f}, "
        f"without a vehicle {seen.background:.0f}",
    ]


def _side(lateral_m: float) -> str:
    return "left of the middle" if lateral_m < 0 else "right of the middle" if lateral_m > 0 else "from the middle"


def _speed(alarm: Body) -> str:
    return "not measured" if alarm["speed_mps"] is None else f"{alarm['speed_mps'] * 3.6:.1f} km/h"
