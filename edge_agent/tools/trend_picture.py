"""The picture of a trend: a chart for each panel and sum, vehicles and faults below, on one axis of time.  Prints in black."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from edge_agent.tools import svg
from edge_agent.tools.svg import Scale
from edge_agent.tools.trend import SUM, Course, Trend
from edge_agent.words.language import tr, trn
from edge_agent.words.minute import DOSE

WIDTH, LEFT, RIGHT = 900.0, 150.0, 880.0
TOP, ROW, GAP, STRIP = 62.0, 56.0, 10.0, 16.0
SPAN = 0.10             # a chart's height is at least so much of the mean each way: noise is not a mountain
FAULTS = 20             # strips
TICKS = 4               # between them, labels of 100 pixels stay apart


def draw(lane: str, found: Trend, when: Callable[[float], str]) -> str:
    """The SVG.  `when`: a time (s since 1970) in words."""
    end_s = found.at(len(found.heard))
    x = Scale(found.begin_s, end_s, LEFT, RIGHT)
    title = tr("Lane {lane}   {begin} to {end}", lane=lane, begin=when(found.begin_s), end=when(end_s))
    known = trn("{n} minute known; counts of the empty lane; a gap: nothing counted",
                "{n} minutes known; counts of the empty lane; a gap: nothing counted", found.minutes)
    parts = [svg.text(20, 30, title, 16, more=' font-weight="bold"'),
             svg.text(20, 50, known, 11)]
    y = TOP
    for group, courses in found.groups.items():
        for one in courses:
            unit = "" if group == DOSE else "/s"
            parts += _chart(y, x, found, one, f"{tr(group, about='group')} {tr('sum') if one.name == SUM else one.name}", unit)
            y += ROW + GAP
    parts += _bars(y, x, found)
    y += ROW + GAP
    for name in list(found.fault_bins)[:FAULTS]:
        parts += _strip(y, x, found, name)
        y += STRIP
    if len(found.fault_bins) > FAULTS:
        parts.append(svg.text(LEFT, y + 11, _more(len(found.fault_bins) - FAULTS), 10))
        y += STRIP
    parts += _axis(y, x, found, when)
    return svg.document(WIDTH, y + 36, title, parts)


def _more(n: int) -> str:
    return trn("and {n} more condition", "and {n} more conditions", n)


def _chart(top: float, x: Scale, found: Trend, one: Course, name: str, unit: str) -> Iterator[str]:
    yield svg.box(LEFT, top, RIGHT - LEFT, ROW)
    yield svg.text(LEFT - 8, top + 14, name, 11, "end", ' font-weight="bold"')
    if one.share is not None:
        share = tr("share {share:.1%}", share=one.share) if one.drift is None else tr(
            "share {share:.1%}, {drift:+.1f} points", share=one.share, drift=one.drift * 100)
        yield svg.text(LEFT - 8, top + 28, share, 9, "end")
    known = one.known
    if not known:
        return
    mean = sum(known) / len(known)
    low, high = min([*known, mean * (1 - SPAN)]), max([*known, mean * (1 + SPAN)])
    y = Scale(low, high if high > low else low + 1.0, top + ROW - 4, top + 4)
    yield svg.text(LEFT - 8, top + 42, f"{svg.number(float(f'{mean:.4g}'))}{unit}", 9, "end")
    yield svg.text(RIGHT - 3, top + 12, svg.number(float(f"{high:.4g}")), 8, "end")
    yield svg.text(RIGHT - 3, top + ROW - 4, svg.number(float(f"{low:.4g}")), 8, "end")
    for run in _runs(one.rates):
        points = [(x(found.at(i) + found.bin_s / 2), y(rate)) for i, rate in run]
        yield svg.path(points, svg.INK, 1.0) if len(points) > 1 else svg.dot(*points[0], 1.2, svg.INK)


def _runs(rates: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    """Stretches without a gap."""
    run: list[tuple[int, float]] = []
    for i, rate in enumerate([*rates, None]):
        if rate is not None:
            run.append((i, rate))
        elif run:
            yield run
            run = []


def _bars(top: float, x: Scale, found: Trend) -> Iterator[str]:
    most = max(found.occupancies, default=0)
    yield svg.box(LEFT, top, RIGHT - LEFT, ROW)
    yield svg.text(LEFT - 8, top + 14, tr("vehicles"), 11, "end", ' font-weight="bold"')
    yield svg.text(LEFT - 8, top + 28, tr("{vehicles}, alarms {alarms} (dots)", vehicles=sum(found.occupancies),
                                              alarms=sum(found.alarms)), 9, "end")
    wide = max(0.6, x(found.at(1)) - x(found.at(0)))
    for i, count in enumerate(found.occupancies):
        if count:
            height = count / most * (ROW - 12)
            yield svg.box(x(found.at(i)), top + ROW - height, wide, height, svg.FAINT, "none")
    for i, count in enumerate(found.alarms):
        if count:
            yield svg.dot(x(found.at(i) + found.bin_s / 2), top + 6, 2.2, svg.INK)


def _strip(top: float, x: Scale, found: Trend, name: str) -> Iterator[str]:
    yield svg.text(LEFT - 8, top + 11, name[:24], 9, "end")
    for i, there in enumerate(found.fault_bins[name]):
        if there:
            yield svg.box(x(found.at(i)), top + 2, max(0.6, x(found.at(1)) - x(found.at(0))), STRIP - 5, svg.INK, "none")


def _axis(bottom: float, x: Scale, found: Trend, when: Callable[[float], str]) -> Iterator[str]:
    for i in range(TICKS + 1):
        at_s = x.low + (x.high - x.low) * i / TICKS
        anchor = "start" if i == 0 else "end" if i == TICKS else "middle"
        yield svg.line((x(at_s), bottom), (x(at_s), bottom + 5))
        yield svg.text(x(at_s), bottom + 18, when(at_s).partition(" (")[0], 9, anchor)
