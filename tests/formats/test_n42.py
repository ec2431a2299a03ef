"""Alarms as N42.42 documents: they fit the schema, and readers that others wrote see the counts."""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent import drivers
from edge_agent.judgement.portal import Portal
from edge_agent.tools import bodies, capture, n42, register_meanings, times, toml_settings
from edge_agent.words.errors import SettingsError
from edge_agent.words.settings import LaneSettings, LinkSettings, Profile

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT.parent / "shared/n42/n42.xsd"
NS = {"n": n42.NAMESPACE}
WALL_NS = 1_795_456_800_000_000_000
Body = dict[str, Any]


def records(name: str) -> Iterator[tuple[str, Body]]:
    """Bodies as records have them, of a recording that is a test."""
    path = ROOT / f"tests/captures/{name}.capture"
    lines = path.read_text().splitlines()
    driver = path.parent.name
    file = ROOT / f"config/profiles/{driver}.toml"
    profile = register_meanings.settle(
        toml_settings.read(Profile, file.read_text(), str(file)), capture.said(lines[0], "count_means"))
    portal = Portal(LaneSettings("2", driver, LinkSettings("tcp")), profile, iter(f"T/1/{n}" for n in range(99)).__next__)
    decoder = drivers.find(driver).decoder(profile)
    chunks = list(capture.read(lines))
    first_ns = chunks[0].at_ns
    context = bodies.Context(lambda at_ns: times.moment(at_ns, 1, first_ns, WALL_NS), "1.0", "cfg")
    seq = 0
    for chunk in chunks:
        events = [event for reading in decoder.feed(chunk) for event in portal.observe(reading)]
        for event in (*portal.tick(chunk.at_ns), *events):
            kind, body = bodies.of_event(event, context)
            yield kind, {"log": "rpm.example.gov/portal/T", "seq": seq, "t": context.moment(chunk.at_ns), **body}
            seq += 1


def passages(name: str) -> list[tuple[Body, Body | None, list[Body]]]:
    """Each alarm of a recording, its occupancy, the other alarms of that."""
    made = list(records(name))
    alarms = [body for kind, body in made if kind == "alarm"]
    occupancies = {body["id"]: body for kind, body in made if kind == "occupancy"}
    with_it = {alarm["id"]: [other for other in alarms if other is not alarm and other["occupancy"] == alarm["occupancy"]]
               for alarm in alarms}
    return [(alarm, occupancies.get(alarm["occupancy"]), with_it[alarm["id"]] if alarm["occupancy"] else []) for alarm in alarms]


CASES = [case for name in ("rapiscan/demo", "rapiscan/twenty", "aspect/demo", "modbus_map/noisy") for case in passages(name)]


@pytest.fixture(scope="module")
def schema() -> Any:
    etree = pytest.importorskip("lxml.etree", reason="needs lxml: pip install lxml")
    if not SCHEMA.exists():
        pytest.skip(f"needs the N42 schema, {SCHEMA.name}, beside the project")
    return etree.XMLSchema(etree.parse(str(SCHEMA)))


def test_there_are_alarms_of_every_kind() -> None:
    assert {alarm["radiation"] for alarm, _, _ in CASES} == {"gamma", "neutron"}
    assert any(occupancy is None for _, occupancy, _ in CASES) and any(others for _, _, others in CASES)


def test_every_alarm_fits_the_schema(schema: Any) -> None:
    from lxml import etree

    for case in CASES:
        schema.assertValid(etree.fromstring(n42.document(*case)))


def test_readers_built_on_specutils_see_the_counts(tmp_path: Path) -> None:
    specutils = pytest.importorskip("SpecUtils", reason="needs SpecUtils: pip install SandiaSpecUtils")
    for alarm, occupancy, others in CASES:
        if occupancy is None:
            continue
        file = tmp_path / "alarm.n42"
        file.write_bytes(n42.document(alarm, occupancy, others))
        read = specutils.SpecFile()
        read.loadFile(str(file), specutils.ParserType.Auto)
        occupied = [m for m in read.measurements() if m.sourceType() == specutils.SourceType.Foreground]
        series = occupancy["series"]
        total = {radiation: sum(map(sum, counted["counts"].values())) for radiation, counted in series.items()}
        assert sum(m.gammaCountSum() for m in occupied) == total.get("gamma", 0)
        assert sum(m.neutronCountsSum() for m in occupied) == total.get("neutron", 0)
        backgrounds = [m for m in read.measurements() if m.sourceType() == specutils.SourceType.Background]
        assert bool(backgrounds) == bool(occupancy["background"])
        assert any(m.occupied() == specutils.OccupancyStatus.Occupied for m in occupied)


def test_what_was_before_and_after_is_not_called_occupied() -> None:
    alarm, occupancy, others = next(case for case in CASES if case[1] and "gamma" in case[1]["series"])
    assert occupancy is not None
    moved = copy.deepcopy(occupancy)
    moved["begin"]["wall"], moved["end"]["wall"] = (moved["series"]["gamma"]["begin"]["wall"].replace(".", ".") for _ in range(2))
    root = ET.fromstring(n42.document(alarm, moved, others))
    indicated = [one.text for one in root.iterfind(".//n:RadMeasurement/n:OccupancyIndicator", NS)]
    assert indicated.count("true") <= 2 * len(moved["series"]) < indicated.count("false")


def test_the_same_record_is_the_same_document_for_ever() -> None:
    assert n42.document(*CASES[0]) == n42.document(*copy.deepcopy(CASES[0]))
    of_one_log = passages("rapiscan/twenty")
    assert len(of_one_log) > 3
    assert len({ET.fromstring(n42.document(*case)).get("n42DocUUID") for case in of_one_log}) == len(of_one_log)


def test_a_controller_without_a_time_of_day_is_told_of_the_exhibit() -> None:
    alarm, occupancy, others = copy.deepcopy(CASES[0])
    alarm["t"]["wall"] = None
    with pytest.raises(SettingsError, match="--exhibit"):
        n42.document(alarm, occupancy, others)


@settings(deadline=None, max_examples=60)
@given(st.text(min_size=1, max_size=40), st.text(max_size=40), st.lists(st.text(max_size=30), max_size=3))
def test_no_text_of_a_record_breaks_the_document(name: str, lane: str, notes: list[str]) -> None:
    alarm = copy.deepcopy(CASES[0][0])
    alarm |= {"lane": lane, "notes": notes, "detectors": {name: {"counts": 3, "bkg": None}}, "sum": [name]}
    root = ET.fromstring(n42.document(alarm, None, []))
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(set(ids)) == len(ids)
