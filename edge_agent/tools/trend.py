"""Minutes of a lane gathered into bins and courses: how background, shares and faults went.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge_agent.words.minute import DOSE, DOSE_PARTS, Minute

SUM = "sum"
QUARTER = 4                     # a share drifts from the first quarter of the time to the last


@dataclass(slots=True)
class _Sum:
    exposure_s: float = 0.0
    counts: float = 0.0

    @property
    def rate(self) -> float | None:
        return self.counts / self.exposure_s if self.exposure_s else None


@dataclass(frozen=True, slots=True)
class Course:
    """One detector, or the sum of its group, through the time: counts/s (a dose rate in its unit)."""

    name: str                   # "sum" for the group's
    mean: float | None
    rates: list[float | None]   # bin by bin; None: no vacant counts
    share: float | None         # of the group's sum
    drift: float | None         # of the share: last quarter less first, of 1

    @property
    def known(self) -> list[float]:
        return [rate for rate in self.rates if rate is not None]


@dataclass(frozen=True, slots=True)
class Trend:
    begin_s: float
    bin_s: float
    minutes: int                # that are known
    groups: dict[str, list[Course]]
    occupancies: list[int]      # bin by bin, as alarms
    alarms: list[int]
    faults: dict[str, int]      # condition -> minutes it stood in, longest first
    fault_bins: dict[str, list[bool]] = field(default_factory=dict)
    heard: list[bool] = field(default_factory=list)     # whether there is any minute

    def at(self, i: int) -> float:
        """UTC of the begin of bin i."""
        return self.begin_s + i * self.bin_s


def gather(minutes: Iterable[Minute], begin_s: float, end_s: float, bins: int) -> Trend:
    """The minutes that begin in [begin_s, end_s) in so many bins of equal length."""
    bin_s = (end_s - begin_s) / bins
    placed: list[list[Minute]] = [[] for _ in range(bins)]
    for minute in dict.fromkeys(minutes):           # one that was written while it was asked for comes twice
        if begin_s <= minute.begin_s < end_s:
            placed[min(bins - 1, int((minute.begin_s - begin_s) / bin_s))].append(minute)
    standing = Counter(name for here in placed for minute in here for name in minute.faults)
    faults = dict(sorted(standing.items(), key=lambda item: (-item[1], item[0])))
    return Trend(
        begin_s, bin_s, sum(map(len, placed)), {name: _courses(name, placed) for name in _groups(placed)},
        [sum(minute.occupancies for minute in here) for here in placed],
        [sum(minute.alarms for minute in here) for here in placed], faults,
        {name: [any(name in minute.faults for minute in here) for here in placed] for name in faults},
        [bool(here) for here in placed],
    )


def _groups(placed: Sequence[Sequence[Minute]]) -> list[str]:
    return list(dict.fromkeys(group.name for here in placed for minute in here for group in minute.groups))


def _courses(group: str, placed: Sequence[Sequence[Minute]]) -> list[Course]:
    sums = [_sums(group, here) for here in placed]
    names = list(dict.fromkeys(name for here in sums for name in here))
    part = max(1, len(sums) // QUARTER)
    whole, first, last = _together(sums), _together(sums[:part]), _together(sums[-part:])
    found = []
    for name in names:
        shares = [_share(one, name, names) for one in (first, whole, last)]
        drift = None if shares[0] is None or shares[2] is None or len(sums) < QUARTER else shares[2] - shares[0]
        found.append(Course(name, whole[name].rate, [here[name].rate if name in here else None for here in sums],
                            shares[1], drift))
    if len(names) > 1:
        found.append(Course(SUM, _sum(whole, names), [_sum(here, names) for here in sums], None, None))
    return found


def _sums(group: str, minutes: Iterable[Minute]) -> dict[str, _Sum]:
    found: dict[str, _Sum] = {}
    for each in (each for minute in minutes for each in minute.groups if each.name == group):
        for name, value in zip(each.detectors, each.sums, strict=True):
            one = found.setdefault(name, _Sum())
            one.exposure_s += each.exposure_ms / 1e3
            one.counts += value / (DOSE_PARTS if group == DOSE else 1)
    return found


def _together(sums: Iterable[dict[str, _Sum]]) -> dict[str, _Sum]:
    found: dict[str, _Sum] = {}
    for here in sums:
        for name, more in here.items():
            one = found.setdefault(name, _Sum())
            one.exposure_s += more.exposure_s
            one.counts += more.counts
    return found


def _sum(sums: dict[str, _Sum], names: Sequence[str]) -> float | None:
    rates = [sums[name].rate if name in sums else None for name in names]
    known = [rate for rate in rates if rate is not None]
    return sum(known) if len(known) == len(names) else None


def _share(sums: dict[str, _Sum], name: str, names: Sequence[str]) -> float | None:
    whole = _sum(sums, names)
    return (sums[name].rate or 0.0) / whole if whole and len(names) > 1 else None


def rows(minutes: Sequence[Minute]) -> Iterator[list[Any]]:
    """A table: a heading, then one row a minute: begin (s since 1970, UTC), exposure and rate of each detector, the rest."""
    columns = list(dict.fromkeys((g.name, name) for minute in minutes for g in minute.groups for name in g.detectors))
    groups = list(dict.fromkeys(group for group, _ in columns))
    yield ["begin_s", *(f"{name}_exposure_s" for name in groups), *(f"{name}_{group}" for group, name in columns),
           "samples", "occupancies", "alarms", "faults"]
    for minute in dict.fromkeys(minutes):
        by_name = {group.name: group for group in minute.groups}
        rates = {(g.name, name): rate for g in minute.groups for name, rate in zip(g.detectors, g.rates() or (), strict=False)}
        yield [
            minute.begin_s, *(by_name[name].exposure_ms / 1e3 if name in by_name else "" for name in groups),
            *(f"{rates[key]:.6g}" if key in rates else "" for key in columns),
            minute.samples, minute.occupancies, minute.alarms, " ".join(sorted(minute.faults)),
        ]


def plain(lane: str, found: Trend) -> dict[str, Any]:
    """As JSON: rates of each bin, null where nothing was counted."""
    return {
        "lane": lane, "begin_s": found.begin_s, "bin_s": found.bin_s, "minutes": found.minutes,
        "groups": {group: [{"name": one.name, "mean": _short(one.mean), "share": _short(one.share), "drift": _short(one.drift),
                            "rates": [_short(rate) for rate in one.rates]} for one in courses]
                   for group, courses in found.groups.items()},
        "occupancies": found.occupancies, "alarms": found.alarms, "faults": found.faults,
    }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
