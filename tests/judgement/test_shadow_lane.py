"""The shadow test in a lane: learned from the lane's own history, armed by a model file, explained in the alarm."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_agent import drivers
from edge_agent.house import lessons
from edge_agent.house.configuration import load
from edge_agent.judgement.portal import Portal
from edge_agent.paths.replaying import Replay, Summary
from edge_agent.tools import bodies, model_file, times
from edge_agent.words.errors import SettingsError
from edge_agent.words.reading import Chunk
from hardware_mocks import rapiscan, scenes
from hardware_mocks.scenes import Scene, Source, Vehicle

PASSAGES = 1500         # a tail above the 90 % quantile is fitted from 1001 on
TEXT = """version = 1
[portal]
origin = "test.example/portal/1"
[[lane]]
name = "2"
driver = "rapiscan"
link = { kind = "tcp", host = "x" }
"""


def traffic(number: int, seed: int, source_cps: float = 0.0, bumpy: float = 0.15) -> Iterator[Chunk]:
    """The wire of so many trucks with shadows of 10 to 25 %, each with a source where one is asked for."""
    dice = np.random.default_rng(seed)

    def truck() -> Vehicle:
        source = Source(source_cps, position_m=float(dice.uniform(1, 9))) if source_cps else None
        return Vehicle(
            0.0, "truck", float(dice.uniform(6, 10)), float(dice.uniform(10, 16)), float(dice.uniform(0.10, 0.25)),
            (float(dice.normal(0, bumpy)), float(dice.normal(0, bumpy / 1.5))), tuple(dice.uniform(0.7, 1.2, 4).tolist()), source,
        )

    row = scenes.convoy((truck() for _ in range(number)), first_s=60.0, gap_s=14.0)
    scene = Scene(row[-1].arrives_s + 60, vehicles=row)
    return (Chunk(round(at_s * 1e9) + 10**12, data) for at_s, data in rapiscan.wire(scene, seed))


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration whose lane has learned its own traffic, as `edge-agent learn` does it."""
    where = tmp_path_factory.mktemp("lane")
    (where / "edge-agent.toml").write_text(TEXT)
    configuration = load(where / "edge-agent.toml")
    lane = configuration.settings.lane[0]
    ids = count(1)
    portal = Portal(lane, configuration.profiles["2"], lambda: str(next(ids)))
    decoder = drivers.find("rapiscan").decoder(configuration.profiles["2"])
    context = bodies.Context(lambda at_ns: times.moment(at_ns, 1, 0, 0), "test", "")
    with sqlite3.connect(where / "history.db") as database:
        database.execute("CREATE TABLE passage (id INTEGER PRIMARY KEY, lane TEXT, body BLOB)")
        for chunk in traffic(PASSAGES, 5):
            for reading in decoder.feed(chunk):
                for event in portal.observe(reading):
                    kind, body = bodies.of_event(event, context)
                    if kind == "occupancy":
                        database.execute("INSERT INTO passage (lane, body) VALUES ('2', ?)", (json.dumps(body).encode(),))
    proposal = lessons.propose(configuration, lane, where / "history.db", 1e-3, least=PASSAGES)
    (where / "m.json").write_text(json.dumps(proposal.plain))
    (where / "edge-agent.toml").write_text(TEXT + 'model = "m.json"\n')
    return where / "edge-agent.toml"


def judged(path: Path, chunks: Iterator[Chunk]) -> Summary:
    configuration = load(path)
    return Replay(
        configuration.settings.lane[0], configuration.profiles["2"], drivers.find("rapiscan"), configuration.models.get("2")
    ).run(chunks)


def rules(summary: Summary) -> dict[str, int]:
    return {rule: sum(alarm["rule"] == rule for alarm in summary.alarms) for rule in ("shadow/1", "focus/1", "ksigma/1")}


def test_behind_a_shadow_the_learned_test_sees_what_the_other_rules_miss(learned: Path) -> None:
    found = rules(judged(learned, traffic(60, 11, 300.0)))
    assert found["shadow/1"] >= 45 and found["shadow/1"] > 1.5 * found["focus/1"] and found["ksigma/1"] < 10


def test_clean_trucks_alarm_about_as_seldom_as_the_budget_says(learned: Path) -> None:
    assert rules(judged(learned, traffic(400, 12)))["shadow/1"] <= 4     # budget 0.9e-3: more than 4 in 400 has p < 1e-4


def test_the_alarm_says_where_along_the_vehicle_the_source_is(learned: Path) -> None:
    alarms = [alarm for alarm in judged(learned, traffic(10, 13, 800.0)).alarms if alarm["rule"] == "shadow/1"]
    assert alarms and all(0 <= alarm["place"]["behind_m"] <= 16 for alarm in alarms)
    assert {alarm["side"] for alarm in alarms} <= {"left", "middle", "right"}


def test_the_alarm_says_how_often_the_lanes_own_clean_traffic_would_do_it(learned: Path) -> None:
    plain = json.loads((learned.parent / "m.json").read_text())
    assert plain["budgets"] == {
        "focus": pytest.approx(1e-4), "glrt": pytest.approx(9e-4), "focus_alone": pytest.approx(1e-3),
    }
    assert set(plain["tails"]) == {"focus", "glrt", "focus_alone"}
    alarms = [alarm for alarm in judged(learned, traffic(10, 13, 800.0)).alarms if alarm["rule"] == "shadow/1"]
    assert all(alarm["budget"] == 9e-4 and 0 < alarm["false_alarms_per_day"] < 1000 and alarm["confidence"] for alarm in alarms)
    assert all("own clean passages" in alarm["basis"] for alarm in alarms)


def test_a_model_from_before_tails_were_kept_still_judges(learned: Path) -> None:
    held = json.loads((learned.parent / "m.json").read_text())
    plain = {key: value for key, value in held.items() if key not in ("tails", "budgets")}
    old = model_file.read(json.dumps({**plain, "sha256": model_file.digest(plain)}), "old.json", 4)
    configuration = load(learned)
    again = Replay(configuration.settings.lane[0], configuration.profiles["2"], drivers.find("rapiscan"), old)
    alarm = next(alarm for alarm in again.run(traffic(10, 13, 800.0)).alarms if alarm["rule"] == "shadow/1")
    assert alarm["false_alarms_per_day"] is None and alarm["confidence"] is None and alarm["budget"] is None


def test_the_model_is_of_this_lanes_panels_and_heeds_a_clear_beam(learned: Path) -> None:
    """26 m stood as the gap between two bodies, that of the longest vehicle: no gap was ever heeded."""
    plain = json.loads((learned.parent / "m.json").read_text())
    assert plain["geometry"]["names"] == ["Aa1", "Aa2", "Ba1", "Ba2"] and plain["home"] == "test.example/portal/1 lane 2"
    assert plain["geometry"]["gap_m"] == 0.5 and plain["geometry"]["longest_m"] == 26.0


def test_a_model_changed_by_hand_is_not_used_and_says_so(learned: Path) -> None:
    model = learned.parent / "m.json"
    text = model.read_text()
    try:
        model.write_text(text.replace('"glrt": ', '"glrt": 9', 1))
        configuration = load(learned)
        assert not configuration.models and "changed by hand" in configuration.unusable["2"]
    finally:
        model.write_text(text)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "edge-agent shadow model/1"}', "nonsense"])
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        model_file.read(text, "m.json", 4)


def test_the_configuration_in_force_names_the_model_by_its_hash(learned: Path) -> None:
    plain: dict[str, Any] = load(learned).plain()
    assert plain["models"]["2"] == json.loads((learned.parent / "m.json").read_text())["sha256"]


def test_without_a_model_the_shadow_test_is_silent(learned: Path, tmp_path: Path) -> None:
    (tmp_path / "edge-agent.toml").write_text(TEXT)
    assert rules(judged(tmp_path / "edge-agent.toml", traffic(10, 13, 800.0)))["shadow/1"] == 0


def test_too_little_history_is_refused_and_says_how_much_there_is(learned: Path, tmp_path: Path) -> None:
    """It said "0 passages" of 40."""
    with sqlite3.connect(learned.parent / "history.db") as all_of_it, sqlite3.connect(tmp_path / "history.db") as database:
        database.execute("CREATE TABLE passage (id INTEGER PRIMARY KEY, lane TEXT, body BLOB)")
        database.executemany("INSERT INTO passage (lane, body) VALUES (?, ?)",
                             all_of_it.execute("SELECT lane, body FROM passage LIMIT 40").fetchall())
    configuration = load(learned)
    with pytest.raises(ValueError, match=r"40 clean passages .* above 9 m; left out: none.*2000 of one length are needed"):
        lessons.propose(configuration, configuration.settings.lane[0], tmp_path / "history.db", 1e-3)


def changes(summary: Summary) -> list[bool]:
    return [fault["present"] for fault in summary.faults if fault["condition"] == "traffic-changed"]


def test_the_traffic_it_was_learned_on_raises_no_flag(learned: Path) -> None:
    assert changes(judged(learned, traffic(500, 21))) == []


def test_vehicles_that_shadow_otherwise_raise_a_flag(learned: Path) -> None:
    assert changes(judged(learned, traffic(500, 22, bumpy=0.4)))[:1] == [True]
