"""Other languages: catalogues are complete, screens say nothing beside them, and a slip of a translator shows English."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.commands import main, status
from edge_agent.house import guide, speaking
from edge_agent.tools import alarm_text, diagnosis_text, officer_line, po_file, report_page
from edge_agent.tools.diagnosis import diagnose
from edge_agent.tools.po_file import Entry
from edge_agent.words import language
from edge_agent.words.errors import SettingsError
from edge_agent.words.guide import Cause, Finding
from edge_agent.words.language import Catalogue, tr, trn
from edge_agent.words.reading import Condition
from tests.evidence.test_schemas import CONFIGURATION

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "config/languages").glob("*.po"))
TYPE_THIS = "\n  type: make texts, and translate what it names in config/languages (docs/translating.md)"


def _texts() -> ModuleType:
    spec = importlib.util.spec_from_file_location("texts", ROOT / "docs/texts.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TEXTS = _texts()


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    language.speak(None)


def catalogue(path: Path) -> Catalogue:
    return po_file.catalogue(po_file.read(path.read_text(), path.name), path.name)


LITHUANIAN = catalogue(ROOT / "config/languages/lt.po")

KEYS = [f"edge_agent.{room}" for room in (
    "words.settings", "words.document_settings", "words.register_map", "words.sources", "words.upkeep", "words.guide",
    "center.broker_settings")]

# --- catalogues


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_text_is_translated_and_none_is_stale(path: Path) -> None:
    found = TEXTS.troubles(po_file.read(path.read_text(), path.name), TEXTS.texts(), path.name)
    assert not found, "\n".join(found[:20]) + TYPE_THIS


@pytest.mark.parametrize("room", TEXTS.COVERED + TEXTS.REASONS)
def test_a_covered_room_says_nothing_beside_the_catalogue(room: str) -> None:
    found = [f"{room}, line {line}: {text}" for line, text in TEXTS.prose((ROOT / "edge_agent" / room).read_text())]
    assert not found, "\n".join(found) + '\n  write tr("... {name} ...", name=name), then' + TYPE_THIS


def test_the_list_of_covered_rooms_only_grows() -> None:
    """A room that speaks through the catalogue and says nothing beside it stands in the list, so it cannot be taken out."""
    for path in sorted((ROOT / "edge_agent").rglob("*.py")):
        room, code = str(path.relative_to(ROOT / "edge_agent")), path.read_text()
        if room != "words/language.py" and TEXTS.speaks(code) and not TEXTS.prose(code):
            assert room in TEXTS.COVERED, f"{room} is covered: add it to COVERED in docs/texts.py"


def test_no_new_room_prints_plain_english() -> None:
    """A command, a page, or whoever prints: through the catalogue, or on the list of what is still to come."""
    known = {*TEXTS.COVERED, *TEXTS.STILL, *TEXTS.ENGLISH}
    found = [f"edge_agent/{room}, line {line}: {text}" for room in TEXTS.screens() if room not in known
             for line, text in TEXTS.prose((ROOT / "edge_agent" / room).read_text())]
    assert not found, "\n".join(found) + '\n  write tr("... {name} ...", name=name), then' + TYPE_THIS


def test_every_error_a_person_acts_on_can_be_said_in_his_language_and_is_kept_in_english() -> None:
    found = []
    for path in sorted((ROOT / "edge_agent").rglob("*.py")):
        room = str(path.relative_to(ROOT / "edge_agent"))
        if room not in TEXTS.ENGLISH_ERRORS and room.partition("/")[0] not in TEXTS.ENGLISH_ERRORS:
            found += [f"edge_agent/{room}, line {line}: {text}" for line, text in TEXTS.plain_errors(path.read_text(), room)]
    assert not found, "\n".join(found) + '\n  write worded("... {name} ...", name=name), then' + TYPE_THIS


@pytest.mark.parametrize("room", TEXTS.STILL)
def test_the_list_of_what_is_still_english_only_shrinks(room: str) -> None:
    path = ROOT / "edge_agent" / room
    assert path.exists() and TEXTS.prose(path.read_text()), f"{room} is done: take it out of STILL in docs/texts.py"


def test_what_a_key_of_the_settings_is_for_has_its_text() -> None:
    """Also where the code names it by a constant, which no look at its calls can follow."""
    kinds = [kind for room in KEYS for kind in vars(importlib.import_module(room)).values() if dataclasses.is_dataclass(kind)]
    keys = [field.metadata for kind in kinds for field in dataclasses.fields(kind) if field.metadata]
    said = [text for about in keys for text in (about["why"], about["form"]) if text]
    assert len(said) > 200 and [text for text in said if (text.about, text.text) not in LITHUANIAN.texts] == []


def test_a_new_screen_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for room in ("commands/new.py", "tools/new_page.py", "house/new.py", "house/silent.py"):
        (tmp_path / "edge_agent" / room).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "edge_agent" / room).write_text("x = 1" if "silent" in room else 'print("gone")')
    monkeypatch.setattr(TEXTS, "ROOT", tmp_path)
    assert TEXTS.screens() == ["commands/new.py", "house/new.py", "tools/new_page.py"]
    assert TEXTS.prose('print("gone")') == [(1, "gone")] and TEXTS.prose('print("ok", end="")') == TEXTS.prose("x = 'gone'") == []


def test_what_is_looked_for() -> None:
    def found(code: str) -> list[str]:
        return [text for _, text in TEXTS.prose(code)]

    assert found('print("no fault")') == ["no fault"] and found('print(tr("no fault"))') == []
    assert found('print(f"lane {name}")') == ["f'lane {name}'"] and found('tr("{a}", a=f"lane {b}")') == ["f'lane {b}'"]
    assert found('"""What it does."""') == found('log.info("lane %s heard", 1)') == found('raise E("not this one")') == []
    assert found('f"<td class=x>{a}</td>"') == found('"h1 p{font-size:9pt}"') == [] != found('f"<td>lane {a}</td>"')
    assert found('f"edge-agent {version}"') == found('f"{a}: {b}"') == found('found["state"]') == []


def test_lithuanian_has_three_forms() -> None:
    language.speak(LITHUANIAN)
    for word, numbers in {"dieną": (1, 21, 101), "dienas": (2, 9, 22), "dienų": (10, 11, 19, 20, 111)}.items():
        for n in numbers:
            assert trn("about once in {n} day", "about once in {n} days", n) == f"maždaug kartą per {n} {word}"


def test_an_alarm_has_one_name() -> None:
    """Decision 0027."""
    said = [form for forms in LITHUANIAN.texts.values() for form in forms]
    assert [text for text in said if "pavojaus signal" in text.lower()] == [] and any("aliarmas" in text for text in said)


def test_every_condition_has_a_name_for_the_officer() -> None:
    names = [condition.value for condition in Condition]
    assert [name for name in names if ("fault", name) not in LITHUANIAN.texts] == []


# --- files of catalogues

WORDS = st.text(st.characters(blacklist_categories=("Cs",)), max_size=30)


ENTRIES = st.builds(Entry, about=WORDS, text=WORDS.filter(bool), many=st.just(""), forms=st.lists(WORDS, min_size=1, max_size=1))


@given(st.lists(ENTRIES))
def test_a_catalogue_is_read_as_it_was_written(entries: list[Entry]) -> None:
    assert po_file.read(po_file.write(entries), "x") == entries


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_catalogue_is_written_as_make_texts_writes_it(path: Path) -> None:
    assert po_file.write(po_file.read(path.read_text(), path.name)) == path.read_text()


@pytest.mark.parametrize(("text", "line"), [
    ('msgid "a"\nmsgstr b', 2), ('msgid "a"\nmsgid "b"', 2), ("hello", 1), ('msgid "a\n"', 1),
])
def test_a_broken_catalogue_is_named_with_its_line(text: str, line: int) -> None:
    with pytest.raises(SettingsError, match=f"^own.po, line {line}: "):
        po_file.read(text, "own.po")


@pytest.mark.parametrize("wrong", ["per {sek} s", "per {age} s", "per {age:.0f s", "be skaičiaus", ""])
def test_a_slip_of_a_translator_shows_english(wrong: str) -> None:
    language.speak(po_file.catalogue([Entry("", "{age:.0f} s ago", forms=[wrong])], "own.po"))
    assert tr("{age:.0f} s ago", age=14.2) == "14 s ago"


def test_what_a_program_guessed_is_not_shown() -> None:
    entries = po_file.read('#, fuzzy\nmsgid "ready"\nmsgstr "x"\n#~ msgid "old"\n#~ msgstr "y"\n', "own.po")
    assert po_file.catalogue(entries, "own.po").texts == {} and len(entries) == 1


# --- which language

@pytest.mark.parametrize(("asked", "site", "terminal", "spoken"), [
    ("", "", {}, None), ("", "", {"LANG": "lt_LT.UTF-8"}, "lt"), ("", "lt", {"LANG": "en_US.UTF-8"}, "lt"),
    ("en", "lt", {}, None), ("lt", "", {"LC_ALL": "C"}, "lt"), ("", "", {"LC_ALL": "C", "LANG": "lt_LT"}, None),
    ("", "xx", {}, None), ("", "", {"LANG": "fr_FR.UTF-8"}, None), ("", "../lt", {}, None),
])
def test_what_was_asked_for_then_the_site_then_the_terminal(
    tmp_path: Path, asked: str, site: str, terminal: dict[str, str], spoken: str | None,
) -> None:
    config = tmp_path / "edge-agent.toml"
    config.write_text(f'[portal]\nlanguage = "{site}"\n')
    speaking.begin(asked or None, config, terminal)
    now = language.spoken()
    assert (now.language if now else None) == spoken


def test_a_language_is_added_by_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages/uk.po").write_text('msgid "ready"\nmsgstr "готово"\n')
    speaking.begin("uk", tmp_path / "edge-agent.toml", {})
    assert tr("ready") == "готово" and tr("NOT READY") == "NOT READY"


@pytest.mark.parametrize("asked", ["xx", "../lt", "Lithuanian"])
def test_a_language_that_is_not_there(capsys: pytest.CaptureFixture[str], asked: str) -> None:
    assert main(["--language", asked, "status", "--config", "/nowhere.toml"]) == 3
    assert "There are: en, lt" in capsys.readouterr().err


# --- screens

LANE: dict[str, Any] = {
    "link": "tcp 192.168.2.3:1600", "state": "vacant", "heard_s": 0.4, "armed": False, "tamper": "closed",
    "panels_verified": False,
    "faults": ["silence", "dead:Aa1"], "fault_details": {}, "out_of_service": ["Aa2"], "dose_rate": None,
    "counts": {"occupancies": 12345, "alarms": {"focus/1": 3}}, "shadow": {"off": "", "silent": 7},
    "detectors": {"Aa1": {"state": "unknown", "bkg": None}, "Aa2": {"state": "out", "bkg": None},
                  "Ba1": {"state": "ok", "bkg": 251.25}},
}
STATUS: dict[str, Any] = {
    "agent": "0.1.0", "origin": "rpm.example.gov/portal/QX-0042", "boot": 12, "uptime_s": 90061, "free_mb": 99999, "centre": None,
    "now": {"wall": "2026-11-26T21:48:05.123Z", "src": "ntp", "boot": 12, "mono_ms": 1_000_000},
    "log": {"size": 1234567, "receipted": 1234567, "unreceipted": 0},
    "storage": "full", "overflowed": 5, "queued": 21, "faults": [],
    "acts": [{"kind": "exercise", "lane": "2", "by": "J. J.", "reason": "Q-7", "left_s": 4000, "alarms": 2, "id": "X1"}],
    "relays": {"2": {"running": True, "now": 2, "dropped": 4}}, "lanes": {"2": LANE},
}
ALARM: dict[str, Any] = {
    "lane": "2", "radiation": "gamma", "rule": "focus/1", "id": "A7", "occupancy": "O1",
    "at": {"boot": 12, "mono_ms": 986_000, "wall": "Z"},
    "place": {"behind_m": 6.2}, "side": "left", "confidence": "high", "false_alarms_per_day": 0.01, "also": [], "notes": [],
    "statistic": 9.1, "threshold": 5.6, "budget": 1e-4, "counts": 512, "window_s": 1.2, "expected": 300.0, "expected_sd": 2.0,
    "detectors": {"Aa1": {"counts": 512}}, "receipted": False, "seq": 7,
}
BY = {"by": {"name": "J. J.", "how": "act.sock"}, "t": {"wall": "2026-11-26T21:48:05Z"}, "lane": "2"}
RECORDS: list[dict[str, Any]] = [
    {**ALARM, "kind": "alarm", "t": BY["t"], "exercise": "X1"},
    {**BY, "kind": "fault", "present": True, "condition": "dead:Aa1", "detail": "nothing"},
    {**BY, "kind": "exercise", "phase": "begin", "id": "X1", "reason": "Q-7"},
    {**BY, "kind": "maintenance", "phase": "end", "id": "X1", "done": "Q-7", "lane": None,
     "parts": [{"part": "D-1", "detector": "Aa1", "old_serial": None, "new_serial": "D-9"}]},
    {**BY, "kind": "operator", "action": "panel-out", "detectors": ["Aa1"], "text": "Q-7"},
    {**BY, "kind": "operator", "action": "source-check",
     "check": {"nuclide": "Cs-137", "source": "CS-1188", "detectors": {"Aa1": {"passed": False}, "Aa2": {"passed": True}}}},
    {**BY, "kind": "commissioning", "passed": False, "steps": [{"step": "walk-through", "verdict": "left out"}]},
    {**BY, "kind": "tamper", "open": True}, {**BY, "kind": "clock", "step_ms": 1500}, {**BY, "kind": "boot"},
    {**BY, "kind": "instrument", "instrument": {"maker": "R-9", "model": "R-9", "serial": "R-9"}, "gamma_cps": 12.5,
     "neutron_cps": 1.0, "dose_rate_usv_per_h": 0.1, "nuclides": [{"name": "Cs-137"}]},
]
GIVEN = set(re.findall("[A-Za-z]+", json.dumps([STATUS, ALARM])))       # what stands in the data may stand on the screen
UNITS = {"edge", "agent", "focus", "O1", "A7"}


def screens() -> list[str]:
    return [*status.page(STATUS), *officer_line.lines(STATUS, [ALARM]), *alarm_text.story(ALARM)]


class Marked(dict[language.Key, list[str]]):
    """A language in which every text is its own placeholders only: any other word on a screen went past the catalogue."""

    def get(self, key: language.Key, default: Any = None) -> Any:
        shown = "".join(f"{{{name}{f':{spec}' if spec else ''}}} " for name, spec, _ in language.places(key[1]))
        return [f"{shown}§"] * 3


def test_no_word_of_a_screen_goes_past_the_catalogue() -> None:
    language.speak(Catalogue("xx", Marked(), lambda n: 0))
    words = {word for line in screens() for word in re.findall("[A-Za-z]{2,}", line)}
    assert words - GIVEN - UNITS == set()
    assert not {"vacant", "closed", "gamma", "exercise"} & words       # in the data, and looked up


def report() -> list[str]:
    text = report_page.page("q.example", "Q-7", {**STATUS, "cfg": "a1b2c3"}, RECORDS, {})
    return re.sub("<style>.*?</style>|<title>.*?</title>|<[^>]*>", "\n", text, flags=re.DOTALL).split("\n")


def test_no_word_of_the_printed_report_goes_past_the_catalogue() -> None:
    language.speak(Catalogue("xx", Marked(), lambda n: 0))
    given = GIVEN | set(re.findall("[A-Za-z]+", json.dumps(RECORDS)))
    words = {word for line in report() for word in re.findall("[A-Za-z]{2,}", line)}
    assert words - given - UNITS - {"example", "alarms", "verify", "uSv"} == set()
    assert not {"vacant", "gamma", "exercise", "walk", "left", "OPENED", "armed"} & words


def test_the_printed_report_is_lithuanian_and_keeps_the_names_that_are_looked_up() -> None:
    language.speak(LITHUANIAN)
    shown = report()
    assert "neveikia:Aa1 (dead:Aa1)" in shown and "Parašas" in shown and "Aliarmai" in shown
    assert "priėmimo bandymas NEIŠLAIKYTAS: perėjimas su šaltiniu praleista" in shown
    assert report_page.page("q", "Q", {**STATUS, "cfg": "a"}, [], {}).startswith('<!doctype html><html lang="lt">')


def test_a_lithuanian_screen_fits_a_serial_console() -> None:
    language.speak(LITHUANIAN)
    assert [line for line in status.page(STATUS) if len(line) > 80] == []
    (line,) = officer_line.lines(STATUS, [ALARM])
    assert line.startswith("Juosta 2: PRATYBOS, ALIARMAS: GAMA, 6.2 m už priekinio bamperio, kairė pusė")


def test_the_fault_guide_speaks_and_its_json_does_not() -> None:
    found = diagnose({"overload": "zeros", "dead:Ba1": "nothing"}, guide.findings(None))
    english = diagnosis_text.plain(found)
    language.speak(LITHUANIAN)
    shown = diagnosis_text.page("juosta 2", found)
    assert "\n".join(shown).count("LAIKYKITĖS ATSTUMO") == 1 and any("patikrinti: " in line for line in shown)
    assert [line for line in shown if len(line) > 80] == [] and diagnosis_text.plain(found) == english


def test_no_warning_of_the_guide_lost_its_distance() -> None:
    texts = [key for key in LITHUANIAN.texts if key[0] == "guide"]
    warned = [key for key in texts if "KEEP DISTANCE" in key[1]]
    assert len(texts) > 300 and warned
    assert all("LAIKYKITĖS ATSTUMO" in LITHUANIAN.texts[key][0] for key in warned)


def test_a_finding_of_a_site_is_shown_as_it_was_written() -> None:
    own = Finding("ours", "the gate of the {yard} hums", "LOOK", ["tamper"], [Cause("its {motor}", 100.0)])
    language.speak(LITHUANIAN)
    assert any("the gate of the {yard} hums" in line for line in diagnosis_text.page("2", diagnose({"tamper": ""}, [own])))


class _Core:
    def __init__(self, *_: object) -> None: ...

    def __enter__(self) -> _Core:
        return self

    def __exit__(self, *_: object) -> None: ...

    def ask(self, question: str, **_: object) -> Any:
        return STATUS if question == "status" else {"lines": []}


def test_a_command_speaks_and_its_json_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("edge_agent.hands.asking.Core", _Core)
    config = tmp_path / "edge-agent.toml"
    config.write_text(CONFIGURATION.format(here=tmp_path))
    asked = ["--language", "lt", "status", "--config", str(config)]
    assert main(asked) == 1
    assert "juosta 2" in capsys.readouterr().out
    assert main([*asked, "--officer", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told == ["Lane 2: EXERCISE, NOT WATCHED, search by hand, call repair: silence, dead:Aa1"]


def test_a_console_without_the_letters_shows_the_rest(tmp_path: Path) -> None:
    script = (
        "from edge_agent.house import speaking; from edge_agent.words.language import tr;"
        "speaking.begin('lt', None, {}); print(tr('KEEP DISTANCE'))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, env={"PYTHONIOENCODING": "latin-1"}, check=True)
    assert done.stdout == b"LAIKYKIT?S ATSTUMO\n"


@pytest.mark.parametrize("process", ["edge_agent.house.core", "edge_agent.house.uplink", "edge_agent.house.relay"])
def test_the_daemon_has_no_catalogue_in_memory(process: str) -> None:
    script = f"import sys, {process}; print([n for n in sys.modules if n.endswith(('po_file', 'speaking'))])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
