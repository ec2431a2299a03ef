"""`edge-agent verify` over this portal's own ledgers: a shortened log verifies, unless somebody's word is at hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge_agent.commands import main
from edge_agent.words.errors import EvidenceError, SettingsError

from .bench import ORIGIN, VECTORS, T
from .test_retention import Portal, story_of


def rolled_back(tmp_path: Path) -> tuple[Path, Path]:
    """A state directory restored whole from a copy after 6 records, and the receipt over 12 that the centre keeps."""
    state, note = tmp_path / "state", tmp_path / "receipt.txt"
    state.mkdir()

    async def story(portal: Portal) -> None:
        await portal.write("fafafh")
        await portal.ledger.close()
        shutil.copytree(state, tmp_path / "copy")
        await portal.open()
        await portal.write("fafafh")
        note.write_bytes(await portal.note(12, 1_795_000_000))

    story_of(state, story)
    return tmp_path / "copy", note


def test_a_receipt_that_is_at_hand_tells_of_a_rollback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, note = rolled_back(tmp_path)
    assert main(["verify", "--state", str(state)]) == 0
    assert main(["verify", "--state", str(state), "--receipt", str(note)]) == EvidenceError.exit_code
    assert "it is over 12 records, the log has 6: records are missing at the end" in capsys.readouterr().out
    assert main(["verify", "--state", str(tmp_path / "state"), "--checkpoint", str(note)]) == 0
    assert "checkpoint over 12 records holds" in capsys.readouterr().out


def test_what_the_core_was_shown_is_told_until_the_centre_takes_its_word_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(portal: Portal) -> None:
        told = {"lane": None, "condition": "rolled-back", "detail": "a receipt over 12 records, this log has 6"}
        await portal.ledger.append([("fault", {**told, "present": True})], T)
        assert main(["verify", "--state", str(tmp_path)]) == EvidenceError.exit_code
        await portal.ledger.append([("fault", {**told, "present": False})], T)
        assert main(["verify", "--state", str(tmp_path)]) == 0

    story_of(tmp_path, story)
    assert "REFUSED record 0: the core was shown a receipt over 12 records" in capsys.readouterr().out


def test_a_note_of_another_log_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, _ = rolled_back(tmp_path)
    code = main(["verify", "--state", str(state), "--receipt", str(VECTORS / "receipt-1.txt")])
    assert code == SettingsError.exit_code
    assert ORIGIN in (said := capsys.readouterr().err) and "QX-0042" in said


@pytest.mark.parametrize("option", ["--key", "--log-key", "--centre-key", "--witness-key"])
@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\x00", b"name+00000000+AAAA\n"])
def test_a_key_file_of_another_form_is_named_with_what_was_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, data: bytes
) -> None:
    bad = tmp_path / "bad.key"
    bad.write_bytes(data)
    words = ["verify", "--log", str(VECTORS / "log.ndjson"), "--key", str(VECTORS / "portal.jwk"), option, str(bad)]
    assert main(words) == SettingsError.exit_code
    said = capsys.readouterr().err
    assert str(bad) in said and "Expected" in said


def test_a_record_that_is_not_here_is_said_and_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, _ = rolled_back(tmp_path)
    assert main(["verify", "--state", str(state), "--record", "5"]) == 0
    assert main(["verify", "--state", str(state), "--record", "6"]) == SettingsError.exit_code
    assert f"no record 6 is here: {ORIGIN} holds 0 to 5" in capsys.readouterr().err
