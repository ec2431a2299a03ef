"""Every record the agent writes has the form its schema promises to a centre."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edge_agent import drivers
from edge_agent.doors.files import shipped_config
from edge_agent.hands.annunciator import Annunciator
from edge_agent.hands.ledger import Draft
from edge_agent.house import enrolment as enrolling
from edge_agent.house import identity
from edge_agent.house.configuration import load
from edge_agent.house.core import Core
from edge_agent.house.logbooks import Logbooks
from edge_agent.judgement.portal import Portal
from edge_agent.paths import heart
from edge_agent.paths.lane import Lane
from edge_agent.paths.scribe import Scribe
from edge_agent.tools import bodies, capture, jws, register_meanings, times, toml_settings
from edge_agent.tools.verify import verify_log
from edge_agent.words.event import Event
from edge_agent.words.reading import Chunk
from edge_agent.words.settings import LaneSettings, LinkSettings, Profile

from .bench import Place, StillClock, T, lines_of

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "edge_agent/words/schemas"
CAPTURES = sorted((ROOT / "tests/captures").glob("*/*.capture"))
VALIDATORS = {
    path.name.removesuffix(".schema.json"): jsonschema.Draft202012Validator(json.loads(path.read_text()))
    for path in sorted(SCHEMAS.glob("*.schema.json"))
}


def faults_of(line: bytes) -> list[str]:
    """What is wrong with the form of a record; the name of its kind where it has no schema."""
    parts = jws.take_apart(line)
    if parts.kind not in VALIDATORS:
        return [f"{parts.kind} has no schema"]
    found = VALIDATORS[parts.kind].iter_errors(parts.payload)
    return [f"{parts.kind}: {error.json_path}: {error.message[:200]}" for error in found]


def shipped_profile(driver: str) -> Profile:
    path = shipped_config() / "profiles" / f"{driver}.toml"
    return toml_settings.read(Profile, path.read_text(), str(path))


class StillLink:
    name = "tcp 127.0.0.1:1600"

    async def open(self) -> None: ...

    async def next(self, timeout_s: float) -> Chunk | None:
        return None

    def close(self) -> None: ...


def a_lane(events: list[Event], driver: str = "rapiscan", means: str = "") -> Lane:
    profile = register_meanings.settle(shipped_profile(driver), means)
    settings = LaneSettings("2", driver, LinkSettings("tcp", "127.0.0.1"))
    portal = Portal(settings, profile, lambda: f"T/1/{len(events)}")
    decoder, silent = drivers.find(driver).decoder(profile), Annunciator([], lambda event: None)
    return Lane("2", StillLink(), decoder, portal, StillClock(), silent, events.append)


def drafts_of(path: Path) -> Iterator[Draft]:
    events: list[Event] = []
    lines = path.read_text().splitlines()
    lane = a_lane(events, path.parent.name, capture.said(lines[0], "count_means"))
    for chunk in capture.read(lines):
        events += lane.portal.tick(chunk.at_ns)
        lane.take(chunk)
    events += lane.portal.lost(chunk.at_ns + 10**9, "gone")
    events += lane.portal.opened(chunk.at_ns + 2 * 10**9)
    events += lane.portal.tick(chunk.at_ns + 100 * 10**9)
    events += lane.portal.stop(chunk.at_ns + 101 * 10**9)
    context = bodies.Context(lambda at_ns: times.moment(at_ns, 1, 0, 1_795_456_800_000_000_000), "1.0", "cfg")
    for event in events:
        yield bodies.of_event(event, context)


def write(place: Place, drafts: list[Draft]) -> list[bytes]:
    async def story() -> None:
        ledger = await place.open()
        for begin in range(0, len(drafts), 64):
            await ledger.append(drafts[begin : begin + 64], T)
        await ledger.close()

    asyncio.run(story())
    return lines_of(place.directory / "ledger.db")


@pytest.mark.parametrize("kind", sorted(VALIDATORS))
def test_every_schema_is_a_schema(kind: str) -> None:
    VALIDATORS[kind].check_schema(VALIDATORS[kind].schema)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_records_of_a_replayed_capture_have_their_form(path: Path, tmp_path: Path) -> None:
    lines = write(Place(tmp_path), list(drafts_of(path)))
    assert [fault for line in lines for fault in faults_of(line)] == []


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_records_of_a_replayed_capture_verify(path: Path, tmp_path: Path) -> None:
    place = Place(tmp_path)
    lines = write(place, list(drafts_of(path)))
    assert verify_log(lines, place.first_key).whole


def test_captures_bring_every_kind_a_lane_writes() -> None:
    kinds = {kind for path in CAPTURES for kind, _ in drafts_of(path)}
    assert kinds == {"alarm", "occupancy", "fault", "tamper"}


def heartbeats(place: Place, chunks: list[Chunk]) -> list[bytes]:
    """A heartbeat before and one after these chunks."""
    async def story() -> None:
        ledger = await place.open()
        scribe = Scribe(ledger, StillClock(), lambda: T)
        events: list[Event] = []
        lane = a_lane(events)
        for part in ([], chunks):
            for chunk in part:
                lane.take(chunk)
            scribe.submit("heartbeat", await heart.body(
                [lane], scribe, now_ns=max([5_000_000_000, *(chunk.at_ns for chunk in chunks)]), period_s=60.0, uptime_s=5,
                annunciator="log", free_mb=None, faults=["centre-link"],
            ))
            await scribe.write_some()
        await ledger.close()

    asyncio.run(story())
    return lines_of(place.directory / "ledger.db")


def test_a_heartbeat_has_its_form(tmp_path: Path) -> None:
    chunks = list(capture.read((ROOT / "tests/captures/rapiscan/demo.capture").read_text().splitlines()))
    assert [fault for line in heartbeats(Place(tmp_path), chunks) for fault in faults_of(line)] == []


def test_a_heartbeat_names_the_tree_before_it(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert verify_log(heartbeats(place, []), place.first_key).whole


CONFIGURATION = """
version = 1
[portal]
origin = "rpm.example.gov/portal/QX-0042"
state = "{here}/state"
sockets = "{here}"
[[lane]]
name = "2"
driver = "rapiscan"
link = {{ kind = "tcp", host = "127.0.0.1" }}
"""


def core_of(tmp_path: Path) -> Core:
    path = tmp_path / "edge-agent.toml"
    path.write_text(CONFIGURATION.format(here=tmp_path))
    return Core(load(path), StillClock())


def first_records(tmp_path: Path, lose_key: bool) -> list[bytes]:
    """What a start writes before any lane speaks, by the house itself."""
    core = core_of(tmp_path)
    enrolling.enrol(core.state, core.settings.portal.origin)
    if lose_key:
        (core.state / "logs/1/record.key").unlink()

    async def story() -> None:
        books = await Logbooks.open(core.state, core.settings.portal.origin)
        drafts = await books.opening(core.configuration, await books.next_boot(), "kernel")
        await books.ledger.append(drafts, T)
        await books.close()

    asyncio.run(story())
    return lines_of(identity.logs_of(core.state)[-1].database)


@pytest.mark.parametrize(("lose_key", "kinds"), [(False, ["boot", "config"]), (True, ["recovery", "boot", "config"])])
def test_the_records_of_a_start_have_their_form(tmp_path: Path, lose_key: bool, kinds: list[str]) -> None:
    lines = first_records(tmp_path, lose_key)
    assert ([jws.take_apart(line).kind for line in lines], [f for line in lines for f in faults_of(line)]) == (kinds, [])


def test_a_configuration_record_holds_no_secret(tmp_path: Path) -> None:
    lines = first_records(tmp_path, lose_key=False)
    text = json.dumps([jws.take_apart(line).payload for line in lines]).lower()
    assert not any(word in text for word in ("private", "seed", "password", "begin "))


ALARM: dict[str, Any] = {
    "id": "T/1/1", "lane": "2", "radiation": "gamma", "rule": "vendor", "statistic": None, "threshold": None, "window_s": 0.2,
    "counts": 400, "expected": None, "expected_sd": None, "sum": ["Aa1"], "detectors": {"Aa1": {"counts": 400, "bkg": None}},
    "occupancy": None, "speed_mps": None, "at": {"boot": 1, "mono_ms": 1, "wall": None}, "notes": [], "agent": "1", "cfg": "c",
}


@pytest.mark.parametrize(("name", "value"), [
    ("radiation", "beta"), ("counts", -1), ("counts", "400"), ("detectors", {"Aa1": 400}), ("at", 5), ("notes", "late"),
])  # fmt: skip
def test_an_alarm_of_another_form_is_seen(tmp_path: Path, name: str, value: object) -> None:
    assert faults_of(write(Place(tmp_path), [("alarm", {**ALARM, name: value})])[0])


@pytest.mark.parametrize("ended", ["portal", "background-seen", "portal-restart", "silence", "stopped"])
def test_every_end_of_an_occupancy_is_in_the_schema(ended: str) -> None:
    assert ended in VALIDATORS["occupancy"].schema["properties"]["ended"]["enum"]


def test_the_schema_knows_every_end_the_words_know() -> None:
    from edge_agent.tools.occupancy import TABLE

    reasons = {step.reason for step in TABLE.values() if step.reason}
    assert reasons <= set(VALIDATORS["occupancy"].schema["properties"]["ended"]["enum"])


@pytest.mark.parametrize(("wall_ns", "text"), [
    (0, "1970-01-01T00:00:00.000Z"),
    (1_795_456_851_250_000_000, "2026-11-23T18:00:51.250Z"),
    (1_795_456_799_999_999_999, "2026-11-23T17:59:59.999Z"),
    (1_795_456_800_000_999_999, "2026-11-23T18:00:00.000Z"),
    (-1, "1969-12-31T23:59:59.999Z"),
])  # fmt: skip
def test_a_time_is_cut_never_rounded_into_the_next_second(wall_ns: int, text: str) -> None:
    assert times.iso(wall_ns) == text
