"""The card a portal is given: where the centre is, what its receipts and its TLS are known by."""

from __future__ import annotations

import json
from pathlib import Path

from edge_agent.center import directory, tls


def make(path: Path, url: str | None, port: int) -> bytes:
    """{"v":1,"url":…,"vkey":…,"tls_cert":PEM}, one line."""
    pem = directory.certificate(path)
    card = {
        "v": 1, "url": url or f"https://{tls.first_host(pem)}:{port}", "vkey": directory.public_key(path).text(),
        "tls_cert": pem.decode(),
    }
    return json.dumps(card).encode() + b"\n"
