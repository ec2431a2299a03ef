"""An alarm's counts as CSV: every count is there once, and our own strict reader takes it."""

from __future__ import annotations

from typing import Any

import pytest

from edge_agent.tools import counts_csv
from edge_agent.tools.counts_file import CountsFile
from edge_agent.words.errors import SettingsError
from edge_agent.words.reading import Radiation, Sample, Speed

from .test_n42 import CASES

WITH = [occupancy for _, occupancy, _ in CASES if occupancy is not None and occupancy["series"].get("gamma")]


@pytest.mark.parametrize("occupancy", WITH, ids=lambda body: f"{body['lane']}-{body['id']}")
def test_every_count_is_in_it_once(occupancy: dict[str, Any]) -> None:
    text = counts_csv.table(occupancy)
    assert "edge-agent record LANE --from TIME" in text, "who replays one vehicle alone sees no alarm, and is told why"
    file = CountsFile(text.split("\n"), "alarm.csv")
    readings = [reading for _, found in file.steps() for reading in found]
    for radiation, series in occupancy["series"].items():
        samples = [one for one in readings if isinstance(one, Sample) and one.radiation is Radiation(radiation)]
        assert file.detectors[Radiation(radiation)] == tuple(series["counts"])
        sums = [sum(column) for column in zip(*(sample.counts for sample in samples), strict=True)]
        assert sums == [sum(column) for column in series["counts"].values()]
    speeds = {one.speed_mps for one in readings if isinstance(one, Speed)}
    assert speeds == ({occupancy["speed_mps"]} if occupancy["speed_mps"] else set())
    assert any(one.occupied for one in readings if isinstance(one, Sample)) and "# background gamma" in text


def test_there_are_such() -> None:
    assert len(WITH) > 5 and any("neutron" in body["series"] for body in WITH)


def test_a_vehicle_without_counts_says_where_to_look() -> None:
    with pytest.raises(SettingsError, match="record LANE --from"):
        counts_csv.table({**WITH[0], "series": {}})
