"""Messages over a broker as a third party checks them: the examples hold for both, with any part changed for neither."""

from __future__ import annotations

import base64
import copy
import importlib.util
import json
import random
import ssl
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edge_agent.tools import envelope, notes
from edge_agent.words.errors import EvidenceError

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "verifiers/python/verify_letter.py"
LETTERS = json.loads((ROOT / "docs/mqtt-letters.json").read_text())
NUMBERS = range(len(LETTERS["letters"]))


@pytest.fixture(scope="module")
def verifier() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_letter", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ours(data: dict[str, Any]) -> list[int]:
    """The statuses, as our own code reads the letters; EvidenceError where one does not hold."""
    from edge_agent.center import tls

    der = ssl.PEM_cert_to_DER_cert(data["certificate"])
    found = []
    for letter in data["letters"]:
        asked, answered = letter["request"], letter["answer"]
        request, signature = envelope.read_request(
            asked["topic"], bytes.fromhex(asked["correlation"]), [tuple(pair) for pair in asked["user"]],
            base64.b64decode(asked["body"], validate=True))
        if not tls.signed(der, request.text(), signature) or answered["correlation"] != asked["correlation"]:
            raise EvidenceError("not signed by the portal, or an answer to another request")
        answer = envelope.read_answer(
            [tuple(pair) for pair in answered["user"]], base64.b64decode(answered["body"], validate=True),
            envelope.name_of(request, signature), notes.read_vkey(data["centre_vkey"]).key)
        found.append(answer.status)
    return found


def test_the_examples_hold_for_both(verifier: ModuleType) -> None:
    assert len(verifier.check(LETTERS)) == len(LETTERS["letters"])
    assert ours(LETTERS) == [200, 202, 503]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_signed_texts_are_told_to_the_letter(verifier: ModuleType, number: int) -> None:
    letter = LETTERS["letters"][number]
    certificate = verifier.x509.load_pem_x509_certificate(LETTERS["certificate"].encode())
    assert verifier.request_text(letter["request"], certificate)[0].decode() == letter["request"]["text"]
    name = verifier.check_request(letter["request"], certificate)
    assert letter["answer"]["text"].splitlines()[1] == name.hex()


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("side", ["request", "answer"])
def test_any_changed_part_is_refused_by_both(verifier: ModuleType, number: int, side: str) -> None:
    chance = random.Random(number)
    letter = LETTERS["letters"][number][side]
    parts: list[tuple[Any, ...]] = [("correlation",), *([("body",)] if letter["body"] else [])]
    parts += [("topic",)] if side == "request" else []
    parts += [("user", at, 1) for at in range(len(letter["user"]))]
    for part in parts:
        for _ in range(20):
            data = copy.deepcopy(LETTERS)
            *way, last = ("letters", number, side, *part)
            value: Any = data
            for step in way:
                value = value[step]
            text = value[last]
            at = chance.randrange(len(text))
            value[last] = text[:at] + chance.choice([c for c in "0123456789abcdefABQgw" if c != text[at]]) + text[at + 1 :]
            with pytest.raises((verifier.Refused, ValueError)):
                verifier.check(data)
            with pytest.raises((EvidenceError, ValueError)):
                ours(data)


def test_an_answer_fits_no_other_request(verifier: ModuleType) -> None:
    data = copy.deepcopy(LETTERS)
    data["letters"][0]["answer"] = {**data["letters"][2]["answer"], "correlation": data["letters"][0]["request"]["correlation"]}
    with pytest.raises(verifier.Refused, match="letter 0: it is not signed by the centre for this request"):
        verifier.check(data)


def test_the_command_ends_with_the_codes_of_the_other_verifiers(
    verifier: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "letters.json"
    bad.write_text(json.dumps({**LETTERS, "centre_vkey": "x"}))
    words = ([str(ROOT / "docs/mqtt-letters.json")], [str(bad)], [str(tmp_path / "none")], [], ["--help"])
    assert [verifier.main(list(given)) for given in words] == [0, 6, 3, 2, 0]
    assert "both signatures hold" in capsys.readouterr().out


def test_it_imports_nothing_of_ours() -> None:
    assert "edge_agent" not in FILE.read_text().replace("edge-agent", "")
