"""A trend as a table of 80 columns with a spark line for each panel.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from edge_agent.tools.trend import SUM, Course, Trend
from edge_agent.words.language import mark, tr, trn
from edge_agent.words.minute import DOSE

SPARK = 30                              # characters, one a bin
BLOCKS, ASCII = "▁▂▃▄▅▆▇█", "_.,-=+*#"  # the second for a console that cannot show the first
SPAN = 0.10                             # a line's height is at least so much of the mean each way: noise is not a mountain
FAULTS = 12                             # rows
GROUPS = (mark("gamma", about="group"), mark("neutron", about="group"), mark("dose", about="group"))


def page(lane: str, found: Trend, when: Callable[[float], str], marks: str = BLOCKS) -> Iterator[str]:
    """`when`: a time (s since 1970) in words."""
    yield from (line[:80] for line in _lines(lane, found, when, marks))


def _lines(lane: str, found: Trend, when: Callable[[float], str], marks: str) -> Iterator[str]:
    end_s = found.at(len(found.heard))
    yield tr("lane {lane}   {begin} to {end}", lane=lane, begin=when(found.begin_s), end=when(end_s))
    known = found.minutes * 60 / (end_s - found.begin_s)
    yield tr("{known} known, {part:.0%} of it; a mark of the line is {bin}", known=_span(found.minutes * 60),
             part=min(1.0, known), bin=_span(found.bin_s))
    if not found.minutes:
        yield tr("  nothing is kept of this time: the core did not run, or the disk was full")
        return
    for group, courses in found.groups.items():
        what = f"{tr(group, about='group')} {courses[0].name if group == DOSE else '/s'}"
        heads = (tr("mean"), tr("least"), tr("most"), tr("share"), tr("drift"))
        yield f"{what[:10]:10}{heads[0]:>8}{heads[1]:>9}{heads[2]:>9}{heads[3]:>7}{heads[4]:>6}"
        yield from (_row(one, marks) for one in courses)
    yield _events(tr("vehicles"), found.occupancies, found.heard, marks)
    yield _events(tr("alarms"), found.alarms, found.heard, marks)
    for name, minutes in list(found.faults.items())[:FAULTS]:
        yield f"  !! {name[:33]:33} {_span(minutes * 60):>10} {_bar(found.fault_bins[name], found.heard, marks)}"
    if len(found.faults) > FAULTS:
        yield trn("  and {n} more: --json", "  and {n} more: --json", len(found.faults) - FAULTS)


def _row(one: Course, marks: str) -> str:
    known = one.known
    least, most = (min(known), max(known)) if known else (None, None)
    share = "" if one.share is None else f"{one.share:.1%}"
    drift = "" if one.drift is None else f"{one.drift * 100:+.1f}"
    line = _spark(one.rates, marks)
    name = tr("sum") if one.name == SUM else one.name
    return f"  {name[:7]:7}{_cell(one.mean)}{_cell(least)}{_cell(most)}{share:>7}{drift:>6} {line}".rstrip()


def _cell(value: float | None) -> str:
    if value is None:
        return f"{'--':>9}"
    if abs(value) >= 1e6:
        return f" {value:8.3g}"
    return f"{value:9.1f}" if value >= 10 else f"{value:9.3f}"


def _spark(rates: Sequence[float | None], marks: str) -> str:
    known = [rate for rate in rates if rate is not None]
    if not known:
        return ""
    mean = sum(known) / len(known)
    low, high = min([*known, mean * (1 - SPAN)]), max([*known, mean * (1 + SPAN)])
    return "".join(" " if rate is None else _mark((rate - low) / (high - low) if high > low else 0.5, marks) for rate in rates)


def _mark(part: float, marks: str) -> str:
    return marks[min(len(marks) - 1, int(part * len(marks)))]


def _events(name: str, counts: Sequence[int], heard: Sequence[bool], marks: str) -> str:
    most = max(counts, default=0)
    line = "".join(" " if not here else _mark(count / most, marks) if count else "." if marks is ASCII else "·"
                   for count, here in zip(counts, heard, strict=True))
    return f"  {name:9}{sum(counts):>7}{tr('most at once') if most else '':>22}{most or '':>9} {line}".rstrip()


def _bar(there: Sequence[bool], heard: Sequence[bool], marks: str) -> str:
    return "".join(marks[-1] if one else marks[0] if here else " " for one, here in zip(there, heard, strict=True)).rstrip()


def _span(seconds: float) -> str:
    if seconds >= 2 * 86400.0:
        return tr("{days:.3g} d", days=seconds / 86400.0)
    return tr("{hours:.3g} h", hours=seconds / 3600.0) if seconds >= 2 * 3600.0 else tr("{minutes:.3g} min", minutes=seconds / 60)
