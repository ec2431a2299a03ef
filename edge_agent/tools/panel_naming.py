"""Which field of the wire is which panel: a check source is held at each, the field that rises is that panel.  Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import mark, tr, worded

LEAST_Z = 5.0       # of a rise that is no chance, as in tools/source_check.py
CLEARLY = 2.0       # times the next field's rise: at 0.3 m from one panel its neighbour 1.5 m further sees 1/25 of it
# Counted no longer: rise, and rise less CLEARLY times the next one's, both beyond this.  A normal tail of 6 is 1e-9 a look and
# field: 4 fields, 50 looks of 0.2 s: 2e-7, where the full count's own LEAST_Z allows 4 x 2.9e-7 with no source there at all.
CERTAIN_Z = 6.0
LEAST_LOOKS, LEAST_S = 2, 2.0       # one sample alone may be spoiled; a moment may be of a source on its way past another panel


@dataclass(frozen=True, slots=True)
class Risen:
    """`field`: which rose, by its place on the wire; None: not told."""

    field: int | None
    said: str                   # with {shown}, {number}, {other}
    net_cps: Sequence[float]
    other: str = ""             # the panel that has this field already

    def text(self) -> str:
        """For whoever holds the source."""
        shown = ", ".join(tr("field {number} {rise:+.0f}", number=i + 1, rise=rise) for i, rise in enumerate(self.net_cps))
        number = max(range(len(self.net_cps)), key=self.net_cps.__getitem__) + 1
        return tr(self.said, shown=shown, number=number, other=self.other)


def risen(background_cps: Sequence[float], gross_cps: Sequence[float], seconds: float,
          known: Mapping[str, int] = MappingProxyType({})) -> Risen:
    """Rates of every field without the source, and the mean of `seconds` with it; `known`: panels found before, by name."""
    net = [gross - background for gross, background in zip(gross_cps, background_cps, strict=True)]
    z = [rise / math.sqrt(max(gross, 1.0) / seconds) for rise, gross in zip(net, gross_cps, strict=True)]
    first, *others = sorted(range(len(net)), key=net.__getitem__, reverse=True)
    if z[first] < LEAST_Z:
        return Risen(None, mark("no field rose ({shown} counts/s): nearer to the panel, or a stronger source"), net)
    if others and net[first] < CLEARLY * net[others[0]]:
        return Risen(None, mark("two fields rose alike ({shown} counts/s): nearer to the one panel, away from the others"), net)
    other = next((name for name, field in known.items() if field == first), "")
    if other:
        return Risen(None, mark(
            "field {number} rose, and it is {other}'s already ({shown} counts/s).\n"
            "  Is the source at the right panel?  If it was not at {other} before: Ctrl-C, and begin anew"), net, other)
    return Risen(first, mark("field {number} rose ({shown} counts/s)"), net)


def certain(background_cps: Sequence[float], rates: Sequence[Sequence[float]], each_s: float) -> bool:
    """Whether counting on could tell no other field: `rates` [sample][field] so far, each of `each_s`."""
    seconds = len(rates) * each_s
    if len(rates) < LEAST_LOOKS or seconds < LEAST_S:
        return False
    if len({max(range(len(one)), key=lambda at: one[at] - background_cps[at]) for one in rates}) > 1:
        return False
    gross = [sum(column) / len(rates) for column in zip(*rates, strict=True)]
    net = [one - background for one, background in zip(gross, background_cps, strict=True)]
    first, *others = sorted(range(len(net)), key=net.__getitem__, reverse=True)
    alone = net[first] > CERTAIN_Z * math.sqrt(max(gross[first], 1.0) / seconds)
    return alone and all(
        net[first] - CLEARLY * max(net[at], 0.0) > CERTAIN_Z * math.sqrt(
            max(gross[first] + CLEARLY**2 * gross[at], 1.0) / seconds) for at in others)


def order(found: Mapping[str, int], count: int) -> list[str]:
    """Names in the order of the wire; SettingsError where one field was taken for two panels, or one is missing."""
    fields = {field: name for name, field in found.items()}
    if len(fields) < len(found):
        twice = next(name for name, field in found.items() if fields[field] != name)
        raise SettingsError(worded(
            "{twice} and {fields} are one field: the source was not at two panels.\n  Begin anew",
            twice=twice, fields=fields[found[twice]]))
    if len(fields) < count:
        raise SettingsError(worded(
            "{count} panels, and only {fields} were found.\n  Begin anew",
            count=count, fields=len(fields)))
    return [fields[field] for field in range(count)]


def given(text: str, names: Sequence[str]) -> list[str]:
    """An order a person writes: every panel once, in the order of the wire."""
    told = text.replace(",", " ").split()
    if sorted(told) != sorted(names):
        raise SettingsError(worded(
            "{text!r}: expected unverified, source, or all of {names} in the order of the wire",
            text=text, names=" ".join(names)))
    return told
