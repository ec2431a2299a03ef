"""`edge-agent alarms show ID`: everything about one alarm, from a ledger or a copied log, and a picture that can be read."""

from __future__ import annotations

import json
import re
import sqlite3
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from edge_agent import drivers
from edge_agent.commands import main
from edge_agent.doors.files import shipped_config
from edge_agent.house.configuration import load
from edge_agent.judgement import learning_model
from edge_agent.judgement.portal import Portal
from edge_agent.tools import bodies, jws, times
from edge_agent.words import language
from edge_agent.words.reading import Chunk
from hardware_mocks import rapiscan
from hardware_mocks.scenes import Scene, Source, Vehicle

SVG = "{http://www.w3.org/2000/svg}"
CONFIG = """version = 1
[portal]
origin = "test.example/portal/1"
sockets = "{sockets}"
[[lane]]
name = "2"
driver = "rapiscan"
link = {{ kind = "tcp", host = "x" }}
model = "m.json"
"""
GEOMETRY = {
    "panels": 4, "lateral_m": [0.0, 0.8, -0.8], "source_height_m": 1.5, "along_m": [0.0] * 4, "across_m": [-2.5, -2.5, 2.5, 2.5],
    "height_m": [2.4, 0.8, 2.4, 0.8], "response": [1.0] * 4, "assumed_mps": 0.0, "longest_m": 26.0, "gap_m": 0.5,
}


def records(config: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """A truck with a gamma source on its left, one with neutrons; as the daemon would put them on record."""
    configuration = load(config)
    lane, profile = configuration.settings.lane[0], configuration.profiles["2"]
    ids = count(1)
    portal = Portal(lane, profile, lambda: f"QX-0042/3/{next(ids)}", configuration.models["2"])
    decoder = drivers.find("rapiscan").decoder(profile)
    context = bodies.Context(lambda at_ns: times.moment(at_ns, 3, 0, 1_795_000_000_000_000_000), "0.1.0", "a" * 43)
    trucks = (
        Vehicle(60.0, "truck", 8.0, 12.0, 0.2, source=Source(700.0, position_m=8.0, lateral_m=-0.8)),
        Vehicle(100.0, "truck", 8.0, 12.0, 0.2, source=Source(0.0, 40.0, position_m=5.0)),
    )
    for at_s, data in rapiscan.wire(Scene(140.0, vehicles=trucks), 2):
        for reading in decoder.feed(Chunk(round(at_s * 1e9), data)):
            for event in portal.observe(reading):
                yield bodies.of_event(event, context)


def generic_model(geometry: dict[str, Any]) -> dict[str, Any]:
    """A model file of the shipped generic shadow, armed at 4.5 sigma: enough to draw and to replay with."""
    generic = json.loads((shipped_config() / "models/generic.json").read_text())
    return learning_model.to_plain(geometry, learning_model.generic(generic, 4), "test", {"glrt": 4.5})


class Site:
    """A configuration with a model, and what its lane put on record."""

    def __init__(self, where: Path) -> None:
        self.config = where / "edge-agent.toml"
        self.config.write_text(CONFIG.format(sockets=where / "run"))
        (where / "m.json").write_text(json.dumps(generic_model(GEOMETRY)))
        self.bodies = [(kind, {"seq": number, **body}) for number, (kind, body) in enumerate(records(self.config))]
        self.lines = [jws.write(kind, body, bytes(32)) for kind, body in self.bodies]
        self.log = where / "log.ndjson"
        self.log.write_bytes(b"\n".join(self.lines) + b"\n")
        self.ledger = where / "ledger.db"
        with sqlite3.connect(self.ledger) as database:
            database.execute("CREATE TABLE record (seq INTEGER PRIMARY KEY, kind TEXT, line BLOB)")
            rows = [(seq, kind, line) for seq, ((kind, _), line) in enumerate(zip(self.bodies, self.lines, strict=True))]
            database.executemany("INSERT INTO record VALUES (?, ?, ?)", rows)
        database.close()

    def alarm(self, rule: str) -> dict[str, Any]:
        return next(body for kind, body in self.bodies if kind == "alarm" and body["rule"].startswith(rule))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


def shown(site: Site, capsys: pytest.CaptureFixture[str], name: str, *words: object) -> str:
    assert main(["alarms", "show", name, "--config", str(site.config), *map(str, words)]) == 0
    return capsys.readouterr().out


def test_a_ledger_and_a_copied_log_tell_the_same(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    alarm = site.alarm("shadow")
    one, other = (shown(site, capsys, alarm["id"], "--ledger", path) for path in (site.ledger, site.log))
    assert one == other
    assert "left side as driven" in one and "m behind the front bumper" in one
    assert "fitted over the whole passage" in one and "occupancy QX-0042/3/" in one and "also QX-0042/3/" in one
    assert "gamma background, counts/s" in one and "the portal's own electronics" in one


def test_the_end_of_a_name_is_enough_and_an_unknown_one_lists_what_there_is(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    alarm = site.alarm("shadow")
    assert alarm["id"] in shown(site, capsys, alarm["id"].partition("/")[2], "--ledger", site.log)
    assert main(["alarms", "show", "9/99", "--ledger", str(site.log), "--config", str(site.config)]) == 3
    assert "no alarm is called '9/99'" in (message := capsys.readouterr().err) and alarm["id"] in message


def test_as_json_it_is_the_records_themselves(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    alarm = site.alarm("shadow")
    found = json.loads(shown(site, capsys, alarm["id"], "--ledger", site.log, "--json"))
    assert found["alarm"] == alarm and found["occupancy"]["id"] == alarm["occupancy"]
    assert sorted([alarm["id"], *(other["id"] for other in found["others"])]) == sorted(found["occupancy"]["alarms"])


def texts(drawing: str) -> list[tuple[str, float, float, float, float]]:
    """(words, left, top, right, bottom) of every text, as wide as DejaVu Sans makes it (0.6 em a character)."""
    found = []

    def walk(node: ET.Element, dx: float, dy: float) -> None:
        if (move := node.get("transform", "")).startswith("translate"):
            x, y = map(float, move[10:-1].split(","))
            dx, dy = dx + x, dy + y
        if node.tag == f"{SVG}text":
            size, words = float(node.get("font-size", "12")), node.text or ""
            width = 0.6 * size * len(words)
            x, y = float(node.get("x", "0")) + dx, float(node.get("y", "0")) + dy
            left = {"start": x, "middle": x - width / 2, "end": x - width}[node.get("text-anchor", "start")]
            found.append((words, left, y - 0.75 * size, left + width, y + 0.2 * size))
        for child in node:
            walk(child, dx, dy)

    walk(ET.fromstring(drawing), 0.0, 0.0)
    return found


def check_readable(drawing: str) -> list[str]:
    boxes = texts(drawing)
    width = float(ET.fromstring(drawing).get("width", "0"))
    for i, (words, left, top, right, bottom) in enumerate(boxes):
        assert left >= 0 and right <= width, f"{words!r} leaves the page"
        for other, left2, top2, right2, bottom2 in boxes[:i]:
            apart = right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top
            assert apart, f"{words!r} lies on {other!r}"
    return [words for words, *_ in boxes]


@pytest.mark.parametrize(("rule", "fitted"), [("shadow", True), ("focus", True), ("vendor", True), ("neutron", False)])
def test_the_picture_shows_what_was_judged_and_no_label_lies_on_another(
    rule: str, fitted: bool, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "alarm.svg"
    alarm = site.alarm(rule)
    assert f"{file}: written" in shown(site, capsys, alarm["id"], "--ledger", site.ledger, "--plot", file)
    words = check_readable(file.read_text())
    names = list(next(body for kind, body in site.bodies if kind == "occupancy" and body["id"] == alarm["occupancy"])
                 ["series"][alarm["radiation"]]["counts"])
    assert set(words) >= {*names, "sum of 4", "alarm given", "background, no vehicle"}
    assert ("behind the fitted shadow" in words) is fitted and ("source" in words) is fitted
    assert ("window that alarmed" in words) is (rule != "shadow")


@pytest.mark.parametrize("rule", ["shadow", "focus", "neutron"])
def test_page_and_picture_in_lithuanian_keep_their_numbers_and_their_room(
    rule: str, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, alarm = tmp_path / "alarm.html", site.alarm(rule)
    asked = ["alarms", "show", alarm["id"], "--config", str(site.config), "--ledger", str(site.log), "--plot", str(file)]
    try:
        assert main(["--language", "lt", *asked]) == 0
    finally:
        language.speak(None)
    lithuanian = capsys.readouterr().out
    text = file.read_text()
    drawn = " ".join(check_readable(text[text.index("<svg") : text.index("</svg>") + 6]))
    assert '<html lang="lt">' in text and "suma (4)" in drawn and "aliarmas" in drawn
    assert main(asked) == 0
    english = capsys.readouterr().out
    assert sorted(re.findall(r"[0-9][0-9.]*", lithuanian)) == sorted(re.findall(r"[0-9][0-9.]*", english))
    said = lithuanian.replace(alarm["basis"], "").replace(str(file), "") + drawn        # the basis stands in the record: English
    assert not {"counts", "source", "vehicle", "background", "lane", "alarm", "speed"} & set(re.findall("[a-z]+", said))


def test_without_the_lanes_settings_the_record_alone_is_drawn(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_agent.commands import options

    monkeypatch.setattr(options, "CONFIG", tmp_path / "none.toml")
    file, alarm = tmp_path / "alarm.html", site.alarm("shadow")
    assert main(["alarms", "show", alarm["id"], "--ledger", str(site.log), "--plot", str(file)]) == 0
    assert "the lane's settings are not here" in capsys.readouterr().out
    text = file.read_text()
    assert text.startswith("<!DOCTYPE html>")
    words = check_readable(text[text.index("<svg") : text.index("</svg>") + 6])
    assert "s since the occupancy began" in words and "behind the fitted shadow" not in words


def test_nothing_in_a_record_can_become_markup(site: Site) -> None:
    from edge_agent.tools import alarm_picture

    occupancy = next(body for kind, body in site.bodies if kind == "occupancy" and body["alarms"])
    alarm = {**site.alarm("focus"), "lane": '2"><script>', "id": "<b>&"}
    assert "<script>" not in (drawing := alarm_picture.draw(alarm, occupancy, None)) and ET.fromstring(drawing) is not None


@pytest.mark.parametrize("name", ["alarm.png", "alarm.pdf", "alarm"])
def test_a_picture_of_another_form_is_refused(name: str, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["alarms", "show", "3/1", "--ledger", str(site.log), "--config", str(site.config), "--plot", str(tmp_path / name)]
    assert main(words) == 3 and "Name it alarm.svg" in capsys.readouterr().err and not (tmp_path / name).exists()


def test_an_alarm_of_the_vacant_lane_has_no_picture_and_says_so(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {**site.alarm("focus"), "occupancy": None, "id": "QX-0042/3/900"}
    (tmp_path / "log").write_bytes(jws.write("alarm", body, bytes(32)) + b"\n")
    words = ["alarms", "show", "3/900", "--ledger", str(tmp_path / "log"), "--config", str(site.config)]
    assert main(words) == 0 and "the lane was vacant" in capsys.readouterr().out
    assert main([*words, "--plot", str(tmp_path / "a.svg")]) == 3 and "no counts on record" in capsys.readouterr().err


def test_without_the_core_it_says_where_else_to_look(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alarms", "show", "3/1", "--config", str(site.config)]) == 9
    assert "--ledger" in capsys.readouterr().err


def test_a_file_that_is_no_log_is_refused(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").write_text("hello\n")
    assert main(["alarms", "show", "3/1", "--ledger", str(tmp_path / "log"), "--config", str(site.config)]) == 6
    assert "line 1: not a record" in capsys.readouterr().err
    assert main(["alarms", "show", "3/1", "--ledger", str(tmp_path / "none"), "--config", str(site.config)]) == 3


def test_options_of_one_alarm_are_not_for_the_list(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alarms", "--plot", "a.svg", "--config", str(site.config)]) == 3
    assert main(["alarms", "show", "--config", str(site.config)]) == 3
