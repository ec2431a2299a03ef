"""A check source at a panel: what it should give today, and what it gave.  Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import tr, worded
from edge_agent.words.sources import CheckSource

# days; ENSDF evaluations as in NuDat 3 (National Nuclear Data Center)
HALF_LIFE_D = {"Am-241": 432.6 * 365.25, "Ba-133": 10.551 * 365.25, "Cf-252": 2.645 * 365.25, "Co-57": 271.74,
               "Co-60": 5.2714 * 365.25, "Cs-137": 30.08 * 365.25}
TOLERANCE = 0.10        # of what is expected: a source is put back into its holder to a few per cent; gain -10 % shows
SIGMAS = 3.0            # and what the counts themselves leave open is no fault of the panel
LEAST_Z = 5.0           # a source that is not seen so clearly is none, or not at this panel


@dataclass(frozen=True, slots=True)
class Checked:
    background_cps: float
    source_cps: float                   # gross
    expected_cps: float | None          # net, today; None: not measured before
    seconds: float
    verdict: str                        # "pass", "fail", "first"

    @property
    def sd(self) -> float:
        return math.sqrt(max(self.source_cps, 1.0) / self.seconds)

    @property
    def net_cps(self) -> float:
        return self.source_cps - self.background_cps

    def text(self) -> str:
        """For whoever holds the source."""
        if self.net_cps < LEAST_Z * self.sd:
            return tr("the source is not seen: {net:.1f} +- {sd:.1f} counts/s.  Is it at this panel, and the panel at this "
                      "field?", net=self.net_cps, sd=self.sd)
        if self.expected_cps is None:
            return tr("{net:.1f} +- {sd:.1f} counts/s net, measured for the first time", net=self.net_cps, sd=self.sd)
        return tr("{net:.1f} +- {sd:.1f} counts/s net, {part:.0f} % of the {expected:.1f} expected today", net=self.net_cps,
                  sd=self.sd, part=100 * self.net_cps / self.expected_cps, expected=self.expected_cps)

    def plain(self) -> dict[str, float | bool | None]:
        """As a record says it (schema `operator`, `check`)."""
        return {"background_cps": self.background_cps, "source_cps": self.source_cps, "expected_cps": self.expected_cps,
                "seconds": self.seconds, "passed": self.verdict != "fail"}


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(worded("{text!r} is no day.\n  Write YYYY-MM-DD", text=text)) from None


def left(nuclide: str, since: date, today: date) -> float:
    """Share of the activity that is left."""
    return float(0.5 ** ((today - since).days / HALF_LIFE_D[nuclide]))


def activity_bq(source: CheckSource, today: date) -> float:
    return source.activity_bq * left(source.nuclide, day(source.date), today)


def expected_cps(source: CheckSource, panel: str, today: date) -> float | None:
    """Net counts/s at this panel today, of what it gave at commissioning."""
    if panel not in source.expected_cps or not source.measured:
        return None
    return source.expected_cps[panel] * left(source.nuclide, day(source.measured), today)


def judge(background_cps: float, gross_cps: Sequence[float], seconds_each: float, expected: float | None) -> Checked:
    """`gross_cps`: rates of equal counting times with the source in place."""
    seconds = seconds_each * len(gross_cps)
    gross = sum(gross_cps) / len(gross_cps)
    found = Checked(background_cps, gross, expected, seconds, "fail")
    if found.net_cps < LEAST_Z * found.sd:
        return found
    if expected is None:
        return replace(found, verdict="first")
    good = abs(found.net_cps / expected - 1.0) <= TOLERANCE + SIGMAS * found.sd / expected
    return replace(found, verdict="pass" if good else "fail")
