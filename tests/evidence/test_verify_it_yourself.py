"""The page that explains the format tells the truth: its bytes are those of the vectors, computed as it says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

from .bench import FIRST_KEY, vector, vector_lines

PAGE = (Path(__file__).resolve().parents[2] / "docs/verify-it-yourself.md").read_text()


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def test_every_hash_in_the_table_of_the_tree_is_right() -> None:
    leaves = [sha(b"\0" + line) for line in vector_lines()]
    pairs = [sha(b"\1" + leaves[at] + leaves[at + 1]) for at in (0, 2)]
    told = re.findall(r"^\| .* \| `([0-9a-f]{64})` \|$", PAGE, re.MULTILINE)
    assert told == [each.hex() for each in (*leaves, *pairs, sha(b"\1" + pairs[0] + pairs[1]))]


def test_key_thumbprint_and_chain_are_those_of_the_vectors() -> None:
    jwk = f'{{"crv":"Ed25519","kty":"OKP","x":"{b64url(FIRST_KEY)}"}}'
    header = vector_lines()[0].decode().split(".")[0]
    assert jwk in PAGE and f"gives `{b64url(sha(jwk.encode()))}`" in PAGE
    assert base64.urlsafe_b64decode(header + "==").decode() in PAGE and f"`{header[:40]}`" in PAGE
    assert f"Line 0 hashes to `{b64url(sha(vector_lines()[0]))}`" in PAGE
    second = json.loads(base64.urlsafe_b64decode(vector_lines()[1].split(b".")[1] + b"=="))
    assert f'"prev":"{second["prev"]}"' in PAGE and f'"nk":"{second["nk"]}"' in PAGE


def test_notes_keys_and_proof_are_quoted_to_the_letter() -> None:
    indented = "\n".join(line[4:] if line.startswith("    ") else line for line in PAGE.splitlines()) + "\n"
    assert vector("checkpoint.txt").decode() in indented and vector("proof.json").decode() in indented
    assert vector("portal.vkey").decode().strip() in indented
    raw = base64.b64decode(vector("checkpoint.txt").decode().split("\n")[5].split(" ")[2])
    assert f"`{raw[:4].hex()}`, then 8 bytes `{raw[4:12].hex()}`" in PAGE and f"here {int.from_bytes(raw[4:12], 'big')}" in PAGE
    receipt = vector("receipt-1.txt").splitlines(keepends=True)[-1]
    assert f'"receipt":{{"size":2,"sha256":"{b64url(sha(receipt))}"}}' in PAGE


def test_the_limits_are_those_of_the_code() -> None:
    from edge_agent.tools.notes import NOTE_MAX, YEAR_9999_S
    from edge_agent.words.record import DEPTH_MAX, LINE_MAX

    assert f"at most {LINE_MAX:,} bytes".replace(",", " ") in PAGE and f"At most {NOTE_MAX:,} bytes".replace(",", " ") in PAGE
    assert f"({YEAR_9999_S})" in PAGE and f"at most {DEPTH_MAX} objects" in PAGE
