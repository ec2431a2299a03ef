"""TSA / Rapiscan VM-250, PM-700, TM-850, SC-770: comma-separated lines ended by CR LF, pushed over TCP or RS-232.

    NB,000002,000002,000002,000002   neutron background, counts/s, vacant, every 5 s, before GB
    GB,000188,000206,000262,000243   gamma background; GH, GL, NH: the portal finds it too high or too low
    GS,000040,000041,000052,000049   gamma scan, counts in 0.2 s, occupied; GA: the portal's own alarm is on
    NS,000000,000001,000000,000000   neutron scan, counts in 1 s, occupied; NA: alarm
    SP,0.2249,03.032,004.88,000000   speed: seconds per foot, mph, km/h
    GX,000123,004741,000000,000000   occupancy over, its counter; TT, TC: cabinet opened, closed
    SG1,000450,000068,05,10,08.0,P   settings dump; SG2, SG3, SN1, SN2

Sources: Sandia RPM Lane Simulator (RPMSimulator.ts, RPMProfile.ts); OSCAR Rapiscan driver for SG and SN.
No checksum, no sequence number, no time: strict forms, stamps on arrival, gaps seen by cadence and counter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.words.driver import Driver
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded
from edge_agent.words.reading import (
    Chunk,
    Condition,
    Health,
    OccupancyEnd,
    Radiation,
    Reading,
    Sample,
    Setup,
    Speed,
    Unreadable,
    VacantRate,
)
from edge_agent.words.settings import Profile

G, N = Radiation.GAMMA, Radiation.NEUTRON
#         tag    radiation, alarm
SCANS = {b"GS": (G, False), b"GA": (G, True), b"NS": (N, False), b"NA": (N, True)}
#          tag    radiation, the portal's own limit
RATES = {
    b"GB": (G, None), b"GH": (G, Condition.HIGH_BACKGROUND), b"GL": (G, Condition.LOW_BACKGROUND),
    b"NB": (N, None), b"NH": (N, Condition.HIGH_BACKGROUND),
}  # fmt: skip
DOORS = {b"TT": True, b"TC": False}
SETUP = {b"SG1": 6, b"SG2": 6, b"SG3": 5, b"SN1": 6, b"SN2": 5}     # tag: number of fields

FIELDS = 4                          # every count line has four, also where fewer detectors are fitted
LONGEST_LINE = 80                   # bytes; the longest record known is 31: past this the wire is noise
COUNTS = re.compile(rb"(G[BHLSAX]|N[BHSA]|T[TC])" + rb",([0-9]{6})" * FIELDS)
SPEED = re.compile(rb"SP,([0-9]+\.[0-9]+),([0-9]+\.[0-9]+),([0-9]+\.[0-9]+),([0-9]{6})")
SETTING = re.compile(rb"(S[GN][1-3]),([0-9A-Za-z.,]{1,60})")
FOOT_M = 0.3048
FASTEST_S_PER_FOOT = 0.005          # 61 m/s, 219 km/h: nothing passes a portal faster; the record is spoiled
NOT_FITTED = "-"                    # in a panel map: this field of the wire has no detector


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan record read, not yet stamped."""

    radiation: Radiation
    counts: tuple[int, ...]
    alarm: bool


class Lines:
    """Lines of a byte stream, cut anywhere; what is too long to be one is noise to its end."""

    def __init__(self) -> None:
        self._tail = b""            # the line still arriving, at most LONGEST_LINE bytes
        self._noise = False         # inside a line that was already too long

    def restart(self) -> None:
        self._tail, self._noise = b"", False

    def feed(self, data: bytes) -> Iterator[tuple[bytes, str]]:
        """(bytes, "") of a line without its end, or (bytes, why it is none)."""
        *ended, tail = data.split(b"\n")
        for piece in ended:
            yield from self._end(piece)
        yield from self._grow(tail)

    def _end(self, piece: bytes) -> Iterator[tuple[bytes, str]]:
        yield from self._grow(piece)
        line, noise = self._tail, self._noise
        self.restart()
        if noise:
            yield line, worded("rest of a line that was too long")
        elif line.rstrip(b"\r"):
            yield line.removesuffix(b"\r"), ""

    def _grow(self, piece: bytes) -> Iterator[tuple[bytes, str]]:
        self._tail += piece
        while len(self._tail) > LONGEST_LINE:
            head, self._tail, self._noise = self._tail[:LONGEST_LINE], self._tail[LONGEST_LINE:], True
            yield head, worded("no line end")


class Burst:
    """Stamps scan records.  The wire carries no time, and several records may arrive at one instant.

    In the opening burst of an occupancy the first `pre_samples` are the past; a burst anywhere else was delayed on
    its way: its records are back-spaced from the moment they arrived, and flagged late.
    """

    def __init__(self, profile: Profile) -> None:
        self._interval_ns = {
            G: round(profile.gamma_interval_s * 1e9),
            N: round(profile.neutron_interval_s * 1e9),
        }
        self._pre = profile.pre_samples
        self._opened_ns: int | None = None      # arrival of the opening burst we are in
        self._taken = 0                         # gamma records of it so far
        self._last = {G: 0, N: 0}               # stamp given last: stamps never go back

    def restart(self) -> None:
        """The wire was reopened: the rest of an opening burst never comes."""
        self._opened_ns = None

    def open(self, at_ns: int) -> None:
        """An occupancy begins with the next scan record."""
        self._opened_ns, self._taken = at_ns, 0

    def stamp(self, at_ns: int, radiation: Radiation, behind: int) -> tuple[int, bool]:
        """(stamp, late) of a record with `behind` more of its radiation in the same chunk."""
        interval = self._interval_ns[radiation]
        late = False
        if radiation is G and self._opened_ns is not None and self._taken <= self._pre:
            stamp = at_ns - (self._pre - self._taken) * interval
        else:
            stamp, late = at_ns - behind * interval, behind > 0
        if radiation is G:
            self._taken += 1
        stamp = max(stamp, self._last[radiation])
        self._last[radiation] = stamp
        return stamp, late

    def mismatch(self, at_ns: int) -> str | None:
        """Once the opening burst is over: how its length differs from the profile; "" where it fits."""
        if self._opened_ns is None or at_ns - self._opened_ns < self._interval_ns[G] // 2:
            return None
        self._opened_ns = None
        past = self._taken - 1
        if past == self._pre or self._taken == 0:
            return ""
        return worded("the opening burst held {past} past records, the profile says pre_samples = {pre}", past=past,
                      pre=self._pre)


class RapiscanDecoder:
    """Readings of one portal's byte stream."""

    def __init__(self, profile: Profile) -> None:
        for radiation, detectors in (("gamma", profile.gamma), ("neutron", profile.neutron)):
            if len(detectors) != FIELDS:
                raise SettingsError(worded(
                    "profile {title!r}: {radiation} names {detectors} detectors, this wire has {fields} fields; write "
                    "{not_fitted!r} for a field without a detector",
                    title=profile.title, radiation=radiation, detectors=len(detectors), fields=FIELDS, not_fitted=NOT_FITTED))
        self._profile = profile
        self._fitted = {
            G: tuple(i for i, name in enumerate(profile.gamma) if name != NOT_FITTED),
            N: tuple(i for i, name in enumerate(profile.neutron) if name != NOT_FITTED),
        }
        self._lines = Lines()
        self._burst = Burst(profile)
        self._joining = True                    # the first line may be the end of one
        self._vacant: bool | None = None        # None: not known since the wire was opened
        self._misfit = False                    # the last opening burst did not fit the profile

    def restart(self) -> None:
        self._lines.restart()
        self._burst.restart()
        self._joining, self._vacant = True, None

    def feed(self, chunk: Chunk) -> Iterator[Reading]:
        read = [item for line, noise in self._lines.feed(chunk.data) for item in self._read(chunk.at_ns, line, noise)]
        behind = {G: 0, N: 0}
        for item in read:
            if isinstance(item, Scan):
                behind[item.radiation] += 1
        for item in read:
            if isinstance(item, Scan):
                behind[item.radiation] -= 1
                yield from self._scan(chunk.at_ns, item, behind[item.radiation])
            else:
                yield from self._burst_over(chunk.at_ns)
                if isinstance(item, VacantRate | OccupancyEnd):
                    self._vacant = True
                yield item

    def _scan(self, at_ns: int, scan: Scan, behind: int) -> Iterator[Reading]:
        if self._vacant:
            self._burst.open(at_ns)
        self._vacant = False
        yield from self._burst_over(at_ns)
        stamp, late = self._burst.stamp(at_ns, scan.radiation, behind)
        gamma = scan.radiation is G
        interval_s = self._profile.gamma_interval_s if gamma else self._profile.neutron_interval_s
        yield Sample(stamp, scan.radiation, interval_s, scan.counts, True, scan.alarm, late)

    def _burst_over(self, at_ns: int) -> Iterator[Reading]:
        mismatch = self._burst.mismatch(at_ns)
        if mismatch is not None and (mismatch or self._misfit):
            self._misfit = bool(mismatch)
            yield Health(at_ns, Condition.PRE_SAMPLES, bool(mismatch), mismatch)

    def _read(self, at_ns: int, line: bytes, noise: str) -> Iterator[Reading | Scan]:
        joining, self._joining = self._joining, False
        item = Unreadable(at_ns, line, noise) if noise else self._record(at_ns, line)
        if not (joining and isinstance(item, Unreadable)):
            yield item

    def _record(self, at_ns: int, line: bytes) -> Reading | Scan:
        if found := COUNTS.fullmatch(line):
            return self._counts(at_ns, found[1], tuple(map(int, found.groups()[1:])))
        if found := SPEED.fullmatch(line):
            seconds_per_foot = float(found[1])
            if seconds_per_foot >= FASTEST_S_PER_FOOT:
                return Speed(at_ns, FOOT_M / seconds_per_foot)
        if (found := SETTING.fullmatch(line)) and found[2].count(b",") == SETUP.get(found[1], 0) - 1:
            return Setup(at_ns, found[1].decode(), tuple(found[2].decode().split(",")))
        return Unreadable(at_ns, line, worded("not a record of this protocol"))

    def _counts(self, at_ns: int, tag: bytes, fields: tuple[int, ...]) -> Reading | Scan:
        if tag in SCANS:
            radiation, alarm = SCANS[tag]
            return Scan(radiation, self._of_fitted(radiation, fields), alarm)
        if tag in RATES:
            radiation, limit = RATES[tag]
            return VacantRate(at_ns, radiation, self._of_fitted(radiation, fields), limit)
        if tag in DOORS:
            return Health(at_ns, Condition.TAMPER, DOORS[tag], worded("cabinet"))
        return OccupancyEnd(at_ns, fields[0])

    def _of_fitted(self, radiation: Radiation, fields: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(fields[i] for i in self._fitted[radiation])


def record_type(reading: Reading) -> str:
    """The mnemonic of the record a reading came from."""
    match reading:
        case Sample():
            return next(tag for tag, scan in SCANS.items() if scan == (reading.radiation, reading.vendor_alarm)).decode()
        case VacantRate():
            return next(tag for tag, rate in RATES.items() if rate == (reading.radiation, reading.limit)).decode()
        case Health(condition=Condition.TAMPER):
            return "TT" if reading.present else "TC"
        case Setup():
            return reading.tag
        case Speed():
            return "SP"
        case OccupancyEnd():
            return "GX"
        case _:
            return ""


DRIVER = Driver(
    title="TSA / Rapiscan VM-250 and relatives",
    decoder=RapiscanDecoder,
    status="third-party: read against a laboratory's simulator, never yet on hardware",
    links=("tcp", "serial"),
    record_type=record_type,
)
