"""A record has one spelling: everything else is refused, however well it is signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from joserfc import jws as joserfc_jws
from joserfc.jwk import OKPKey

from edge_agent.commands import main
from edge_agent.tools import ed25519, jws, notes, strict_json
from edge_agent.tools.base64url import encode
from edge_agent.tools.merkle import leaf
from edge_agent.tools.verify import verify_log
from edge_agent.words.errors import EvidenceError
from edge_agent.words.record import DEPTH_MAX, LINE_MAX

from .bench import ORIGIN, Log, T

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def problems(log: Log) -> list[str]:
    return verify_log(log.lines, log.first_key).problems


def signed(header: Callable[[Log], bytes] | None = None, payload: Callable[[Log], bytes] | None = None) -> list[str]:
    """Problems of a one-line log whose header or payload text we chose; its signature is right."""
    log = Log()
    text = payload(log) if payload else strict_json.dumps(log.payload())
    log.lines.append(log.sign_raw(header(log) if header else log.header(), text))
    return problems(log)


def payload_with(**changes: object) -> Callable[[Log], bytes]:
    return lambda log: json.dumps({**log.payload(), **changes}).encode()


def test_a_plain_record_is_taken() -> None:
    assert signed() == []


def test_a_record_of_ours_is_read_by_an_independent_reader() -> None:
    log = Log()
    line = log.add("alarm", note="ångström")
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": encode(log.first_key), "alg": "Ed25519"})
    read = joserfc_jws.deserialize_compact(line, key, algorithms=["Ed25519"])
    assert (read.headers()["typ"], json.loads(read.payload)["note"]) == ("rpm-alarm+jws", "ångström")


@pytest.mark.parametrize("alg", ["none", "None", "EdDSA", "HS256", "ES256", "ed25519", "", None, 1, ["Ed25519"]])
def test_any_algorithm_but_ed25519_is_refused(alg: object) -> None:
    assert signed(lambda log: log.header(alg=alg))


@pytest.mark.parametrize("name", ["jwk", "jku", "x5c", "x5u", "x5t", "crit", "b64", "cty", "nonce", "zip"])
def test_any_further_header_is_refused(name: str) -> None:
    assert signed(lambda log: log.header(**{name: None}))


def test_a_header_that_brings_its_own_key_is_refused() -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encode(bytes(32))}
    assert signed(lambda log: log.header(jwk=jwk))


@pytest.mark.parametrize("name", ["alg", "kid", "typ"])
def test_a_missing_header_is_refused(name: str) -> None:
    assert signed(lambda log: json.dumps({k: v for k, v in json.loads(log.header()).items() if k != name}).encode())


@pytest.mark.parametrize("typ", ["rpm-+jws", "rpm-Fault+jws", "fault", "rpm-fault+jwt", "rpm-fault+jws\n", "JWT", None, 7,
                                 "rpm-" + "a" * 33 + "+jws", "xrpm-fault+jws"])
def test_a_typ_of_another_domain_is_refused(typ: object) -> None:
    assert signed(lambda log: log.header(typ=typ))


def test_a_kid_of_another_key_is_refused() -> None:
    assert signed(lambda log: log.header(kid=ed25519.thumbprint(bytes(32))))


@pytest.mark.parametrize("text", [b'{"alg":"Ed25519","alg":"Ed25519"', b'{"a":1,"a":2'])
def test_a_header_that_names_a_key_twice_is_refused(text: bytes) -> None:
    assert signed(lambda log: text + b"," + log.header()[1:])


def test_a_payload_that_names_a_key_twice_is_refused() -> None:
    assert "twice" in signed(payload=lambda log: b'{"seq":0,' + strict_json.dumps(log.payload())[1:])[0]


def test_a_key_named_twice_deep_inside_is_refused() -> None:
    assert "twice" in signed(payload=lambda log: strict_json.dumps(log.payload())[:-1] + b',"a":[{"b":{"c":1,"c":1}}]}')[0]


def test_two_spellings_of_one_key_are_the_same_key() -> None:
    assert "twice" in signed(payload=lambda log: b'{"s\\u0065q":0,' + strict_json.dumps(log.payload())[1:])[0]


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**63, 10**400])
def test_an_integer_beyond_2_to_53_is_refused(number: int) -> None:
    assert signed(payload=payload_with(x=number))


@pytest.mark.parametrize("number", [2**53 - 1, -(2**53) + 1])
def test_the_largest_exact_integer_is_taken(number: int) -> None:
    assert signed(payload=payload_with(x=number)) == []


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"01", b"+1", b".5", b"0x1"])
def test_what_is_no_json_number_is_refused(text: bytes) -> None:
    assert signed(payload=lambda log: strict_json.dumps(log.payload())[:-1] + b',"x":' + text + b"}")


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


def test_nesting_as_deep_as_allowed_is_taken() -> None:
    assert signed(payload=payload_with(x=nested(DEPTH_MAX - 1))) == []


def test_nesting_one_deeper_is_refused() -> None:
    assert "deeper" in signed(payload=payload_with(x=nested(DEPTH_MAX)))[0]


@pytest.mark.parametrize("text", ["[" * 30_000, '{"a":' * 8_000, '["' + "[" * 20_000, '"\\"[' * 5_000])
def test_a_line_of_brackets_is_refused_without_a_crash(text: str) -> None:
    assert signed(payload=lambda log: text.encode())


def test_brackets_inside_text_do_not_nest() -> None:
    assert signed(payload=payload_with(x='[{"\\' * 100)) == []


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b'"x"', b"{} {}", b"{", b"\xff\xfe", b"\xef\xbb\xbf{}", b"{'a':1}"])
def test_a_payload_that_is_no_json_object_is_refused(text: bytes) -> None:
    assert signed(payload=lambda log: text)


@pytest.mark.parametrize(("name", "value"), [
    ("v", 2), ("v", True), ("v", 1.0), ("v", "1"), ("seq", 1), ("seq", False), ("seq", -1), ("seq", 0.0), ("seq", "0"),
    ("log", "rpm.example.gov/portal/OTHER"), ("log", None), ("prev", "A" * 43), ("prev", ""), ("prev", False),
    ("nk", None), ("nk", "A" * 42), ("nk", "A" * 44), ("nk", "A" * 42 + "B"), ("nk", "A" * 42 + "="), ("nk", 5),
    ("nk", "+" + "A" * 42),
])  # fmt: skip
def test_a_wrong_place_in_the_log_is_refused(name: str, value: object) -> None:
    log = Log()
    log.lines.append(log.sign_raw(log.header(), payload_with(**{name: value})(log)))
    named = notes.VerifierKey(ORIGIN, notes.LOG_KEY, bytes(32))
    assert verify_log(log.lines, log.first_key, log_key=named).problems


@pytest.mark.parametrize("name", ["v", "seq", "prev", "nk", "log"])
def test_a_missing_member_is_refused(name: str) -> None:
    assert signed(payload=lambda log: json.dumps({k: v for k, v in log.payload().items() if k != name}).encode())


def test_a_second_record_of_another_log_is_refused() -> None:
    log = Log()
    log.add()
    log.add(log="rpm.example.gov/portal/OTHER")
    assert problems(log)[0].startswith("record 1: log is")


def test_a_gap_in_seq_is_refused() -> None:
    log = Log()
    log.add()
    log.add(seq=2)
    assert problems(log) == ["record 1: seq is 2, expected 1"]


def test_a_record_signed_with_a_key_that_signed_before_is_refused() -> None:
    log = Log()
    log.add()
    payload = log.payload()
    log.lines.append(jws.write("fault", payload, log.seeds[0]))
    assert problems(log)[0].startswith("record 1: signed with another key")


def test_a_key_announced_again_right_away_is_refused() -> None:
    """Each key signs once: `nk` may not be the key that signs this very record."""
    log = Log()
    log.add(nk=encode(log.first_key))
    assert problems(log)[0].startswith("record 0:")


def test_a_key_announced_again_later_is_refused() -> None:
    log = Log()
    log.add()
    log.add()
    log.add(nk=encode(log.first_key))
    assert problems(log)[0].startswith("record 2:")


@pytest.mark.parametrize("part", [0, 1, 2])
def test_no_part_has_a_second_base64_spelling(part: int) -> None:
    """The last letter of a part may carry bits that decode to nothing: other letters for it are refused."""
    for size in (1, 2, 3):                      # payload lengths of every remainder
        log = Log()
        parts = log.add(pad="x" * size).decode().split(".")
        for letter in ALPHABET:
            bent = [*parts]
            bent[part] = bent[part][:-1] + letter
            log.lines[0] = ".".join(bent).encode()
            assert bent == parts or problems(log)


@pytest.mark.parametrize("bend", [
    lambda line: line + b"=", lambda line: line.replace(b".", b"=.", 1), lambda line: b" " + line,
    lambda line: line + b" ", lambda line: line + b"\r", lambda line: line.replace(b".", b"..", 1),
    lambda line: line + b".", lambda line: b"." + line, lambda line: line.replace(b".", b"", 1), lambda line: b"..",
    lambda line: line[:20] + b"\x00" + line[20:], lambda line: line.replace(b".", b"\n.", 1),
    lambda line: line.decode().replace(".", "․").encode(),
])  # fmt: skip
def test_a_line_with_anything_more_or_less_is_refused(bend: Callable[[bytes], bytes]) -> None:
    log = Log()
    log.lines = [bend(log.add())]
    assert problems(log)


def test_a_line_of_64_kib_is_taken() -> None:
    log = Log()
    size = len(log.add(pad=""))
    log = Log(seeds=log.seeds)
    line = log.add(pad="x" * ((LINE_MAX - size) * 3 // 4 - 4))
    assert LINE_MAX - 16 < len(line) <= LINE_MAX and problems(log) == []


def test_a_line_over_64_kib_is_refused_by_the_reader() -> None:
    log = Log()
    log.lines.append(log.sign_raw(log.header(), payload_with(pad="x" * 49_500)(log)))
    assert "longer than" in problems(log)[0]


def test_a_line_over_64_kib_is_never_written() -> None:
    with pytest.raises(EvidenceError, match="at most 65536"):
        Log().add(pad="x" * 49_500)


def test_a_heartbeat_with_another_tree_is_refused() -> None:
    log = Log()
    log.add()
    log.add("heartbeat", tree={"size": 1, "root": encode(bytes(32))})
    assert "names a tree" in problems(log)[0]


@pytest.mark.parametrize("size", [2, -1, True, 1.0, "1", None])
def test_a_heartbeat_with_an_impossible_tree_size_is_refused(size: object) -> None:
    log = Log()
    log.add()
    log.add("heartbeat", tree={"size": size, "root": encode(leaf(log.lines[0]))})
    assert "names a tree" in problems(log)[0]


def test_wall_clock_order_never_fails_a_log() -> None:
    log = Log()
    for wall in ("2026-11-23T18:00:00.000Z", "1970-01-01T00:00:00.000Z", None):
        log.add(t={**T, "wall": wall})
    assert problems(log) == []


def test_an_unknown_kind_is_still_a_record() -> None:
    log = Log()
    log.add("something-new", body={"anything": [1, 2]})
    assert problems(log) == []


@pytest.mark.parametrize("name", ["\\ud800", "\\u001b[2J\\u001b[H4 records verified", "a\\nb"])
def test_a_log_whose_name_could_deceive_a_terminal_is_refused_in_words(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = Log()
    text = strict_json.dumps(log.payload()).replace(ORIGIN.encode(), name.encode())
    (tmp_path / "log").write_bytes(log.sign_raw(log.header(), text) + b"\n")
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encode(log.first_key)}
    (tmp_path / "jwk").write_text(json.dumps(jwk))
    code = main(["verify", "--log", str(tmp_path / "log"), "--key", str(tmp_path / "jwk")])
    assert (code, "\x1b" in capsys.readouterr().out) == (6, False)
