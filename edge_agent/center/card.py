"""The card a portal is given: where the centre is, what its receipts and its TLS are known by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from edge_agent.center import directory, tls
from edge_agent.words.errors import SettingsError

WAYS = ("https", "mqtts")       # of a centre; a witness is asked over https


def make(path: Path, url: str | None, port: int, ways: Sequence[str] = WAYS) -> bytes:
    """{"v":1,"url":…,"vkey":…,"tls_cert":PEM}, one line; SettingsError for an address nobody could use."""
    pem = directory.certificate(path)
    card = {
        "v": 1, "url": _checked(url, ways) if url else f"https://{tls.first_host(pem)}:{port}",
        "vkey": directory.public_key(path).text(),
        "tls_cert": pem.decode(),
    }
    return json.dumps(card).encode() + b"\n"


def _checked(url: str, ways: Sequence[str]) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ways and parts.hostname and parts.port != 0 and not parts.username
    except ValueError:
        good = False
    if not good or not url.isascii() or not url.isprintable() or " " in url:
        raise SettingsError(f"--url {url[:200]!a}: nobody can reach that.\n"
                            f"  Expected: {' or '.join(f'{way}://HOST:PORT' for way in ways)}")
    return url
