"""What the minutes of the last hour show of single panels, as signs for the fault guide.  Pure.

    history-leaps:NAME      a gamma panel leaps from minute to minute as chance does not, and not with the others
    history-together:NAME   it leaps with at least two others: something outside, or what panels share
    history-alone:NAME      it counts more than before, and the others do not
    history-uneven          every panel counts more than before, and some much more: something stands on one side
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from edge_agent.words.minute import Group, Minute

HOUR_S, HEARD = 3600, 30        # looked at; minutes with vacant counts that must be among them
USUAL_MIN = 120                 # minutes with counts that make "before"
LEAPS = 3.0                     # times the scatter of chance, whose own error is sqrt(3 / 30) = 0.3 at worst: beyond six sigma
TOGETHER = 3                    # panels
ROSE, ALONE = 0.05, 0.10        # every panel: rain gives 20 %, but to all alike; one: temperature moves it by 2.5 %
UNEVEN = 0.05                   # the most against the least
SIGMAS = 6.0                    # chance alone: never in a fleet's life


def signs(minutes: Sequence[Minute]) -> dict[str, str]:
    """Sign -> words, as they stand at the end of the minutes."""
    counted = [(minute.begin_s, group) for minute in minutes if (group := _gamma(minute))]
    if not counted:
        return {}
    since_s = minutes[-1].begin_s - HOUR_S
    names = _alive([group for at_s, group in counted if at_s > since_s] or [counted[-1][1]])
    picked = _whole([(at_s, _of(group, names)) for at_s, group in counted])
    before, last = [group for at_s, group in picked if at_s <= since_s], [group for at_s, group in picked if at_s > since_s]
    if len(names) < TOGETHER or len(last) < HEARD:
        return {}
    return dict(_leaps(names, last)) | dict(_levels(names, before, last))


def _gamma(minute: Minute) -> Group | None:
    return next((group for group in minute.groups if group.name == "gamma" and group.exposure_ms), None)


def _alive(last: Sequence[Group]) -> list[str]:
    """Panels that count at all; one that is dead is told by others."""
    newest = last[-1]
    return [name for at, name in enumerate(newest.detectors)
            if median(group.sums[at] for group in last if group.detectors == newest.detectors) > 0]


def _of(group: Group, names: Sequence[str]) -> Group | None:
    """These panels alone; None where one is not in it, or counted nothing."""
    sums = dict(zip(group.detectors, group.sums, strict=True))
    if not all(sums.get(name) for name in names):
        return None
    return Group(group.name, tuple(names), group.exposure_ms, tuple(sums[name] for name in names))


def _whole(minutes: Sequence[tuple[int, Group | None]]) -> list[tuple[int, Group]]:
    """Those in which every panel counted.  A minute beside one without is in part the same trouble: a panel that died, or came
    back, is no leap."""
    return [(at_s, group) for n, (at_s, group) in enumerate(minutes)
            if group is not None and all(beside for _, beside in minutes[max(n - 1, 0) : n + 2])]


def _leaps(names: Sequence[str], last: Sequence[Group]) -> Iterator[tuple[str, str]]:
    usual = [_calm([group.sums[at] / group.exposure_ms for group in last]) for at in range(len(names))]
    levels = [[count / group.exposure_ms / level for count, level in zip(group.sums, usual, strict=True)] for group in last]
    calm = [sorted(level)[(len(names) - 1) // 2] for level in levels]      # the lower middle one: two of four may leap
    own = {name: _scatter([level[at] for level in levels], [1 / group.sums[at] for group in last])
           for at, name in enumerate(names)}
    beside = {name: _scatter([level[at] / rest for level, rest in zip(levels, calm, strict=True)],
                             [1 / group.sums[at] + 1 / max(group.sums) for group in last]) for at, name in enumerate(names)}
    leaping = [name for name in names if own[name] > LEAPS]       # beside others alone: it is they that leap
    alone = [name for name in leaping if beside[name] > LEAPS or len(leaping) < TOGETHER]
    shared = [name for name in leaping if name not in alone]
    for name in alone:
        yield f"history-leaps:{name}", f"from minute to minute it leaps {own[name]:.0f} times as much as chance, by itself"
    for name in shared if len(shared) > 1 or not alone else ():   # one alone beside those that leap more: an accident
        yield f"history-together:{name}", f"from minute to minute it leaps {own[name]:.0f} times as much as chance, with others"


def _calm(rates: Sequence[float]) -> float:
    """The level between leaps, which go up: a fifth of the minutes are below it."""
    return sorted(rates)[len(rates) // 5]


def _scatter(values: Sequence[float], variances: Sequence[float]) -> float:
    """The scatter between neighbours against that of chance: 1.  A drift counts for nothing."""
    steps = [(b - a) ** 2 / (v + w) for a, b, v, w in zip(values, values[1:], variances, variances[1:], strict=False)]
    return sum(steps) / len(steps)


def _levels(names: Sequence[str], before: Sequence[Group], last: Sequence[Group]) -> Iterator[tuple[str, str]]:
    """The last hour against the minutes before it."""
    if len(before) < USUAL_MIN:
        return
    rises, errors = {}, {}
    for at, name in enumerate(names):
        usual = median(group.sums[at] / group.exposure_ms for group in before)
        count, exposure_ms = sum(group.sums[at] for group in last), sum(group.exposure_ms for group in last)
        rises[name] = count / exposure_ms / usual - 1
        errors[name] = (1 + rises[name]) / math.sqrt(count)
    *_, second, most = sorted(names, key=rises.__getitem__)
    least = min(names, key=rises.__getitem__)
    spread, error = (1 + rises[most]) / (1 + rises[least]) - 1, math.hypot(errors[most], errors[least])
    words = f"{most} counts {100 * rises[most]:+.0f}% against before, "
    if rises[least] > max(ROSE, SIGMAS * errors[least]) and spread > max(UNEVEN, SIGMAS * error):
        yield "history-uneven", f"{words}{least} {100 * rises[least]:+.0f}%, all of them more"
    elif rises[most] > max(ALONE, SIGMAS * errors[most]) and abs(rises[second]) < ROSE and abs(rises[least]) < ROSE:
        yield f"history-alone:{most}", f"{words}the others as before"
