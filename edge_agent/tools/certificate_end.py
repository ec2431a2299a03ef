"""When a certificate ends (X.509 in DER, RFC 5280 4.1): read here, for the library that reads all of it weighs 10 MB.

    Certificate ::= SEQUENCE { tbsCertificate SEQUENCE { [0] version, serialNumber, signature, issuer,
                                                         validity SEQUENCE { notBefore, notAfter }, ... } ... }
Pure and bounded; what does not read so is None, never a guess.
"""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime

SEQUENCE, VERSION, UTC_TIME, GENERAL_TIME = 0x30, 0xA0, 0x17, 0x18
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\r?\n.{1,100000}?\r?\n-----END CERTIFICATE-----", re.DOTALL)


def ends(pem: str) -> datetime | None:
    """The latest end (UTC) among the certificates of a PEM file: so long at least one of them serves."""
    found = [end for block in _PEM.findall(pem) if (end := _end(block)) is not None]
    return max(found, default=None)


def _end(block: str) -> datetime | None:
    try:
        der = ssl.PEM_cert_to_DER_cert(block.replace("\r", ""))
        certificate = _inside(der, 0, SEQUENCE)
        inside = _inside(der, certificate[0], SEQUENCE)[0]
        if der[inside] == VERSION:
            inside = _inside(der, inside, VERSION)[1]
        for _ in range(3):                              # serialNumber, signature, issuer
            inside = _inside(der, inside, der[inside])[1]
        validity = _inside(der, inside, SEQUENCE)[0]
        after = _inside(der, validity, der[validity])[1]
        begin, end = _inside(der, after, der[after])
        return _time(der[after], der[begin:end].decode("ascii"))
    except (ValueError, IndexError):
        return None


def _inside(der: bytes, at: int, tag: int) -> tuple[int, int]:
    """(begin, end) of the content of the element that begins at `at`; ValueError when it is no such element."""
    if der[at] != tag:
        raise ValueError("another element")
    length, begin = der[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 3:                         # DER is definite; 16 MiB is no certificate
            raise ValueError("a length of another form")
        length, begin = int.from_bytes(der[begin : begin + count], "big"), begin + count
    if begin + length > len(der):
        raise ValueError("cut off")
    return begin, begin + length


def _time(tag: int, text: str) -> datetime:
    if tag == UTC_TIME:                                 # two digits of the year: 1950 to 2049
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != GENERAL_TIME:
        raise ValueError("not a time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
