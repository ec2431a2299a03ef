#!/usr/bin/env python3
"""Check messages of MQTT 5 between a portal and a centre.  Nothing of edge-agent is needed.

    pip install cryptography
    python3 verify_letter.py docs/mqtt-letters.json

The file: {"certificate": PEM of the portal, "centre_vkey": of the centre, "letters": [{"request", "answer"}, ...]}, each with
topic, correlation (hex), user (pairs, in order) and body (base64).  The form is explained in docs/wire-format.md, "The same over
MQTT 5".  Exit code: 0 every letter holds, 6 one does not, 3 the file cannot be read, 2 wrong use.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FILE_MAX = 64 * 1024 * 1024         # bytes
TOPIC = re.compile(r"rpm/([0-9a-f]{64})/(entries|express|log|stump|blob|checkpoint)")
HEX = re.compile(r"[0-9a-f]{64}")
REQUEST, ANSWER = {"v", "log", "cert", "encoding", "sig"}, {"v", "status", "retry-after", "sig"}


class Refused(Exception):
    """A letter that does not hold; the message says why."""


def said(letter: dict[str, Any], known: set[str]) -> dict[str, str]:
    """User properties by name; one that stands twice has no meaning, one that nobody knows is passed over."""
    found: dict[str, str] = {}
    for name, value in letter["user"]:
        if name in found:
            raise Refused(f"the property {name} stands twice")
        found[name] = value
    if found.get("v") != "1":
        raise Refused("it is not of version 1")
    return {name: value for name, value in found.items() if name in known}


def from_b64(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise Refused("base64 that is not canonical")
    return data


def request_text(letter: dict[str, Any], certificate: x509.Certificate) -> tuple[bytes, bytes]:
    """What the portal signed, and its signature."""
    user, body, correlation = said(letter, REQUEST), from_b64(letter["body"]), bytes.fromhex(letter["correlation"])
    der = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()
    if not TOPIC.fullmatch(letter["topic"]) or len(correlation) != 16 or not HEX.fullmatch(user.get("log", "")):
        raise Refused("topic, correlation or log is not of the form")
    if user.get("cert") != der or user.get("encoding", "identity") not in ("gzip", "identity"):
        raise Refused("cert is not this certificate, or encoding is neither gzip nor identity")
    text = "".join(f"{line}\n" for line in (
        "edge-agent request v1", letter["topic"], user["log"], correlation.hex(), der, user.get("encoding", "identity"),
        hashlib.sha256(body).hexdigest()))
    return text.encode(), from_b64(user["sig"])


def check_request(letter: dict[str, Any], certificate: x509.Certificate) -> bytes:
    """How the answer must name this request; Refused when the portal did not sign it."""
    text, signature = request_text(letter, certificate)
    key = certificate.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, text, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, Ed25519PublicKey):
            key.verify(signature, text)
        else:
            raise Refused("a key that cannot sign requests")
    except InvalidSignature:
        raise Refused("the request is not signed by this certificate's key") from None
    return hashlib.sha256(text + signature).digest()


def check_answer(letter: dict[str, Any], request: dict[str, Any], name: bytes, vkey: str) -> int:
    """The status the centre answered; Refused when it did not sign this answer to this request."""
    user, body = said(letter, ANSWER), from_b64(letter["body"])
    if letter["correlation"] != request["correlation"]:
        raise Refused("it has the correlation of another request")
    if letter["topic"] != request["topic"].rsplit("/", 1)[0] + "/receipt":
        raise Refused("it does not stand on the portal's receipt topic")
    text = "".join(f"{line}\n" for line in (
        "edge-agent answer v1", name.hex(), user.get("status", ""), user.get("retry-after", ""),
        hashlib.sha256(body).hexdigest()))
    raw = from_b64(vkey.split("+", 2)[2])
    if len(raw) != 33 or raw[0] != 4:
        raise Refused("centre_vkey is not the key of a centre")
    try:
        Ed25519PublicKey.from_public_bytes(raw[1:]).verify(from_b64(user["sig"]), text.encode())
    except InvalidSignature:
        raise Refused("it is not signed by the centre for this request") from None
    return int(user["status"])


def check(data: dict[str, Any]) -> list[str]:
    """A line for each letter; Refused with its number."""
    certificate = x509.load_pem_x509_certificate(data["certificate"].encode())
    lines = []
    for number, letter in enumerate(data["letters"]):
        try:
            name = check_request(letter["request"], certificate)
            status = check_answer(letter["answer"], letter["request"], name, data["centre_vkey"])
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as problem:
            raise Refused(f"letter {number} is not of the form: {problem!r}") from None
        except Refused as problem:
            raise Refused(f"letter {number}: {problem}") from None
        lines.append(f"letter {number}: {letter['request']['topic'].rsplit('/', 1)[1]}, answered {status}: both signatures hold")
    return lines


def main(given: list[str]) -> int:
    if len(given) != 1 or given[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if given and given[0] in ("-h", "--help") else 2
    try:
        if Path(given[0]).is_char_device() or Path(given[0]).is_block_device():
            raise ValueError("it is a device and no file")
        with Path(given[0]).open("rb") as file:
            data = json.loads(file.read(FILE_MAX))
    except (OSError, ValueError) as problem:
        print(f"verify_letter: cannot read {given[0]}: {problem}", file=sys.stderr)
        return 3
    try:
        print("\n".join(check(data)))
    except (Refused, ValueError, KeyError, TypeError, AttributeError) as problem:
        print(f"verify_letter: {problem}", file=sys.stderr)
        return 6
    return 0




if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
