"""What several centres and witnesses were shown of the same logs: whether it is one history.

Each source gives the latest checkpoint it cosigned; its own signature and the log's are verified.  Of two sizes, the larger
must begin with the smaller: by a tree held in a directory here, or by a consistency proof that a centre sends.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from edge_agent.center import directory, shelves, store, witness
from edge_agent.center.submitting import Card
from edge_agent.tools import merkle, notes
from edge_agent.tools.base64url import decode_standard
from edge_agent.words.delivery import log_id
from edge_agent.words.errors import EvidenceError, PeerError, SettingsError
from edge_agent.words.record import Checkpoint

TIMEOUT_S = 20.0
ANSWER_MAX = 64 * 1024
AGREE, FORK, UNKNOWN = "one history", "TWO HISTORIES", "cannot be compared"
Prove = Callable[[int, int], list[bytes] | None]        # (old, size) -> proof; None where the source has none


@dataclass(frozen=True, slots=True)
class View:
    """One source's latest word on one log."""

    source: str
    key: notes.VerifierKey          # of the log
    note: bytes
    receipt: notes.Receipt
    prove: Prove

    @property
    def point(self) -> Checkpoint:
        return self.receipt.checkpoint


@dataclass(frozen=True, slots=True)
class Verdict:
    origin: str
    verdict: str
    text: str
    sides: tuple[View, View]


def compare(views: Sequence[View]) -> list[Verdict]:
    """Neighbours by size, log by log; where they agree pairwise, all agree."""
    found = []
    for origin in sorted({view.point.origin for view in views}):
        of_log = sorted((view for view in views if view.point.origin == origin), key=lambda view: view.point.size)
        found += [_pair(small, large, of_log) for small, large in pairwise(of_log)]
    return found


def _pair(small: View, large: View, others: Sequence[View]) -> Verdict:
    a, b = small.point, large.point
    names = f"{small.source} at {a.size}, {large.source} at {b.size}"
    if a.size == b.size:
        same = a.root == b.root
        text = names if same else f"{names}: both signed by the log, with different roots"
        return Verdict(a.origin, AGREE if same else FORK, text, (small, large))
    broken = False
    for view in (large, *(other for other in others if other.point.size >= b.size and other is not large)):
        proof = view.prove(a.size, b.size)
        if proof is None:
            continue
        if merkle.consistent(a.size, a.root, b.size, b.root, proof):
            return Verdict(a.origin, AGREE, names, (small, large))
        broken = broken or view is large
    if broken:      # it is the larger side's own tree that does not begin with the smaller
        text = f"{names}: the larger tree does not begin with the smaller one, by the proof of {large.source} itself"
        return Verdict(a.origin, FORK, text, (small, large))
    text = f"{names}: no source gives a consistency proof; name a centre's directory or card too"
    return Verdict(a.origin, UNKNOWN, text, (small, large))


def views_of(source: Path, log_keys: dict[str, notes.VerifierKey], client: tuple[Path, Path] | None) -> list[View]:
    """What a source says: a centre's or witness's directory, or the card of one far away."""
    if source.is_dir():
        return _of_witness(source) if (source / witness.NAME).exists() else _of_centre(source)
    try:
        card = Card.read(source.read_bytes())
    except OSError as problem:
        raise SettingsError(f"{source}: {problem.strerror}; give a directory, or a card file") from None
    return list(_far(card, log_keys, client))


def log_keys_of(sources: Sequence[Path]) -> dict[str, notes.VerifierKey]:
    """Keys of the logs that directories here know."""
    found: dict[str, notes.VerifierKey] = {}
    for source in sources:
        if not source.is_dir():
            continue
        if (source / witness.NAME).exists():
            with closing(witness.open_store(source)) as db:
                found |= {row["origin"]: notes.read_vkey(row["log_key"]) for row in db.execute("SELECT * FROM log")}
        else:
            with store.opened(source) as db:
                found |= {log.origin: log.log_key for log in shelves.logs(db)}
    return found


def keep(out: Path, verdicts: Sequence[Verdict]) -> list[Path]:
    """Both sides of every contradiction, as files: two notes that the same log signed."""
    out.mkdir(parents=True, exist_ok=True)
    made = []
    for verdict in verdicts:
        if verdict.verdict != FORK:
            continue
        stem = f"{log_id(verdict.origin)[:12]}-{verdict.sides[0].point.size}-{verdict.sides[1].point.size}"
        told = {"log": verdict.origin, "log_key": verdict.sides[0].key.text(), "text": verdict.text,
                "sides": [{"source": side.source, "note": side.note.decode()} for side in verdict.sides]}
        path = out / f"two-histories-{stem}.json"
        directory.replace(path, json.dumps(told, indent=1).encode() + b"\n")
        made.append(path)
    return made


def _of_centre(source: Path) -> list[View]:
    key, found = directory.public_key(source), []
    with store.opened(source) as db, store.reading(db):
        for log in shelves.logs(db):
            newest = shelves.newest_receipt(db, log)
            if newest is not None:
                receipt = notes.open_receipt(newest[1], log.log_key, key)
                found.append(View(str(source), log.log_key, newest[1], receipt, _by_tree(source, log.id)))
    return found


def _by_tree(source: Path, log: str) -> Prove:
    def prove(old: int, size: int) -> list[bytes] | None:
        with store.opened(source) as db:
            known = shelves.log_of(db, log)
            return merkle.consistency(old, size, shelves.held(db, known).node) if known and size <= known.head.seq else None

    return prove


def _of_witness(source: Path) -> list[View]:
    key = directory.public_key(source)
    with closing(witness.open_store(source)) as db:
        rows = db.execute("SELECT log_key, note FROM log WHERE note IS NOT NULL").fetchall()
    found = []
    for row in rows:
        log_key = notes.read_vkey(row["log_key"])
        found.append(View(str(source), log_key, row["note"], notes.open_receipt(row["note"], log_key, key), _no_proof))
    return found


def _no_proof(old: int, size: int) -> list[bytes] | None:
    return None                     # a witness holds roots, no tree


def _far(card: Card, log_keys: dict[str, notes.VerifierKey], client: tuple[Path, Path] | None) -> Iterator[View]:
    for origin, key in log_keys.items():
        base = f"/v1/logs/{log_id(origin)}"
        status, note = _get(card, f"{base}/checkpoint", client)
        if status == 404:
            continue
        if status != 200:
            raise PeerError(f"{card.url} answered {status}: {note[:200].decode('utf-8', 'replace').strip()}")

        def prove(old: int, size: int, base: str = base) -> list[bytes] | None:
            status, body = _get(card, f"{base}/consistency/{old}/{size}", client)
            try:
                return [decode_standard(line.decode()) for line in body.split()] if status == 200 else None
            except (EvidenceError, UnicodeDecodeError):
                return None

        yield View(card.url, key, note, notes.open_receipt(note, key, card.key), prove)


def _get(card: Card, path: str, client: tuple[Path, Path] | None) -> tuple[int, bytes]:
    parts = urlsplit(card.url)
    context = ssl.create_default_context(cadata=card.tls_cert)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if client is not None:
        context.load_cert_chain(*client)
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port or 443, context=context, timeout=TIMEOUT_S)
    try:
        connection.request("GET", parts.path.rstrip("/") + path)
        answer = connection.getresponse()
        return answer.status, answer.read(ANSWER_MAX)
    except (OSError, http.client.HTTPException) as problem:
        raise PeerError(f"cannot be reached at {card.url}: {problem}\n  A centre asks for a registered certificate: "
                        "--cert FILE --cert-key FILE") from None
    finally:
        connection.close()
