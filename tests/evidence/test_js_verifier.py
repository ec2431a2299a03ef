"""The verifier in JavaScript: takes the vectors, refuses every change of a byte, and says what the one in Python says."""

from __future__ import annotations

import argparse
import base64
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.tools import ed25519, merkle, notes
from edge_agent.tools.base64url import encode
from edge_agent.words.record import Checkpoint

from .bench import ORIGIN, VECTORS, Log, vector, vector_lines
from .exhibit_bench import JS, Batch, node, python_verifier

WHOLE = {"log": "log.ndjson", "key": "portal.jwk", "checkpoint": "checkpoint.txt", "log_key": "portal.vkey",
         "centre_key": "centre.vkey"}
SOME = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def js() -> Iterator[Batch]:
    batch = Batch()
    yield batch
    batch.close()


def question(**files: Any) -> dict[str, Any]:
    return {"op": "log", **{name: vector(file) for name, file in WHOLE.items()}, "receipts": [vector("receipt-1.txt")], **files}


def command(*words: object) -> tuple[int, str]:
    done = subprocess.run([node(), str(JS / "verify.js"), *map(str, words)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


# --- the vectors

def test_the_vectors_hold(js: Batch) -> None:
    found = js.all([question()])[0]
    assert (found["problems"], found["records"], found["checkpoint_size"], len(found["receipts"])) == ([], 4, 4, 2)


def test_stump_proof_and_express_of_the_vectors_hold(js: Batch) -> None:
    key, checkpoint = vector("portal.vkey"), vector("checkpoint.txt")
    assert js.ask("log", stump=vector("stump.json"), checkpoint=checkpoint, log_key=key)["problems"] == []
    assert js.ask("proof", proof=vector("express.json"), log_key=key)["problems"] == []
    found = js.ask("proof", proof=vector("proof.json"), log=vector("log.ndjson"), checkpoint=checkpoint, log_key=key)
    assert found["problems"] == []


def changes(data: bytes) -> Iterator[tuple[int, bytes]]:
    for at in range(len(data)):
        for bits in (0x01, 0x20, 0x80)[: 1 if at % 8 else 3]:
            yield at, data[:at] + bytes([data[at] ^ bits]) + data[at + 1:]


def test_every_changed_byte_of_a_line_is_refused_by_its_number(js: Batch) -> None:
    log = vector("log.ndjson").removesuffix(b"\n")
    cases = [(log[:at].count(10), bad) for at, bad in changes(log)]
    answers = js.all([question(log=bad + b"\n", checkpoint=None, receipts=[]) for _, bad in cases])
    wrong = [(number, found) for (number, _), found in zip(cases, answers, strict=True)
             if not found["problems"] or not found["problems"][0].startswith(f"record {number}:")]
    assert wrong == [] and len(cases) > len(log)


@pytest.mark.parametrize("name", ["checkpoint.txt", "receipt-1.txt"])
def test_every_changed_byte_of_a_note_is_refused(js: Batch, name: str) -> None:
    note = vector(name)
    answers = js.all([question(checkpoint=None, receipts=[bad]) for _, bad in changes(note)]
                     + [question(checkpoint=None, receipts=[note[:size]]) for size in range(len(note))])
    assert [found for found in answers if not found["problems"] or not found["problems"][0].startswith("receipt 0:")] == []


@pytest.mark.parametrize("name", ["portal.vkey", "centre.vkey"])
def test_every_changed_byte_of_a_verifier_key_is_refused(js: Batch, name: str) -> None:
    text = vector(name).rstrip(b"\n")
    assert all("refused" in found for found in js.all([{"op": "vkey", "data": bad} for _, bad in changes(text)]))


def test_every_changed_byte_of_a_stump_and_an_express_delivery_is_refused_or_means_the_same(js: Batch) -> None:
    """JSON around the evidence may be spelled otherwise (a space); the evidence itself may not."""
    key, checkpoint = vector("portal.vkey"), vector("checkpoint.txt")
    for op, name, beside in (("log", "stump.json", {"checkpoint": checkpoint}), ("proof", "express.json", {})):
        field, data = ("stump" if op == "log" else "proof"), vector(name)
        cases = [bad for _, bad in changes(data)]
        answers = js.all([{"op": op, field: bad, "log_key": key, **beside} for bad in cases])
        taken = [bad for bad, found in zip(cases, answers, strict=True) if not found["problems"]]
        for bad in taken:
            kept = {name: json.loads(bad).get(name) for name in ("line", "left", "inclusion", "index", "size")}
            assert kept == {name: json.loads(data).get(name) for name in kept}


# --- the command

def test_the_command_takes_the_vectors_and_ends_with_the_codes_of_the_python_one(tmp_path: Path) -> None:
    words = [f"--{name.replace('_', '-')}={VECTORS / file}" for name, file in WHOLE.items()]
    assert (code := command(*words))[0] == 0 and "4 records verified" in code[1], code
    assert command("--stump", VECTORS / "stump.json", "--log-key", VECTORS / "portal.vkey")[0] == 0
    assert command("--proof", VECTORS / "express.json", "--log-key", VECTORS / "portal.vkey")[0] == 0
    (tmp_path / "log").write_bytes(b"\xff" + vector("log.ndjson")[1:])
    assert command(*words, "--log", tmp_path / "log")[0] == 6
    wrong = (["--log", tmp_path / "none"], [], ["--lgo", "x"], ["--stump", VECTORS / "stump.json"])
    assert [command(*words)[0] for words in wrong] == [3, 3, 2, 3]


@pytest.mark.parametrize("option", ["--key", "--log-key", "--centre-key"])
def test_a_file_that_holds_no_key_is_wrong_use_and_no_verdict(tmp_path: Path, option: str) -> None:
    (tmp_path / "key").write_bytes(b"not a key\n")
    given = {"--log": VECTORS / "log.ndjson", "--key": VECTORS / "portal.jwk", option: tmp_path / "key"}
    code, said = command(*[part for pair in given.items() for part in pair])
    assert code == 3 and f"{tmp_path / 'key'} holds no key" in said and "Expected:" in said


def test_it_helps_and_reads_no_device_for_ever() -> None:
    code, said = command("--help")
    assert code == 0 and "--centre-key" in said and "Exit code" in said
    for words in (["--log", "/dev/zero", "--key", VECTORS / "portal.jwk"], ["/dev/zero"], ["--proof", "/dev/urandom"]):
        code, said = command(*words)
        assert code == 3 and "is a device" in said


def test_no_wrong_input_gives_a_stack_trace(tmp_path: Path) -> None:
    for number, data in enumerate((b"", b"{}", b"\xff\x00", b"eyJ", b"a\n\n\xe2\x80\x94 b c\n")):
        (tmp_path / "x").write_bytes(data)
        for name in ("log", "checkpoint", "log-key", "stump", "proof"):
            told = command("--log", VECTORS / "log.ndjson", "--key", VECTORS / "portal.jwk", "--log-key", VECTORS / "portal.vkey",
                           f"--{name}", tmp_path / "x") if number == 0 or name in ("stump", "proof") else (6, "")
            assert told[0] in (3, 6) and "    at " not in told[1], (name, data, told)


def test_it_needs_no_package_and_runs_where_there_is_no_require(tmp_path: Path) -> None:
    text = (JS / "verify_log.js").read_text()
    assert not re.search(r"\brequire\(|\bimport\b.*from|fetch\(|XMLHttpRequest", text)
    shutil.copytree(JS, tmp_path / "alone")
    words = ["--stump", str(VECTORS / "stump.json"), "--log-key", str(VECTORS / "portal.vkey")]
    done = subprocess.run([node(), "verify.js", *words],
                          cwd=tmp_path / "alone", capture_output=True, timeout=60)
    assert done.returncode == 0 and done.stderr == b""


def test_the_page_holds_the_verifier_as_it_is_now() -> None:
    script = "import make_page; print(make_page.made(), end='')"
    done = subprocess.run([sys.executable, "-B", "-c", script], cwd=JS, capture_output=True, text=True)
    assert done.stdout == (JS / "index.html").read_text(), "run: python3 verifiers/js/make_page.py"


# --- both verifiers say the same

class InPython:
    """The Python verifier over bytes: its files are a dictionary."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.module, self.files = python_verifier(), dict[Path, bytes]()
        monkeypatch.setattr(self.module, "content", lambda path: self.files[path])

    def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.files = {}

        def file(name: str, data: Any) -> Path | None:
            if data is None:
                return None
            self.files[Path(name)] = data
            return Path(name)

        chosen = argparse.Namespace(**{name: file(name, asked.get(name)) for name in (
            "log", "key", "checkpoint", "log_key", "centre_key", "stump", "proof", "blobs")})
        chosen.receipt = [file(f"receipt-{number}", data) for number, data in enumerate(asked.get("receipts", []))]
        try:
            if asked["op"] == "exhibit":
                report = self.module.Exhibit(asked["page"], None, None).report
            else:
                report = self.module.check_proof(chosen) if asked["op"] == "proof" else self.module.check_log(chosen)
        except (self.module.Refused, self.module.WrongUse) as problem:
            return {"whole": False, "problems": [str(problem)]}
        return {**report.plain(), "said": report.said, "page": list(report.page())}


def same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Verdict, counts, receipts, and which part is refused; not every word of why."""
    assert "crashed" not in theirs, theirs

    def told(found: dict[str, Any]) -> Any:
        if "origin" not in found:
            return "not begun"
        parts = [each.partition(":")[0] if re.match(r"(record|the|receipt|centre) ", each) else "" for each in found["problems"]]
        counted = ("origin", "records", "kinds", "checkpoint_size", "receipts")
        return found["whole"], parts, {name: found.get(name) for name in counted}

    assert told(ours) == told(theirs), (ours["problems"], theirs["problems"])


BITS = [b"\n", b"\n\n", b".", b"=", b" ", b"1", b"null", b'"', b"{", b"+", "—".encode(), b"\xff"]


@st.composite
def bent(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes with a few places overwritten, cut, doubled or spliced."""
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(st.integers(0, len(data)))
        end = min(len(data), begin + draw(st.integers(0, 40)))
        put = draw(st.one_of(st.binary(max_size=6), st.sampled_from([*BITS, data[begin : begin + 50]])))
        data = data[:begin] + put + data[end:]
    return data


@SOME
@given(data=st.data())
def test_both_say_the_same_of_bent_files(js: Batch, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        python = InPython(patch)
        fields = ["log", "key", "checkpoint", "log_key", "centre_key", "stump", "proof", "receipts"]
        field = data.draw(st.sampled_from(fields))
        asked: dict[str, Any] = question()
        if field == "stump":
            asked = {"op": "log", "stump": data.draw(bent(vector("stump.json"))), "checkpoint": vector("checkpoint.txt"),
                     "log_key": vector("portal.vkey")}
        elif field == "proof":
            asked = {"op": "proof", "proof": data.draw(bent(vector("express.json"))), "log_key": vector("portal.vkey")}
        elif field == "receipts":
            asked["receipts"] = [data.draw(bent(vector("receipt-1.txt")))]
        else:
            asked[field] = data.draw(bent(vector(WHOLE[field])))
        same(python.ask(asked), js.all([asked])[0])


NAMES = ['"a"', '"b"', '"\\u0061"', '"__proto__"', '"constructor"', "a"]
JSON_TEXT = st.recursive(
    st.sampled_from([
        "0", "-0", "1", "1.0", "1e2", "1E400", "-1.5e-3", "9007199254740991", "9007199254740992", "-9007199254740993", "01", "+1",
        "1.", ".5", "NaN", "Infinity", "true", "false", "null", "tru", '"a"', '"\\u00e9"', '"\\ud800"', '"\\x"', '"\t"', '"é"',
        '"', "'a'", "", '"\\ud83d\\ude00"', "12345678901234567890",
    ]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda parts: "[" + ",".join(parts) + "]"),
        st.lists(st.tuples(st.sampled_from(NAMES), inner), max_size=4).map(
            lambda parts: "{ " + ", ".join(f"{name} :{value}" for name, value in parts) + "\n}"),
    ), max_leaves=12)


def strict(text: bytes) -> bool:
    try:
        python_verifier().read_json(text)
    except python_verifier().Refused:
        return False
    return True


@SOME
@given(inner=JSON_TEXT, depth=st.integers(0, 17), tail=st.sampled_from(["", " ", "\n", "x", "\ufeff", "}", ","]))
def test_both_take_the_same_json(js: Batch, inner: str, depth: int, tail: str) -> None:
    text = ('{"x":' + "[" * depth + inner + "]" * depth + "}" + tail).encode()
    assert strict(text) == ("value" in js.ask("json", data=text)), text


@settings(max_examples=40, deadline=None)
@given(sizes=st.tuples(st.integers(0, 40), st.integers(0, 40)), spoil=st.integers(0, 3), data=st.data())
def test_proofs_over_random_trees(js: Batch, sizes: tuple[int, int], spoil: int, data: st.DataObject) -> None:
    old, size = sorted(sizes)
    tree, python = merkle.Tree(), python_verifier()
    lines = [b"%d" % number for number in range(size)]
    for line in lines:
        tree.add(line)
    proof = merkle.consistency(old, size, tree.node)
    old_root = tree.root(old)
    if spoil == 1 and proof:
        del proof[data.draw(st.integers(0, len(proof) - 1))]
    if spoil == 2:
        proof.append(bytes(32))
    if spoil == 3:
        old_root = bytes(32)
    expected = merkle.consistent(old, old_root, size, tree.root(), proof)
    assert python.consistent(old, old_root, size, tree.root(), proof) is expected
    assert js.ask("consistent", old=old, old_root=old_root, size=size, root=tree.root(), proof=proof)["holds"] is expected
    if size:
        index = data.draw(st.integers(0, size))         # one beyond the end, too
        path = merkle.inclusion(min(index, size - 1), size, tree.node) + ([bytes(32)] if spoil == 2 else [])
        leaf = merkle.leaf(lines[min(index, size - 1)])
        expected = merkle.included(leaf, index, size, path, tree.root())
        assert python.included(leaf, index, size, path, tree.root()) is expected is (spoil != 2 and index < size)
        assert js.ask("included", leaf=leaf, index=index, size=size, proof=path, root=tree.root())["holds"] is expected


def express(extend: int = 3) -> tuple[dict[str, Any], bytes, str]:
    """A delivery with a consistency proof from a receipt over 2 records, that receipt's note, the log's verifier key."""
    log, tree, seed = Log(), merkle.Tree(), bytes(31) + b"l"
    old = b""
    for number in range(2 + extend):
        log.add("alarm")
        tree.add(log.lines[-1])
        if number == 1:
            old = notes.sign_checkpoint(Checkpoint(ORIGIN, 2, tree.root()), ed25519.SoftKey(seed))
    note = notes.sign_checkpoint(Checkpoint(ORIGIN, tree.size, tree.root()), ed25519.SoftKey(seed))
    steps = {name: [base64.b64encode(step).decode() for step in proof] for name, proof in (
        ("inclusion", merkle.inclusion(3, tree.size, tree.node)), ("consistency", merkle.consistency(2, tree.size, tree.node)))}
    key = notes.VerifierKey(ORIGIN, notes.LOG_KEY, ed25519.public(seed)).text()
    return {"line": log.lines[3].decode(), "index": 3, "size": tree.size, "inclusion": steps["inclusion"],
            "checkpoint": note.decode(), "consistency": {"from": 2, "proof": steps["consistency"]}}, old, key


def test_an_express_delivery_is_held_to_the_receipt_before_it(js: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    python = InPython(monkeypatch)
    delivery, old, key = express()
    asked = {"op": "proof", "proof": json.dumps(delivery).encode(), "log_key": key.encode()}
    for found in (python.ask({**asked, "receipts": [old]}), js.all([{**asked, "receipts": [old]}])[0]):
        assert found["whole"] and "begins with the receipted tree of 2" in found["said"][-1]
    for found in (python.ask(asked), js.all([asked])[0]):
        assert found["whole"] and "was not checked" in found["said"][-1]
    delivery["consistency"]["proof"][0] = base64.b64encode(bytes(32)).decode()
    asked["proof"] = json.dumps(delivery).encode()
    for found in (python.ask({**asked, "receipts": [old]}), js.all([{**asked, "receipts": [old]}])[0]):
        assert found["problems"] == ["the consistency proof: the tree of 5 does not begin with the receipted tree of 2"]


@pytest.mark.parametrize("kind", ["nk", "heartbeat", "twice"])
def test_what_own_verifier_finds_in_genuine_lines_is_found_here(js: Batch, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    log = Log()
    log.add()
    if kind == "nk":
        log.add(nk="A" * 42)
    elif kind == "heartbeat":
        log.add("heartbeat", tree={"size": 1, "root": "A" * 43})
    else:
        log.add(nk=encode(log.first_key))
    jwk = json.dumps({"kty": "OKP", "crv": "Ed25519", "x": encode(log.first_key)}).encode()
    asked = {"op": "log", "log": b"\n".join(log.lines) + b"\n", "key": jwk}
    found = js.all([asked])[0]
    assert found["problems"][0].startswith("record 1:") and len(vector_lines()) == 4
    same(InPython(monkeypatch).ask(asked), found)

