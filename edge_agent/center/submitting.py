"""The centre asks witnesses of other agencies to cosign what it receipts.  They get checkpoints and proofs, never a record.

A witness that is away, or refuses, costs nobody a receipt: it is asked again, and `center status` says how far it is.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import ssl
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from urllib.parse import urlsplit

from edge_agent.center import shelves, store, witness
from edge_agent.center.values import Log
from edge_agent.tools import merkle, notes
from edge_agent.words.errors import EvidenceError, PeerError, SettingsError

log = logging.getLogger("edge_agent.center.submitting")
EVERY_S = 10.0                      # from one round to the next
TIMEOUT_S = 20.0
ANSWER_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class Card:
    """Where a witness is and what it is known by."""

    url: str
    key: notes.VerifierKey
    tls_cert: str                   # PEM

    @staticmethod
    def read(data: bytes, name: str = "this") -> Card:
        """{"v":1,"url":…,"vkey":…,"tls_cert":PEM}, the form of a centre's card."""
        try:
            body = json.loads(data)
            if not all(isinstance(body[name], str) and body[name] for name in ("url", "vkey", "tls_cert")):
                raise ValueError("url, vkey and tls_cert are texts")
            card = Card(body["url"], notes.read_vkey(body["vkey"]), body["tls_cert"])
            if card.key.type != notes.COSIGNER_KEY or urlsplit(card.url).scheme != "https":
                raise ValueError("not a cosigner's key, or not https")
            ssl.create_default_context(cadata=card.tls_cert)
            return card
        except (ValueError, KeyError, TypeError, EvidenceError, ssl.SSLError) as problem:
            raise SettingsError(
                f"{name} is not the card of a witness or centre: {problem}.\n"
                "  Have it made there: edge-agent witness card DIR --out FILE"
            ) from None


def register(db: Connection, card: Card) -> None:
    """Ask this witness from now on."""
    body = json.dumps({"v": 1, "url": card.url, "vkey": card.key.text(), "tls_cert": card.tls_cert})
    db.execute("INSERT OR REPLACE INTO witness VALUES (?, ?)", (card.key.text(), body))


def cards(db: Connection) -> list[Card]:
    return [Card.read(row["card"].encode()) for row in db.execute("SELECT card FROM witness ORDER BY vkey")]


def standing(db: Connection, number: int) -> list[dict[str, object]]:
    """The largest size each witness has cosigned of a log, with its time."""
    rows = db.execute("SELECT witness, size, time_s FROM witnessed WHERE log = ? ORDER BY witness", (number,))
    return [dict(row) for row in rows]


async def run(path: Path, stop: asyncio.Event) -> None:
    """Rounds until `stop`, in a thread of its own beside the writer's."""
    while not stop.is_set():
        try:
            await asyncio.to_thread(one_round, path)
        except Exception as problem:    # nothing of a witness may end the centre
            log.error("witnesses: %s", problem)
        with_timeout = asyncio.ensure_future(stop.wait())
        await asyncio.wait({with_timeout}, timeout=EVERY_S)
        with_timeout.cancel()


def one_round(path: Path) -> int:
    """Every log to every witness that is behind; how many cosignatures came."""
    came = 0
    with store.opened(path) as db:
        for card in cards(db):
            for each in shelves.logs(db):
                try:
                    came += _submit(db, card, each)
                except (PeerError, EvidenceError) as problem:
                    log.warning("witness %s, %s: %s", card.key.name, each.origin, problem)
    return came


def _submit(db: Connection, card: Card, each: Log) -> bool:
    newest = shelves.newest_receipt(db, each)
    row = db.execute("SELECT size FROM witnessed WHERE log = ? AND witness = ?", (each.number, card.key.name)).fetchone()
    old = row["size"] if row else 0
    if newest is None or newest[0] <= old:
        return False
    size, note = newest
    status, answer = _post(card, _body(db, each, old, size, note))
    if status == 409 and answer.strip().isdigit():      # it has signed another size than we remember
        old = int(answer)
        if old > size:
            raise EvidenceError(f"it has cosigned {old} records, this centre has receipts up to {size}: was it restored?")
        status, answer = _post(card, _body(db, each, old, size, note))
    if status != 200:
        raise PeerError(f"it answered {status} {answer[:200].decode('utf-8', 'replace').strip()}")
    return _keep(db, card, each, size, note, answer)


def _body(db: Connection, each: Log, old: int, size: int, note: bytes) -> bytes:
    return witness.body(old, merkle.consistency(old, size, shelves.held(db, each).node), note)


def _keep(db: Connection, card: Card, each: Log, size: int, note: bytes, answer: bytes) -> bool:
    """The witness's line joins the receipt it is for."""
    line = next((found for found in answer.splitlines(keepends=True) if found.startswith(card.key.line_begin())), b"")
    found = notes.open_receipt(note + line, each.log_key, card.key)
    with store.writing(db):
        if card.key.line_begin() not in note:
            db.execute("UPDATE receipt SET note = CAST(note || ? AS BLOB) WHERE log = ? AND size = ?", (line, each.number, size))
        kept = (each.number, card.key.name, size, found.time_s)
        db.execute("INSERT OR REPLACE INTO witnessed VALUES (?, ?, ?, ?)", kept)
    return True


def _post(card: Card, data: bytes) -> tuple[int, bytes]:
    parts = urlsplit(card.url)
    context = ssl.create_default_context(cadata=card.tls_cert)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port or 443, context=context, timeout=TIMEOUT_S)
    try:
        connection.request("POST", f"{parts.path.rstrip('/')}/add-checkpoint", data, {"Content-Type": "text/plain"})
        answer = connection.getresponse()
        return answer.status, answer.read(ANSWER_MAX)
    except (OSError, http.client.HTTPException) as problem:
        raise PeerError(f"cannot be reached at {card.url}: {problem}") from None
    finally:
        connection.close()
