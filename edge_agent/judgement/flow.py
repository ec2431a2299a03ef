"""Samples that never came, and samples that came twice: the wire has no sequence numbers, only a cadence."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_agent.words.reading import Radiation, Sample

WINDOW_NS = 10 * 10**9      # long beside the jitter of a polled line (0.1 s), short beside a repair
LOST_SHARE = 0.05           # of the samples of a window; a single one of fifty is a lost packet, told by `late` or the wire
TWICE_S = 0.25              # of an interval: two samples nearer than this cannot both be measured
CHANCE_COUNTS = 80          # equal counts of so many in all come by chance in 1e-5 of such pairs (4 panels of 20)


@dataclass(slots=True)
class _Stream:
    began_ns: int
    last: Sample
    counted_s: float = 0.0              # of the window, by the samples' own intervals: one long sample lost nothing


@dataclass(slots=True)
class Flow:
    """Fed with every sample of one lane."""

    _streams: dict[Radiation, _Stream] = field(default_factory=dict)

    def restart(self) -> None:
        """A vehicle came or went, the wire was opened: the cadence begins anew."""
        self._streams.clear()

    def missing(self, sample: Sample) -> int:
        """Samples missing from the window that ends with this one; 0 while a window lasts."""
        stream = self._streams.setdefault(sample.radiation, _Stream(sample.at_ns, sample))
        if sample.at_ns == stream.began_ns:
            return 0
        stream.counted_s += sample.interval_s
        lasted_ns = sample.at_ns - stream.began_ns
        if lasted_ns < WINDOW_NS:
            return 0
        due = lasted_ns / 1e9 / sample.interval_s
        lost = round(due - stream.counted_s / sample.interval_s)
        stream.began_ns, stream.counted_s = sample.at_ns, 0.0
        return lost if lost >= 2 and lost > LOST_SHARE * due else 0

    def twice(self, sample: Sample) -> bool:
        """Whether it is the last one again."""
        stream = self._streams.get(sample.radiation)
        if stream is None:
            return False
        last, stream.last = stream.last, sample
        near = 0 < sample.at_ns - last.at_ns < TWICE_S * sample.interval_s * 1e9
        return near and not sample.late and last is not sample and sample.counts == last.counts \
            and sum(sample.counts) >= CHANCE_COUNTS
