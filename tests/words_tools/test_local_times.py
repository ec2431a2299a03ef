"""Times people read: local, with UTC beside (a log of another post, and the centre, are in UTC)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from edge_agent.tools import alarm_text, times

WALL = "2026-11-27T22:54:03.120Z"
Zone = Callable[[str], None]


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zone]:
    def begin(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()
    yield begin
    monkeypatch.undo()
    time.tzset()


def test_a_time_is_local_with_utc_beside(zone: Zone) -> None:
    zone("Europe/Vilnius")
    assert times.local(WALL) == "2026-11-28 00:54:03 (22:54:03.120Z)"
    zone("UTC")
    assert times.local(WALL) == "2026-11-27 22:54:03.120Z"


def test_a_time_nobody_knew_and_one_that_is_none(zone: Zone) -> None:
    zone("Europe/Vilnius")
    assert times.local(None) == "?" and times.local("yesterday") == "yesterday"
    assert times.local("9999-12-31T23:59:59.999Z") == "9999-12-31T23:59:59.999Z"       # no local year 10000


def test_an_alarm_is_told_in_local_time(zone: Zone) -> None:
    zone("Europe/Vilnius")
    alarm = {"at": {"wall": WALL}, "lane": "2", "radiation": "gamma", "rule": "vendor", "id": "a/1/2", "detectors": {},
             "notes": [], "statistic": None, "threshold": None, "window_s": 0.0, "counts": None, "background_cps": {}}
    assert alarm_text.story(alarm)[0].startswith("2026-11-28 00:54:03 (22:54:03.120Z)  lane 2  GAMMA")
