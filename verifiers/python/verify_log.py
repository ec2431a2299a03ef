#!/usr/bin/env python3
"""Verify the log of a radiation portal, or a court exhibit made from it.  Nothing of edge-agent is needed.

    pip install cryptography
    python3 verify_log.py EXHIBIT.html [--log-key portal.vkey] [--centre-key centre.vkey]
    python3 verify_log.py --log log.ndjson --key portal.jwk --checkpoint checkpoint.txt \\
                          --log-key portal.vkey --centre-key centre.vkey

One file, Python 3.9 or newer, the standard library and `cryptography` (for Ed25519, RFC 8032).  The format is
explained in docs/verify-it-yourself.md; verifiers/js/ says the same things.  Exit code: 0 everything holds,
6 something does not, 3 a file or an option is missing, 2 wrong use.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LINE_MAX, NOTE_MAX, EXHIBIT_MAX = 64 * 1024, 16 * 1024, 16 * 1024 * 1024      # bytes
INPUT_MAX = 2**30                               # bytes of one file; 90 days of one portal are 0.4 GB
DEPTH_MAX, INTEGER_MAX = 16, 2**53 - 1          # what every JSON reader takes, and keeps exact
LOG_KEY, COSIGNER_KEY = 1, 4                    # signature types of C2SP signed-note
YEAR_9999_S = 253_402_300_799                   # last second ISO 8601 can write
TYP = re.compile(r"rpm-([a-z][a-z0-9-]{0,31})\+jws")
NAME = re.compile(r"[^\s+\ud800-\udfff]{1,200}")
SIZE = re.compile(r"0|[1-9][0-9]{0,15}")
STRINGS, BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL), re.compile(rb"[\[\]{}]")
SHA256 = re.compile("[0-9a-f]{64}")
EMPTY_ROOT = hashlib.sha256(b"").digest()


class Refused(Exception):
    """Evidence that does not verify; the message says what."""


class WrongUse(Exception):
    """A file or an option is missing; the message says which."""


# --- base64 with one spelling, JSON with one meaning

def utf8(text: str) -> bytes:
    """JSON can spell half a character (\\ud800): no bytes are signed by that name."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Refused("half a character in a text that is signed") from None


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64url(text: str) -> bytes:
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as problem:
        raise Refused(f"not base64url: {problem}") from None
    if b64url(data) != text:
        raise Refused("base64url that is not canonical")
    return data


def from_b64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise Refused(f"not base64: {problem}") from None
    if base64.b64encode(data).decode() != text:
        raise Refused("base64 that is not canonical")
    return data


def read_json(data: bytes) -> dict[str, Any]:
    """A JSON object without duplicate keys, deep nesting, integers beyond 2^53, NaN or infinities."""
    depth = 0
    for bracket in BRACKETS.findall(STRINGS.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_MAX:
            raise Refused(f"JSON nested deeper than {DEPTH_MAX}")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant,
                           parse_int=_integer, parse_float=_number)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as problem:
        raise Refused(f"not JSON: {problem}") from None
    if not isinstance(value, dict):
        raise Refused("a JSON object was expected")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Refused("a JSON object names a key twice")
    return result


def _constant(text: str) -> Any:
    raise Refused(f"{text} is not a JSON number")


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > INTEGER_MAX:
        raise Refused("an integer beyond 2^53")
    return int(text)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise Refused("a number too large")
    return value


# --- keys and signatures

def verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    if len(key) != 32 or len(signature) != 64:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def thumbprint(key: bytes) -> str:
    """RFC 7638: SHA-256 of the key as JWK, members in order, no spaces."""
    return b64url(hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{b64url(key)}"}}'.encode()).digest())


class VerifierKey(NamedTuple):
    """`name+id+base64(type | key)`, C2SP signed-note."""

    name: str
    type: int
    key: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.key).digest()[:4]

    @property
    def sha256(self) -> str:
        """Of the raw key, in hex: what people compare."""
        return hashlib.sha256(self.key).hexdigest()


def read_vkey(text: str) -> VerifierKey:
    parts = text[:-1].split("+", 2) if text.endswith("\n") else text.split("+", 2)
    if len(parts) != 3:
        raise Refused("a verifier key is name+id+base64 on one line")
    raw = from_b64(parts[2])
    if not NAME.fullmatch(parts[0]) or len(raw) != 33 or raw[0] not in (LOG_KEY, COSIGNER_KEY):
        raise Refused("a verifier key of an unknown form")
    key = VerifierKey(parts[0], raw[0], raw[1:])
    if key.id.hex() != parts[1]:
        raise Refused(f"the verifier key {key.name} does not match its id {parts[1]}")
    return key


def read_jwk(data: bytes) -> bytes:
    """The raw public key of record 0."""
    jwk = read_json(data)
    x = jwk.get("x")
    if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519" or jwk.get("alg", "Ed25519") != "Ed25519" or not isinstance(x, str):
        raise Refused("not an Ed25519 public key as JWK (kty OKP, crv Ed25519, x)")
    key = from_b64url(x)
    if len(key) != 32 or jwk.get("kid", thumbprint(key)) != thumbprint(key):
        raise Refused("the JWK's kid is not the thumbprint of its key")
    return key


# --- records: JWS compact lines (RFC 7515)

class Record(NamedTuple):
    kind: str
    kid: str
    payload: dict[str, Any]
    text: bytes                     # the payload's JSON, as it was signed
    signed: bytes
    signature: bytes


def take_apart(line: bytes) -> Record:
    if len(line) > LINE_MAX:
        raise Refused(f"a line longer than {LINE_MAX} bytes")
    try:
        header_text, payload_text, signature_text = line.decode("ascii").split(".")
    except (UnicodeDecodeError, ValueError):
        raise Refused("not a JWS compact line") from None
    header = read_json(from_b64url(header_text))
    if set(header) != {"alg", "kid", "typ"} or header["alg"] != "Ed25519":
        raise Refused("the header is not exactly alg Ed25519, kid, typ")
    typ, kid = header["typ"], header["kid"]
    found = TYP.fullmatch(typ) if isinstance(typ, str) else None
    if found is None or not isinstance(kid, str):
        raise Refused("the header's typ is not rpm-<kind>+jws, or kid is not text")
    text = from_b64url(payload_text)
    return Record(found[1], kid, read_json(text), text, line[: line.rindex(b".")], from_b64url(signature_text))


def check_record(line: bytes, origin: str, seq: int, prev: bytes | None, key: bytes) -> Record:
    """The record of `line` when it is line `seq` of this log, after the line `prev`, signed by `key`."""
    record = take_apart(line)
    if record.kid != thumbprint(key):
        raise Refused("signed with another key than the record before it announced")
    if not verifies(key, record.signed, record.signature):
        raise Refused("the signature does not verify")
    hashed = None if prev is None else b64url(hashlib.sha256(prev).digest())
    for name, value in (("v", 1), ("log", origin), ("seq", seq), ("prev", hashed)):
        found = record.payload.get(name, "absent")
        if found != value or type(found) is not type(value):
            raise Refused(f"{name} is {repr(found)[:80]}, expected {value!r}")
    return record


def next_key(record: Record) -> bytes:
    """The one key that may sign the record after this one."""
    text = record.payload.get("nk")
    if not isinstance(text, str) or len(text) != 43:
        raise Refused("nk is not a 43-character key")
    return from_b64url(text)


# --- the Merkle tree over the lines (RFC 6962)

def leaf(line: bytes) -> bytes:
    return hashlib.sha256(b"\0" + line).digest()


def parent(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """Full nodes by (level, index).  After a cut, `left` are the subtrees of the lines that are gone, largest first."""

    def __init__(self, cut: int = 0, left: tuple[bytes, ...] = ()) -> None:
        self._nodes: dict[tuple[int, int], bytes] = {}
        self.size, self.cut, begin = cut, cut, 0
        levels = [level for level in range(cut.bit_length() - 1, -1, -1) if cut >> level & 1]
        if len(levels) != len(left):
            raise Refused(f"a cut after {cut} lines has {len(levels)} subtrees, not {len(left)}")
        for number, level in enumerate(levels):
            self._nodes[level, begin >> level] = left[number]
            begin += 1 << level

    def add(self, line: bytes) -> None:
        level, index, value = 0, self.size, leaf(line)
        self._nodes[level, index] = value
        while index % 2:
            value = parent(self._nodes[level, index - 1], value)
            level, index = level + 1, index // 2
            self._nodes[level, index] = value
        self.size += 1

    def root(self, size: int) -> bytes:
        value, begin = b"", size
        for level in range(size.bit_length()):              # the full subtrees of the edge, smallest first
            if size >> level & 1:
                begin -= 1 << level
                if (level, begin >> level) not in self._nodes:
                    raise Refused(f"the tree of {size} lines lies before the cut at {self.cut}")
                node = self._nodes[level, begin >> level]
                value = parent(node, value) if value else node
        return value or EMPTY_ROOT


def included(leaf_hash: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """RFC 9162 section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    at, last, value = index, size - 1, leaf_hash
    for step in proof:
        if last == 0:
            return False
        if at % 2 or at == last:
            value = parent(step, value)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            value = parent(value, step)
        at, last = at >> 1, last >> 1
    return last == 0 and value == root


def consistent(old: int, old_root: bytes, size: int, new_root: bytes, proof: list[bytes]) -> bool:
    """Whether the tree of `size` begins with that of `old`: RFC 9162 section 2.1.4.2."""
    if old == size:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if not 0 < old < size or not proof:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else proof
    at, last = old - 1, size - 1
    while at % 2:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if at % 2 or at == last:
            first, second = parent(step, first), parent(step, second)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            second = parent(second, step)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


# --- signed notes: checkpoints and receipts (C2SP signed-note, tlog-checkpoint, tlog-cosignature)

class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes


class Receipt(NamedTuple):
    checkpoint: Checkpoint
    centre: str
    time_s: int
    line: bytes


def open_checkpoint(note: bytes, key: VerifierKey) -> Checkpoint:
    text, signatures = _note(note)
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not NAME.fullmatch(lines[0]) or not SIZE.fullmatch(lines[1]):
        raise Refused("a checkpoint is three lines: origin, size, root")
    checkpoint = Checkpoint(lines[0], int(lines[1]), from_b64(lines[2]))
    if checkpoint.size > INTEGER_MAX or len(checkpoint.root) != 32:
        raise Refused("a checkpoint with an impossible size or root")
    if checkpoint.origin != key.name:
        raise Refused(f"the checkpoint is of {checkpoint.origin}, the key of {key.name}")
    found = _signature(signatures, key)
    if found is None:
        raise Refused(f"the checkpoint has no signature of {key.name}")
    if not verifies(key.key, text.encode(), found):
        raise Refused(f"the signature of {key.name} on the checkpoint does not verify")
    return checkpoint


def open_receipt(note: bytes, log_key: VerifierKey, centre: VerifierKey) -> Receipt:
    checkpoint = open_checkpoint(note, log_key)
    text, signatures = _note(note)
    found = _signature(signatures, centre)
    if found is None:
        raise Refused(f"no cosignature of {centre.name}")
    if len(found) != 8 + 64:
        raise Refused(f"a cosignature of {centre.name} of the wrong length")
    time_s = int.from_bytes(found[:8], "big")
    signed = f"cosignature/v1\ntime {time_s}\n{text}".encode()
    if time_s > YEAR_9999_S or not verifies(centre.key, signed, found[8:]):
        raise Refused(f"the cosignature of {centre.name} does not verify")
    line = f"— {centre.name} {base64.b64encode(centre.id + found).decode()}\n".encode()
    return Receipt(checkpoint, centre.name, time_s, line)


def _note(note: bytes) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The signed text, and (name, key id, signature) of each signature line."""
    if len(note) > NOTE_MAX:
        raise Refused(f"a note longer than {NOTE_MAX} bytes")
    try:
        text, gap, block = note.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError:
        raise Refused("a note that is not UTF-8") from None
    if not gap or not block.endswith("\n"):
        raise Refused("a note is text, an empty line, signature lines")
    found = []
    for line in block[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—" or not NAME.fullmatch(parts[1]):
            raise Refused("a line in a note that is not a signature line")
        raw = from_b64(parts[2])
        if len(raw) < 5:
            raise Refused("a signature line without a signature")
        found.append((parts[1], raw[:4], raw[4:]))
    return text + "\n", found


def _signature(signatures: list[tuple[str, bytes, bytes]], key: VerifierKey) -> bytes | None:
    found = [signature for name, key_id, signature in signatures if name == key.name and key_id == key.id]
    if len(found) > 1:
        raise Refused(f"{key.name} signed the same note twice")
    return found[0] if found else None


# --- a whole log, or what follows a cut

class Report:
    """What holds, and what does not."""

    def __init__(self, origin: str = "") -> None:
        self.origin, self.records = origin, 0
        self.kinds: Counter[str] = Counter()
        self.size: int | None = None                 # of the checkpoint
        self.receipts: list[Receipt] = []
        self.problems: list[str] = []
        self.said: list[str] = []                       # lines of an exhibit's report
        self.named: list[tuple[int, str, int]] = []     # documents that records name: seq, SHA-256, length
        self.documents: list[str] = []                  # what is known of them

    def plain(self) -> dict[str, Any]:
        receipts = [{"centre": found.centre, "size": found.checkpoint.size, "time_s": found.time_s} for found in self.receipts]
        return {"whole": not self.problems, "origin": self.origin, "records": self.records, "kinds": dict(self.kinds),
                "checkpoint_size": self.size, "receipts": receipts, "problems": self.problems}

    def page(self) -> Iterator[str]:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items()))
        yield f"{shown(self.origin) or 'log'}: {self.records} records verified ({kinds or 'none'})"
        if self.records and not self.said and not any(problem.startswith("record") for problem in self.problems):
            yield "  every signature, one key per record, sequence and hashes hold"
        yield from self.said
        if self.size is not None:
            yield f"  checkpoint over {self.size} records holds"
        for found in self.receipts:
            yield f"  receipt of {shown(found.centre)} over {found.checkpoint.size} records, {utc(found.time_s)} UTC, holds"
        yield from self.documents
        yield from (f"  REFUSED {shown(problem)}" for problem in self.problems)


def utc(time_s: int) -> str:
    return f"{datetime(1970, 1, 1) + timedelta(seconds=time_s):%Y-%m-%d %H:%M:%S}"


class LogCheck:
    """Takes lines one by one: signature, key, sequence, hash; keeps the tree."""

    def __init__(self, report: Report, key: bytes, tree: Tree, prev: bytes | None = None) -> None:
        self.report, self.key, self.tree, self.prev = report, key, tree, prev
        self.findings: list[str] = []
        self._announced = {key}                         # each key signs once

    def take(self, line: bytes) -> None:
        seq = self.tree.size
        record = check_record(line, self.report.origin, seq, self.prev, self.key)
        key = next_key(record)
        tree = record.payload.get("tree")
        if record.kind == "heartbeat" and isinstance(tree, dict):       # it signs the tree before it
            size, root = tree.get("size"), tree.get("root")
            if type(size) is not int or not 0 <= size <= seq or root != b64url(self.tree.root(size)):
                self.findings.append(f"record {seq}: the heartbeat names a tree that is not this log's")
        if key in self._announced:
            self.findings.append(f"record {seq}: it announces a key a second time; each key signs once")
        self._announced.add(key)
        self.tree.add(line)
        self.key, self.prev = key, line
        self.report.kinds[record.kind] += 1
        self.report.records += 1
        blob = record.payload.get("blob")
        if isinstance(blob, dict) and isinstance(blob.get("sha256"), str) and SHA256.fullmatch(blob["sha256"]):
            self.report.named.append((seq, blob["sha256"], blob.get("len")))


def check_note(name: str, note: bytes, tree: Tree, report: Report, log_key: VerifierKey | None,
               centre: VerifierKey | None) -> Checkpoint | None:
    try:
        if log_key is None:
            raise Refused("the log's verifier key is needed: --log-key FILE")
        found = open_checkpoint(note, log_key)
        receipt = open_receipt(note, log_key, centre) if centre else None
        if found.size > tree.size:
            raise Refused(f"it is over {found.size} records, the log has {tree.size}: records are missing at the end")
        if found.root != tree.root(found.size):
            raise Refused(f"its root is not that of the first {found.size} records")
    except Refused as problem:
        report.problems.append(f"{name}: {problem}")
        return None
    if receipt:
        report.receipts.append(receipt)
    return found


def start_at_stump(stump: dict[str, Any], report: Report, log_key: VerifierKey) -> LogCheck:
    """A log cut below `size`: its last line before the cut, the subtrees left of it."""
    size, line, left = stump.get("size"), stump.get("line"), stump.get("left")
    if type(size) is not int or size < 1 or not isinstance(line, str) or not isinstance(left, list):
        raise Refused("a stump holds size, line, left and checkpoint")
    tree = Tree(size - 1, tuple(from_b64(str(each)) for each in left))
    record = take_apart(utf8(line))
    if record.payload.get("log") != log_key.name or record.payload.get("seq") != size - 1:
        raise Refused(f"its line is not line {size - 1} of {log_key.name}")
    tree.add(utf8(line))
    report.origin = log_key.name
    return LogCheck(report, next_key(record), tree, utf8(line))


def check_log(chosen: argparse.Namespace) -> Report:
    """The files named on the command line."""
    log_key, centre = vkey_file(chosen.log_key), vkey_file(chosen.centre_key)
    if chosen.checkpoint and log_key is None:
        raise WrongUse("--log-key is missing: a checkpoint is checked with the portal's verifier key")
    checkpoint = content(chosen.checkpoint) if chosen.checkpoint else None
    report, check = Report(), None
    if chosen.stump:
        if log_key is None:
            raise WrongUse("--log-key is missing: a stump is checked with the portal's verifier key")
        try:
            stump = read_json(content(chosen.stump))
            check = start_at_stump(stump, report, log_key)
            beside = stump.get("checkpoint")
            if checkpoint is None and isinstance(beside, str):
                checkpoint = utf8(beside) if "\n" in beside else content(chosen.stump.parent / Path(beside).name)
            if checkpoint is None or open_checkpoint(checkpoint, log_key).size != check.tree.size:
                raise Refused(f"it needs its checkpoint of {check.tree.size} records: nothing else vouches for the cut")
        except Refused as problem:
            report.problems.append(f"the stump: {problem}")
            return report
    data = content(chosen.log) if chosen.log else b""
    first_key = b"" if check else jwk_file(chosen.key)
    for number, line in enumerate((data[:-1] if data.endswith(b"\n") else data).split(b"\n") if data else [],
                                  check.tree.size if check else 0):
        try:
            if check is None:
                report.origin = log_key.name if log_key else origin_of(line)
                check = LogCheck(report, first_key, Tree())
            check.take(line)
        except Refused as problem:
            report.problems.append(f"record {number}: {problem}")
            break
    else:
        if check is None:
            report.problems.append("there is no record")
        else:
            finish(check, checkpoint, chosen, log_key, centre)
    if data and not data.endswith(b"\n"):
        report.problems.append("the last line does not end: the file is cut short")
    return report


def finish(check: LogCheck, checkpoint: bytes | None, chosen: argparse.Namespace, log_key: VerifierKey | None,
           centre: VerifierKey | None) -> None:
    """Checkpoint and receipts against the tree of the lines."""
    report = check.report
    report.problems += check.findings
    if checkpoint is not None:
        found = check_note("the checkpoint", checkpoint, check.tree, report, log_key, centre)
        report.size = found.size if found else None
    for number, path in enumerate(chosen.receipt):
        check_note(f"receipt {number}", content(path), check.tree, report, log_key, centre)
    if chosen.blobs:
        check_documents(report, chosen.blobs)


def check_documents(report: Report, directory: Path) -> None:
    """Files named by their SHA-256, beside the log.  One that is not there is said; one of other bytes is refused."""
    for seq, sha256, length in report.named:
        path = directory / sha256
        if not path.exists():
            report.documents.append(f"  record {seq} names the document {sha256}: not here")
            continue
        data = content(path)
        if hashlib.sha256(data).hexdigest() != sha256 or type(length) is not int or len(data) != length:
            report.problems.append(f"record {seq}: the file {sha256} is not the document it names")
        else:
            report.documents.append(f"  record {seq} names the document {sha256}: here, {len(data)} bytes, holds")


def origin_of(line: bytes) -> str:
    origin = take_apart(line).payload.get("log")
    if not isinstance(origin, str) or not origin.isprintable():
        raise Refused("record 0 names no log")
    return origin


def check_proof(chosen: argparse.Namespace) -> Report:
    """One line, in an express delivery or beside a proof: {line, index, size, inclusion, checkpoint, consistency}."""
    log_key = vkey_file(chosen.log_key)
    if log_key is None:
        raise WrongUse("--log-key is missing: a proof leads to a checkpoint, which is checked with the portal's verifier key")
    report = Report(log_key.name)
    try:
        proof = read_json(content(chosen.proof))
        note = content(chosen.checkpoint) if chosen.checkpoint else utf8(str(proof.get("checkpoint")))
        checkpoint, index = open_checkpoint(note, log_key), proof.get("index")
        lines = content(chosen.log).split(b"\n") if chosen.log else []
        if type(index) is not int or proof.get("size") != checkpoint.size:
            raise Refused("its index is not a number, or its size is not that of the checkpoint")
        line = lines[index] if 0 <= index < len(lines) else utf8(str(proof.get("line")))
        record = take_apart(line)
        if not included(leaf(line), index, checkpoint.size, steps_of(proof), checkpoint.root):
            raise Refused(f"it does not lead from line {index} to the checkpoint's root")
        if record.payload.get("log") != log_key.name or record.payload.get("seq") != index:
            raise Refused(f"its line is not line {index} of {log_key.name}")
    except Refused as problem:
        report.problems.append(f"the proof: {problem}")
        return report
    report.records, report.size = 1, checkpoint.size
    report.kinds[record.kind] += 1
    report.said.append(f"  record {index} ({record.kind}) is in the tree; its own signature needs the record before it")
    try:
        check_consistency(proof.get("consistency"), checkpoint, [content(path) for path in chosen.receipt], log_key, report)
    except Refused as problem:
        report.problems.append(f"the consistency proof: {problem}")
    return report


def check_consistency(consistency: Any, found: Checkpoint, receipts: list[bytes], log_key: VerifierKey, report: Report) -> None:
    if consistency is None:
        return
    if not isinstance(consistency, dict) or type(consistency.get("from")) is not int:
        raise Refused("it is not {from, proof}")
    old, steps = consistency["from"], steps_of(consistency, "proof")
    for note in receipts:
        older = open_checkpoint(note, log_key)
        if older.size == old:
            if not consistent(old, older.root, found.size, found.root, steps):
                raise Refused(f"the tree of {found.size} does not begin with the receipted tree of {old}")
            report.said.append(f"  the tree of {found.size} begins with the receipted tree of {old}")
            return
    report.said.append(f"  that the tree begins with that of {old} was not checked: give its receipt, --receipt FILE")


def steps_of(proof: dict[str, Any], name: str = "inclusion") -> list[bytes]:
    steps = proof.get(name)
    if not isinstance(steps, list) or not all(isinstance(step, str) for step in steps):
        raise Refused(f"{name} is not a list of base64")
    return [from_b64(step) for step in steps]


# --- a court exhibit: one page that holds the records, their proofs, and text for people

INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
                       "\U000e0000-\U000e0fff]")
PARTS = {"alarm", "occupancy", "config", "boot", "heartbeat", "announces"}
BLOCK = '<script type="application/json" id="exhibit">'
NO_WORDS = re.compile(r"<(script|style)\b[^>]*>.*?</\1>", re.DOTALL)
CLAIM = re.compile(r'<(b|pre|code) data-says="([^"<>]*)">([^<]*)</\1>')
CLAIMS = re.compile(r"<[^>]*\bdata-says")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
SAID = ("id", "lane", "radiation", "rule", "counts", "window_s", "expected", "statistic", "threshold", "exercise", "maintenance")
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#x27;", "'"), ("&amp;", "&"))


def shown(text: str) -> str:
    """Text as a page may show it: what is invisible or turns lines around is written out."""
    return INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def unescape(text: str) -> str:
    for entity, character in ENTITIES:
        text = text.replace(entity, character)
    return text


def read_page(html: bytes) -> tuple[bytes, list[tuple[str, str]]]:
    """The data block of an exhibit's file, and the words on it that claim to be those of a record: (of, text)."""
    if len(html) > EXHIBIT_MAX:
        raise Refused(f"a file longer than {EXHIBIT_MAX} bytes")
    try:
        text = html.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("a page that is not UTF-8") from None
    blocks = text.split(BLOCK)[1:]
    if len(blocks) != 1:
        raise Refused(f"{len(blocks)} data blocks called exhibit, expected one")
    data, end, _ = blocks[0].partition("</script>")
    if not end:
        raise Refused("its data block does not end")
    words = NO_WORDS.sub("", text)
    claims = [(unescape(of), unescape(said)) for _, of, said in CLAIM.findall(words)]
    if len(claims) != len(CLAIMS.findall(words)):
        raise Refused("words on the page claim to be of a record in a form that cannot be checked")
    return data.encode(), claims


class Exhibit:
    """Step by step; every problem names its part."""

    def __init__(self, html: bytes, pinned_log: VerifierKey | None, pinned_centre: VerifierKey | None) -> None:
        self.report = Report()
        self.records: dict[int, Record] = {}            # those that hold
        self.pinned_log, self.pinned_centre = pinned_log, pinned_centre
        self.earlier: Receipt | None = None
        self.first: Receipt | None = None               # that covers the alarm
        try:
            data, self.claims = read_page(html)
            self.data = read_json(data)
            self.check_form()
        except Refused as problem:
            self.report.problems.append(f"the exhibit: {problem}")
            return
        for step in (self.check_keys, self.check_checkpoint, self.check_records, self.check_roles, self.check_time,
                     self.check_page):
            step()

    def check_form(self) -> None:
        data = self.data
        rows, keys = data.get("records"), data.get("keys")
        if data.get("exhibit") != "radiation portal alarm" or data.get("v") != 1 or type(data.get("v")) is not int:
            raise Refused("not an exhibit of version 1")
        if not isinstance(rows, list) or not isinstance(keys, dict) or not isinstance(keys.get("centres"), list):
            raise Refused("records or keys are missing")
        for name, value in (("checkpoint", data.get("checkpoint")), ("keys.log", keys.get("log"))):
            if not isinstance(value, str):
                raise Refused(f"{name} is missing")
            utf8(value)
        for row in rows:
            if (not isinstance(row, dict) or type(row.get("seq")) is not int or row.get("part") not in PARTS
                    or not isinstance(row.get("line"), str)):
                raise Refused("a record without seq, part or line")
            utf8(row["line"])
        if len({row["seq"] for row in rows}) != len(rows):
            raise Refused("a record stands in it twice")
        if [row["part"] for row in rows].count("alarm") != 1:
            raise Refused("it holds no alarm, or several")
        self.rows = rows

    def check_keys(self) -> None:
        keys = self.data["keys"]
        self.centres: list[VerifierKey] = []
        self.log_key: VerifierKey | None = None
        try:
            self.log_key = read_vkey(keys["log"])
            self.report.origin = self.log_key.name
            if self.log_key.type != LOG_KEY:
                raise Refused("the log key is of another kind")
            self.say_key("portal's log key", self.log_key, self.pinned_log, "--log-key")
        except Refused as problem:
            self.report.problems.append(f"the log key: {problem}")
        for number, text in enumerate(keys["centres"]):
            try:
                centre = read_vkey(str(text))
                if centre.type != COSIGNER_KEY:
                    raise Refused("it is of another kind")
                self.centres.append(centre)
                self.say_key("centre's key", centre, self.pinned_centre if number == 0 else None, "--centre-key")
            except Refused as problem:
                self.report.problems.append(f"centre key {number}: {problem}")
        if self.pinned_centre and not keys["centres"]:
            self.report.problems.append(f"centre key 0: the exhibit has none, {self.pinned_centre.name} was expected")

    def say_key(self, what: str, key: VerifierKey, pinned: VerifierKey | None, option: str) -> None:
        if pinned is not None and pinned != key:
            raise Refused(f"it is not the key you gave with {option}: the exhibit was signed by somebody else")
        compared = "the one you gave" if pinned else f"taken from the exhibit: compare it, or give {option} FILE"
        self.report.said.append(f"  {what} {shown(key.name)}, SHA-256 {key.sha256}, {compared}")

    def check_checkpoint(self) -> None:
        self.checkpoint: Checkpoint | None = None
        if self.log_key is None:
            return
        note = utf8(self.data["checkpoint"])
        try:
            self.checkpoint = open_checkpoint(note, self.log_key)
            self.report.size = self.checkpoint.size
        except Refused as problem:
            self.report.problems.append(f"the checkpoint: {problem}")
            return
        for centre in self.centres:
            try:
                self.report.receipts.append(open_receipt(note, self.log_key, centre))
            except Refused as problem:
                self.report.problems.append(f"the receipt of {shown(centre.name)}: {problem}")

    def check_records(self) -> None:
        """Each record's place in the tree; its own signature by the key that the record before it announced."""
        lines = {row["seq"]: utf8(row["line"]) for row in self.rows}
        for row in self.rows:
            seq, part = row["seq"], row["part"]
            try:
                record = self.check_record(row, lines)
            except Refused as problem:
                self.report.problems.append(f"record {seq} ({part}): {problem}")
                continue
            self.records[seq] = record
            self.report.records += 1
            self.report.kinds[record.kind] += 1
            if part != "announces":
                self.report.said.append(f"  record {seq} ({part}): its signature, key, hash and place in the log hold")

    def check_record(self, row: dict[str, Any], lines: dict[int, bytes]) -> Record:
        seq, line = row["seq"], utf8(row["line"])
        record = take_apart(line)
        if row["part"] not in (record.kind, "announces"):
            raise Refused(f"it is a {record.kind} record")
        if row["part"] != "announces":
            self.check_signature(line, seq, lines)
        if record.payload.get("log") != self.report.origin or record.payload.get("seq") != seq:
            raise Refused(f"its line is not line {seq} of {self.report.origin}")
        found = self.checkpoint
        if found and not included(leaf(line), seq, found.size, steps_of(row), found.root):
            raise Refused(f"it is not in the tree of {found.size} records under the checkpoint")
        return record

    def check_signature(self, line: bytes, seq: int, lines: dict[int, bytes]) -> None:
        if seq == 0:
            key, prev = read_jwk(json.dumps(self.data["keys"].get("record_0")).encode()), None
        elif seq - 1 in lines:
            prev = lines[seq - 1]
            key = next_key(take_apart(prev))
        else:
            raise Refused("the record before it, which announced its key, is not in the exhibit")
        check_record(line, self.report.origin, seq, prev, key)

    def part(self, name: str) -> tuple[int, dict[str, Any]]:
        """Number and payload of the record in this role, when it holds; else -1 and nothing."""
        for row in self.rows:
            if row["part"] == name and row["seq"] in self.records:
                return row["seq"], self.records[row["seq"]].payload
        return -1, {}

    def check_roles(self) -> None:
        """Occupancy, configuration and start are those of this alarm."""
        seq, alarm = self.part("alarm")
        if not alarm:
            return
        self.say_alarm(seq, alarm)
        occupancy_seq, occupancy = self.part("occupancy")
        if occupancy and (alarm.get("occupancy") is None or occupancy.get("id") != alarm["occupancy"]):
            self.refuse(occupancy_seq, "occupancy", "it is not the occupancy that the alarm names")
        config_seq, config = self.part("config")
        if config and config.get("cfg") != alarm.get("cfg"):
            self.refuse(config_seq, "config", "it is not the configuration that the alarm names")
        boot_seq, boot = self.part("boot")
        if boot and not self.same_start(boot, alarm):
            self.refuse(boot_seq, "boot", "it is not the start in which the alarm was signed")
        for name in ("config", "boot", "heartbeat"):
            if self.part(name)[0] > seq:
                self.refuse(self.part(name)[0], name, "it was written after the alarm")

    def say_alarm(self, seq: int, alarm: dict[str, Any]) -> None:
        def word(value: Any) -> str:
            if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
                value = int(value)
            return shown(value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False))

        at = alarm["at"].get("wall") if isinstance(alarm.get("at"), dict) else None
        found = {name: word(alarm.get(name)) for name in SAID}
        self.report.said += [
            f"  record {seq} says: alarm {found['id']}, lane {found['lane']}, {found['radiation']}, {found['rule']}, "
            f"at {word(at)} by its own clock",
            f"  record {seq} says: {found['counts']} counts in {found['window_s']} s, expected {found['expected']}, "
            f"statistic {found['statistic']}, threshold {found['threshold']}",
            *(f"  record {seq} says: given during {name} {found[name]}: not a real find"
              for name in ("exercise", "maintenance") if alarm.get(name) is not None),
        ]

    def same_start(self, boot: dict[str, Any], alarm: dict[str, Any]) -> bool:
        starts = [each["t"].get("boot") for each in (boot, alarm) if isinstance(each.get("t"), dict)]
        return len(starts) == 2 and starts[0] == starts[1]

    def refuse(self, seq: int, part: str, why: str) -> None:
        self.report.problems.append(f"record {seq} ({part}): {why}")

    def check_time(self) -> None:
        """Between two times that the centre signed: the receipt the portal named before, the receipt over the alarm."""
        alarm_seq, note = self.part("alarm")[0], self.data.get("earlier")
        seq, heartbeat = self.part("heartbeat")
        if isinstance(note, str) and self.log_key and self.centres:
            try:
                named = heartbeat.get("receipt")
                earlier = open_receipt(utf8(note), self.log_key, self.centres[0])
                if not isinstance(named, dict) or named.get("sha256") != b64url(hashlib.sha256(earlier.line).digest()):
                    raise Refused("no heartbeat before the alarm names it")
                self.earlier = earlier
            except Refused as problem:
                self.report.problems.append(f"the earlier receipt: {problem}")
        over = [found for found in self.report.receipts if alarm_seq < found.checkpoint.size]
        if self.earlier and alarm_seq >= 0:
            self.report.said.append(f"  signed after {utc(self.earlier.time_s)} UTC by the centre's clock: "
                                    f"record {seq}, before it, names that receipt")
        self.first = over[0] if over else None
        if self.first and alarm_seq >= 0:
            self.report.said.append(f"  signed before {utc(self.first.time_s)} UTC by the centre's clock: that receipt covers it")
        if not over:
            self.report.said.append("  no centre has cosigned this checkpoint: only the portal vouches for it")

    def check_page(self) -> None:
        """Words on the page that claim to be of a record, a key or a receipt are so."""
        fixed = {"log": shown(self.log_key.name), "log-key": self.log_key.sha256} if self.log_key else {}
        for name, receipt in (("after", self.earlier), ("before", self.first)):
            fixed |= {name: utc(receipt.time_s)} if receipt else {}
        for number, centre in enumerate(self.centres):
            fixed |= {f"centre-{number}": shown(centre.name), f"centre-key-{number}": centre.sha256}
        for of, text in self.claims:
            seq, *path = of.split("/")
            record = self.records.get(int(seq)) if re.fullmatch("[0-9]{1,16}", seq) else None
            if record is None:
                holds = fixed.get(of) == text
            elif path:
                holds = reads_as(at_path(record.payload, path), text)
            else:
                holds = text == shown(record.text.decode())
            if not holds:
                self.report.problems.append(f'the page: it says "{shown(text[:80])}", which is not what {shown(of)} is')


MISSING = object()


def at_path(value: Any, path: list[str]) -> Any:
    """The value a JSON pointer (RFC 6901) leads to."""
    for raw in path:
        name = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            value = value[int(name)] if re.fullmatch("0|[1-9][0-9]{0,8}", name) and int(name) < len(value) else MISSING
        else:
            value = value.get(name, MISSING) if isinstance(value, dict) else MISSING
    return value


def reads_as(value: Any, text: str) -> bool:
    """Whether words on a page are this value: text as shown, numbers by value, true, false and null by name."""
    if isinstance(value, str):
        return text == shown(value)
    if value is None or isinstance(value, bool):
        return text == json.dumps(value)
    return isinstance(value, (int, float)) and bool(NUMBER.fullmatch(text)) and float(text) == value


# --- the command

def content(path: Path) -> bytes:
    if path.is_char_device() or path.is_block_device():
        raise WrongUse(f"{path} is a device and no file.\n  Give a file")
    try:
        with path.open("rb") as file:
            data = file.read(INPUT_MAX + 1)
    except OSError as problem:
        raise WrongUse(f"cannot read {path}: {problem.strerror}") from None
    if len(data) > INPUT_MAX:
        raise WrongUse(f"{path} is longer than {INPUT_MAX} bytes.\n  Give a part of the log")
    return data


def vkey_file(path: Path | None) -> VerifierKey | None:
    if path is None:
        return None
    try:
        return read_vkey(content(path).decode("utf-8", "replace"))
    except Refused as problem:
        raise WrongUse(f"{path} holds no verifier key: {problem}.\n  Expected: name+id+base64 on one line") from None


def jwk_file(path: Path | None) -> bytes:
    if path is None:
        raise WrongUse("--key is missing: the public key of record 0, a JWK file")
    try:
        return read_jwk(content(path))
    except Refused as problem:
        raise WrongUse(f"{path} holds no public key: {problem}.\n  Expected: a JWK of Ed25519, of record 0") from None


def arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exhibit", nargs="?", type=Path, help="a court exhibit, EXHIBIT.html")
    parser.add_argument("--log", type=Path, metavar="FILE", help="lines to check")
    parser.add_argument("--key", type=Path, metavar="JWK", help="public key of record 0")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="checkpoint note over the log")
    parser.add_argument("--receipt", type=Path, action="append", default=[], metavar="FILE", help="receipt note; repeatable")
    parser.add_argument("--log-key", type=Path, metavar="VKEY", help="verifier key of the portal's checkpoints")
    parser.add_argument("--centre-key", type=Path, metavar="VKEY", help="verifier key of the centre's receipts")
    parser.add_argument("--stump", type=Path, metavar="FILE", help="what a log that was cut begins with")
    parser.add_argument("--proof", type=Path, metavar="FILE", help="inclusion proof of one line, or an express delivery")
    parser.add_argument("--blobs", type=Path, metavar="DIR", help="documents that records name, files named by their SHA-256")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    chosen = arguments(given)
    try:
        if chosen.exhibit:
            report = Exhibit(content(chosen.exhibit), vkey_file(chosen.log_key), vkey_file(chosen.centre_key)).report
        elif chosen.proof:
            report = check_proof(chosen)
        elif chosen.log or chosen.stump:
            report = check_log(chosen)
        else:
            raise WrongUse("nothing to check.\n  Give EXHIBIT.html, or --log FILE --key JWK; --help shows all")
    except (Refused, WrongUse) as problem:
        print(f"verify_log: {shown(str(problem))}".replace("\\u000a", "\n"), file=sys.stderr)     # a name may hold anything
        return 6 if isinstance(problem, Refused) else 3
    if chosen.json:
        print(json.dumps({"whole": not report.problems, "logs": [report.plain()]}, indent=1))
    else:
        print("\n".join(report.page()))
        if chosen.exhibit:
            print("whole: everything that can be checked holds" if not report.problems else "NOT WHOLE: do not rely on it")
    return 6 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
