"""Alarms against a threshold: one recording judged again with each value of one alarm setting, by the code of the lane."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

from edge_agent.paths.replaying import Summary, rule_name
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import tr, trn, worded
from edge_agent.words.settings import AlarmSettings

VALUES_MAX = 200            # judgings of one recording: more is a mistyped step
# setting -> the rule whose alarms it moves
RULES = {
    "focus_threshold": "focus", "arm_exposure_s": "focus", "ksigma_n": "ksigma", "ksigma_intervals": "ksigma",
    "shadow_threshold": "shadow", "neutron_p": "neutron", "neutron_arm_s": "neutron",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One value.  Occupancies are counted once, whatever alarmed in them."""

    value: float
    alarms: int                 # of ours, all rules, vacant lane too
    of_rule: int                # of the rule the setting belongs to
    alarmed: int                # occupancies with an alarm of ours
    by_rule: int                # occupancies in which that rule alarmed
    both: int                   # alarmed, and by the portal's own electronics
    only_ours: int
    only_vendor: int
    occupancies: int


def read(text: str) -> tuple[str, list[float]]:
    """KEY=FROM:TO:STEP, or STEP as xFACTOR; SettingsError says which part is not so."""
    key, equals, span = text.partition("=")
    parts = span.split(":")
    numeric = [field.name for field in dataclasses.fields(AlarmSettings) if str(field.type) in ("float", "int")]
    if key not in numeric:
        raise SettingsError(worded(
            "--sweep {text}: {key!r} is not a number among the alarm settings.\n  Choose one of {numeric}",
            text=text, key=key, numeric=", ".join(numeric)))
    if not equals or len(parts) != 3:
        raise SettingsError(worded(
            "--sweep {text}: expected KEY=FROM:TO:STEP.\n  For example --sweep {key}=4:8:0.25, or {key}=1e-8:1e-4:x10",
            text=text, key=key))
    try:
        begin, end, step = float(parts[0]), float(parts[1]), float(parts[2].removeprefix("x"))
    except ValueError:
        raise SettingsError(worded(
            "--sweep {text}: expected numbers between the colons.\n  For example --sweep {key}=4:8:0.25",
            text=text, key=key)) from None
    return key, _values(text, begin, end, step, parts[2].startswith("x"))


def _values(text: str, begin: float, end: float, step: float, times: bool) -> list[float]:
    grows = step > 1 and 0 < begin <= end if times else step > 0 and begin <= end
    if not (grows and math.isfinite(end) and math.isfinite(step)):
        raise SettingsError(worded(
            "--sweep {text}: expected FROM below TO and a step above {least}.\n  Swap or correct them.",
            text=text, least="x1" if times else "0"))
    steps = math.log(end / begin) / math.log(step) if times else (end - begin) / step
    if steps >= VALUES_MAX:
        raise SettingsError(worded(
            "--sweep {text}: {steps:.0f} values, at most {values_max}.\n  Take a wider step.",
            text=text, steps=steps + 1, values_max=VALUES_MAX))
    number = math.floor(steps + 1e-9) + 1
    return [float(f"{begin * step**i if times else begin + i * step:.12g}") for i in range(number)]


def rows(key: str, values: list[float], judge: Callable[[float], Summary]) -> Iterator[Row]:
    """A row for each value; `judge` gives the summary of one."""
    rule = RULES[key]
    for value in values:
        found = judge(value)
        ours = [each for each in found.passed if each.rules]
        yield Row(
            value, len(found.alarms), sum(rule_name(alarm) == rule for alarm in found.alarms), len(ours),
            sum(rule in each.rules for each in ours), sum(each.vendor for each in ours),
            sum(not each.vendor for each in ours), sum(each.vendor and not each.rules for each in found.passed),
            len(found.passed),
        )


def table(key: str, found: list[Row]) -> list[str]:
    """The rows as text, 80 columns."""
    rule = RULES[key]
    lines = [
        f"{'':>16}  {tr('alarms', about='sweep'):14} {tr('occupancies alarmed')}",
        f"{key:>16}  {tr('ours'):>4}  {rule:>7}   {tr('ours'):>4}  {tr('by {rule}', rule=rule):>10}   {tr('both'):>4}  "
        f"{tr('only ours'):>9}  {tr('portal'):>8}",
    ]
    for row in found:
        lines.append(
            f"{row.value:>16g}  {row.alarms:>4}  {row.of_rule:>7}   {row.alarmed:>4}  {row.by_rule:>10}   {row.both:>4}  "
            f"{row.only_ours:>9}  {row.only_vendor:>8}"
        )
    return [*lines, trn("of {n} occupancy; both: an alarm of ours and one of the portal's own",
                        "of {n} occupancies; both: an alarm of ours and one of the portal's own", found[0].occupancies)]


def plain(key: str, found: list[Row]) -> dict[str, Any]:
    return {"sweep": key, "rule": RULES[key], "rows": [dataclasses.asdict(row) for row in found]}
