"""`edge-agent replay`: what was kept is judged again, with whatever settings, by the code of the lane."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_agent.commands import main
from edge_agent.house.rejudging import Wanted, prepare
from edge_agent.judgement.portal import Portal
from edge_agent.paths import sweeping
from edge_agent.paths.lane import Lane
from edge_agent.paths.replaying import Replay
from edge_agent.tools import capture, model_file
from edge_agent.words.errors import SettingsError
from edge_agent.words.event import Alarm, Event, Occupancy
from edge_agent.words.reading import Chunk
from hardware_mocks import rapiscan, scenes
from tests.judgement.bench import LANE, PROFILE, ROOT

CAPTURE = ROOT / "tests/captures/rapiscan/twenty.capture"
SERIES = ROOT.parent / "shared/data/series"
CONFIG = """version = 1
[portal]
origin = "test.example/portal/1"
[[lane]]
name = "2"
driver = "rapiscan"
link = { kind = "tcp", host = "x" }
[lane.alarm]
ksigma_n = 9.5
"""


def replay(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert main(["replay", "--json", *map(str, words)]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main(["replay", *map(str, words)]) == 3
    return capsys.readouterr().err


class Kept(Replay):
    """A replay that keeps its events."""

    events: list[Event]

    def _count(self, events: Any) -> None:
        self.events = getattr(self, "events", [])
        for event in events:
            self.events.append(event)
            super()._count([event])


def live(chunks: list[Chunk]) -> list[Event]:
    """The journey of some bytes through a lane as the daemon builds it."""
    from edge_agent import drivers
    from edge_agent.hands.annunciator import Annunciator

    names = iter(range(1, 10**6))
    events: list[Event] = []
    portal = Portal(LANE, PROFILE, lambda: f"replay/0/{next(names)}")
    link: Any = None
    clock: Any = None
    lane = Lane("2", link, drivers.find("rapiscan").decoder(PROFILE), portal, clock, Annunciator([], lambda event: None),
                events.append)
    for chunk in chunks:
        lane.take(chunk)
    return events


def test_a_recording_gives_the_alarms_of_the_lane_to_the_bit() -> None:
    """Stamps of a controller that has been up for 9 days; all numbers are compared as they are, none rounded."""
    start_ns = 812_004_511_803_117
    chunks = [Chunk(start_ns + round(at_s * 1e9) + i * 7919 % 100_003, data)
              for i, (at_s, data) in enumerate(rapiscan.wire(scenes.load("twenty"), 3))]
    lines = [f"{capture.HEADER} driver=rapiscan start_ns={chunks[0].at_ns}",
             *(capture.write_line(chunk, chunks[0].at_ns) for chunk in chunks)]
    assert list(capture.read(lines)) == chunks
    from edge_agent import drivers

    again = Kept(LANE, PROFILE, drivers.find("rapiscan"))
    again.run(capture.read(lines))
    for kind in (Alarm, Occupancy):
        was = [event for event in live(chunks) if isinstance(event, kind)]
        assert len(was) >= 10 and was == [event for event in again.events if isinstance(event, kind)]


def test_a_csv_of_the_same_counts_gives_the_same_alarms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dice = np.random.default_rng(4)
    rows = []
    for i in range(1, 1200):
        occupied = 600 < i <= 640
        source = 120.0 * np.exp(-0.5 * ((i - 620) / 5) ** 2)
        counts = [dice.poisson(50 + source / 4) for _ in range(4)]
        neutrons = [dice.poisson(0.5) for _ in range(4)] if i % 5 == 0 else [""] * 4
        rows.append(",".join(map(str, [f"{i / 5:.1f}", 0.2, *counts, *neutrons, int(occupied), 2.2 if occupied else ""])))
    names = ["Aa1", "Aa2", "Ba1", "Ba2"]
    detectors = [*(f"gamma_{name}" for name in names), *(f"neutron_{name}N" for name in names)]
    head = ",".join(["time_s", "interval_s", *detectors, "occupied", "speed_mps"])
    file = tmp_path / "counts.csv"
    file.write_text(head + "\n" + "\n".join(rows))
    alone = replay(capsys, file)
    assert alone["occupancies"] == 1 and {alarm["rule"] for alarm in alone["alarms"]} == {"focus/1", "ksigma/1"}
    assert all(120 < alarm["at_s"] <= 128.2 and alarm["occupancy"] for alarm in alone["alarms"])
    assert alone["alarms"][0]["speed_mps"] == 2.2 and alone["records"] == {"gamma": 1199, "neutron": 239, "speed": 40}
    (tmp_path / "site.toml").write_text(CONFIG)
    site = replay(capsys, file, "--config", tmp_path / "site.toml", "--lane", "2", "--set", "focus_threshold=20")
    assert site["alarms"] == [] or {alarm["threshold"] for alarm in site["alarms"]} <= {9.5, 20.0}
    assert "no lane is called '3'" in refused(capsys, file, "--config", tmp_path / "site.toml", "--lane", "3")


def test_counts_without_occupancy_are_a_vacant_lane(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dice = np.random.default_rng(1)
    counts = [*dice.poisson(10, 60), *dice.poisson(60, 5), *dice.poisson(10, 20)]
    file = tmp_path / "walk.csv"
    file.write_text("timestamp,dt_live_s,counts\n" + "".join(f"{1.7e9 + i:.3f},1,{n}\n" for i, n in enumerate(counts)))
    found = replay(capsys, file)
    assert "vacant lane" in found["note"]
    assert found["occupancies"] == 0 and {alarm["rule"] for alarm in found["alarms"]} == {"focus/1", "ksigma/1"}
    assert all(1.7e9 + 60 <= alarm["at_s"] <= 1.7e9 + 65 and alarm["occupancy"] is None for alarm in found["alarms"])


@pytest.mark.skipif(not SERIES.is_dir(), reason="real series: shared/data/series is not beside the checkout")
def test_real_series_of_another_instrument_are_read_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """An X-ray exposure alarms as it begins, long before its peak; an hour's flight with a drifting background does not."""
    exposure, flight = (replay(capsys, SERIES / f"radiacode_{name}.csv") for name in ("xray_exam_1s", "flight_5s"))
    rows = [line.split(",") for line in (SERIES / "radiacode_xray_exam_1s.csv").read_text().splitlines()[1:]]
    peak_s = max(rows, key=lambda row: int(row[2]))[0]
    early = [alarm for alarm in exposure["alarms"] if alarm["rule"] != "overload/1"]
    assert {alarm["rule"] for alarm in early} == {"focus/1", "ksigma/1"} and len(early) < len(exposure["alarms"])
    first = {alarm["rule"]: alarm for alarm in reversed(early)}.values()        # it alarms again where it has grown
    assert all(alarm["at_s"] < float(peak_s) - 30 for alarm in first)
    assert {alarm["confidence"] for alarm in early} == {"very high"}
    assert flight["alarms"] == [] and flight["records"] == {"gamma": 622} and flight["seconds"] > 3000


def test_a_lower_threshold_never_has_fewer_alarmed_vehicles(capsys: pytest.CaptureFixture[str]) -> None:
    found = replay(capsys, CAPTURE, "--sweep", "ksigma_n=2:12:1")
    assert [row["value"] for row in found["rows"]] == [float(n) for n in range(2, 13)] and found["rule"] == "ksigma"
    by_rule = [row["by_rule"] for row in found["rows"]]
    assert by_rule == sorted(by_rule, reverse=True) and by_rule[0] > by_rule[-1]
    once = replay(capsys, CAPTURE, "--set", "ksigma_n=5")
    row = found["rows"][3]
    assert row["alarms"] == len(once["alarms"])
    assert row["alarmed"] == row["both"] + row["only_ours"] == once["alarmed_occupancies"]


def test_a_sweep_is_a_table_people_can_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(CAPTURE), "--sweep", "neutron_p=1e-8:1e-4:x10"]) == 0
    text = capsys.readouterr().out.splitlines()
    assert len(text) == 2 + 5 + 1 and "neutron_p" in text[1] and all(len(line) <= 80 for line in text)


@pytest.mark.parametrize("text", [
    "focus_threshold", "focus_threshold=4:8", "nonsense=1:2:1", "ksigma_sums=1:2:1", "ksigma_n=8:4:1", "ksigma_n=4:8:0",
    "ksigma_n=4:8:x1", "ksigma_n=a:8:1", "ksigma_n=4:8:0.001", "neutron_p=0:1e-3:x10",
])
def test_a_sweep_that_cannot_be_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingsError, match=r"--sweep .*\n  "):
        sweeping.read(text)


def test_a_value_no_lane_may_have_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected 1 to 20 sigma" in refused(capsys, CAPTURE, "--sweep", "ksigma_n=0.5:2:0.5")
    assert "expected a whole number" in refused(capsys, CAPTURE, "--sweep", "ksigma_intervals=1:3:0.5")


@pytest.mark.parametrize("text", ["", "\n\n", "# only a remark\n", capture.HEADER + " driver=rapiscan\n"])
def test_an_empty_file_is_an_error_with_a_next_step(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.capture").write_text(text)
    message = refused(capsys, tmp_path / "x.capture")
    assert "empty" in message and "edge-agent record LANE" in message


def test_bytes_of_another_portal_are_an_error_with_a_next_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.capture").write_text(capture.HEADER + "\n1.0 HELLO\\r\\n\n2.0 WORLD\\r\\n\n")
    assert "--driver" in refused(capsys, tmp_path / "x.capture")


def test_options_that_cannot_go_together_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "belong together" in refused(capsys, CAPTURE, "--lane", "2")
    assert "--columns is for a CSV" in refused(capsys, CAPTURE, "--columns", "a=gamma")
    assert "--geometry moves the panels of a shadow model" in refused(capsys, CAPTURE, "--geometry", "Aa1=0,0,1")


def test_a_model_is_judged_with_and_its_panels_can_be_stood_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.replay.test_alarms_show import GEOMETRY, generic_model

    (tmp_path / "m.json").write_text(json.dumps(generic_model(GEOMETRY)))
    with_model = ["--model", tmp_path / "m.json", "--set", "shadow_threshold=3"]

    def shadow(*more: object) -> list[dict[str, Any]]:
        return [alarm for alarm in replay(capsys, CAPTURE, *with_model, *more)["alarms"] if alarm["rule"] == "shadow/1"]

    here, there = shadow(), shadow("--geometry", "Aa1=0,-2,2.4", "--geometry", "Aa2=0.5,-2,0.8")
    assert here and all("behind_m" in alarm["place"] and alarm["side"] for alarm in here)
    assert [alarm["statistic"] for alarm in here] != [alarm["statistic"] for alarm in there]
    rows = replay(capsys, CAPTURE, *with_model[:2], "--sweep", "shadow_threshold=3:15:3")["rows"]
    assert rows[0]["by_rule"] >= 1 and [row["by_rule"] for row in rows] == sorted((row["by_rule"] for row in rows), reverse=True)
    assert "no panel is called 'X'" in refused(capsys, CAPTURE, *with_model, "--geometry", "X=0,0,1")
    assert "three numbers in m" in refused(capsys, CAPTURE, *with_model, "--geometry", "Aa1=0,0")
    assert "there is no shadow model" in refused(capsys, CAPTURE, "--sweep", "shadow_threshold=3:15:3")


def test_columns_named_in_any_language_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.csv").write_text("laikas,skaičius\n1,5\n2,6\n", encoding="utf-8")
    found = replay(capsys, tmp_path / "x.csv", "--columns", "laikas=time_s", "--columns", "skaičius=gamma")
    assert found["records"] == {"gamma": 2}


def test_an_over_range_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has no statistic: the page once ended in a traceback."""
    dice = np.random.default_rng(2)
    counts = [*dice.poisson(100, 120), 400, 9000, 60000, 0, 0, 0, 0, *dice.poisson(100, 20)]
    file = tmp_path / "counts.csv"
    file.write_text("time_s,interval_s,gamma\n" + "".join(f"{i},1,{n}\n" for i, n in enumerate(counts, 1)))
    assert main(["replay", str(file)]) == 0
    said = capsys.readouterr().out
    assert "overload/1" in said and "KEEP DISTANCE" in said


@pytest.mark.parametrize(("cells", "said"), [("1000000000000,1,5", "within 30 years"), (f"4,1,{'9' * 5000}", "whole number")])
def test_numbers_no_clock_or_counter_has_are_refused_by_line(tmp_path: Path, cells: str, said: str) -> None:
    file = tmp_path / "counts.csv"
    file.write_text(f"time_s,interval_s,gamma\n1,1,5\n2,1,5\n3,1,5\n{cells}\n")
    with pytest.raises(SettingsError, match=rf"(?s)line 5.*{said}"):
        prepare(Wanted(str(file)), file.read_bytes())


def test_a_model_nested_beyond_sense_is_no_model() -> None:
    with pytest.raises(SettingsError, match="not a shadow model"):
        model_file.read("[" * 100_000, "m.json", 4)


def lines(rows: list[str]) -> str:
    return "time_s,interval_s,gamma,occupied\n" + "".join(f"{row}\n" for row in rows)


@pytest.mark.parametrize(("text", "said"), [
    (lines([f"{1_700_000_000_000 + 200 * i},0.2,50,0" for i in range(50)]), "line 3, column time_s.*is it in ms"),
    (lines([f"{0.2 * i + 0.2:.1f},{5 if i == 30 else 0.2},50,0" for i in range(50)]), "line 32, column interval_s.*overlap"),
    (lines([f"{0.2 * i + 0.2:.1f},0.4,50,0" for i in range(50)]), "line 15, column interval_s.*add up"),
    ("time_s,interval_s,gamma,neutron,neutron_interval_s\n" + "".join(f"{i},1,50,2,5\n" for i in range(1, 50)),
     "line 7, column neutron_interval_s.*add up"),
    ("time_s,gamma\n" + "".join(f"{200 * i},50\n" for i in range(1, 50)), "line 3, column time_s.*is it in ms"),
    ("t\x00i\x00m\x00e\x00_\x00s\x00\n", "Is this a CSV in UTF-8"),
    ("time_s,gamma_<script>\n1,2\n2,3\n", "detector's name"),
])
def test_what_would_be_judged_wrongly_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"(?si){said}") as refused_by:
        prepare(Wanted(str(tmp_path / "x.csv")), text.encode())
    assert str(refused_by.value).replace("\n", "").isprintable()


def test_no_alarm_where_nothing_could_be_judged_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.csv"
    file.write_text(lines([f"{0.2 * (i + 1):.1f},0.2,{50 if i < 300 else 500},1" for i in range(400)]))
    assert "no vehicle could be judged" in refused(capsys, file)
    assert "no vehicle could be judged" in refused(capsys, file, "--sweep", "ksigma_n=6:8:1")
    file.write_text(lines([f"{0.2 * (i + 1):.1f},0.2,0,0" for i in range(400)]))
    assert "no count could be judged" in refused(capsys, file)


def test_a_vehicle_past_dead_panels_was_not_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It said 0 alarms, and code 0."""
    dice = np.random.default_rng(4)
    rows = [f"{0.2 * i:.1f},0.2,{dice.poisson(50) if i < 200 else 0},{int(400 < i < 440)}" for i in range(1, 800)]
    file = tmp_path / "x.csv"
    file.write_text(lines(rows))
    assert "every gamma detector was out of service" in refused(capsys, file)
    file.write_text(lines([row if i < 398 or i > 440 else row.replace(",0,1", ",50,1") for i, row in enumerate(rows)]
                          + [f"{0.2 * i:.1f},0.2,{dice.poisson(50)},{int(2400 < i < 2440)}" for i in range(800, 2600)]))
    found = replay(capsys, file)
    assert (found["occupancies"], found["occupancies_unjudged"]) == (2, 1)


@pytest.mark.parametrize("change", [
    "ksigma_n=7 #x", "ksigma_n=0x10", '"ksigma_n"=8', "ksigma_n={a=1}", "ksigma_n=", "=7", "[x]", "ksigma_n==7", "a.b=1",
    'ksigma_sums="""', "ksigma_n=7\rfocus_threshold=5", "ksigma_n=\x1b[31m",
])
def test_a_setting_is_a_number_or_a_list_of_names_and_nothing_else(change: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, CAPTURE, "--set", change)
    assert "expected KEY=VALUE" in said and said.replace("\n", "").isprintable()


def test_what_is_given_twice_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "given twice" in refused(capsys, CAPTURE, "--set", "ksigma_n=7", "--set", "ksigma_n=8")
    assert "given twice" in refused(capsys, CAPTURE, "--columns", "a=gamma", "--columns", "a=time_s")
    assert replay(capsys, CAPTURE, "--set", 'ksigma_sums=["SUM", "SINGLE"]')["occupancies"] > 0


def test_options_that_would_be_ignored_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "the sweep sets it" in refused(capsys, CAPTURE, "--set", "ksigma_n=7", "--sweep", "ksigma_n=6:8:1")
    assert "expected KEY=VALUE" in refused(capsys, CAPTURE, "--set", "ksigma_n=7\nfocus_threshold=5")
    file = tmp_path / "x.csv"
    file.write_text(lines(["1,1,50,0", "2,1,50,0"]))
    assert "a column of this file" in refused(capsys, file, "--columns", "zz=gamma")
    for words in (["replay", "--sweep", "ksigma_n=6:8:1", "--sweep", "ksigma_n=6:8:1", str(CAPTURE)], ["alarms", "--last", "0"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2


def test_a_dead_panel_is_told_on_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dice = np.random.default_rng(4)
    rows = [f"{0.2 * (i + 1):.1f},0.2,{dice.poisson(50)},{dice.poisson(50) if i < 100 else 0}" for i in range(400)]
    (tmp_path / "x.csv").write_text("time_s,interval_s,gamma_A,gamma_B\n" + "\n".join(rows))
    assert main(["replay", str(tmp_path / "x.csv")]) == 0
    assert "fault dead:B" in capsys.readouterr().out


def test_a_vehicle_most_of_whose_samples_are_missing_was_not_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It said 0 alarms, and code 0."""
    dice = np.random.default_rng(5)

    def file(holes: bool) -> Path:
        rows = [f"{0.2 * i:.1f},0.2,{dice.poisson(50)},{int(400 < i <= 440)}" for i in range(1, 600)]
        kept = [row for i, row in enumerate(rows, 1) if not (holes and 403 < i <= 440)]       # 7.4 of 8 s
        where = tmp_path / "x.csv"
        where.write_text(lines(kept))
        return where

    assert "most of their samples are missing" in refused(capsys, file(holes=True))
    found = replay(capsys, file(holes=False))
    assert (found["occupancies"], found["occupancies_unjudged"], found["occupancies_half_seen"]) == (1, 0, 0)


def test_a_recording_that_cannot_be_read_is_no_all_clear(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Most of it noise: it said 0 alarms, and code 0."""
    file = tmp_path / "x.txt"
    file.write_bytes(b"".join(b"%d.0 " % i + (b"GB,000050,000050,000050,000050\r\n" if i % 25 == 0 else b"GS,nonsense\r\n")
                              for i in range(1, 1000)))
    said = refused(capsys, file)
    assert "could not be read" in said and "--driver" in said
