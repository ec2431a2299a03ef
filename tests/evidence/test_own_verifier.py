"""The verifier that needs nothing of ours says what ours says: of the vectors, and of every change of a byte of them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from .bench import VECTORS, vector

FILE = Path(__file__).resolve().parents[2] / "verifiers/python/verify_log.py"
GIVEN = {"log": "log.ndjson", "checkpoint": "checkpoint.txt", "receipt": "receipt-1.txt"}


@pytest.fixture(scope="module")
def verifier() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_log", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["verify_log"] = module          # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def run(verifier: ModuleType, tmp_path: Path, **files: bytes) -> int:
    arguments = ["--key", str(VECTORS / "portal.jwk"), "--log-key", str(VECTORS / "portal.vkey"),
                 "--centre-key", str(VECTORS / "centre.vkey")]
    for name, usual in GIVEN.items():
        (tmp_path / name).write_bytes(files.get(name, vector(usual)))
        arguments += [f"--{name}", str(tmp_path / name)]
    code: int = verifier.main(arguments)
    return code


@pytest.mark.parametrize("words", [["--log", "/dev/zero", "--key", str(VECTORS / "portal.jwk")], ["/dev/zero"]])
def test_no_device_is_read_for_ever(verifier: ModuleType, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert verifier.main(words) == 3
    assert "is a device" in capsys.readouterr().err


def test_what_is_longer_than_any_log_is_refused(
    verifier: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verifier, "INPUT_MAX", 1000)
    (tmp_path / "log").write_bytes(bytes(1001))
    assert verifier.main(["--log", str(tmp_path / "log"), "--key", str(VECTORS / "portal.jwk")]) == 3
    assert "longer than 1000 bytes" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--key", "--log-key", "--centre-key"])
def test_a_file_that_holds_no_key_is_wrong_use_and_no_verdict(
    verifier: ModuleType, tmp_path: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_bytes(b"not a key\n")
    given = {"--log": VECTORS / "log.ndjson", "--key": VECTORS / "portal.jwk", option: tmp_path / "key"}
    assert verifier.main([str(part) for pair in given.items() for part in pair]) == 3
    said = capsys.readouterr().err
    assert f"{tmp_path / 'key'} holds no " in said and "Expected:" in said


def test_it_imports_nothing_of_ours() -> None:
    lines = FILE.read_text().splitlines()
    assert not [line for line in lines if line.startswith(("import edge_agent", "from edge_agent"))]


def test_the_vectors_hold(verifier: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(verifier, tmp_path) == 0
    assert "4 records verified" in capsys.readouterr().out


@pytest.mark.parametrize("name", GIVEN)
def test_a_changed_byte_anywhere_is_refused(verifier: ModuleType, tmp_path: Path, name: str) -> None:
    data = vector(GIVEN[name])
    for at in range(0, len(data), 5 if name == "log" else 1):
        spoiled = data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1:]
        assert run(verifier, tmp_path, **{name: spoiled}) == 6, (name, at)


@pytest.mark.parametrize("cut", [0, 1, 100, 2000])
def test_what_is_no_log_is_refused_and_never_a_traceback(verifier: ModuleType, tmp_path: Path, cut: int) -> None:
    assert run(verifier, tmp_path, log=vector("log.ndjson")[:cut]) in (3, 6)
    assert run(verifier, tmp_path, log=b"\xff\x00{}" * cut) in (3, 6)
