"""The portal's own alarm rules: k-sigma on sums of panels for gamma, an exact tail for neutrons."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from hardware_mocks.scenes import Panel

Counts = tuple[int, int, int, int]      # one 0.2 s slice, four detectors in wire order

# The vendor's neutron rule (alpha, z-max) is not public.  Ours: NA when the tubes' 1 s sum has a
# Poisson tail below this against the held background: about one false NA in 12 days of occupancy.
NEUTRON_TAIL = 1e-6
LEAST_SLICES = 25                       # 5 s of background before any alarm, our choice


def added(slices: Sequence[Counts]) -> Counts:
    """Counts of several slices, detector by detector."""
    return (sum(s[0] for s in slices), sum(s[1] for s in slices),
            sum(s[2] for s in slices), sum(s[3] for s in slices))


def groups(panels: Sequence[Panel], algorithm: str) -> list[tuple[int, ...]]:
    """Which panels are summed, by the mask SUM, HORIZONTAL, VERTICAL, SINGLE (SG2).

    Horizontal is the same height on both pillars, vertical one pillar: recalled, not documented.
    """
    everything = tuple(range(len(panels)))
    level = _alike([p.height_m for p in panels])
    pillar = _alike([p.across_m for p in panels])
    choices: tuple[list[tuple[int, ...]], ...]
    choices = ([everything], level, pillar, [(i,) for i in everything])
    return [group for on, choice in zip(algorithm, choices, strict=True) if on == "1" for group in choice]


def _alike(values: Sequence[float]) -> list[tuple[int, ...]]:
    return [tuple(i for i, v in enumerate(values) if v == value) for value in sorted(set(values))]


class Background:
    """A running mean of vacant slices, held while occupied and while out of limits."""

    def __init__(self, slices: int) -> None:
        self._slices: deque[Counts] = deque(maxlen=slices)
        self._sum = [0, 0, 0, 0]        # invariant: sum of _slices
        self._new: list[Counts] = []    # since the last background record, not yet believed
        self._normal = True             # the last background record was within limits

    def note(self, counts: Counts) -> None:
        """One more vacant slice."""
        self._new.append(counts)

    def settle(self, normal: bool) -> None:
        """A record was sent: believe the slices since the last one, or not."""
        new, self._new = self._new, []
        for counts in new if normal and self._normal else []:
            self._learn(counts)
        self._normal = normal           # the first normal record may still hold some of the fault

    def forget(self) -> None:
        """The newest slices may see a vehicle coming."""
        self._new = []

    def _learn(self, counts: Counts) -> None:
        full = len(self._slices) == self._slices.maxlen
        old: Counts = self._slices[0] if full else (0, 0, 0, 0)
        self._slices.append(counts)
        self._sum = [s + n - o for s, n, o in zip(self._sum, counts, old, strict=True)]

    def per_slice(self) -> tuple[float, ...] | None:
        """Mean counts per slice and detector; None before there is enough."""
        if len(self._slices) < LEAST_SLICES:
            return None
        return tuple(s / len(self._slices) for s in self._sum)


def gamma_alarms(window: Counts, background: Sequence[float], n_sigma: float,
                 sums: Sequence[tuple[int, ...]]) -> bool:
    """Whether any sum of panels stands above BG + N sqrt(BG); both over the same time (OSCAR)."""
    for group in sums:
        expected = sum(background[i] for i in group)
        if sum(window[i] for i in group) > expected + n_sigma * math.sqrt(expected):
            return True
    return False


def neutron_threshold(expected: float, tail: float = NEUTRON_TAIL) -> int:
    """The smallest n with P(N >= n) < tail for a Poisson mean of `expected` counts."""
    term = math.exp(-expected)
    below, n = 0.0, 0                   # below = P(N < n)
    while 1.0 - below >= tail:
        below += term
        n += 1
        term *= expected / n
    return n
