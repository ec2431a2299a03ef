"""Kinds that commands will write: an example of each is good, what a centre must notice is noticed, the page names them all."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edge_agent.center.kinds import KINDS, Bodies
from tests.evidence.test_schemas import ROOT, VALIDATORS, write

from .bench import Place

AT = {"boot": 3, "mono_ms": 12_000, "wall": "2026-11-23T18:00:00.000Z"}
BY = {"name": "j.petraitis", "how": "edge-agent, ssh"}
CHECK = {
    "nuclide": "Cs-137", "source": "CS-1188", "activity_bq": 333_000.0, "passed": True, "detectors": {
        "Aa1": {"background_cps": 250.1, "source_cps": 1804.0, "expected_cps": 1790.0, "seconds": 30.0, "passed": True}},
}
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "an exercise begins": ("exercise", {
        "phase": "begin", "id": "E-7", "lane": None, "by": BY, "reason": "unannounced drill", "until": AT, "at": AT}),
    "an exercise ends": ("exercise", {
        "phase": "end", "id": "E-7", "lane": None, "by": BY, "reason": "", "ended": "time", "alarms": 2, "at": AT}),
    "maintenance begins": ("maintenance", {
        "phase": "begin", "id": "M-12", "lane": "2", "by": BY, "reason": "Aa1 deaf", "at": AT}),
    "maintenance ends": ("maintenance", {
        "phase": "end", "id": "M-12", "lane": "2", "by": BY, "reason": "", "alarms": 1, "done": "divider swapped", "at": AT,
        "parts": [{"part": "divider", "detector": "Aa1", "old_serial": "D-1", "new_serial": "D-9"}], "void": ["Aa1"]}),
    "an alarm is acknowledged": ("operator", {
        "action": "acknowledge", "by": {"name": "post 2", "how": "button"}, "lane": "2", "alarm": "QX-0042/3/17", "at": AT}),
    "a source check": ("operator", {"action": "source-check", "by": BY, "lane": "2", "check": CHECK, "at": AT}),
    "a panel is taken out": ("operator", {
        "action": "panel-out", "by": BY, "lane": "2", "detectors": ["Aa1"], "loss": {"SUM": 1.15}, "text": "noisy", "at": AT}),
    "a panel is taken in": ("operator", {
        "action": "panel-in", "by": BY, "lane": "2", "detectors": ["Aa1"], "text": "checked", "at": AT}),
    "a note": ("operator", {"action": "note", "by": BY, "lane": None, "text": "snow on the road", "at": AT}),
    "a handheld's result": ("instrument", {
        "instrument": {"class": "handheld", "maker": "FLIR", "model": "R400", "serial": "7"}, "via": "n42-file", "by": BY,
        "lane": "2", "alarm": "QX-0042/3/17", "occupancy": None, "measured": "2026-11-23T18:20:00+02:00", "real_s": 60.0,
        "gamma_cps": 812.0, "neutron_cps": None, "dose_rate_usv_per_h": 0.4,
        "nuclides": [{"name": "K-40", "confidence": 91, "category": "norm"}], "conclusion": "norm", "text": "fertiliser",
        "blob": {"sha256": "0" * 64, "len": 48_211, "type": "application/xml"}, "at": AT}),
    "a lane is commissioned": ("commissioning", {
        "by": BY, "lane": "2", "agent": "1.0", "cfg": "x", "panels_verified": True, "background_cps": {"Aa1": 250.0},
        "steps": [{"step": "background", "verdict": "pass", "text": "", "numbers": {"variance_over_mean": 1.02}},
                  {"step": "source-check", "verdict": "pass", "text": "", "numbers": {}, "check": CHECK}],
        "inventory": [{"part": "panel", "detector": "Aa1", "serial": "P-4"}], "passed": True, "at": AT}),
}
BAD: list[tuple[str, tuple[str | int, ...], object]] = [
    ("an exercise begins", ("by",), "j.petraitis"), ("an exercise begins", ("by", "name"), ""),
    ("an exercise begins", ("until",), 5),
    ("an exercise ends", ("alarms",), -1), ("an exercise ends", ("phase",), "pause"),
    ("maintenance ends", ("parts", 0, "part"), ""), ("maintenance ends", ("void",), "Aa1"),
    ("maintenance begins", ("lane",), None),
    ("an alarm is acknowledged", ("alarm",), None), ("a source check", ("lane",), None),
    ("a source check", ("check", "detectors", "Aa1", "seconds"), 0), ("a source check", ("check", "detectors"), {}),
    ("a panel is taken out", ("detectors",), []), ("a panel is taken out", ("loss", "SUM"), 0.9),
    ("a handheld's result", ("instrument", "class"), "nose"), ("a handheld's result", ("nuclides", 0, "confidence"), 101),
    ("a handheld's result", ("blob", "sha256"), "0" * 63), ("a handheld's result", ("conclusion",), "fine"),
    ("a lane is commissioned", ("steps",), []), ("a lane is commissioned", ("steps", 0, "verdict"), "ok"),
]
NEEDED = [
    ("an exercise begins", "until"), ("an exercise ends", "ended"), ("maintenance ends", "parts"), ("maintenance ends", "void"),
    ("an alarm is acknowledged", "alarm"), ("a source check", "check"), ("a panel is taken out", "loss"), ("a note", "text"),
    ("a handheld's result", "blob"), ("a lane is commissioned", "passed"), ("a note", "by"),
]


def oddness(tmp_path: Path, kind: str, body: dict[str, Any]) -> str | None:
    """What a centre marks on the record, signed by a real ledger."""
    from edge_agent.tools import jws

    line = write(Place(tmp_path), [(kind, body)])[0]
    return Bodies().mark(kind, jws.take_apart(line).payload)


@pytest.mark.parametrize("name", GOOD)
def test_a_good_example_is_not_marked(tmp_path: Path, name: str) -> None:
    assert oddness(tmp_path, *GOOD[name]) is None


@pytest.mark.parametrize(("name", "path", "value"), BAD)
def test_another_form_is_marked(tmp_path: Path, name: str, path: tuple[str | int, ...], value: object) -> None:
    kind, body = copy.deepcopy(GOOD[name])
    inner: Any = body
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert oddness(tmp_path, kind, body)


@pytest.mark.parametrize(("name", "member"), NEEDED)
def test_a_missing_member_is_marked(tmp_path: Path, name: str, member: str) -> None:
    kind, body = GOOD[name]
    assert oddness(tmp_path, kind, {key: value for key, value in body.items() if key != member})


@pytest.mark.parametrize("kind", ["exercise", "maintenance", "operator", "commissioning"])
def test_what_a_person_does_names_the_person(kind: str) -> None:
    assert "by" in VALIDATORS[kind].schema["required"]


def test_every_kind_has_a_schema_and_a_row_on_the_page() -> None:
    rows = set(re.findall(r"^\| `([a-z]+)`", (ROOT / "docs/records.md").read_text(), re.MULTILINE))
    assert rows == set(VALIDATORS) == set(KINDS)


@pytest.mark.parametrize("kind", sorted(VALIDATORS))
def test_every_schema_names_its_kind_and_the_place_in_the_log(kind: str) -> None:
    schema = VALIDATORS[kind].schema
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == f"rpm-{kind}+jws"
    assert {"v", "log", "seq", "prev", "nk", "t"} <= set(schema["required"])
