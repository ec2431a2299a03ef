"""What the minutes of a lane show that no single moment does, as signs for the fault guide: since when, and how much.  Pure.

    history-occupied        the lane is hardly ever empty any more
    history-no-vehicles     nobody drove through where many did at these hours
    history-high, -low      the background of all panels stepped, and stayed
    history-share:NAME      a gamma panel's share of the sum went away over days
    history-tube:NAME       the same of a neutron tube
    history-leaps:NAME, -together:NAME, -alone:NAME, -uneven        of the last hour: last_hour.py
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median

from edge_agent.tools import last_hour
from edge_agent.words.minute import Group, Minute

HOUR_S, DAY_S = 3600, 86400
HEARD = 45                      # minutes of an hour that must be kept, for the hour to say anything
EMPTY_PART = 0.25               # of the usual vacant time: a queue leaves more, a dirty lens less (estimate)
DUE = 30.0                      # vehicles that should have come: none by chance is e-30, the margin is for quiet days
STEP = 0.15                     # rain and radon: some 20 % for an hour or two (algorithms.md 1); so three hours beyond this
STEP_H = 3
USUAL_H = 12                    # hours that make "before"
DAYS = 4                        # of a share's course, at least
SHARE_PART, TUBE_PART = 0.05, 0.25      # the day's temperature takes 2.5 % of a panel (docs/diagnostics.md); tubes: estimate
SIGMAS = 6.0                    # chance alone: never in a fleet's life
When = Callable[[float], str]


def signs(minutes: Iterable[Minute], when: When) -> dict[str, str]:
    """Sign -> words, as they stand at the end of the minutes, which are in the order of their time."""
    kept = list(dict.fromkeys(minutes))
    hours = _parted(kept, HOUR_S)
    found = dict(_traffic(hours, when))
    found |= dict(_steps(hours, when))
    found |= last_hour.signs(kept)
    days = _parted(kept, DAY_S)
    if len(days) >= DAYS:
        found |= dict(_shares(days, "gamma", "history-share", SHARE_PART, when))
        found |= dict(_shares(days, "neutron", "history-tube", TUBE_PART, when))
    return found


def _parted(minutes: Sequence[Minute], length_s: int) -> list[list[Minute]]:
    """Stretches of this length, back from the newest minute; those with little kept are left out."""
    if not minutes:
        return []
    end_s = minutes[-1].begin_s + 60
    parts: dict[int, list[Minute]] = {}
    for minute in minutes:
        parts.setdefault((end_s - 1 - minute.begin_s) // length_s, []).append(minute)
    least = HEARD * length_s / HOUR_S
    return [parts[back] for back in sorted(parts, reverse=True) if len(parts[back]) >= least]


def _traffic(hours: list[list[Minute]], when: When) -> Iterator[tuple[str, str]]:
    if len(hours) < 2:
        return
    *before, last = hours
    if not any(minute.samples for minute in last) and not _exposure_s(last):
        return                              # nothing is heard: the wire's fault, which says so itself
    usual_s = median(_exposure_s(hour) for hour in before)
    if usual_s and _exposure_s(last) < EMPTY_PART * usual_s:
        yield "history-occupied", (f"in the hour since {when(last[0].begin_s)} the lane was empty for "
                                   f"{100 * _exposure_s(last) / usual_s:.0f}% of the usual time")
    came = [minute.begin_s for hour in hours for minute in hour if minute.occupancies]
    if not came or _exposure_s(last) < 0.5 * usual_s:
        return
    due = _due(hours, came[-1])
    if due >= DUE:
        yield "history-no-vehicles", f"no vehicle since {when(came[-1])}; by the days before about {due:.0f} should have come"


def _due(hours: list[list[Minute]], last_s: int) -> float:
    """Vehicles that should have come since: by the same hours of days before; of one day alone nobody knows its nights."""
    then = [minute for hour in hours for minute in hour if minute.begin_s <= last_s]
    since = [minute.begin_s for hour in hours for minute in hour if minute.begin_s > last_s]
    if then and last_s - then[0].begin_s < 2 * DAY_S:
        return sum(minute.occupancies for minute in then) if len(since) * 60 >= DAY_S else 0.0
    by_hour: dict[int, list[int]] = {}
    for minute in then:
        by_hour.setdefault(minute.begin_s % DAY_S // HOUR_S, []).append(minute.occupancies)
    return sum(sum(held) / len(held) for at_s in since if (held := by_hour.get(at_s % DAY_S // HOUR_S)))


def _steps(hours: list[list[Minute]], when: When) -> Iterator[tuple[str, str]]:
    counted = [(hour, rates) for hour in hours if (rates := _rates(hour, "gamma"))]
    if len(counted) < USUAL_H + STEP_H or len({len(rates) for _, rates in counted}) > 1:
        return
    usual = [median(rates[i] for _, rates in counted[:-STEP_H]) for i in range(len(counted[0][1]))]
    for name, sign in (("history-high", 1), ("history-low", -1)):
        off = [all(level > 0 and sign * (rate / level - 1) > STEP for rate, level in zip(rates, usual, strict=True))
               for _, rates in counted]
        if all(off[-STEP_H:]):
            first = len(off) - next((i for i, is_off in enumerate(reversed(off)) if not is_off), len(off))
            now = sum(counted[-1][1])
            yield name, (f"all panels since {when(counted[first][0][0].begin_s)}: {now:.0f} counts/s together, "
                         f"{sum(usual):.0f} before")


def _shares(days: list[list[Minute]], group: str, sign: str, part: float, when: When) -> Iterator[tuple[str, str]]:
    sums = [(day, held) for day in days if (held := _sums(day, group)) and min(held.values(), default=0) >= 0]
    names = list(sums[-1][1]) if sums else []
    sums = [(day, held) for day, held in sums if list(held) == names and any(held.values())]
    if len(sums) < DAYS or len(names) < 2:
        return
    for name in names:
        shares = [_against(held, name) for _, held in sums]
        quarter = max(1, len(sums) // 4)
        first, last = (_together([held for _, held in some], name) for some in (sums[:quarter], sums[-quarter:]))
        if not first[0] or not last[1]:
            continue
        change = (last[0] / last[1]) / (first[0] / first[1]) - 1
        error = (1 + change) * math.sqrt(sum(1 / max(n, 1) for n in (*first, *last)))
        if abs(change) > part and abs(change) > SIGMAS * error:
            at = first[0] / first[1]
            since = next(i for i in range(len(sums)) if all((s / at - 1) * change > change * change / 2 for s in shares[i:])
                         or i == len(sums) - 1)
            yield f"{sign}:{name}", (f"{100 * change:+.0f}% against the other{'s' if len(names) > 2 else ''} since "
                                     f"{when(sums[0][0][0].begin_s)}, half of it by {when(sums[since][0][0].begin_s)}")


def _against(held: dict[str, int], name: str) -> float:
    """Against the median of the others: a panel that goes takes none of them with it."""
    count, others = _together([held], name)
    return count / others if others else 0.0


def _together(some: list[dict[str, int]], name: str) -> tuple[float, float]:
    others = [sum(held[other] for held in some) for other in some[0] if other != name]
    return float(sum(held[name] for held in some)), float(median(others))


def _sums(minutes: Iterable[Minute], group: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in _groups(minutes, group):
        for name, value in zip(each.detectors, each.sums, strict=True):
            found[name] = found.get(name, 0) + value
    return found


def _rates(minutes: Sequence[Minute], group: str) -> list[float]:
    exposure_s = sum(each.exposure_ms for each in _groups(minutes, group)) / 1e3
    return [value / exposure_s for value in _sums(minutes, group).values()] if exposure_s else []


def _exposure_s(minutes: Iterable[Minute]) -> float:
    return sum(each.exposure_ms for each in _groups(minutes, "gamma")) / 1e3


def _groups(minutes: Iterable[Minute], group: str) -> Iterator[Group]:
    return (each for minute in minutes for each in minute.groups if each.name == group)
