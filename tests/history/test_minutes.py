"""What a minute of a lane holds: vacant counts only, and everything that happened in it."""

from __future__ import annotations

import itertools
import math

from edge_agent.judgement.minutes import Minutes
from edge_agent.words.minute import DOSE, Minute
from edge_agent.words.reading import DoseRate, Radiation, Reading, Sample, VacantRate
from tests.judgement.bench import Watched, four, ns


class Lane(Watched):
    """A portal with its minutes, fed as paths.lane does."""

    def __init__(self) -> None:
        super().__init__()
        self.minutes = Minutes(self.portal)
        self._shown = 0

    def say(self, at_s: float, *lines: str) -> list[object]:  # type: ignore[override]
        for reading in self.decoder.feed(_chunk(at_s, *lines)):
            self.take(reading)
        return []

    def take(self, reading: Reading) -> None:
        for event in self.observe(reading):
            self.minutes.saw(event)
        self.minutes.took(reading)


def _chunk(at_s: float, *lines: str):  # type: ignore[no-untyped-def]
    from edge_agent.words.reading import Chunk

    return Chunk(ns(at_s), "".join(line + "\r\n" for line in lines).encode())


def group(minute: Minute, name: str) -> tuple[float, ...] | None:
    return next(one.rates() for one in minute.groups if one.name == name)


def test_a_vacant_minute_is_the_mean_of_its_rates() -> None:
    lane = Lane()
    for at_s, gamma in zip(itertools.count(0, 5), (240, 250, 260), strict=False):
        lane.say(at_s, four("NB", 2), four("GB", gamma))
    ended = lane.minutes.turn(1000)
    assert ended.begin_s == 1000 and ended.occupancies == ended.alarms == 0
    assert group(ended, "gamma") == (250.0,) * 4 and group(ended, "neutron") == (2.0,) * 4


def test_a_vehicle_is_counted_and_its_counts_are_not_background() -> None:
    lane = Lane()
    at_s = lane.vacant(seconds=60)
    lane.minutes.turn(0)
    at_s = lane.scan(at_s, 3.0, gamma=500)
    at_s = lane.vacant(at_s, 10)
    ended = lane.minutes.turn(60)
    assert group(ended, "gamma") == (250.0,) * 4
    assert ended.occupancies == 1 and ended.alarms >= 1 and ended.samples == 15 + 3


def test_a_minute_without_counts_says_nothing_of_rates() -> None:
    lane = Lane()
    lane.vacant(seconds=60)
    lane.minutes.turn(0)
    for event in lane.tick(600):
        lane.minutes.saw(event)
    ended = lane.minutes.turn(60)
    assert group(ended, "gamma") is None and "silence" in ended.faults
    assert "silence" in lane.minutes.turn(120).faults, "a fault that stands is in every minute of its time"


def test_counts_that_do_not_fit_the_profile_are_in_no_minute() -> None:
    lane = Lane()
    lane.take(Sample(ns(1), Radiation.GAMMA, 0.2, (50, 50), occupied=False))
    lane.take(VacantRate(ns(2), Radiation.GAMMA, (250,)))
    ended = lane.minutes.turn(0)
    assert ended.samples == 0 and group(ended, "gamma") is None and "profile-mismatch" in ended.faults


def test_a_dose_rate_is_kept_in_its_unit() -> None:
    lane = Lane()
    lane.take(DoseRate(ns(1), 0.11, "uSv/h"))
    lane.take(DoseRate(ns(2), 0.13, "uSv/h"))
    lane.take(DoseRate(ns(3), math.inf, "uSv/h"))
    ended = lane.minutes.turn(0)
    found = next(one for one in ended.groups if one.name == DOSE)
    assert found.detectors == ("uSv/h",) and found.rates() == (0.12,)
    assert group(lane.minutes.turn(60), DOSE) is None
