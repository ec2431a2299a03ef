"""What a lane sees now, as a screen of 80 columns and as one line.  Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from edge_agent.tools import gravity
from edge_agent.tools.fault_names import fault_name
from edge_agent.words.language import shown, tr

BAR = 20                # characters of twice the background
UNKNOWN = "--"
OLD_S = 1.5             # a portal that sends its vacant background every few seconds: said beside the numbers


def screen(name: str, lane: dict[str, Any]) -> list[str]:
    """One lane, a row for each detector."""
    head = tr("lane {name}   {state}   heard {heard}   {link}", name=name, state=_state(lane), heard=_heard(lane),
              link=lane["link"])
    lines = [head[:80]]
    for radiation, found in lane["radiations"].items():
        lines.append(f"  {tr(radiation):9} {tr('counts/s'):>9} {tr('background'):>11} {tr('ratio'):>6}")
        lines += _rows(found, lane["out_of_service"])
        lines.append(f"  {tr('sum'):>8} {_sum(found, lane['out_of_service'])}"[:80])
    if lane["passage"]:
        lines += _passage(lane["passage"])
    lines += [f"  !! {fault_name(condition)}: {shown(why)}"[:80] for condition in gravity.ordered(lane["faults"])
              for why in [lane["faults"][condition]]]
    return lines


def line(name: str, lane: dict[str, Any]) -> str:
    """The same in one line, for a file or a pipe."""
    sums = "  ".join(f"{tr(radiation)} {_sum(found, lane['out_of_service'])}" for radiation, found in lane["radiations"].items())
    alarms = ", ".join(lane["passage"]["alarms"]) if lane["passage"] else ""
    tail = tr("  ALARM {alarms}", alarms=alarms) if alarms else ""
    tail += f"  !! {', '.join(map(fault_name, gravity.ordered(lane['faults'])))}" if lane["faults"] else ""
    return tr("lane {name}  {state}  heard {heard}  {sums}{tail}", name=name, state=_state(lane), heard=_heard(lane), sums=sums,
              tail=tail)


def _state(lane: dict[str, Any]) -> str:
    passage, state = lane["passage"], tr(lane["state"], about="lane").upper()
    if not passage:
        return state
    speed = f", {passage['speed_mps'] * 3.6:.1f} km/h" if passage["speed_mps"] else ""      # stays English: units
    return f"{state} {passage['since_s']:.1f} s{speed}"


def _heard(lane: dict[str, Any]) -> str:
    return tr("never", about="heard") if lane["heard_s"] is None else tr("{age:.1f} s ago", age=lane["heard_s"])


def _rows(found: dict[str, Any], out: list[str]) -> Iterator[str]:
    for i, name in enumerate(found["detectors"]):
        now = found["cps"][i] if found["cps"] else None
        background = found["background_cps"][i]
        ratio = now / background if now is not None and background else None
        mark = tr("OUT") if name in out else _bar(ratio)
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
        last = "" if found["age_s"] is None else tr(" (the last {age:.0f} s ago)", age=found["age_s"])
        return tr("no count now{last}", last=last)
    now, known = sum(found["cps"][i] for i in served), [found["background_cps"][i] for i in served]
    if any(rate is None for rate in known):
        return tr("{now:.1f}/s, no background yet", now=now)
    expected = sum(known)
    text = tr("{now:.1f}/s of {expected:.1f}", now=now, expected=expected)
    if found["interval_s"] and expected > 0:
        z = (now - expected) * found["interval_s"] / math.sqrt(expected * found["interval_s"])
        text += tr(", {z:+.1f} sigma in {interval:.3g} s", z=z, interval=found["interval_s"])
    return text + (tr(", {age:.0f} s old", age=found["age_s"]) if found["age_s"] > OLD_S else "")


def _passage(passage: dict[str, Any]) -> Iterator[str]:
    looks = [tr("{rule} {statistic:.1f} of {threshold:.1f}", rule=rule.partition("/")[0], statistic=found["statistic"],
                threshold=found["threshold"])
             for rule, found in passage["strongest"].items() if found["statistic"] is not None and found["threshold"]]
    if looks:
        yield tr("  strongest so far: {looks}", looks=", ".join(looks))[:80]
    if passage["alarms"]:
        yield tr("  ALARM: {alarms}", alarms=", ".join(passage["alarms"]))[:80]
