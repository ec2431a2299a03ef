"""State of health: time to find each fault, and false faults of normal traffic, through the real kernel.  Prints tables.

    python -m benchmarks health            faults, then one year of traffic in each form (about ten minutes on one core)
    python -m benchmarks.health faults     only the faults
    python -m benchmarks.health year 30    only false faults, of so many days

Forms: steady, samples of 0.2 s (gamma) and 1 s (neutron) at all times; wire, as the Rapiscan portal sends it: a vacant
rate every 5 s, samples only while occupied.  Panels 250 counts/s (SRLS 256), tubes 0.75 counts/s (hardware.md: 0-10 a bank).
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from edge_agent.tools.kernel import KernelSettings, Lane
from edge_agent.words.reading import Radiation
from hardware_mocks.year import DAY_S, SLICE_S, Hour, hours

Counts = npt.NDArray[np.int64]
Spoil = Callable[[np.random.Generator, Counts], Counts]
SETTINGS = KernelSettings(4, 4, groups=(15, 3, 12, 5, 10, 1, 2, 4, 8))
GAMMA_CPS, NEUTRON_CPS = 250.0, 0.75
MASKS = ("silent", "stuck", "noisy", "smooth", "low", "high", "overload")


def dead(rng: np.random.Generator, counts: Counts) -> Counts:
    return counts * (np.arange(4) > 0)


def frozen(rng: np.random.Generator, counts: Counts) -> Counts:
    counts[:, 0] = counts[0, 0]
    return counts


def scaled(factor: float) -> Spoil:
    def spoil(rng: np.random.Generator, counts: Counts) -> Counts:
        if factor < 1:
            counts[:, 0] = rng.binomial(counts[:, 0], factor)
        else:
            counts[:, 0] += rng.poisson(counts[:, 0].mean() * (factor - 1), len(counts))
        return counts
    return spoil


def noisy(rng: np.random.Generator, counts: Counts) -> Counts:
    """Bursts of an EMI source: one sample in ten is half as much again."""
    mean = counts[:, 0].mean()
    counts[:, 0] += rng.poisson(mean * 0.5, len(counts)) * (rng.random(len(counts)) < 0.1)
    return counts


def smooth(rng: np.random.Generator, counts: Counts) -> Counts:
    """A third of the scatter of chance: counts that something averaged or made up."""
    mean = counts[:, 0].mean()
    counts[:, 0] = np.round(mean + (counts[:, 0] - mean) * 0.33**0.5)
    return counts


#          what is wrong                        radiation          how             seen as
FAULTS: tuple[tuple[str, Radiation, Spoil, str], ...] = (
    ("panel dead", Radiation.GAMMA, dead, "silent"),
    ("panel frozen", Radiation.GAMMA, frozen, "stuck"),
    ("panel noisy, bursts of +50 % in a tenth", Radiation.GAMMA, noisy, "noisy"),
    ("panel smooth, variance/mean 0.33", Radiation.GAMMA, smooth, "smooth"),
    ("panel gain -5 %", Radiation.GAMMA, scaled(0.95), "low"),
    ("panel gain -10 %", Radiation.GAMMA, scaled(0.90), "low"),
    ("panel +10 %", Radiation.GAMMA, scaled(1.10), "high"),
    ("panel deaf, half", Radiation.GAMMA, scaled(0.5), "low"),
    ("tube dead", Radiation.NEUTRON, dead, "silent"),
    ("tube deaf, half", Radiation.NEUTRON, scaled(0.5), "low"),
    ("tube noisy, twice", Radiation.NEUTRON, scaled(2.0), "high"),
)


class Feed:
    """One vacant lane in one of the two forms, at a known rate."""

    def __init__(self, form: str, seed: int) -> None:
        self.lane, self.t_s, self.form = Lane(SETTINGS), 0.0, form
        self.rng = np.random.default_rng(seed)

    def run(self, radiation: Radiation, seconds: float, spoil: Spoil | None = None, until: str = "") -> float | None:
        """Seconds until the mask `until` shows the first channel; None: not within the time."""
        steady = self.form == "steady"
        gamma = radiation is Radiation.GAMMA
        every_s = (0.2 if gamma else 1.0) if steady else 5.0
        counting_s = every_s if steady else 1.0
        counts = self.rng.poisson((GAMMA_CPS if gamma else NEUTRON_CPS) * counting_s, (round(seconds / every_s), 4))
        if spoil is not None:
            counts = spoil(self.rng, counts)
        begin_s = self.t_s
        step = self.lane.gamma if gamma else self.lane.neutron
        for row in counts.tolist():
            self.t_s += every_s
            if steady:
                step(self.t_s, every_s, row)
            else:
                self.lane.vacant_rate(radiation, self.t_s, 1.0, row)
            if until and getattr(self.lane.health(radiation, self.t_s), until) & 1:
                return self.t_s - begin_s
        return None


WARM_S = {"steady": {Radiation.GAMMA: 1200.0, Radiation.NEUTRON: 7200.0},
          "wire": {Radiation.GAMMA: 5400.0, Radiation.NEUTRON: 14400.0}}     # until shares are learned
PATIENCE_S = 86400.0


def time_to_find(form: str, radiation: Radiation, spoil: Spoil, mask: str, trials: int) -> list[float]:
    """Seconds to find, of each trial; PATIENCE_S where it was not found."""
    found = []
    for seed in range(trials):
        feed = Feed(form, seed)
        feed.run(radiation, WARM_S[form][radiation])
        for patience in (900.0, 9000.0, PATIENCE_S):
            if (seconds := feed.run(radiation, patience, spoil, mask)) is not None:
                found.append(seconds)
                break
        else:
            found.append(PATIENCE_S)
    return found


def feed_hour(lane: Lane, hour: Hour, form: str) -> Iterator[float]:
    """All samples of one hour; yields the time every few seconds."""
    steady, t_s, beam, next_s = form == "steady", hour.begin_s, False, 0.0
    gamma, neutron, recent = hour.gamma.tolist(), hour.neutron.tolist(), [0] * 4
    for i, (row, occupied) in enumerate(zip(gamma, hour.occupied.tolist(), strict=True)):
        t_s = hour.begin_s + SLICE_S * (i + 1)
        if occupied != beam:
            beam = occupied
            lane.beam(t_s - SLICE_S, beam)
        if steady or beam:
            lane.gamma(t_s, SLICE_S, row)
        if i % 5 == 4:
            second = neutron[i // 5]
            if steady or beam:
                lane.neutron(t_s, 1.0, second)
            recent = second
            if t_s >= next_s:
                yield t_s
                if not steady and not beam:
                    lane.vacant_rate(Radiation.NEUTRON, t_s, 1.0, recent)
                    lane.vacant_rate(Radiation.GAMMA, t_s, 1.0, [sum(four) for four in zip(*gamma[i - 4 : i + 1], strict=True)])
                next_s = t_s + 5.0


def false_faults(form: str, days: float, seed: int = 1) -> tuple[Counter[str], float]:
    """Faults that began in so many days of healthy detectors and normal traffic; and the vehicles a day."""
    lane, found, vehicles = Lane(SETTINGS), Counter[str](), 0
    present: set[tuple[str, int]] = set()
    spikes = 0
    for hour in hours(days * DAY_S, seed, GAMMA_CPS, NEUTRON_CPS):
        vehicles += hour.vehicles
        for t_s in feed_hour(lane, hour, form):
            now = set()
            for radiation in Radiation:
                seen = lane.health(radiation, t_s)
                for mask in MASKS:
                    now |= {(f"{radiation.value} {mask}", bit) for bit in range(4) if getattr(seen, mask) >> bit & 1}
                if radiation is Radiation.GAMMA:
                    count = sum(channel.spikes for channel in seen.channels)
                    found["gamma spike"] += count - spikes
                    spikes = count
            found.update(name for name, _ in now - present)
            present = now
    return +found, vehicles / days


def faults(trials: int = 20) -> None:
    print(f"time to find, s: median and 95 % of {trials} trials\n{'fault':42}{'steady':>18}{'wire':>20}")
    for what, radiation, spoil, mask in FAULTS:
        cells = []
        for form in ("steady", "wire"):
            found = time_to_find(form, radiation, spoil, mask, trials)
            cells.append(f"{np.median(found):9.1f} {np.quantile(found, 0.95):9.1f}")
        print(f"{what:42}{cells[0]:>18} {cells[1]:>19}", flush=True)


def year(days: float) -> None:
    for form in ("steady", "wire"):
        begin = time.perf_counter()
        found, vehicles = false_faults(form, days)
        text = ", ".join(f"{name} {count}" for name, count in sorted(found.items())) or "none"
        print(f"false faults, {form}, {days:g} days, {vehicles:.0f} vehicles a day: {text}   "
              f"[{time.perf_counter() - begin:.0f} s]", flush=True)


def main(asked: str = "all", days: str = "365") -> None:
    if asked in ("all", "faults"):
        faults()
    if asked in ("all", "year"):
        year(float(days))


if __name__ == "__main__":
    main(*sys.argv[1:3])
