"""What a lane sees now, as a screen of 80 columns and as one line.  Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

BAR = 20                # characters of twice the background
UNKNOWN = "--"
OLD_S = 1.5             # a portal that sends its vacant background every few seconds: said beside the numbers


def screen(name: str, lane: dict[str, Any]) -> list[str]:
    """One lane, a row for each detector."""
    lines = [f"lane {name}   {_state(lane)}   heard {_heard(lane)}   {lane['link']}"[:80]]
    for radiation, found in lane["radiations"].items():
        lines.append(f"  {radiation:8} {'counts/s':>10} {'background':>11} {'ratio':>6}")
        lines += _rows(found, lane["out_of_service"])
        lines.append(f"  {'sum':>8} {_sum(found, lane['out_of_service'])}"[:80])
    if lane["passage"]:
        lines += _passage(lane["passage"])
    lines += [f"  !! {condition}: {why}"[:80] for condition, why in lane["faults"].items()]
    return lines


def line(name: str, lane: dict[str, Any]) -> str:
    """The same in one line, for a file or a pipe."""
    sums = "  ".join(f"{radiation} {_sum(found, lane['out_of_service'])}" for radiation, found in lane["radiations"].items())
    alarms = ", ".join(lane["passage"]["alarms"]) if lane["passage"] else ""
    tail = (f"  ALARM {alarms}" if alarms else "") + (f"  !! {', '.join(lane['faults'])}" if lane["faults"] else "")
    return f"lane {name}  {_state(lane)}  heard {_heard(lane)}  {sums}{tail}"


def _state(lane: dict[str, Any]) -> str:
    passage = lane["passage"]
    if not passage:
        return str(lane["state"]).upper()
    speed = f", {passage['speed_mps'] * 3.6:.1f} km/h" if passage["speed_mps"] else ""
    return f"{str(lane['state']).upper()} {passage['since_s']:.1f} s{speed}"


def _heard(lane: dict[str, Any]) -> str:
    return "never" if lane["heard_s"] is None else f"{lane['heard_s']:.1f} s ago"


def _rows(found: dict[str, Any], out: list[str]) -> Iterator[str]:
    for i, name in enumerate(found["detectors"]):
        now = found["cps"][i] if found["cps"] else None
        background = found["background_cps"][i]
        ratio = now / background if now is not None and background else None
        mark = "OUT" if name in out else _bar(ratio)
        yield f"  {name:>8} {_cell(now, 10)} {_cell(background, 11)} {_ratio(ratio)}  {mark}".rstrip()


def _cell(value: float | None, width: int) -> str:
    return f"{UNKNOWN:>{width}}" if value is None else f"{value:{width}.1f}"


def _ratio(value: float | None) -> str:
    return f"{UNKNOWN:>6}" if value is None else f"{min(value, 999.0):6.2f}"


def _bar(ratio: float | None) -> str:
    if ratio is None:
        return ""
    full = round(min(ratio, 2.0) / 2.0 * BAR)
    return ("#" * full).ljust(BAR // 2) + ("+" if ratio > 2.0 else "")


def _sum(found: dict[str, Any], out: list[str]) -> str:
    """Counts/s of what is in service, and how far above the background in the counts of one interval."""
    served = [i for i, name in enumerate(found["detectors"]) if name not in out]
    if found["cps"] is None or not served:
        return "no count now" + ("" if found["age_s"] is None else f" (the last {found['age_s']:.0f} s ago)")
    now, known = sum(found["cps"][i] for i in served), [found["background_cps"][i] for i in served]
    if any(rate is None for rate in known):
        return f"{now:.1f}/s, no background yet"
    expected = sum(known)
    text = f"{now:.1f}/s of {expected:.1f}"
    if found["interval_s"] and expected > 0:
        z = (now - expected) * found["interval_s"] / math.sqrt(expected * found["interval_s"])
        text += f", {z:+.1f} sigma in {found['interval_s']:.3g} s"
    return text + (f", {found['age_s']:.0f} s old" if found["age_s"] > OLD_S else "")


def _passage(passage: dict[str, Any]) -> Iterator[str]:
    looks = [f"{rule.partition('/')[0]} {found['statistic']:.1f} of {found['threshold']:.1f}"
             for rule, found in passage["strongest"].items() if found["statistic"] is not None and found["threshold"]]
    if looks:
        yield f"  strongest so far: {', '.join(looks)}"[:80]
    if passage["alarms"]:
        yield f"  ALARM: {', '.join(passage['alarms'])}"[:80]
