"""The picture of one alarm: counts of each panel against time, background, fitted shadow, source; the vehicle above them.

The vehicle is drawn on the same axis: its front passes the beam at 0 s, so what stands above a moment is the part of it
that was in the beam then.  Lines differ by form as well as by colour: it is read on paper.  Record bodies in, SVG out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_agent.tools import alarm_text, svg
from edge_agent.tools.kernel_picture import Picture
from edge_agent.tools.svg import Scale
from edge_agent.words.language import tr

WIDTH, LEFT, RIGHT = 900.0, 120.0, 880.0
ROW, GAP = 104.0, 14.0              # of one chart
LOWER, VEHICLE = 46.0, 70.0         # below the charts for the axis; height of the vehicle, 2.5 m wide
VEHICLE_M = 2.5                     # width of a truck (EU directive 96/53: 2.55 m)
CHARACTERS = 114                    # of the text above, a line: 855 of 0.6 em each
COUNTS, BACKGROUND, SHADOW, SOURCE, WINDOW = "#1a1a1a", "#6b6b6b", "#1f5fbf", "#c0392b", "#f2d9a0"


@dataclass(frozen=True, slots=True)
class Chart:
    """Rates of one detector or sum, counts/s, bin by bin; empty where there is no such line."""

    name: str
    counts: list[float]
    background: list[float] = field(default_factory=list)
    shadowed: list[float] = field(default_factory=list)
    source: list[float] = field(default_factory=list)       # stands on `shadowed`


@dataclass(frozen=True, slots=True)
class Course:
    """What is drawn: times in s since the beam broke (or since the occupancy began, where only the record is known)."""

    edges: list[tuple[float, float]]        # begin and end of each bin
    charts: list[Chart]
    zero_ms: float                          # of the axis, on the record's clock
    vehicle_s: tuple[float, float] | None = None    # front and rear pass the beam
    source_s: float | None = None           # the source passes it
    across_m: float | None = None


def draw(alarm: Mapping[str, Any], occupancy: Mapping[str, Any], picture: Picture | None) -> str:
    """The SVG.  `picture`: the shadow test's own bins; None: counts and background as the occupancy's record holds them."""
    course = _of_picture(occupancy, picture, alarm) if picture else _of_record(alarm, occupancy)
    words = _wrapped(_words(alarm, course, picture))
    top = 60.0 + 17.0 * len(words)
    parts = [svg.hatch("source", SOURCE), *_title(alarm, words)]
    x = Scale(course.edges[0][0], course.edges[-1][1], LEFT, RIGHT)
    parts += _legend(top, course, alarm)
    top += 30.0
    if course.vehicle_s:
        parts += _vehicle(top, x, course)
        top += VEHICLE + 56.0
    bottom = top + len(course.charts) * (ROW + GAP) - GAP
    parts += _marks(top, bottom, x, course, alarm)
    for row, chart in enumerate(course.charts):
        parts += _chart(top + row * (ROW + GAP), x, course, chart)
    parts += _axis(bottom, x, course)
    return svg.document(WIDTH, bottom + LOWER, tr("alarm {id}", id=alarm["id"]), parts)


# --- what is drawn


def _of_record(alarm: Mapping[str, Any], occupancy: Mapping[str, Any]) -> Course:
    """Counts and background as the occupancy's record holds them."""
    series = occupancy["series"][alarm["radiation"]]
    rates = occupancy.get("background", {}).get(alarm["radiation"], {}).get("cps", {})
    step, names = series["interval_s"], list(series["counts"])
    bins = len(series["counts"][names[0]]) if names else 0
    first = (series["begin"]["mono_ms"] - occupancy["begin"]["mono_ms"]) / 1e3 - step
    charts = [
        Chart(name, [count / step for count in series["counts"][name]], [rates[name]] * bins if name in rates else [])
        for name in names
    ]
    edges = [(first + i * step, first + (i + 1) * step) for i in range(bins)]
    return Course(edges, _with_sum(charts, alarm["sum"]), occupancy["begin"]["mono_ms"])


def _of_picture(occupancy: Mapping[str, Any], picture: Picture, alarm: Mapping[str, Any]) -> Course:
    """The shadow test's own bins; its beam may break later than the record's occupancy begins (samples of the past)."""
    names = list(occupancy["series"]["gamma"]["counts"])
    inside = [p for p in range(len(names)) if picture.seen.mask >> p & 1]

    def rates(row: list[float]) -> list[float]:
        return [value / seconds for value, seconds in zip(row, picture.exposure_s, strict=True)]

    charts = [
        Chart(names[p], *(rates(rows[p]) for rows in (picture.counts, picture.background, picture.shadowed, picture.source)))
        for p in inside
    ]
    begins = [begin - picture.on_s for begin in picture.begin_s]
    series = occupancy["series"]["gamma"]
    zero_ms = series["begin"]["mono_ms"] - (begins[0] + series["interval_s"]) * 1e3
    return Course(
        [(begin, begin + picture.bin_s) for begin in begins], _with_sum(charts, [names[p] for p in inside]), zero_ms,
        (0.0, picture.off_s - picture.on_s), picture.seen.after_on_s, picture.seen.lateral_m,
    )


def _with_sum(charts: list[Chart], names: list[str]) -> list[Chart]:
    """The sum an alarm is of stands first."""
    summed = [chart for chart in charts if chart.name in names]
    if len(summed) < 2:
        return charts

    def total(rows: list[list[float]]) -> list[float]:
        return [sum(column) for column in zip(*rows, strict=True)] if all(rows) else []

    return [
        Chart(tr("sum of {n}", n=len(summed)), total([c.counts for c in summed]), total([c.background for c in summed]),
              total([c.shadowed for c in summed]), total([c.source for c in summed])),
        *charts,
    ]


# --- how


def _words(alarm: Mapping[str, Any], course: Course, picture: Picture | None) -> list[str]:
    lines = [alarm_text.where(alarm), alarm_text.sure(alarm), alarm_text.numbers(alarm), alarm_text.also(alarm)]
    if picture is not None:
        seen = picture.seen
        lines.append(tr(
            "fitted over the whole passage: source {source:.0f} +- {sd:.0f} counts/s at closest approach, "
            "{sigma:.1f} sigma; vehicle {length:.1f} m at {speed:.1f} km/h",
            source=seen.source_cps, sd=seen.source_sd, sigma=seen.statistic, length=seen.length_m, speed=seen.speed_mps * 3.6,
        ))
    return [line for line in lines if line]


def _wrapped(lines: list[str]) -> list[str]:
    out: list[str] = []
    for line in lines:
        out.append("")
        for word in line.split(" "):
            if out[-1] and len(out[-1]) + len(word) >= CHARACTERS:
                out.append("   ")
            out[-1] += (" " if out[-1].strip() else "") + word
    return out


def _title(alarm: Mapping[str, Any], words: list[str]) -> list[str]:
    name = tr("Lane {lane}   {radiation} ALARM   {at}", lane=alarm["lane"], radiation=alarm_text.radiation(alarm).upper(),
              at=alarm["at"]["wall"])
    parts = [
        svg.text(20, 32, name, 18, more=' font-weight="bold"'), svg.text(RIGHT, 32, f"{alarm['id']}  {alarm['rule']}", 11, "end"),
    ]
    return parts + [svg.text(20, 56 + 17 * row, line, 12.5) for row, line in enumerate(words)]


def _legend(y: float, course: Course, alarm: Mapping[str, Any]) -> list[str]:
    """Samples of what is really in the charts, left to right."""
    chart, x, parts = course.charts[0], 20.0, []
    entries = [(tr("counts/s"), svg.path([(0, 0), (26, 0)], COUNTS, 1.2) + svg.dot(13, 0, 2.2, COUNTS), True)]
    entries.append((tr("background, no vehicle"), svg.line((0, 0), (26, 0), BACKGROUND, 1.5, "7 4"), bool(chart.background)))
    entries.append((tr("behind the fitted shadow"), svg.line((0, 0), (26, 0), SHADOW, 2), bool(chart.shadowed)))
    entries.append((tr("fitted source"), svg.box(0, -6, 26, 12, "url(#source)", SOURCE), bool(chart.source)))
    entries.append((tr("window that alarmed"), svg.box(0, -6, 26, 12, WINDOW, WINDOW), alarm_text.rule(alarm) != "shadow"))
    for name, sample, there in entries:
        if there:
            parts.append(f'<g transform="translate({x:.0f},{y:.0f})">{sample}{svg.text(32, 4, name, 11)}</g>')
            x += 52 + 6.7 * len(name)
    return parts


def _vehicle(top: float, x: Scale, course: Course) -> list[str]:
    """The vehicle seen from above; it drives to the left, so the driver's left is below."""
    assert course.vehicle_s is not None
    front, rear, middle = x(course.vehicle_s[0]), x(course.vehicle_s[1]), top + 14 + VEHICLE / 2
    parts = [
        svg.box(front, top + 14, rear - front, VEHICLE, "#f4f4f4", "#444444", ' rx="8"'),
        svg.text(LEFT - 8, middle + 4, tr("vehicle"), 12, "end"), svg.text(front + 10, middle + 4, tr("◄ front"), 11),
        svg.text((front + rear) / 2, top + 9, tr("right side as driven"), 10.5, "middle"),
        svg.text((front + rear) / 2, top + 14 + VEHICLE + 14, tr("left side as driven"), 10.5, "middle"),
    ]
    if course.source_s is not None and course.across_m is not None:
        at = x(course.source_s)
        y = middle - course.across_m / VEHICLE_M * VEHICLE
        parts += [svg.dot(at, y, 7, SOURCE), svg.line((at - 12, y), (at + 12, y), SOURCE)]
        parts.append(svg.line((at, y - 12), (at, y + 12), SOURCE))
        aside, anchor = (-16, "end") if at > (LEFT + RIGHT) / 2 else (16, "start")
        parts.append(svg.text(at + aside, y + 4, tr("source"), 11.5, anchor, ' font-weight="bold"'))
    return parts


def _marks(top: float, bottom: float, x: Scale, course: Course, alarm: Mapping[str, Any]) -> list[str]:
    """The window that alarmed, the moment of the alarm, the passing of the source; behind the charts."""
    at_s = (alarm["at"]["mono_ms"] - course.zero_ms) / 1e3
    parts = []
    if alarm_text.rule(alarm) != "shadow":
        begin, end = (x(min(max(s, x.low), x.high)) for s in (at_s - alarm["window_s"], at_s))
        parts.append(svg.box(begin, top, max(end - begin, 1.0), bottom - top, WINDOW, "none"))
    if x.low <= at_s <= x.high:
        parts.append(svg.line((x(at_s), top - 4), (x(at_s), bottom), svg.INK, 1.2, "2 3"))
        near = x(at_s) > RIGHT - 90
        parts.append(svg.text(x(at_s) + (-4 if near else 4), top - 6, tr("alarm given"), 10, "end" if near else "start"))
    if course.source_s is not None:
        parts.append(svg.line((x(course.source_s), top), (x(course.source_s), bottom), SOURCE, 1.0))
    return parts


def _chart(top: float, x: Scale, course: Course, chart: Chart) -> list[str]:
    above = [a + b for a, b in zip(chart.shadowed, chart.source, strict=True)]
    shown = [*chart.counts, *chart.background, *chart.shadowed, *above]
    low, high = min(shown), max(shown)
    margin = 0.08 * (high - low) or 1.0
    y = Scale(max(0.0, low - margin), high + margin, top + ROW, top)
    parts = [
        svg.box(LEFT, top, RIGHT - LEFT, ROW),
        svg.text(LEFT - 48, top + ROW / 2 + 4, chart.name, 12, "end", ' font-weight="bold"'),
    ]
    for tick in y.ticks(4):
        parts.append(svg.line((LEFT - 4, y(tick)), (LEFT, y(tick))))
        parts.append(svg.text(LEFT - 7, y(tick) + 3.5, svg.number(tick), 10, "end"))
    middles = [x((begin + end) / 2) for begin, end in course.edges]
    if chart.source:
        low_edge = [(at, y(value)) for at, value in zip(middles, chart.shadowed, strict=True)]
        parts.append(svg.area([*low_edge, *reversed([(at, y(v)) for at, v in zip(middles, above, strict=True)])], "url(#source)"))
        parts.append(svg.path([(at, y(v)) for at, v in zip(middles, above, strict=True)], SOURCE, 1.2))
    if chart.background:
        parts.append(svg.path([(at, y(v)) for at, v in zip(middles, chart.background, strict=True)], BACKGROUND, 1.5, "7 4"))
    if chart.shadowed:
        parts.append(svg.path([(at, y(v)) for at, v in zip(middles, chart.shadowed, strict=True)], SHADOW, 2.0))
    steps = [(x(edge), y(value)) for pair, value in zip(course.edges, chart.counts, strict=True) for edge in pair]
    parts.append(svg.path(steps, COUNTS, 0.8))
    if len(middles) <= 160:
        parts += [svg.dot(at, y(value), 1.8, COUNTS) for at, value in zip(middles, chart.counts, strict=True)]
    return parts


def _axis(bottom: float, x: Scale, course: Course) -> list[str]:
    parts = []
    for tick in x.ticks(10):
        parts.append(svg.line((x(tick), bottom), (x(tick), bottom + 5)))
        parts.append(svg.text(x(tick), bottom + 17, svg.number(tick), 10.5, "middle"))
    what = tr("s since the front broke the beam") if course.vehicle_s else tr("s since the occupancy began")
    return [*parts, svg.text((LEFT + RIGHT) / 2, bottom + 36, what, 12, "middle")]
