"""What a person with root at the post can do: read and write every file, use every key found there, speak to the centre."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Any

from benchmarks.campaign.centre import Centre
from edge_agent.center.values import Answer
from edge_agent.hands.keys import LogKey, RecordKeys
from edge_agent.tools import ed25519, jws, merkle, notes
from edge_agent.tools.base64url import encode
from edge_agent.words.record import Checkpoint

STAMP = {"v", "log", "seq", "prev", "nk", "t"}


def lines_of(directory: Path) -> list[bytes]:
    with sqlite3.connect(directory / "ledger.db") as database:
        return [bytes(row[0]) for row in database.execute("SELECT line FROM record ORDER BY seq")]


def change(directory: Path, *statements: tuple[str, tuple[Any, ...]]) -> None:
    """Edit the ledger as any SQLite tool can; the tree is left as it is or goes with the lines."""
    database = sqlite3.connect(directory / "ledger.db")
    with database:
        for sql, values in statements:
            database.execute(sql, values)
    database.close()


def truncate(directory: Path, size: int) -> None:
    """The log ends before record `size`; receipts beyond it go too, and the tree is made anew at the next start."""
    change(directory, ("DELETE FROM record WHERE seq >= ?", (size,)), ("DELETE FROM receipt WHERE size > ?", (size,)),
           ("DELETE FROM node", ()))


def edited(line: bytes) -> bytes:
    """Another statistic under the old signature."""
    head, _, signature = line.split(b".")
    payload = {**jws.take_apart(line).payload, "statistic": 0.1}
    return b".".join([head, encode(_json(payload)).encode(), signature])


def resigned(lines: list[bytes], begin: int, without: int, seed: bytes) -> list[bytes]:
    """The log from `begin` on, record `without` left out, signed anew: first with `seed`, then with keys of the thief."""
    kept = lines[:begin]
    for number, line in enumerate(lines[begin:], begin):
        if number == without:
            continue
        following = _seed(f"{number} {seed.hex()}")
        kept.append(signed(jws.take_apart(line), len(kept), kept[-1] if kept else None, seed, following))
        seed = following
    return kept


def signed(parts: jws.Parts, seq: int, before: bytes | None, seed: bytes, following: bytes, **other: Any) -> bytes:
    """A record of the same body in place `seq`."""
    payload = {**parts.payload, "seq": seq, "prev": encode(jws.line_hash(before)) if before else None,
               "nk": encode(ed25519.public(following)), **other}
    return jws.write(parts.kind, payload, seed)


def keys_in(directory: Path) -> list[bytes]:
    """Every private key the files yield: both slots of the key file, and the log key."""
    data = RecordKeys(directory / "record.key")
    slots = [found[1] for found in data._slots() if found is not None]
    return [*slots, (directory / "log.key").read_bytes()]


def current_key(directory: Path) -> bytes:
    """The key that is to sign the next record."""
    return keys_in(directory)[0]


def send(centre: Centre, directory: Path, origin: str, lines: list[bytes], begin: int) -> Answer:
    """Lines from `begin` on with a checkpoint the stolen log key signs over the whole."""
    return centre.entries(origin, lines[begin:], checkpoint(directory, origin, lines))


def checkpoint(directory: Path, origin: str, lines: list[bytes]) -> bytes:
    tree = merkle.Tree()
    for line in lines:
        tree.add(line)
    return notes.sign_checkpoint(Checkpoint(origin, tree.size, tree.root()), LogKey(directory / "log.key"))


def _seed(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _json(payload: dict[str, Any]) -> bytes:
    from edge_agent.tools import strict_json
    return strict_json.dumps(payload)
