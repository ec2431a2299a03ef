"""The pure parts of evidence to the letter: boundaries, exact bytes, exact reports.  Plain functions that take milliseconds:
the first thing `python -m benchmarks.mutation` asks of every mutant."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

from edge_agent.tools import base64url, ed25519, jws, merkle, notes, strict_json, stump, verify
from edge_agent.words.errors import EvidenceError
from edge_agent.words.record import DEPTH_MAX, INTEGER_MAX, LINE_MAX, Checkpoint, Head

from .bench import CENTRE_KEY, FIRST_KEY, LOG_KEY, ORIGIN, Log, vector, vector_lines

SEED = bytes(range(32))
SIGNER = ed25519.SoftKey(SEED)
KEY = notes.VerifierKey(ORIGIN, notes.LOG_KEY, ed25519.public(SEED))
CENTRE = notes.VerifierKey("c.example", notes.COSIGNER_KEY, ed25519.public(bytes(32)))
CENTRE_SIGNER = ed25519.SoftKey(bytes(32))


def refused(work: Callable[[], object]) -> str:
    """Why; the test fails where it is not refused, or refused by another error."""
    try:
        found = work()
    except EvidenceError as problem:
        return str(problem)
    raise AssertionError(f"taken: {found!r}")


# --- base64url


def test_base64_both_ways() -> None:
    for data, text in (
        (b"", ""),
        (b"\xfb", "-w"),
        (b"\xff\xff", "__8"),
        (b"abc", "YWJj"),
        (bytes(4), "AAAAAA"),
        (b"\0\0\x17", "AAAX"),
    ):
        assert base64url.encode(data) == text and base64url.decode(text) == data
        padded = base64.b64encode(data).decode()
        assert base64url.decode_standard(padded) == data


def test_base64_has_one_spelling() -> None:
    for text in ("A", "AA=", "AA==", "AB", "-w=", "+w", "é", "AA\n", " AA", "AAAAA", "A-A/"):
        assert "base64url" in refused(lambda text=text: base64url.decode(text))
    for text in ("AA", "AA=", "AB==", "-w==", "é", "AA==\n", "A", "A===", "AAAA=", "A A=", "*AA=="):
        assert "base64" in refused(lambda text=text: base64url.decode_standard(text))


# --- strict JSON


def test_json_that_is_taken() -> None:
    for text, value in (
        (b'{"a":1}', {"a": 1}),
        (b"[]", []),
        (b' {"a" : [1, 2.5, -3, true, false, null, "x"]} ', {"a": [1, 2.5, -3, True, False, None, "x"]}),
        (b'"\\ud83d\\ude00"', "😀"),
        ('"é"'.encode(), "é"),
        (str(INTEGER_MAX).encode(), INTEGER_MAX),
        (str(-INTEGER_MAX).encode(), -INTEGER_MAX),
        (b"1e308", 1e308),
        (b"-0", 0),
        (b"-0.5", -0.5),
        (b"[" * DEPTH_MAX + b"]" * DEPTH_MAX, nested(DEPTH_MAX)),
        (b'{"a":{"b":"]}[{"}}', {"a": {"b": "]}[{"}}),
        (b"[" + b"[]," * 20 + b"[]]", [[]] * 21),
        (b'["\\"[[[[[[[[[[[[[[[[[[[["]', ['"[[[[[[[[[[[[[[[[[[[[']),
        (b'["\n'.replace(b"\n", b"") + b'"]', [""]),
    ):
        assert strict_json.loads(text) == value and type(strict_json.loads(text)) is type(value), text


def nested(depth: int) -> Any:
    return [] if depth == 1 else [nested(depth - 1)]


def test_json_that_is_refused_and_why() -> None:
    for text, why in (
        (b'{"a":1,"a":1}', "a JSON object names a key twice"),
        (b'[{"x":{"b":1,"\\u0062":2}}]', "a JSON object names a key twice"),
        (b"NaN", "NaN is not a JSON number"),
        (b"-Infinity", "-Infinity is not a JSON number"),
        (b"1e309", "a number too large"),
        (b"-1e309", "a number too large"),
        (str(INTEGER_MAX + 1).encode(), "an integer beyond 2^53"),
        (str(-INTEGER_MAX - 1).encode(), "an integer beyond 2^53"),
        (b"1" * 5000, "an integer beyond 2^53"),
        (b"1" * 18, "an integer beyond 2^53"),
        (b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1), f"JSON nested deeper than {DEPTH_MAX}"),
        (b'{"a":' * 17, f"JSON nested deeper than {DEPTH_MAX}"),
        (b"\xff", "not JSON: "),
        (b"{", "not JSON: "),
        (b"", "not JSON: "),
        (b"\xef\xbb\xbf{}", "not JSON: "),
        (b"{} {}", "not JSON: "),
        (b"'a'", "not JSON: "),
    ):
        assert refused(lambda text=text: strict_json.loads(text)).startswith(why), text
    assert refused(lambda: strict_json.load_object(b"[]")) == "a JSON object was expected"
    assert strict_json.load_object(b"{}") == {}


def test_a_string_over_lines_does_not_nest() -> None:
    """Refused for the newline inside it, which is no JSON, not for the brackets."""
    assert refused(lambda: strict_json.loads(b'"\n' + b"[" * 20 + b'"')).startswith("not JSON: ")


def test_long_digits_are_not_made_a_number() -> None:
    """int() of a million digits takes seconds, or raises another error in Python 3.11."""
    assert refused(lambda: strict_json.loads(b"9" * 100_000)) == "an integer beyond 2^53"


def test_json_that_is_written() -> None:
    assert strict_json.dumps({"b": [1, "é"], "a": None}) == '{"b":[1,"é"],"a":null}'.encode()
    for value in (float("nan"), float("inf"), -float("inf")):
        try:
            strict_json.dumps({"a": value})
        except ValueError:
            continue
        raise AssertionError("a number no reader takes was written")


# --- lines


def test_a_line_is_written_to_the_byte() -> None:
    line = jws.write("fault", {"a": 1}, SEED)
    header, payload, signature = line.split(b".")
    kid = ed25519.thumbprint(ed25519.public(SEED))
    assert base64url.decode(header.decode()) == f'{{"alg":"Ed25519","kid":"{kid}","typ":"rpm-fault+jws"}}'.encode()
    assert base64url.decode(payload.decode()) == b'{"a":1}'
    assert ed25519.verifies(ed25519.public(SEED), header + b"." + payload, base64url.decode(signature.decode()))
    parts = jws.take_apart(line)
    assert (parts.kind, parts.kid, parts.payload, parts.signing_input) == ("fault", kid, {"a": 1}, header + b"." + payload)
    assert jws.line_hash(line) == hashlib.sha256(line).digest()


def test_what_no_reader_would_take_is_not_written() -> None:
    for payload, why in (
        ({"a": float("nan")}, "not JSON"),
        ({"a": object()}, "not JSON"),
        ({"a": 2**53}, "2^53"),
        ({"a": nested(DEPTH_MAX)}, "deeper"),
    ):
        assert why in refused(lambda payload=payload: jws.write("fault", payload, SEED))


def test_the_longest_line_is_exactly_64_kib_for_writer_and_reader() -> None:
    """Base64 leaves no line of every length: two kinds reach every remainder."""
    lengths: dict[int, bytes] = {}
    for kind in ("a", "ab", "abc", "abcd"):
        for pad in range(48_970, 49_010):
            try:
                line = jws.write(kind, {"p": "x" * pad}, SEED)
            except EvidenceError as problem:
                assert "at most 65536 fit a line" in str(problem)
                break
            lengths[len(line)] = line
    assert max(lengths) == LINE_MAX == 65536
    assert jws.take_apart(lengths[LINE_MAX]).kind in "abcd"
    assert "longer than 65536" in refused(lambda: jws.take_apart(lengths[LINE_MAX] + b"A"))


def test_headers_of_another_form_are_refused_by_their_reason() -> None:
    def signed(header: Any) -> bytes:
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        return f"{base64url.encode(text)}.{base64url.encode(b'{}')}.AA".encode()

    good = {"alg": "Ed25519", "kid": "k", "typ": "rpm-a+jws"}
    assert jws.take_apart(signed(good)).kind == "a"
    assert jws.take_apart(signed({**good, "typ": "rpm-a" + "b" * 31 + "+jws"})).kind == "a" + "b" * 31
    assert jws.take_apart(signed({**good, "typ": "rpm-z-0-9z+jws"})).kind == "z-0-9z"
    exactly = "the header is not exactly alg Ed25519, kid, typ"
    for header in ({**good, "x": 1}, {"alg": "Ed25519", "kid": "k"}, {**good, "alg": "none"}, {**good, "alg": None}, {}):
        assert refused(lambda header=header: jws.take_apart(signed(header))) == exactly
    for typ in (
        "rpm-a" + "b" * 32 + "+jws",
        "rpm-+jws",
        "rpm-A+jws",
        "rpm-1+jws",
        "rpm--+jws",
        "xrpm-a+jws",
        "rpm-a+jwsx",
        "rpm-a+jws\n",
        "rpm-a jws",
        "rpm-a+JWS",
        5,
        None,
        ["rpm-a+jws"],
    ):
        assert "typ is not" in refused(lambda typ=typ: jws.take_apart(signed({**good, "typ": typ})))
    assert "kid is not text" in refused(lambda: jws.take_apart(signed({**good, "kid": 5})))
    for line in (b"", b"a.b", b"a.b.c.d", "é.b.c".encode()):
        assert refused(lambda line=line: jws.take_apart(line)) == "not a JWS compact line"


def test_the_next_line_is_taken_with_the_head_after_it() -> None:
    log = Log()
    head = Head(ORIGIN, 0, None, log.first_key)
    for seq in range(3):
        line = log.add("fault", n=seq)
        record, head = jws.verify_next(line, head)
        assert (record.line, record.kind, record.seq, record.payload["n"]) == (line, "fault", seq, seq)
        assert head == Head(ORIGIN, seq + 1, hashlib.sha256(line).digest(), ed25519.public(log.seeds[seq + 1]))


def test_a_line_that_is_not_the_next_says_why() -> None:
    log = Log()
    log.add()
    line = log.add()
    head = Head(ORIGIN, 1, jws.line_hash(log.lines[0]), ed25519.public(log.seeds[1]))
    jws.verify_next(line, head)
    other = ed25519.public(SEED)
    for bent, why in (
        (Head(ORIGIN, 1, head.prev, other), "signed with another key than the record before it announced"),
        (Head("other", 1, head.prev, head.next_key), f"log is '{ORIGIN}', expected 'other'"),
        (Head(ORIGIN, 2, head.prev, head.next_key), "seq is 1, expected 2"),
        (Head(ORIGIN, 1, None, head.next_key), "prev is "),
        (Head(ORIGIN, 1, bytes(32), head.next_key), "prev is "),
    ):
        assert refused(lambda bent=bent: jws.verify_next(line, bent)).startswith(why)
    cut = line[:-1] + (b"A" if line[-1:] != b"A" else b"Q")
    assert refused(lambda: jws.verify_next(cut, head)) in ("the signature does not verify", "base64url that is not canonical")
    flipped = jws.write("fault", log.payload(seq=1), SEED).rsplit(b".", 1)[1]
    assert refused(lambda: jws.verify_next(line.rsplit(b".", 1)[0] + b"." + flipped, head)) == "the signature does not verify"


def test_members_of_another_type_are_not_the_value() -> None:
    head = Head(ORIGIN, 1, bytes(32), ed25519.public(SEED))
    good = {"v": 1, "log": ORIGIN, "seq": 1, "prev": base64url.encode(bytes(32)), "nk": "A" * 43}
    assert jws.verify_next(jws.write("a", good, SEED), head)[1].next_key == bytes(32)
    for name, value, told in (
        ("v", True, "v is True, expected 1"),
        ("v", 1.0, "v is 1.0, expected 1"),
        ("v", 2, "v is 2, expected 1"),
        ("seq", True, "seq is True, expected 1"),
        ("seq", 1.0, "seq is 1.0, expected 1"),
        ("log", 5, "log is 5, expected"),
        ("prev", None, "prev is None"),
        ("nk", "A" * 42, "nk is not"),
        ("nk", "A" * 44, "nk is not"),
        ("nk", None, "nk is not"),
        ("nk", 43, "nk is not"),
        ("nk", list("A" * 43), "nk is not"),
    ):
        line = jws.write("a", {**good, name: value}, SEED)
        assert refused(lambda line=line: jws.verify_next(line, head)).startswith(told)
    absent = jws.write("a", {name: value for name, value in good.items() if name != "v"}, SEED)
    assert refused(lambda: jws.verify_next(absent, head)) == "v is 'absent', expected 1"
    long = jws.write("a", {**good, "log": "x" * 500}, SEED)
    assert refused(lambda: jws.verify_next(long, head)) == f"log is {repr('x' * 500)[:80]}, expected {ORIGIN!r}"


# --- the tree, against its definition


def root_of(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256().digest()
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


LINES = [b"%d" % number for number in range(19)]
LEAVES = [hashlib.sha256(b"\0" + line).digest() for line in LINES]


def tree_of(size: int) -> merkle.Tree:
    tree = merkle.Tree()
    for line in LINES[:size]:
        tree.add(line)
    return tree


def test_trees_roots_and_proofs_are_those_of_the_definition() -> None:
    for size in range(len(LINES) + 1):
        tree = tree_of(size)
        assert tree.size == size and tree.root() == root_of(LEAVES[:size])
        for old in range(size + 1):
            assert tree.root(old) == root_of(LEAVES[:old])
            proof = merkle.consistency(old, size, tree.node)
            assert merkle.consistent(old, tree.root(old), size, tree.root(), proof) is True
            assert (proof == []) == (old in (0, size))
            for spoiled in (proof[:-1] if proof else [bytes(32)], [*proof, bytes(32)]):
                assert merkle.consistent(old, tree.root(old), size, tree.root(), spoiled) is False, (old, size)
            for roots in ((bytes(32), tree.root()), (tree.root(old), bytes(32))):
                assert merkle.consistent(old, roots[0], size, roots[1], proof) is (0 == old < size and roots[1] == bytes(32)), (
                    old,
                    size,
                )
        for index in range(size):
            proof = merkle.inclusion(index, size, tree.node)
            assert merkle.included(LEAVES[index], index, size, proof, tree.root()) is True
            for place in ((index + 1, size), (index, size + 1), (index, size - 1), (index - 1, size)):
                if (place == (index, size - 1) and index == size - 1) or place[0] < 0 or place[0] >= place[1]:
                    assert merkle.included(LEAVES[index], *place, proof, tree.root()) is False
            assert merkle.included(LEAVES[index], index, size, [*proof, bytes(32)], tree.root()) is False
            assert merkle.included(bytes(32), index, size, proof, tree.root()) is False
            assert not proof or merkle.included(LEAVES[index], index, size, proof[:-1], tree.root()) is False


def test_impossible_places_are_refused_in_words() -> None:
    tree = tree_of(4)
    assert refused(lambda: merkle.inclusion(4, 4, tree.node)) == "line 4 is not in a tree of 4"
    assert refused(lambda: merkle.inclusion(-1, 4, tree.node)) == "line -1 is not in a tree of 4"
    assert refused(lambda: merkle.consistency(5, 4, tree.node)) == "a tree of 4 cannot begin with one of 5"
    assert refused(lambda: merkle.consistency(-1, 4, tree.node)) == "a tree of 4 cannot begin with one of -1"
    for index, size in ((0, 0), (4, 4), (-1, 4), (-1, 1), (1, 1)):
        assert merkle.included(LEAVES[0], index, size, [], LEAVES[0]) is False
    for old, size in ((5, 4), (-1, 4), (2, 4), (3, 5)):
        assert merkle.consistent(old, bytes(32), size, bytes(32), []) is False
    assert merkle.consistent(5, root_of(LEAVES[:4]), 4, root_of(LEAVES[:4]), [bytes(32)]) is False
    assert merkle.consistent(-1, root_of(LEAVES[:4]), 4, root_of(LEAVES[:4]), [bytes(32)]) is False


def test_nodes_that_become_full_and_nodes_a_question_asks_for() -> None:
    nodes: dict[tuple[int, int], bytes] = {}

    def node(level: int, index: int) -> bytes:
        return nodes[level, index]

    for number, leaf in enumerate(LEAVES[:8]):
        new = list(merkle.completed(number, leaf, node))
        assert [name[:2] for name in new] == [(level, number >> level) for level in range(4) if (number + 1) % (1 << level) == 0]
        nodes.update({(level, index): value for level, index, value in new})
    assert nodes[3, 0] == root_of(LEAVES[:8]) and nodes[1, 3] == root_of(LEAVES[6:8])
    assert merkle.wanted(lambda node: merkle.root(7, node)) == [(2, 0), (1, 2), (0, 6)]
    assert merkle.wanted(lambda node: merkle.inclusion(2, 7, node)) == [(0, 3), (1, 0), (1, 2), (0, 6)]
    assert merkle.root(0, lambda level, index: bytes(32)) == merkle.EMPTY_ROOT == hashlib.sha256(b"").digest()


def test_what_a_cut_keeps() -> None:
    assert [merkle.left_of(size) for size in (0, 1, 2, 3, 7, 12)] == [
        [],
        [(0, 0)],
        [(1, 0)],
        [(1, 0), (0, 2)],
        [(2, 0), (1, 2), (0, 6)],
        [(3, 0), (2, 2)],
    ]
    whole = tree_of(19)
    for cut in range(19):
        tree = merkle.Tree(cut, tuple(whole.node(*name) for name in merkle.left_of(cut)))
        assert tree.size == cut and tree.root() == whole.root(cut)
        for line in LINES[cut:]:
            tree.add(line)
        assert tree.size == 19 and tree.root() == whole.root()
        assert cut < 2 or "lies before the cut" in refused(lambda tree=tree: tree.node(0, 0))
    assert refused(lambda: merkle.Tree(3, (bytes(32),))) == "a cut after 3 lines has 2 subtrees, not 1"
    assert merkle.Tree().size == 0


# --- notes


def test_keys_of_notes_to_the_letter() -> None:
    hashed = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + KEY.key).digest()[:4]
    assert KEY.id == hashed and KEY.text() == f"{ORIGIN}+{hashed.hex()}+{base64.b64encode(bytes([1]) + KEY.key).decode()}"
    assert notes.read_vkey(KEY.text()) == notes.read_vkey(KEY.text() + "\n") == KEY and notes.read_vkey(CENTRE.text()) == CENTRE
    assert (notes.LOG_KEY, notes.COSIGNER_KEY) == (1, 4)
    assert LOG_KEY.line_begin() == "— rpm.example.gov/portal/QX-0042 ZYEN/".encode()     # five letters: 30 bits of the id's 32
    plus = next(
        key
        for key in (notes.VerifierKey("n", 4, bytes([number]) * 32) for number in range(256))
        if "+" in key.text().split("+", 2)[2]
    )
    assert notes.read_vkey(plus.text()) == plus  # base64 holds a plus, too


def vkey(name: str, raw: bytes, key_id: str | None = None) -> str:
    hashed = hashlib.sha256(name.encode() + b"\n" + raw).digest()[:4].hex()
    return f"{name}+{key_id or hashed}+{base64.b64encode(raw).decode()}"


def test_keys_of_another_form_are_refused_in_words() -> None:
    key = bytes(range(32))
    assert notes.read_vkey(vkey("n" * 200, b"\x04" + key)).name == "n" * 200
    for text, why in (
        ("", "a verifier key is name+id+base64 on one line"),
        ("a+b", "a verifier key is name+id+base64 on one line"),
        (vkey("n" * 201, b"\x04" + key), "a verifier key of an unknown form"),
        (vkey("n m", b"\x04" + key), "a verifier key of an unknown form"),
        ("\ud800+00000000+" + base64.b64encode(b"\x04" + key).decode(), "a verifier key of an unknown form"),
        (vkey("", b"\x04" + key), "a verifier key of an unknown form"),
        (vkey("n", b"\x02" + key), "a verifier key of an unknown form"),
        (vkey("n", b"\x00" + key), "a verifier key of an unknown form"),
        (vkey("n", b"\x05" + key), "a verifier key of an unknown form"),
        (vkey("n", b"\x04" + key + b"x"), "a verifier key of an unknown form"),
        (vkey("n", b"\x04" + key[1:]), "a verifier key of an unknown form"),
        (vkey("n", b"\x04" + key, "00000000"), "the verifier key n does not match its id 00000000"),
        (vkey("n", b"\x04" + key) + "\n\n", "not base64"),
    ):
        assert refused(lambda text=text: notes.read_vkey(text)).startswith(why), text


def test_checkpoints_of_another_form_are_refused_in_words() -> None:
    root = base64.b64encode(bytes(32)).decode()
    assert notes.read_checkpoint_text(f"a\n0\n{root}\n") == Checkpoint("a", 0, bytes(32))
    assert notes.read_checkpoint_text(f"a\n{INTEGER_MAX}\n{root}\n").size == INTEGER_MAX
    for text in (
        f"a\n1\n{root}",
        f"a\n1\n{root}\nx",
        f"a\n1\n{root}\n\n",
        f"a\n01\n{root}\n",
        f"a\n-1\n{root}\n",
        f"a+\n1\n{root}\n",
        f"a\n\n{root}\n",
        f"a\n{'1' * 17}\n{root}\n",
        f"\n1\n{root}\n",
    ):
        assert refused(lambda text=text: notes.read_checkpoint_text(text)) == "a checkpoint is three lines: origin, size, root"
    for text in (f"a\n{INTEGER_MAX + 1}\n{root}\n", f"a\n1\n{base64.b64encode(bytes(31)).decode()}\n", "a\n1\n\n"):
        assert refused(lambda text=text: notes.read_checkpoint_text(text)) == "a checkpoint with an impossible size or root"


POINT = Checkpoint(ORIGIN, 7, bytes(range(32)))
NOTE = notes.sign_checkpoint(POINT, SIGNER)


def raw_line(name: str, raw: bytes) -> bytes:
    return f"— {name} {base64.b64encode(raw).decode()}\n".encode()


def test_notes_to_the_letter() -> None:
    text = f"{ORIGIN}\n7\n{base64.b64encode(POINT.root).decode()}\n".encode()
    assert POINT.text().encode() == text
    assert text + b"\n" + raw_line(ORIGIN, KEY.id + ed25519.sign(SEED, text)) == NOTE
    signed = b"cosignature/v1\ntime 77\n" + text
    line = raw_line("c.example", CENTRE.id + (77).to_bytes(8, "big") + ed25519.sign(bytes(32), signed))
    assert notes.cosign(POINT, "c.example", CENTRE_SIGNER, 77) == line
    receipt = notes.open_receipt(NOTE + line, KEY, CENTRE)
    assert receipt == notes.Receipt(POINT, "c.example", 77, line) and receipt.sha256 == hashlib.sha256(line).digest()
    assert notes.open_checkpoint(NOTE + line, KEY) == notes.open_checkpoint(NOTE, KEY) == POINT
    stranger = raw_line("stranger", KEY.id + bytes(64))         # our id by chance, another name: not ours
    assert notes.open_checkpoint(NOTE + stranger, KEY) == POINT


def test_notes_that_do_not_hold_say_why() -> None:
    other = notes.VerifierKey("other", 1, KEY.key)
    wrong = notes.VerifierKey(ORIGIN, 1, CENTRE.key)
    text, _, block = NOTE.partition(b"\n\n")
    bad = raw_line(ORIGIN, KEY.id + ed25519.sign(SEED, b"x"))
    for note, key, why in (
        (NOTE, other, f"the checkpoint is of {ORIGIN}, the key of other"),
        (NOTE, wrong, f"the checkpoint has no signature of {ORIGIN}"),
        (text + b"\n\n" + bad, KEY, f"the signature of {ORIGIN} on the checkpoint does not verify"),
        (NOTE + block, KEY, f"{ORIGIN} signed the same note twice"),
        (NOTE[:-1], KEY, "a note is text, an empty line, signature lines"),
        (text + b"\n\n", KEY, "a note is text, an empty line, signature lines"),
        (text + b"\n", KEY, "a note is text, an empty line, signature lines"),
        (text + b"\n\n" + block[1:], KEY, "a note that is not UTF-8"),
        (text + b"\n\n-" + block[3:], KEY, "a line in a note that is not a"),
        (NOTE + b"\n", KEY, "a line in a note that is not a"),
        (NOTE + "— a b c\n".encode(), KEY, "a line in a note that is not a"),
        (NOTE + "— a+ AAAAAAA=\n".encode(), KEY, "a line in a note that is not a"),
        (NOTE + "— a\n".encode(), KEY, "a line in a note that is not a"),
        (NOTE + raw_line("a", b"1234"), KEY, "a signature line without a signature"),
        (b"\xff" + NOTE, KEY, "a note that is not UTF-8"),
    ):
        assert refused(lambda note=note, key=key: notes.open_checkpoint(note, key)).startswith(why), note
    assert notes.open_checkpoint(NOTE + raw_line("a", b"12345"), KEY) == POINT


def test_the_longest_note_is_16_kib() -> None:
    room = notes.NOTE_MAX - len(NOTE)
    for name in range(1, 5):  # base64 comes in fours: names of four lengths reach every remainder
        size = (room - len(raw_line("n" * name, b""))) // 4 * 3
        note = NOTE + raw_line("n" * name, bytes(size))
        if len(note) == notes.NOTE_MAX == 16384:
            assert notes.open_checkpoint(note, KEY) == POINT
            longer = NOTE + raw_line("n" * (name + 1), bytes(size))
            assert refused(lambda longer=longer: notes.open_checkpoint(longer, KEY)) == "a note longer than 16384 bytes"
            return
    raise AssertionError("no note of exactly the limit")


def test_receipts_that_do_not_hold_say_why() -> None:
    def cosigned(time_s: int, size: int = 8, seed: bytes = bytes(32)) -> bytes:
        signed = f"cosignature/v1\ntime {time_s}\n{POINT.text()}".encode()
        return NOTE + raw_line("c.example", CENTRE.id + time_s.to_bytes(size, "big") + ed25519.sign(seed, signed))

    assert notes.YEAR_9999_S == 253_402_300_799
    for time_s in (0, notes.YEAR_9999_S):
        assert notes.open_receipt(cosigned(time_s), KEY, CENTRE).time_s == time_s
    for note, why in (
        (NOTE, "no cosignature of c.example"),
        (cosigned(5, 7), "a cosignature of c.example of the wrong length"),
        (cosigned(5, 9), "a cosignature of c.example of the wrong length"),
        (cosigned(5, seed=SEED), "the cosignature of c.example does not verify"),
        (cosigned(notes.YEAR_9999_S + 1), "the cosignature of c.example does not verify"),
    ):
        assert refused(lambda note=note: notes.open_receipt(note, KEY, CENTRE)) == why
    assert "no signature of" in refused(lambda: notes.open_receipt(cosigned(5), notes.VerifierKey(ORIGIN, 1, CENTRE.key), CENTRE))


# --- whole logs


def checked(**given: Any) -> verify.Report:
    return verify.verify_log(given.pop("lines", vector_lines()), FIRST_KEY, **given)


def test_the_report_of_the_vectors_to_the_letter() -> None:
    receipts = [vector("receipt-1.txt"), vector("checkpoint.txt")]
    report = checked(checkpoint=vector("checkpoint.txt"), receipts=receipts, log_key=LOG_KEY, centre_key=CENTRE_KEY)
    assert (report.origin, report.records, report.cut, report.size, report.whole, report.problems) == (
        LOG_KEY.name,
        4,
        0,
        4,
        True,
        [],
    )
    assert report.kinds == {"boot": 1, "alarm": 1, "heartbeat": 1, "occupancy": 1} and report.checkpoint is not None
    assert report.root == report.checkpoint.root and report.checkpoint.size == 4
    assert [found.checkpoint.size for found in report.receipts] == [4, 2, 4] and report.receipts[1].time_s == 1_795_456_843
    alone = checked()
    assert (alone.origin, alone.records, alone.checkpoint, alone.receipts, alone.whole) == (LOG_KEY.name, 4, None, [], True)


def test_reports_of_what_does_not_hold() -> None:
    nothing = checked(lines=[])
    assert (nothing.origin, nothing.root, nothing.records) == ("", b"", 0)
    lines, note = vector_lines(), vector("checkpoint.txt")
    for given, problems in (
        ({"lines": []}, ["there is no record"]),
        ({"lines": lines[1:]}, ["record 0: signed with another key than the record before it announced"]),
        ({"lines": [lines[0], b"x"]}, ["record 1: not a JWS compact line"]),
        ({"checkpoint": note}, ["the checkpoint: the log's verifier key is needed: --log-key FILE"]),
        (
            {"lines": lines[:3], "checkpoint": note, "log_key": LOG_KEY},
            ["the checkpoint: it is over 4 records, the log has 3: records are missing at the end"],
        ),
        (
            {"receipts": [note, note[:-1]], "log_key": LOG_KEY, "centre_key": CENTRE_KEY},
            ["receipt 1: a note is text, an empty line, signature lines"],
        ),
        ({"receipts": [note], "log_key": LOG_KEY, "centre_key": CENTRE}, ["receipt 0: no cosignature of c.example"]),
    ):
        report = checked(**given)
        assert report.problems == problems and not report.whole, given
    assert checked(lines=[lines[0], b"x"]).records == 1
    assert checked(receipts=[note], log_key=LOG_KEY).receipts == []  # no centre's key: the checkpoint alone is held
    found = checked(elsewhere=[note, note[:-1]], log_key=LOG_KEY)      # kept by a witness, say: what it shows stays shown
    assert found.problems == ["note 1 from elsewhere: a note is text, an empty line, signature lines"]
    assert found.checkpoint is not None and found.checkpoint.size == 4
    log = Log()
    log.add()
    tree = merkle.Tree()
    tree.add(b"another line")
    other = notes.sign_checkpoint(Checkpoint(ORIGIN, 1, tree.root()), SIGNER)
    report = verify.verify_log(log.lines, log.first_key, checkpoint=other, log_key=KEY)
    assert report.problems == ["the checkpoint: its root is not that of the first 1 records"] and report.checkpoint is None


def test_witnesses_beside_a_receipt() -> None:
    log = Log()
    log.add()
    tree = merkle.Tree()
    tree.add(log.lines[0])
    point = Checkpoint(ORIGIN, 1, tree.root())
    signer = ed25519.SoftKey(bytes(31) + b"w")
    key = notes.VerifierKey("w.example", notes.COSIGNER_KEY, signer.public)
    note = notes.sign_checkpoint(point, SIGNER) + notes.cosign(point, "c.example", CENTRE_SIGNER, 5)
    seen = notes.cosign(point, "w.example", signer, 6)
    given: dict[str, Any] = {"log_key": KEY, "centre_key": CENTRE, "witness_keys": [key]}
    report = verify.verify_log(log.lines, log.first_key, receipts=[note + seen], **given)
    assert report.problems == [] and report.witnessed["w.example"].time_s == 6
    unseen = verify.verify_log(log.lines, log.first_key, receipts=[note], **given)
    assert (unseen.witnessed, unseen.problems) == ({}, [])
    forged = raw_line("w.example", key.id + (6).to_bytes(8, "big") + bytes(64))
    report = verify.verify_log(log.lines, log.first_key, receipts=[note + forged], **given)
    assert report.problems == ["receipt 0: the cosignature of w.example does not verify"]


def test_signatures_and_keys_of_a_wrong_length_are_simply_no() -> None:
    key, signature = ed25519.public(SEED), ed25519.sign(SEED, b"x")
    assert ed25519.verifies(key, b"x", signature) is True
    for each in ((key[1:], signature), (key + b"x", signature), (key, signature[1:]), (key, signature + b"x"), (key, bytes(64))):
        assert ed25519.verifies(each[0], b"x", each[1]) is False
    assert ed25519.verifies(b"\xff" * 32, b"x", signature) is False         # no point of the curve


def test_heartbeats_are_held_to_the_tree_before_them() -> None:
    for size, root, holds in (
        (0, merkle.EMPTY_ROOT, True),
        (1, None, True),
        (2, None, False),
        (-1, None, False),
        (1.0, None, False),
        (True, None, False),
        (1, bytes(32), False),
        (None, None, False),
        ("1", None, False),
    ):
        log = Log()
        log.add()
        right = merkle.leaf(log.lines[0]) if root is None else root
        log.add("heartbeat", tree={"size": size, "root": base64url.encode(right)})
        found = verify.verify_log(log.lines, log.first_key).problems
        assert found == ([] if holds else ["record 1: the heartbeat names a tree that is not this log's"]), (size, found)
    log = Log()
    log.add("heartbeat", tree=[1])  # of no form we know: left alone
    log.add("heartbeat", tree={})  # names no size
    log.add("fault", tree={"size": 9, "root": "x"})  # not a heartbeat's
    assert verify.verify_log(log.lines, log.first_key).problems == ["record 1: the heartbeat names a tree that is not this log's"]


def test_each_line_taken_is_given_back_as_its_record() -> None:
    log = Log()
    check = verify.LogCheck(Head(ORIGIN, 0, None, log.first_key), merkle.Tree())
    record = check.take(log.add("alarm", n=7))
    assert (record.kind, record.seq, record.payload["n"], check.tree.size) == ("alarm", 0, 7, 1)


def test_a_key_announced_twice_is_found_and_the_log_goes_on() -> None:
    log = Log()
    log.add()
    log.add(nk=base64url.encode(log.first_key))
    report = verify.verify_log(log.lines, log.first_key)
    assert report.problems == ["record 1: it announces a key a second time; each key signs once"] and report.records == 2
    log = Log()
    log.add()
    log.add(nk=base64url.encode(ed25519.public(log.seeds[1])))
    assert "second time" in verify.verify_log(log.lines, log.first_key).problems[0]


def test_keys_as_jwk() -> None:
    key = ed25519.public(SEED)
    good = {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(key)}
    for more in ({}, {"alg": "Ed25519"}, {"kid": ed25519.thumbprint(key)}, {"use": "sig"}):
        assert verify.read_jwk(json.dumps({**good, **more}).encode()) == key
    for more in ({"kty": "EC"}, {"crv": "X25519"}, {"alg": "EdDSA"}, {"alg": None}, {"x": 5}, {"x": None}):
        assert refused(lambda more=more: verify.read_jwk(json.dumps({**good, **more}).encode())).startswith(
            "not an Ed25519 public key"
        )
    for more in ({"kid": "x"}, {"kid": None}, {"x": base64url.encode(key[1:])}, {"x": base64url.encode(key + b"x")}):
        assert "thumbprint" in refused(lambda more=more: verify.read_jwk(json.dumps({**good, **more}).encode()))
    for name in good:
        assert refused(
            lambda name=name: verify.read_jwk(json.dumps({each: good[each] for each in good if each != name}).encode())
        )


def test_names_of_logs_that_may_be_shown() -> None:
    for name, taken in (
        ("a b", True),
        ("é", True),
        ("a\nb", False),
        ("\x1b[2J", False),
        (5, False),
        (None, False),
        ("\u202e", False),
    ):
        line = jws.write("a", {"log": name}, SEED)
        if taken:
            assert verify.origin_of(line) == name
        else:
            assert refused(lambda line=line: verify.origin_of(line)) == "record 0 names no log"


# --- stumps


def cut_log(cut: int = 3, size: int = 5) -> tuple[Log, stump.Stump]:
    log, tree = Log(), merkle.Tree()
    for _ in range(size):
        tree.add(log.add())
    point = Checkpoint(ORIGIN, cut, tree.root(cut))
    note = notes.sign_checkpoint(point, SIGNER) + notes.cosign(point, "c.example", CENTRE_SIGNER, 5)
    return log, stump.Stump(cut, log.lines[cut - 1], tuple(tree.node(*name) for name in merkle.left_of(cut - 1)), note)


def test_a_stump_is_written_and_read_back_and_holds() -> None:
    for cut in range(1, 6):
        log, made = cut_log(cut)
        assert stump.read(json.dumps(made.plain()).encode()) == made
        assert set(made.plain()) == {"size", "line", "left", "checkpoint"}
        receipt = stump.check(made, KEY, CENTRE)
        assert receipt is not None and receipt.checkpoint.size == cut and stump.check(made, KEY, None) is None
        assert made.head(ORIGIN) == Head(ORIGIN, cut, jws.line_hash(made.line), ed25519.public(log.seeds[cut]))
        report = verify.verify_log(log.lines[cut:], b"", pruned=made, log_key=KEY, centre_key=CENTRE)
        assert (report.problems, report.cut, report.records, report.size, report.origin) == ([], cut, 5 - cut, 5, ORIGIN)
    assert (
        stump.read(vector("stump.json").replace(b'"checkpoint.txt"', json.dumps(vector("checkpoint.txt").decode()).encode())).size
        == 4
    )


def test_stumps_of_another_form_are_refused_in_words() -> None:
    _, made = cut_log()
    good = made.plain()
    form = "a stump is size, line, left and checkpoint"
    for change, why in (
        ({"size": 0}, form),
        ({"size": True}, form),
        ({"size": 1.0}, form),
        ({"size": "3"}, form),
        ({"size": INTEGER_MAX + 1}, "an integer beyond"),
        ({"line": 5}, form),
        ({"line": "x" * (LINE_MAX + 1)}, form),
        ({"left": {}}, form),
        ({"left": [1]}, form),
        ({"checkpoint": None}, form),
        ({"left": ["AAAA"]}, "a subtree hash of another length"),
        ({"left": ["AA"]}, "not base64"),
        ({"line": "é"}, "a line is ASCII"),
    ):
        assert refused(lambda change=change: stump.read(json.dumps({**good, **change}).encode())).startswith(why), change
    assert stump.read(json.dumps({**good, "size": INTEGER_MAX}).encode()).size == INTEGER_MAX
    assert stump.read(json.dumps({**good, "line": "x" * LINE_MAX}).encode()).line == b"x" * LINE_MAX
    assert stump.STUMP_MAX == 256 * 1024
    blank = json.dumps(good).encode()
    assert stump.read(blank + b" " * (stump.STUMP_MAX - len(blank))) == made
    assert "far shorter" in refused(lambda: stump.read(blank + b" " * (stump.STUMP_MAX - len(blank) + 1)))
    assert refused(lambda: stump.read(json.dumps({**good, "checkpoint": "\ud800"}).encode())) == "a line is ASCII, a note UTF-8"


def test_stumps_that_do_not_hold_say_why() -> None:
    log, made = cut_log()
    _, other = cut_log()
    five = cut_log(5)[1]
    for bent, why in (
        (stump.Stump(3, log.lines[1], made.left, made.note), f"its line is not line 2 of {ORIGIN}"),
        (stump.Stump(2, log.lines[1], (), made.note), "its checkpoint is of size 3, the cut at 2"),
        (stump.Stump(3, log.lines[2], (bytes(32),), made.note), "its line and subtrees do not lead"),
        (stump.Stump(3, log.lines[2], made.left, other.note), "its line and subtrees do not lead"),
        (stump.Stump(3, log.lines[2], (), made.note), "a cut after 2 lines has 1 subtrees, not 0"),
    ):
        assert refused(lambda bent=bent: stump.check(bent, KEY, CENTRE)).startswith(why), why
    elsewhere = notes.VerifierKey("other", 1, KEY.key)
    assert "of other" in refused(lambda: stump.check(made, elsewhere, CENTRE)) and five.size == 5
    assert "no cosignature" in refused(lambda: stump.check(made, KEY, CENTRE_KEY))
    report = verify.verify_log(log.lines[3:], b"", pruned=made)
    assert report.problems == ["the stump: the log's verifier key is needed: --log-key FILE"]
    report = verify.verify_log(log.lines[4:], b"", pruned=made, log_key=KEY)
    assert report.problems[0].startswith("record 3: signed with another key") and report.cut == 3
    report = verify.verify_log(log.lines[3:], b"", pruned=stump.Stump(3, log.lines[2], made.left, other.note), log_key=KEY)
    assert report.problems[0].startswith("the stump: its line and subtrees do not lead") and report.records == 0
    assert "its line is not line 2 of elsewhere" in refused(lambda: made.head("elsewhere"))
    point = Checkpoint(ORIGIN, 2, bytes(32))            # of pruned lines: nothing to hold it to, but its signatures
    below = notes.sign_checkpoint(point, SIGNER) + notes.cosign(point, "c.example", CENTRE_SIGNER, 4)
    given: dict[str, Any] = {"pruned": made, "log_key": KEY, "centre_key": CENTRE, "receipts": [below, made.note]}
    assert verify.verify_log(log.lines[3:], b"", checkpoint=below, **given).checkpoint == point
    report = verify.verify_log(log.lines[3:], b"", **given)
    assert report.problems == [] and [found.checkpoint.size for found in report.earlier] == [2]
    assert [found.checkpoint.size for found in report.receipts] == [3]
    flagged = jws.write("fault", {"v": 1, "log": ORIGIN, "seq": True, "prev": None, "nk": "A" * 43}, SEED)
    assert "its line is not line 1" in refused(lambda: stump.Stump(2, flagged, (), b"").head(ORIGIN))
