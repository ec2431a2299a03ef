"""Checkpoints and receipts of our own, and keys as one line of text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.tools import ed25519, notes
from edge_agent.tools.base64url import decode, decode_standard, encode
from edge_agent.tools.ed25519 import SoftKey
from edge_agent.words.errors import EvidenceError
from edge_agent.words.record import Checkpoint

from .bench import CENTRE_KEY, LOG_KEY, ORIGIN, vector

SEED, CENTRE_SEED = bytes(range(32)), bytes(range(1, 33))
KEY = notes.VerifierKey(ORIGIN, notes.LOG_KEY, ed25519.public(SEED))
CENTRE = notes.VerifierKey("rpm.example.gov/mirror/test", notes.COSIGNER_KEY, ed25519.public(CENTRE_SEED))
POINT = Checkpoint(ORIGIN, 7, bytes(32))


def receipt_note(time_s: int = 1_795_000_000, name: str = CENTRE.name, seed: bytes = CENTRE_SEED) -> bytes:
    return notes.sign_checkpoint(POINT, SoftKey(SEED)) + notes.cosign(POINT, name, SoftKey(seed), time_s)


def test_our_checkpoint_is_read_back() -> None:
    assert notes.open_checkpoint(notes.sign_checkpoint(POINT, SoftKey(SEED)), KEY) == POINT


def test_our_receipt_is_read_back() -> None:
    receipt = notes.open_receipt(receipt_note(), KEY, CENTRE)
    assert (receipt.checkpoint, receipt.time_s) == (POINT, 1_795_000_000)


def test_a_verifier_key_is_read_back() -> None:
    assert notes.read_vkey(CENTRE.text()) == CENTRE


def test_the_vectors_keys_are_written_as_they_were_read() -> None:
    assert [LOG_KEY.text(), CENTRE_KEY.text()] == [
        vector(name).decode().rstrip("\n") for name in ("portal.vkey", "centre.vkey")
    ]


@pytest.mark.parametrize("text", [
    f"{ORIGIN}\n07\n{'A' * 43}=\n", f"{ORIGIN}\n-1\n{'A' * 43}=\n", f"{ORIGIN}\n\n{'A' * 43}=\n", f"{ORIGIN}\n7\n{'A' * 42}==\n",
    f"{ORIGIN}\n7\n{'A' * 43}=\nmore\n", f"{ORIGIN}\n7\n{'A' * 43}=", f"a b\n7\n{'A' * 43}=\n", f"\n7\n{'A' * 43}=\n",
    f"{ORIGIN}\n٧\n{'A' * 43}=\n", f"{ORIGIN}\n9007199254740992\n{'A' * 43}=\n", f"{ORIGIN}\n7\n{'A' * 42}B=\n",
    f"{ORIGIN}\n 7\n{'A' * 43}=\n", f"{ORIGIN}\r\n7\r\n{'A' * 43}=\r\n",
])  # fmt: skip
def test_a_checkpoint_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(EvidenceError):
        notes.read_checkpoint_text(text)


def test_a_note_signed_twice_by_one_key_is_refused() -> None:
    note = notes.sign_checkpoint(POINT, SoftKey(SEED))
    with pytest.raises(EvidenceError, match="twice"):
        notes.open_checkpoint(note + note.split(b"\n\n")[1], KEY)


def test_signatures_of_others_are_left_alone() -> None:
    note = receipt_note() + notes.cosign(POINT, "rpm.example.gov/witness/other", SoftKey(bytes(32)), 5)
    assert notes.open_receipt(note, KEY, CENTRE).checkpoint == POINT


def test_a_cosignature_alone_is_no_checkpoint() -> None:
    note = POINT.text().encode() + b"\n" + notes.cosign(POINT, CENTRE.name, SoftKey(CENTRE_SEED), 5)
    with pytest.raises(EvidenceError, match="no signature"):
        notes.open_receipt(note, KEY, CENTRE)


def test_a_portal_cannot_cosign_in_the_centres_name() -> None:
    with pytest.raises(EvidenceError):
        notes.open_receipt(receipt_note(name=CENTRE.name, seed=SEED), KEY, CENTRE)


def test_the_portals_own_signature_never_serves_as_a_receipt() -> None:
    same_name = notes.VerifierKey(ORIGIN, notes.COSIGNER_KEY, ed25519.public(SEED))
    with pytest.raises(EvidenceError, match="no cosignature"):
        notes.open_receipt(notes.sign_checkpoint(POINT, SoftKey(SEED)), KEY, same_name)


def test_a_cosignature_does_not_serve_another_size() -> None:
    other = Checkpoint(ORIGIN, 8, bytes(32))
    note = notes.sign_checkpoint(other, SoftKey(SEED)) + notes.cosign(POINT, CENTRE.name, SoftKey(CENTRE_SEED), 5)
    with pytest.raises(EvidenceError, match="does not verify"):
        notes.open_receipt(note, KEY, CENTRE)


def test_a_note_longer_than_any_is_refused_unread() -> None:
    with pytest.raises(EvidenceError, match="longer"):
        notes.open_checkpoint(notes.sign_checkpoint(POINT, SoftKey(SEED)) + b"x" * notes.NOTE_MAX, KEY)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_the_note_reader_fail_otherwise_than_by_refusal(data: bytes) -> None:
    with pytest.raises(EvidenceError):
        notes.open_receipt(data, KEY, CENTRE)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_text_makes_the_key_reader_fail_otherwise_than_by_refusal(text: str) -> None:
    with pytest.raises(EvidenceError):
        notes.read_vkey(text)


@given(st.binary(max_size=100))
def test_base64url_is_read_back(data: bytes) -> None:
    assert decode(encode(data)) == data


@settings(max_examples=200)
@given(st.text(alphabet="AQgwBx-_+/=\n é", max_size=8))
def test_base64url_of_another_spelling_is_refused(text: str) -> None:
    try:
        data = decode(text)
    except EvidenceError:
        return
    assert encode(data) == text


@pytest.mark.parametrize("text", ["QQ", "QQ=", "QR==", "QQ==\n", " QQ==", "QQ===", "Q-==", "é", "Q Q=="])
def test_standard_base64_of_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(EvidenceError):
        decode_standard(text)
