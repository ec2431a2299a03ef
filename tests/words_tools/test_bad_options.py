"""Options of the command line that cannot be: refused before anything is done, with what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.commands import main
from edge_agent.tools import model_file
from edge_agent.words.errors import SettingsError

CONFIG = """version = 1
[portal]
origin = "test.example/portal/1"
[[lane]]
name = "2"
driver = "rapiscan"
link = { kind = "tcp", host = "x" }
"""


@pytest.mark.parametrize("seconds", ["nan", "-3", "inf", "0", "1e9", "x"])
def test_a_recording_of_no_length_is_refused(seconds: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["record", "2", f"--seconds={seconds}", "--out", str(tmp_path / "x")])
    assert ended.value.code == 2 and "expected seconds, 1 to 86400" in capsys.readouterr().err


@pytest.mark.parametrize("budget", ["0", "-1", "0.5", "nan", "inf"])
def test_a_budget_that_is_none_is_a_matter_of_settings(budget: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "a.toml"
    config.write_text(CONFIG)
    code = main(["learn", "2", "--out", str(tmp_path / "m.json"), f"--budget={budget}", "--config", str(config)])
    said = capsys.readouterr().err
    assert code == 3 and "--budget" in said and "at most 0.1" in said and "Leave it out" in said


@pytest.mark.parametrize(("text", "said"), [
    ("nonsense", "no JSON at line 1, column 1"), ("{}", "format is missing"), ("[]", "not of its kind"),
    ("[" * 100_000, "nested deeper"),
])
def test_a_file_that_is_no_model_is_told_in_words(text: str, said: str) -> None:
    """Not in Python's: JSONDecodeError('Expecting value ...'), KeyError('format')."""
    with pytest.raises(SettingsError) as caught:
        model_file.read(text, "m.json", 4)
    assert said in str(caught.value) and "Error(" not in str(caught.value)


@pytest.mark.parametrize("what", [["show", "1/3", "--csv", "OUT"], ["--n42", "OUT"]])
def test_a_file_that_only_export_writes_is_refused(what: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It was left out without a word."""
    config = tmp_path / "a.toml"
    config.write_text(CONFIG)
    assert main(["alarms", *what, "--config", str(config)]) == 3 and "alarms export ID --n42" in capsys.readouterr().err
