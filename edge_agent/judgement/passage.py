"""One occupancy as it happens: its counts, its alarms, the largest statistic of each rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from edge_agent.words.event import HALF, Judgement, Occupancy, Series, VacantBackground
from edge_agent.words.language import worded
from edge_agent.words.reading import Condition, Radiation, Sample

NUMBERS_MAX = 6000      # counts kept of one radiation: as text about 32 KiB of the 64 KiB a record line may have
SUM = 5                 # samples of the deployed rule's sum (detection.md 1): a spoiled one is out of it after so many
SHORTEST_S = 0.1        # no vehicle is so short: the portal told only that there was one
KSIGMA_ONLY = "judged by k-sigma only"
SENSITIVE = {"focus", "shadow"}
TEXT_MAX = 44_000       # characters of all counts of one occupancy: a line of 64 KiB has room for 48 000 of JSON


@dataclass(slots=True)
class Counts:
    """Counts of one radiation in equal bins; when it grows too long, neighbours are summed: no count is lost."""

    detectors: tuple[str, ...]
    interval_s: float
    begin_ns: int
    bins: list[tuple[int, ...]] = field(default_factory=list)
    samples_per_bin: int = 1
    counted_s: float = 0.0
    _in_last: int = 0               # invariant: samples summed in bins[-1], 0 while bins is empty

    def add(self, counts: tuple[int, ...]) -> None:
        if self.bins and self._in_last < self.samples_per_bin:
            self.bins[-1] = _sum(self.bins[-1], counts)
            self._in_last += 1
        else:
            self.bins.append(counts)
            self._in_last = 1
        if len(self.bins) * len(self.detectors) > NUMBERS_MAX:
            self.halve()

    def text_size(self) -> int:
        """Characters the counts take in a record."""
        return sum(len(str(number)) + 1 for numbers in self.bins for number in numbers)

    def halve(self) -> None:
        pairs = [self.bins[i : i + 2] for i in range(0, len(self.bins), 2)]
        if len(pairs[-1]) == 2:
            self._in_last += self.samples_per_bin
        self.bins = [_sum(pair[0], pair[1]) if len(pair) == 2 else pair[0] for pair in pairs]
        self.samples_per_bin *= 2

    def series(self) -> Series:
        columns = zip(*self.bins, strict=True)
        return Series(
            self.interval_s * self.samples_per_bin, self.begin_ns, dict(zip(self.detectors, columns, strict=True))
        )


@dataclass(slots=True)
class Passage:
    """What is known of the occupancy in the lane now."""

    id: str
    begin_ns: int
    joined: bool
    alarms: list[str] = field(default_factory=list)
    fired: set[tuple[str, Radiation]] = field(default_factory=set)      # (rule, radiation) already an alarm
    crossed_ns: dict[tuple[str, Radiation], int] = field(default_factory=dict)      # when each of them crossed last
    counts: dict[Radiation, Counts] = field(default_factory=dict)
    strongest: dict[str, Judgement] = field(default_factory=dict)      # of each rule
    speed_mps: float | None = None
    late: int = 0
    suspect: int = 0                # samples with a count that the line may have spoiled
    sound: dict[str, Judgement] = field(default_factory=dict)          # the strongest without such a count in its window
    _since: int = SUM               # gamma samples since such a one
    backgrounds: dict[str, VacantBackground] = field(default_factory=dict)
    places: dict[str, dict[str, float]] = field(default_factory=dict)      # of each test of the whole vehicle, newest
    reverse: bool = False

    def add(self, sample: Sample, detectors: tuple[str, ...], out: Sequence[str] = (), doubted: Sequence[str] = ()) -> None:
        """`out`: detectors out of service; where all of them are, a sample is kept, and its time was not counted.
        `doubted`: those whose count the line may have spoiled; kept like any other."""
        if sample.radiation not in self.counts:
            self.counts[sample.radiation] = Counts(detectors, sample.interval_s, sample.at_ns)
        self.counts[sample.radiation].add(sample.counts)
        if not set(detectors) <= set(out):
            self.counts[sample.radiation].counted_s += sample.interval_s
        self.begin_ns = min(self.begin_ns, sample.at_ns)        # a neutron record may open a burst of the past
        self.late += sample.late
        self.suspect += bool(doubted)
        if sample.radiation is Radiation.GAMMA:
            self._since = 0 if doubted else self._since + 1

    def saw(self, judgement: Judgement) -> None:
        """What a rule thinks now; the strongest of each is kept."""
        for kept in (self.strongest, self.sound) if self._since >= SUM else (self.strongest,):
            before = kept.get(judgement.rule)
            if before is None or _statistic(judgement) > _statistic(before):
                kept[judgement.rule] = judgement

    def close(self, at_ns: int, lane: str, ended: str, counter: int | None, out: Sequence[str] = ()) -> Occupancy:
        """`out`: detectors out of service; what is learned from must be whole, so it is noted."""
        notes = [f"without {', '.join(out)}"] if out else []
        notes += (["joined in the middle"] if self.joined else []) + ([f"{self.late} samples late"] if self.late else [])
        notes += [f"{self.suspect} samples with a count that the line may have spoiled"] if self.suspect else []
        notes += ["drove against the lane's direction: left and right are swapped"] if self.reverse else []
        seen = self.seen(at_ns)
        if seen < HALF:
            notes.append(f"only {100 * seen:.0f} % of its time was counted: not judged")
        elif self.ksigma_only():
            notes.append(f"{KSIGMA_ONLY}: too little background before it")
        while sum(counts.text_size() for counts in self.counts.values()) > TEXT_MAX:
            max(self.counts.values(), key=Counts.text_size).halve()
        if not self.counts:
            notes.append("no scan record reached us")
        return Occupancy(
            at_ns, lane, self.id, self.begin_ns, at_ns, ended, counter, tuple(self.alarms),
            ("vendor", Radiation.GAMMA) in self.fired, ("vendor", Radiation.NEUTRON) in self.fired, self.speed_mps,
            {radiation.value: counts.series() for radiation, counts in self.counts.items()},
            {rule: round(max(0.0, _statistic(found)), 4) for rule, found in self.strongest.items()},
            self.backgrounds, tuple(notes), seen, self.sources(),
        )

    def sources(self) -> dict[str, dict[str, float]]:
        """Where the rules that alarmed see the source in the end, of the whole vehicle; alarms are of the moment they came."""
        alarmed = {rule for rule, _ in self.fired}
        return {rule: place for rule, place in self.places.items() if rule in alarmed and place}

    def ksigma_only(self) -> bool:
        """The rules that see weak sources were not armed: the background had begun anew just before."""
        rules = {rule.partition("/")[0] for rule in self.strongest}
        return "ksigma" in rules and not rules & SENSITIVE

    def seen(self, at_ns: int) -> float:
        """Share of its time in the lane that gamma samples cover.  Stamps are ends of intervals: the first is free."""
        counts = self.counts.get(Radiation.GAMMA)
        if counts is None:
            return 0.0
        return min(1.0, counts.counted_s / max(counts.interval_s, (at_ns - self.begin_ns) / 1e9))


def less_judged(occupancy: Occupancy) -> Iterator[tuple[str, str]]:
    """(condition, why) of a vehicle that was judged less than others."""
    if occupancy.half_seen:
        yield Condition.HALF_SEEN.value, half_seen(occupancy)
    elif any(note.startswith(KSIGMA_ONLY) for note in occupancy.notes):
        known = occupancy.backgrounds.get(Radiation.GAMMA.value)
        behind = f"{known.exposure_s:.0f} s" if known else worded("none", about="background")
        yield Condition.KSIGMA_ONLY.value, worded(
            "a vehicle was judged by k-sigma only, which sees only strong sources: there was too little background before it "
            "({behind}). Let it pass again when the lane was empty for 20 s, or search it", behind=behind)


def half_seen(occupancy: Occupancy) -> str:
    """For the officer: what to do with a vehicle that was not judged."""
    lasted_s = (occupancy.end_ns - occupancy.begin_ns) / 1e9
    seen = worded("{percent:.0f} % of a vehicle's {seconds:.1f} s in the lane were counted", percent=100 * occupancy.seen,
                  seconds=lasted_s)
    if lasted_s < SHORTEST_S:
        seen = worded("a vehicle passed and no count of it came")
    return worded("{seen}, so it was not judged: let it pass again or search it, then look at the wire", seen=seen)


def _statistic(judgement: Judgement) -> float:
    return judgement.statistic or 0.0


def _sum(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))
