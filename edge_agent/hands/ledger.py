"""The ledger of one log: signed lines in SQLite, each sealed with a key that signs once.  One writer.

An append is: stage the next key, commit lines and tree nodes in one durable transaction, wipe the used key.  A crash
between any two of these leaves either the old head with its key or the new head with its key.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from edge_agent.doors.sqlite import Database, Statement
from edge_agent.hands.shelf import SCHEMA, Shelf, line_of
from edge_agent.tools import ed25519, jws, merkle, notes
from edge_agent.tools.base64url import encode
from edge_agent.words.blob import named
from edge_agent.words.errors import EvidenceError, StorageError, Unavailable
from edge_agent.words.record import Head

log = logging.getLogger("edge_agent.ledger")
CHECKED_AT_START = 256              # last lines verified before the first is added; `edge-agent verify` does them all
# a document that the centre has confirmed for an earlier record is there for this one too
NAMES_BLOB = ("INSERT INTO blob VALUES (?, ?, ?, ?, (SELECT max(confirmed) FROM blob WHERE sha256 = ? AND len = ?))")
Draft = tuple[str, Mapping[str, Any]]           # kind, body


class BadDraft(EvidenceError):
    """A draft that can never be a record: too long, or not JSON.  Nothing was written."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(why)
        self.number = number            # of the draft in its batch


class Keys(Protocol):
    def stage(self, seq: int, seed: bytes, keep_seq: int | None) -> None: ...
    def retire(self, keep_seq: int) -> None: ...
    def find(self, public: bytes) -> bytes | None: ...


class Ledger(Shelf):
    """An open log with its head and its key in memory."""

    def __init__(self, database: Database, keys: Keys, new_seed: Callable[[], bytes]) -> None:
        super().__init__(database, "", 0)
        self._keys, self._new_seed = keys, new_seed
        self._first_key = b""
        self._head: Head
        self._seed: bytes
        self._edge: dict[tuple[int, int], bytes] = {}   # full nodes the next root and append ask for
        self._sound = False                             # the head in memory is that of the disk
        self._pending: tuple[int, list[bytes]] = (0, [])        # seq and lines of the last append, landed or not

    @classmethod
    async def open(
        cls, path: Path, origin: str, first_key: bytes, keys: Keys, new_seed: Callable[[], bytes]
    ) -> Ledger:
        """The ledger at `path`; EvidenceError when its tail does not verify or its key is gone."""
        ledger = cls(await Database.open(path, SCHEMA), keys, new_seed)
        ledger._first_key = first_key
        try:
            await ledger._read_head(origin, first_key)
        except BaseException:
            await ledger.close()
            raise
        return ledger

    async def append(self, drafts: Sequence[Draft], moment: Mapping[str, Any]) -> int:
        """Sign and commit the drafts, in order; the seq of the first.

        StorageError: whether they landed is not known.  Call again with the same drafts: the head is read from the
        disk first, and drafts that did land are not written twice.
        """
        if not self._sound:
            await self._read_head(self.origin, self._first_key)
            begin, pending = self._pending
            if pending and await self.lines(begin, len(pending)) == pending:
                return begin
        begin = self._head.seq
        lines, seeds, head, statements = self._prepare(drafts, moment)
        await asyncio.to_thread(self._keys.stage, head.seq, seeds[-1], self._head.seq)
        self._sound, self._pending = False, (begin, lines)      # until it has landed and the used key is wiped
        await self._database.write(statements)
        edge = dict(self._edge)
        for number, line in enumerate(lines):
            self._grow(edge, self._head.seq + number, line)
        self._edge, self._head, self._seed, self._size = edge, head, seeds[-1], head.seq
        self._prune_edge()
        await asyncio.to_thread(self._keys.retire, head.seq)
        self._sound = True
        return begin

    def _prepare(
        self, drafts: Sequence[Draft], moment: Mapping[str, Any]
    ) -> tuple[list[bytes], list[bytes], Head, list[Statement]]:
        head, key, edge = self._head, ed25519.SoftKey(self._seed), dict(self._edge)
        lines: list[bytes] = []
        seeds: list[bytes] = []
        records: list[Statement] = []
        nodes: list[Statement] = []
        blobs: list[Statement] = []
        for kind, body in drafts:
            seeds.append(self._new_seed())
            following = ed25519.SoftKey(seeds[-1])      # a point of the curve costs as much as a signature: once each
            if kind == "heartbeat":             # signs the tree before it, to the line
                body = {**body, "tree": _tree(head.seq, edge)}
            try:
                line = jws.seal(kind, _payload(body, moment, head, following.public), key)
            except (EvidenceError, ValueError, TypeError) as problem:
                raise BadDraft(len(lines), f"a {kind} record cannot be written: {problem}") from None
            records.append(("INSERT INTO record VALUES (?, ?, ?)", (head.seq, kind, line)))
            if blob := named(body):
                blobs.append((NAMES_BLOB, (head.seq, blob.sha256, blob.len, blob.type, blob.sha256, blob.len)))
            nodes += [("INSERT INTO node VALUES (?, ?, ?)", node) for node in self._grow(edge, head.seq, line)]
            lines.append(line)
            head, key = Head(head.origin, head.seq + 1, jws.line_hash(line), following.public), following
        return lines, seeds, head, [*records, *nodes, *blobs]

    def _grow(self, edge: dict[tuple[int, int], bytes], seq: int, line: bytes) -> list[tuple[int, int, bytes]]:
        """Add the nodes a line completes to the edge; those to store (leaves are their lines)."""
        new = list(merkle.completed(seq, merkle.leaf(line), lambda level, index: edge[level, index]))
        for level, index, value in new:
            edge[level, index] = value
        return [node for node in new if node[0] > 0]

    def _prune_edge(self) -> None:
        keep = set(merkle.wanted(lambda node: merkle.root(self._head.seq, node)))
        self._edge = {name: value for name, value in self._edge.items() if name in keep}

    # --- the head, from the disk

    async def _read_head(self, origin: str, first_key: bytes) -> None:
        """Verify the last lines, take the key that must sign the next one, wipe every other."""
        await self.read_cut()
        rows = await self._database.rows("SELECT seq, line FROM record ORDER BY seq DESC LIMIT ?", (CHECKED_AT_START,))
        rows.reverse()
        head = Head(origin, 0, None, first_key)
        for seq, line in rows:
            head = self._follow(head, seq, line_of(self.path, seq, line))
        seed = await asyncio.to_thread(self._keys.find, head.next_key)
        if seed is None:
            raise EvidenceError(f"the key that must sign record {head.seq} of {origin} is not in the key file")
        self._head, self._seed = head, seed
        self.origin, self._size = head.origin, head.seq
        try:
            await self._read_edge()
            sound = await self._pairs_hold(dict(rows)) and await self._edge_holds([line for _, line in rows])
        except Unavailable:
            raise
        except StorageError:                    # a node is missing
            sound = False
        if not sound:
            log.error("%s: tree nodes do not fit the lines; they are made anew from the lines", self._database.path)
            await self.rebuild_tree()
            await self._read_edge()
        await asyncio.to_thread(self._keys.retire, head.seq)
        self._sound = True

    def _follow(self, head: Head, seq: int, line: bytes) -> Head:
        if head.seq < seq and head.seq == 0:     # first line looked at: taken as it stands, the rest chained to it
            payload = jws.take_apart(line).payload
            return Head(head.origin, seq + 1, jws.line_hash(line), jws.next_key(payload))
        try:
            return jws.verify_next(line, head)[1]
        except EvidenceError as problem:
            raise EvidenceError(f"{self._database.path}: record {seq}: {problem}") from None

    async def _pairs_hold(self, tail: Mapping[int, bytes]) -> bool:
        """Whether the lowest nodes over the last lines are those of the lines."""
        rows = await self._database.rows("SELECT idx, hash FROM node WHERE level = 1 AND idx >= ?", (min(tail, default=0) // 2,))
        stored = {index: bytes(value) for index, value in rows}
        return all(
            stored.get(seq // 2) == merkle.parent(merkle.leaf(tail[seq]), merkle.leaf(tail[seq + 1]))
            for seq in tail if seq % 2 == 0 and seq + 1 in tail
        )

    async def _edge_holds(self, tail: list[bytes]) -> bool:
        """Nodes are derived and not signed: the last heartbeat and the newest receipt say what they must add up to."""
        claims = [jws.take_apart(line) for line in reversed(tail)]
        signed = next((parts.payload["tree"] for parts in claims if parts.kind == "heartbeat" and "tree" in parts.payload), None)
        known = [(int(signed["size"]), str(signed["root"]))] if signed else []
        receipt = await self.receipt()
        if receipt is not None and receipt.size <= self._size:
            text = receipt.note.decode().partition("\n\n")[0] + "\n"
            known.append((receipt.size, encode(notes.read_checkpoint_text(text).root)))
        for size, root in known:
            if encode(await self.tree(functools.partial(merkle.root, size))) != root:
                return False
        return True

    async def _read_edge(self) -> None:
        names = merkle.wanted(lambda node: merkle.root(self._head.seq, node)) if self._head.seq else []
        self._edge = {name: await self._node(*name) for name in names}


def _tree(size: int, edge: Mapping[tuple[int, int], bytes]) -> dict[str, Any]:
    return {"size": size, "root": encode(merkle.root(size, lambda level, index: edge[level, index]))}


def _payload(body: Mapping[str, Any], moment: Mapping[str, Any], head: Head, next_key: bytes) -> dict[str, Any]:
    return {
        "v": 1, "log": head.origin, "seq": head.seq, "prev": None if head.prev is None else encode(head.prev),
        "nk": encode(next_key), "t": moment, **body,
    }
