"""What a person reads in Lithuanian: whole sentences, forms beside numbers, columns as in English; --json stays English."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.commands import COMMANDS, DAEMONS, acting, main, probe
from edge_agent.commands.console import Console
from edge_agent.hands.asking import Core
from edge_agent.house import guide, probing, source_checking
from edge_agent.judgement import health_words
from edge_agent.paths import sweeping
from edge_agent.tools import answer_checks, core_answer, diagnosis_text, meaning, peer_words, po_file, toml_settings
from edge_agent.tools.kernel_health import Channel
from edge_agent.words import language
from edge_agent.words.dialect import Outcome
from edge_agent.words.errors import EdgeAgentError, NotRunning, SettingsError
from edge_agent.words.language import shown, tr
from edge_agent.words.settings import LampSettings, LinkSettings, Settings
from tests.evidence.test_schemas import CONFIGURATION

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests/vectors"


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    language.speak(None)


def lithuanian() -> None:
    file = ROOT / "config/languages/lt.po"
    language.speak(po_file.catalogue(po_file.read(file.read_text(), file.name), file.name))


def test_a_configuration_is_checked_in_lithuanian(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "edge-agent.toml"
    config.write_text(CONFIGURATION.format(here=tmp_path))
    assert main(["--language", "lt", "config", "check", "--config", str(config)]) == 0
    found = capsys.readouterr().out
    assert f"{config}: gerai" in found and "šešėlio testas išjungtas: modelis dar neišmoktas" in found
    assert not {"lane", "good", "centre", "shadow", "none"} & set(re.findall("[a-z]+", found.replace(str(tmp_path), "")))


def test_a_log_is_verified_in_lithuanian_and_its_json_is_english(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"log": "log.ndjson", "key": "portal.jwk", "log-key": "portal.vkey", "checkpoint": "checkpoint.txt",
             "centre-key": "centre.vkey", "receipt": "receipt-1.txt"}
    files = [word for option, name in given.items() for word in (f"--{option}", str(VECTORS / name))]
    asked = ["--language", "lt", "verify", *files, "--record", "3"]
    assert main(asked) == 0
    found = capsys.readouterr().out
    assert all(said in found for said in ("patikrinti 4 įrašai", "kontrolinis taškas teisingas", "kvitas už", "įrašas 3: "))
    assert not {"record", "records", "receipt", "holds", "checkpoint", "signed"} & set(re.findall("[a-z]+", found))
    assert main([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["logs"][0]["record"]["text"].startswith("signed ")


def test_what_verify_refuses_is_told_in_lithuanian_and_kept_in_english(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page said REFUSED in Lithuanian, and of what in English."""
    lines = (VECTORS / "log.ndjson").read_bytes().splitlines(keepends=True)
    (tmp_path / "log").write_bytes(lines[0] + lines[2])
    (tmp_path / "short").write_bytes(b"".join(lines[:2])[:-1])
    files = {"key": "portal.jwk", "log-key": "portal.vkey", "checkpoint": "checkpoint.txt"}
    given = [word for option, name in files.items() for word in (f"--{option}", str(VECTORS / name))]
    for log, told, kept in (
        ("log", "ATMESTA įrašas 1: pasirašyta kitu raktu, nei skelbia ankstesnis įrašas",
         "record 1: signed with another key than the record before it announced"),
        ("short", "ATMESTA kontrolinis taškas: jis apima įrašų 4, o žurnale jų 2: pabaigoje trūksta įrašų",
         "the checkpoint: it is over 4 records, the log has 2: records are missing at the end"),
    ):
        asked = ["--language", "lt", "verify", "--log", str(tmp_path / log), *given]
        assert main(asked) == 6 and told in capsys.readouterr().out
        assert main([*asked, "--json"]) == 6 and kept in json.loads(capsys.readouterr().out)["logs"][0]["problems"]


def test_what_an_exhibit_is_refused_for_is_told_in_lithuanian(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "portal.vkey"
    key.write_text((VECTORS / "portal.vkey").read_text().replace("+", "+0", 1))
    asked = ["--language", "lt", "alarms", "export", "A-1", "--exhibit", str(tmp_path / "x.html"),
             "--ledger", str(VECTORS / "log.ndjson"), "--log-key", str(key)]
    assert main(asked) == 6 and f"{key}: tikrinimo raktas" in capsys.readouterr().err
    assert main([*asked, "--json"]) == 6 and "does not match its id" in json.loads(capsys.readouterr().out)["error"]


def test_what_probe_found_is_told_in_lithuanian_and_its_json_is_english(capsys: pytest.CaptureFixture[str]) -> None:
    """The lines around it were Lithuanian, what was heard English."""
    lithuanian()
    said = [language.worded(probing.SAID[Outcome.ANSWER], table=table) for table in ("holding", "input")]
    slowly = language.worded("{evidence}; slowly", evidence=language.joined(", ", said))
    found = [probing.Found("", LinkSettings("modbus-tcp", host="192.168.2.7", port=502, unit=3), slowly)]
    assert probe._tell(argparse.Namespace(json=False), found, []) == 0
    assert "192.168.2.7:502 adresas 3: kažkas: atsako holding 0, atsako input 0; lėtai" in capsys.readouterr().out
    probe._tell(argparse.Namespace(json=True), found, [])
    assert json.loads(capsys.readouterr().out)["found"][0]["evidence"] == "answers holding 0, answers input 0; slowly"


def test_what_counts_seem_to_mean_is_told_in_lithuanian_and_kept_in_english() -> None:
    lithuanian()
    found = meaning.of([(at / 10, 7 * (at // 10)) for at in range(300)])
    assert found.evidence == "grew from 7 to 203 and never fell: 7.0 counts/s"
    assert language.shown(found.evidence) == "išaugo nuo 7 iki 203 ir nė karto nesumažėjo: 7.0 imp./s"
    few = language.shown(meaning.of([(at / 10, at // 10 % 4 + 1) for at in range(300)]).evidence)
    assert few.startswith("vidurkis 2.5, dispersija/vidurkis 0.49") and few.endswith("padėkite šalia kontrolinį šaltinį")


def test_why_a_fault_stands_is_told_in_lithuanian_and_found_by_its_english() -> None:
    """`diagnose` was Lithuanian but for what was seen; the guide tells causes apart by words of the English."""
    lithuanian()
    why = health_words.detail("stuck", "Aa1", Channel(*(0.0 for _ in Channel._fields))._replace(equal=40.0))
    lane = {"faults": ["stuck:Aa1"], "fault_details": {"stuck:Aa1": why}, "link_kind": "tcp", "tamper": "closed",
            "counts": {"samples": 100}}
    status = core_answer.read(core_answer.written({"ok": True, "lanes": {"2": lane}, "faults": [], "storage": None}))
    found = guide.of_status(status, guide.findings(None))
    page = " ".join("\n".join(diagnosis_text.page("lane 2", found["lane 2"])).split())
    assert "Aa1 davė iš eilės, kartų: 40, tą patį skaičių" in page and "the same count" not in page
    assert "Aa1 gave 40 times in a row the same count" in json.dumps(diagnosis_text.plain(found["lane 2"]))


def test_a_sweep_keeps_its_columns() -> None:
    row = sweeping.Row(4.0, 3, 2, 1, 1, 1, 0, 0, 21)
    english = sweeping.table("focus_threshold", [row])
    lithuanian()
    found = sweeping.table("focus_threshold", [row])
    assert [len(line) for line in found[1:3]] == [len(line) for line in english[1:3]] and found[2] == english[2]
    assert "tik mūsų" in found[1] and found[3].startswith("iš 21 pravažiavimo")


def test_the_way_to_the_centre_has_no_word_of_english() -> None:
    said = [tr(step, about="way") for step in ("name", "connection", "this portal", "clock", "log", "receipt", "records")]
    lithuanian()
    assert not set(said) & {tr(step, about="way") for step in said} and max(len(tr(step, about="way")) for step in said) <= 12
    assert peer_words.reason(TimeoutError(), "h", 0).startswith("laiku neatsakyta")


def test_an_act_ends_with_the_number_of_its_alarms(capsys: pytest.CaptureFixture[str]) -> None:
    lithuanian()
    for n, said in ((1, "pažymėtas 1 aliarmas"), (3, "pažymėti 3 aliarmai"), (11, "pažymėta 11 aliarmų")):
        acting.tell({"kind": "exercise", "id": "X1", "alarms": n, "lane": None}, begun=False)
        assert said in capsys.readouterr().out


@pytest.mark.parametrize("command", ["", *(name for name in COMMANDS if name not in (*DAEMONS, "simulate", "demo"))])
def test_help_is_lithuanian_and_fits_a_serial_console(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main(["--language", "lt", *filter(None, [command]), "--help"])
    found = capsys.readouterr().out
    assert ended.value.code == 0 and found.startswith("naudojimas: ") and "parodyti šį pagalbos tekstą" in found
    assert [line for line in found.splitlines() if len(line) > 80] == []
    assert not {"usage", "options", "default", "repeatable", "positional"} & set(re.findall("[a-z]+", found))


def test_help_of_a_daemon_and_of_an_unknown_language_is_english(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["run", "--help"], ["--language", "xx", "status", "--help"], ["status", "--help"]):
        with pytest.raises(SystemExit):
            main(words)
        assert capsys.readouterr().out.startswith("usage: ")


def test_no_help_lost_a_place_of_argparse() -> None:
    lithuanian()
    spoken = language.spoken()
    assert spoken is not None
    helps = {key[1]: forms[0] for key, forms in spoken.texts.items() if key[0] == "help"}
    assert len(helps) > 100 and [one for one, other in helps.items() if one.count("%") != other.count("%")] == []


@pytest.mark.parametrize(("typed", "meant"), [
    ("taip", "yes"), ("Vėliau", "later"), ("veliau", "later"), ("yes", "yes"), ("nėra", "none"), ("NERA", "none"), ("", "later"),
])
def test_a_question_takes_the_words_it_shows(typed: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asked in Lithuanian and took English words only."""
    lithuanian()
    asked = list[str]()
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or typed)
    assert Console(None).ask("key", "?", "later", answer_checks.one_of(("yes", "none", "later"))) == meant
    assert asked == ["? [vėliau]: "]


def test_a_name_that_is_a_word_of_the_language_stays_a_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lithuanian()
    typed = iter(("ne", "galbūt", "ne"))
    monkeypatch.setattr("builtins.input", lambda question: next(typed))
    assert Console(None).ask("lane", "?", "", answer_checks.given) == "ne"
    assert Console(None).ask("key", "?", "", answer_checks.one_of(("yes", "no"))) == "no"
    assert "taip, ne" in capsys.readouterr().out, "what is expected is said in the words it takes"


def test_what_a_step_of_commissioning_ended_with_is_on_record_in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors were made in the person's language, and went into the signed record as they were."""
    lithuanian()
    sources = tmp_path / "sources.toml"
    sources.write_text('[[source]]\nid = "CS-1188"\nnuclide = "Cs-137"\nactivity_bq = 370000.0\ndate = "2020-01-01"\n')
    with pytest.raises(SettingsError, match="no source is called 'Cs-1'; there are: CS-1188"):
        source_checking.find(sources, "Cs-1")
    monkeypatch.setattr("builtins.input", lambda: (_ for _ in ()).throw(EOFError))
    with pytest.raises(EdgeAgentError, match="nobody pressed Enter"):
        acting.enter("?")
    with pytest.raises(NotRunning, match="does not answer"):
        Core(tmp_path / "control.sock")


def test_a_wrong_configuration_is_told_whole_in_lithuanian_and_kept_whole_in_english() -> None:
    """The sentence was Lithuanian, what it expects and what the key is for English."""
    lithuanian()
    text = '[portal]\norigin = "rpm.example.gov/portal/QX-0042"\n[[lane]]\nname = "2"\ndriver = 5\n'
    with pytest.raises(SettingsError) as found:
        toml_settings.read(Settings, "version = 1\n" + text, "edge-agent.toml")
    assert "laukta teksto kabutėse" in language.shown(found.value) and "expected text in quotes" in str(found.value)
    assert "Raktas skirtas: vartų šeima." in language.shown(found.value) and "The key is for: portal family." in str(found.value)
    with pytest.raises(SettingsError) as found:
        toml_settings.read(Settings, 'version = 1\n[portal]\norigin = "QX 42"\n', "edge-agent.toml")
    assert "laukta pagrindinio kompiuterio vardo" in language.shown(found.value) and "expected host name" in str(found.value)
    with pytest.raises(SettingsError) as found:
        toml_settings.read(LampSettings, "", "edge-agent.toml")
    assert "Tai ritė, nuo 0, kaip linijoje, kiekvienam iš: gamma, neutron" in language.shown(found.value)


def test_a_question_without_an_answer_is_lithuanian_on_the_screen_and_no_lithuanian_on_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A step of commissioning puts the error on record."""
    lithuanian()
    monkeypatch.setattr("builtins.input", lambda prompt: (_ for _ in ()).throw(EOFError))
    with pytest.raises(SettingsError) as problem:
        Console(None).ask("source", "kuris kontrolinis šaltinis", "", answer_checks.given)
    assert str(problem.value) == "no answer to: source."
    assert "kuris kontrolinis šaltinis" in shown(problem.value)
