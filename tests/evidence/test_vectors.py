"""The vectors of an independent writer: taken as they are, refused after every change of one byte."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from edge_agent.commands import main
from edge_agent.tools import jws, merkle, notes
from edge_agent.tools.verify import Report, verify_log
from edge_agent.words.errors import EvidenceError
from edge_agent.words.record import Head

from .bench import CENTRE_KEY, FIRST_KEY, LOG_KEY, VECTORS, vector, vector_lines

CHANGES = (0x01, 0x20, 0x80)                # bits flipped in one byte
PUT = b"A\n"                                 # or the byte replaced by one of these
LOG = vector("log.ndjson")


def check(log: bytes = LOG, checkpoint: bytes | None = None, receipts: tuple[bytes, ...] = ()) -> Report:
    return verify_log(
        log.removesuffix(b"\n").split(b"\n"), FIRST_KEY, checkpoint=checkpoint, receipts=receipts,
        log_key=LOG_KEY, centre_key=CENTRE_KEY,
    )


def run_verify(tmp_path: Path, **files: bytes) -> int:
    """`edge-agent verify` over the vectors, some files of which are replaced."""
    given = {"log": LOG, "checkpoint": vector("checkpoint.txt"), "receipt": vector("receipt-1.txt"), **files}
    arguments = ["verify", "--key", str(VECTORS / "portal.jwk"), "--log-key", str(VECTORS / "portal.vkey"),
                 "--centre-key", str(VECTORS / "centre.vkey")]
    for name, data in given.items():
        (tmp_path / name).write_bytes(data)
        arguments += [f"--{name}", str(tmp_path / name)]
    return main(arguments)


def changed(data: bytes, at: int) -> list[bytes]:
    """The same bytes with byte `at` changed, in several ways."""
    values = ({data[at] ^ bits for bits in CHANGES} | set(PUT)) - {data[at]}
    return [data[:at] + bytes([value]) + data[at + 1:] for value in sorted(values)]


def test_the_vectors_verify() -> None:
    report = check(checkpoint=vector("checkpoint.txt"), receipts=(vector("receipt-1.txt"),))
    assert (report.problems, report.records, len(report.receipts)) == ([], 4, 2)


def test_the_command_takes_the_vectors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run_verify(tmp_path)
    assert (code, "4 records verified" in capsys.readouterr().out) == (0, True)


@pytest.mark.parametrize("number", range(4))
def test_every_changed_byte_of_a_line_is_refused_by_its_number(number: int) -> None:
    lines = vector_lines()
    begin = sum(len(line) + 1 for line in lines[:number])
    for at in range(begin, begin + len(lines[number]) + (number < 3)):
        for bad in changed(LOG, at):
            report = check(bad)
            assert report.problems, f"byte {at} as {bad[at]:#x} was taken"
            assert report.problems[0].startswith(f"record {number}:"), f"byte {at}: {report.problems}"


@pytest.mark.parametrize("name", ["checkpoint.txt", "receipt-1.txt"])
def test_every_changed_byte_of_a_note_is_refused(name: str) -> None:
    note = vector(name)
    for at in range(len(note)):
        for bad in changed(note, at):
            report = check(checkpoint=bad) if name == "checkpoint.txt" else check(receipts=(bad,))
            assert not report.whole, f"byte {at} as {bad[at]:#x} was taken"


@pytest.mark.parametrize("name", ["checkpoint.txt", "receipt-1.txt"])
def test_a_note_cut_short_anywhere_is_refused(name: str) -> None:
    note = vector(name)
    for size in range(len(note)):
        assert not check(receipts=(note[:size],)).whole, f"the first {size} bytes were taken"


@pytest.mark.parametrize("at", range(11, len(LOG), 331))
def test_the_command_names_the_changed_record_and_exits_6(
    at: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_verify(tmp_path, log=LOG[:at] + bytes([LOG[at] ^ 1]) + LOG[at + 1:])
    assert (code, f"REFUSED record {LOG[:at].count(10)}:" in capsys.readouterr().out) == (6, True)


@pytest.mark.parametrize("name", ["checkpoint", "receipt"])
def test_the_command_refuses_a_changed_note_with_exit_6(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = bytearray(vector({"checkpoint": "checkpoint.txt", "receipt": "receipt-1.txt"}[name]))
    note[-20] ^= 1
    code = run_verify(tmp_path, **{name: bytes(note)})
    assert (code, "REFUSED" in capsys.readouterr().out) == (6, True)


@pytest.mark.parametrize("cut", range(1, len(vector_lines()[3]), 97))
def test_a_log_cut_short_in_its_last_line_is_refused(cut: int, tmp_path: Path) -> None:
    assert run_verify(tmp_path, log=LOG[:-cut]) == 6


def test_a_log_with_a_changed_last_newline_is_refused(tmp_path: Path) -> None:
    assert [run_verify(tmp_path, log=LOG[:-1] + bytes([value])) for value in (11, 13, 32, 0)] == [6] * 4


def test_an_empty_log_is_refused(tmp_path: Path) -> None:
    assert run_verify(tmp_path, log=b"") == 6


@pytest.mark.parametrize("number", range(4))
def test_a_removed_line_is_refused(number: int, tmp_path: Path) -> None:
    lines = vector_lines()
    del lines[number]
    assert run_verify(tmp_path, log=b"\n".join(lines) + b"\n") == 6


@pytest.mark.parametrize("number", range(3))
def test_two_lines_swapped_are_refused_at_the_first_of_them(number: int) -> None:
    lines = vector_lines()
    lines[number], lines[number + 1] = lines[number + 1], lines[number]
    assert check(b"\n".join(lines)).problems[0].startswith(f"record {number}:")


@pytest.mark.parametrize("number", range(4))
def test_a_line_twice_is_refused_at_its_second_place(number: int) -> None:
    lines = vector_lines()
    lines.insert(number, lines[number])
    assert check(b"\n".join(lines)).problems[0].startswith(f"record {number + 1}:")


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b" \n"])
def test_a_blank_line_between_records_is_refused(blank: bytes) -> None:
    first, rest = LOG.split(b"\n", 1)
    assert not check(first + b"\n" + blank + rest).whole


def test_a_log_with_dos_line_ends_is_refused() -> None:
    assert check(LOG.replace(b"\n", b"\r\n")).problems[0].startswith("record 0:")


def test_the_last_record_missing_under_a_checkpoint_is_said_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_verify(tmp_path, log=b"\n".join(vector_lines()[:3]) + b"\n")
    assert "records are missing at the end" in capsys.readouterr().out


def test_a_receipt_the_log_does_not_meet_is_never_said_to_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_verify(tmp_path, log=b"\n".join(vector_lines()[:1]) + b"\n")
    assert "holds" not in capsys.readouterr().out.split("one key per record")[1].removeprefix(", sequence and hashes hold")


def test_the_proof_leads_from_the_line_to_the_root() -> None:
    proof = json.loads(vector("proof.json"))
    root = notes.open_checkpoint(vector("checkpoint.txt"), LOG_KEY).root
    steps = [base64.b64decode(step) for step in proof["inclusion"]]
    assert merkle.included(merkle.leaf(vector_lines()[1]), proof["index"], proof["size"], steps, root)


def test_a_proof_for_another_line_does_not_verify() -> None:
    proof = json.loads(vector("proof.json"))
    root = notes.open_checkpoint(vector("checkpoint.txt"), LOG_KEY).root
    steps = [base64.b64decode(step) for step in proof["inclusion"]]
    others = [line for line in vector_lines() if line != vector_lines()[1]]
    assert not any(merkle.included(merkle.leaf(line), 1, 4, steps, root) for line in others)


def test_the_stump_still_verifies() -> None:
    """Line p-1 and the left subtree hashes give the cosigned root of size p."""
    stump = json.loads(vector("stump.json"))
    left = [base64.b64decode(step) for step in stump["left"]]
    root = merkle.parent(left[0], merkle.parent(left[1], merkle.leaf(stump["line"].encode())))
    assert root == notes.open_receipt(vector("checkpoint.txt"), LOG_KEY, CENTRE_KEY).checkpoint.root


def test_the_express_delivery_verifies_on_its_own() -> None:
    express = json.loads(vector("express.json"))
    checkpoint = notes.open_checkpoint(express["checkpoint"].encode(), LOG_KEY)
    steps = [base64.b64decode(step) for step in express["inclusion"]]
    assert merkle.included(
        merkle.leaf(express["line"].encode()), express["index"], express["size"], steps, checkpoint.root
    )


def test_the_delivery_body_is_lines_an_empty_line_and_a_checkpoint() -> None:
    lines, _, note = vector("post-entries.txt").partition(b"\n\n")
    assert (lines.split(b"\n"), notes.open_checkpoint(note, LOG_KEY).size) == (vector_lines()[2:], 4)


def test_the_heartbeat_names_the_receipt_of_the_vectors() -> None:
    receipt = notes.open_receipt(vector("receipt-1.txt"), LOG_KEY, CENTRE_KEY)
    named = jws.take_apart(vector_lines()[2]).payload["receipt"]
    assert (named["size"], named["sha256"]) == (receipt.checkpoint.size, jws.encode(receipt.sha256))


def test_a_checkpoint_over_fewer_records_verifies_against_the_longer_log() -> None:
    assert check(checkpoint=vector("receipt-1.txt")).whole


def test_a_receipt_under_another_centre_key_is_refused() -> None:
    other = notes.VerifierKey(CENTRE_KEY.name, CENTRE_KEY.type, bytes(32))
    with pytest.raises(EvidenceError, match="no cosignature"):
        notes.open_receipt(vector("receipt-1.txt"), LOG_KEY, other)


def test_a_vector_line_is_refused_as_the_next_of_another_log() -> None:
    with pytest.raises(EvidenceError, match="log is"):
        jws.verify_next(vector_lines()[0], Head("rpm.example.gov/portal/other", 0, None, FIRST_KEY))


@pytest.mark.parametrize("name", ["portal.vkey", "centre.vkey"])
def test_every_changed_byte_of_a_verifier_key_is_refused(name: str) -> None:
    text = vector(name).rstrip(b"\n")
    for at in range(len(text)):
        for bad in changed(text, at):
            with pytest.raises(EvidenceError):
                notes.read_vkey(bad.decode("latin-1"))
