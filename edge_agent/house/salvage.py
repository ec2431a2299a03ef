"""What is known of a log that cannot go on, as the first records of the one that continues it.

Where the centre refuses a log for good (its state directory was restored from an older copy, so two different records
stand in one place), what was written after that place can never be delivered in it.  What people must not miss of these
records is written once more, into the continuation, with `carried`: {"of", "seq", "sha256"} of the line it was.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import Any

from edge_agent.hands.keys import new_seed
from edge_agent.hands.ledger import Draft, Ledger
from edge_agent.hands.shelf import Shelf
from edge_agent.house import genuine
from edge_agent.house.genuine import Genuine
from edge_agent.house.identity import LogIdentity
from edge_agent.tools import jws
from edge_agent.tools.base64url import encode
from edge_agent.words.errors import EvidenceError, StorageError, Unavailable

log = logging.getLogger("edge_agent.salvage")
OF_THE_LINE = {"v", "log", "seq", "prev", "nk", "t"}        # of the place in the log, not of what happened
# what happened at the lane, and what was found in the search; heartbeats and faults told how it stood then
CARRIED = ("alarm", "occupancy", "tamper", "instrument")
CARRIED_MAX = 1000      # records; the scribe's queue has room for them beside what a start says of itself
READ_LINES = 1000


async def open_log(identity: LogIdentity) -> Ledger:
    """The ledger of a log that goes on; EvidenceError or StorageError when it cannot."""
    signer = identity.signer()
    if signer.public != identity.log_key.key:
        raise EvidenceError(f"the log key of {identity.origin} is not the one that was enrolled")
    return await Ledger.open(identity.database, identity.origin, identity.first_key, identity.record_keys(), new_seed)


async def shelf_of(identity: LogIdentity) -> Shelf | None:
    """A log for delivery; None where nothing of it can be sent any more."""
    try:
        if identity.signer().public != identity.log_key.key:
            raise EvidenceError("its log key is not the one that was enrolled; nothing it signs would be believed")
        if not identity.database.exists():
            return None
        shelf = await Shelf.closed(identity.database, identity.origin)
        await _with_tree(shelf)
        return shelf
    except (StorageError, EvidenceError) as problem:
        log.error("the closed log %s cannot be read: %s; its files are kept", identity.origin, problem)
        return None


async def _with_tree(shelf: Shelf) -> None:
    """A closed log whose tree was damaged can be sent once the tree is made anew; with holes in its lines it can not."""
    try:
        await shelf.root(shelf.size)
    except Unavailable:
        raise
    except StorageError as problem:
        log.error("%s; the tree is made anew from the lines", problem)
        try:
            await shelf.rebuild_tree()
        except (StorageError, EvidenceError, LookupError) as hole:
            log.error("%s: it cannot: %s; its files are kept", shelf.path, hole)


async def salvage(identity: LogIdentity) -> list[Draft]:
    """The first records of the log that continues `identity`: recovery, then what is carried over."""
    closing = identity.closing()
    body: dict[str, Any] = {"of": identity.origin, "size": None, "root": None, "agreed": None}
    reason = closing["reason"] if closing else await _reason(identity)
    carried: list[Draft] = []
    shelf = await shelf_of(identity)
    if shelf is not None:
        try:
            body["agreed"] = await agreed(shelf)
            body["size"] = shelf.size
            body["root"] = encode(await shelf.root(shelf.size))
            if closing:
                carried, body["tail"] = await _carry(shelf, closing["refused_at"])
        except (StorageError, EvidenceError, IndexError) as problem:
            log.error("%s: %s", identity.origin, problem)
        finally:
            await shelf.close()
    salvaged, behind, tail = await asyncio.to_thread(_genuine, identity, shelf.first if shelf else 0)
    if tail["carried"] and not closing:
        carried, body["tail"] = behind, tail
    by = {"by": closing["by"]} if closing else {}
    return [("recovery", {**body, **by, "salvaged": salvaged, "reason": reason[:500]}), *carried]


def _genuine(identity: LogIdentity, begin: int) -> tuple[int, list[Draft], dict[str, int]]:
    """How many records of a log are genuine, and what people must not miss of those that a damaged place keeps from being
    delivered in order."""
    told, found = Genuine(), []
    try:
        for record in genuine.records(identity.database, identity.origin, identity.first_key, begin, told):
            if told.gap is not None and record.kind in CARRIED:
                found.append(_carried(identity.origin, record.line, record.kind, record.payload))
    except sqlite3.Error as problem:
        log.error("%s cannot be opened: %s; it is kept", identity.database, problem)
    kept = _most_important(found)
    return told.count, kept, {"from": told.gap or 0, "size": told.size, "carried": len(kept), "left": len(found) - len(kept)}


async def still_to_carry(identity: LogIdentity, ledger: Ledger) -> list[Draft]:
    """Records that power kept from being carried into the continuation, which already has its recovery."""
    if ledger.cut:
        return []                       # pruned since: what was carried over was receipted long ago
    first = jws.take_apart((await ledger.lines(0, 1))[0])
    tail = first.payload.get("tail") or {"carried": 0}
    there = [jws.take_apart(line).payload.get("carried") for line in await ledger.lines(1, tail["carried"])]
    if all(there) and len(there) == tail["carried"]:
        return []
    return (await salvage(identity))[1:][sum(1 for found in there if found):]


async def agreed(shelf: Shelf) -> dict[str, Any] | None:
    """The last checkpoint that both ends signed; None before the first receipt."""
    receipt = await shelf.receipt()
    if receipt is None or receipt.size > shelf.size:
        return None
    root = await shelf.root(receipt.size)
    return {"size": receipt.size, "root": encode(root), "receipt": encode(receipt.sha256)}


async def _carry(shelf: Shelf, refused_at: int | None) -> tuple[list[Draft], dict[str, int]]:
    """What was written from the first refused record on (from the last receipt on, where the centre does not say)."""
    receipt = await shelf.receipt()
    begin = min(max(receipt.size if receipt else 0, refused_at or 0), shelf.size)
    found: list[Draft] = []
    at = begin
    while at < shelf.size:
        lines = await shelf.lines(at, READ_LINES)       # up to a hole, if there is one
        at += len(lines) or 1
        for line in lines:
            parts = jws.take_apart(line)
            if parts.kind in CARRIED:
                found.append(_carried(shelf.origin, line, parts.kind, parts.payload))
    kept = _most_important(found)
    return kept, {"from": begin, "size": shelf.size, "carried": len(kept), "left": len(found) - len(kept)}


def _carried(origin: str, line: bytes, kind: str, payload: dict[str, Any]) -> Draft:
    was = {"of": origin, "seq": payload["seq"], "sha256": encode(jws.line_hash(line))}
    return kind, {**{name: value for name, value in payload.items() if name not in OF_THE_LINE}, "carried": was}


def _most_important(found: list[Draft]) -> list[Draft]:
    """Alarms before all else where there are too many; in their order."""
    if len(found) <= CARRIED_MAX:
        return found
    by_weight = sorted(range(len(found)), key=lambda number: (CARRIED.index(found[number][0]) > 0, -number))
    return [found[number] for number in sorted(by_weight[:CARRIED_MAX])]


async def _reason(identity: LogIdentity) -> str:
    try:
        await (await open_log(identity)).close()
    except (EvidenceError, StorageError) as problem:
        return str(problem)
    return "unknown"
