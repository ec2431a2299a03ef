"""What tests of evidence share: the vectors, logs written in memory, ledgers in a directory, a clock that stands."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.hands.keys import RecordKeys, new_seed
from edge_agent.hands.ledger import Ledger
from edge_agent.tools import ed25519, jws, notes
from edge_agent.tools.base64url import encode
from edge_agent.tools.merkle import Tree
from edge_agent.tools.verify import read_jwk
from edge_agent.words.clock import Trust
from edge_agent.words.record import Checkpoint

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
ORIGIN = "rpm.example.gov/portal/TEST-1"
T = {"wall": "2026-11-23T18:00:00.000Z", "boot": 1, "mono_ms": 1000, "src": "ntp", "unc_ms": 40}


def vector(name: str) -> bytes:
    return (VECTORS / name).read_bytes()


def vector_lines() -> list[bytes]:
    return vector("log.ndjson").splitlines()


FIRST_KEY = read_jwk(vector("portal.jwk"))
LOG_KEY = notes.read_vkey(vector("portal.vkey").decode())
CENTRE_KEY = notes.read_vkey(vector("centre.vkey").decode())


@dataclass
class Log:
    """A log in memory, written with the tools alone; `payload` of a line may be bent before it is signed."""

    origin: str = ORIGIN
    seeds: list[bytes] = field(default_factory=lambda: [secrets.token_bytes(32)])
    lines: list[bytes] = field(default_factory=list)

    def payload(self, **changes: Any) -> dict[str, Any]:
        return {
            "v": 1, "log": self.origin, "seq": len(self.lines),
            "prev": encode(jws.line_hash(self.lines[-1])) if self.lines else None,
            "nk": encode(ed25519.public(self.next_seed())), "t": T, **changes,
        }

    def next_seed(self) -> bytes:
        if len(self.seeds) == len(self.lines) + 1:
            self.seeds.append(secrets.token_bytes(32))
        return self.seeds[len(self.lines) + 1]

    def add(self, kind: str = "fault", **changes: Any) -> bytes:
        payload = self.payload(**changes)
        line = jws.write(kind, payload, self.seeds[len(self.lines)])
        self.lines.append(line)
        return line

    def sign_raw(self, header: bytes, payload: bytes) -> bytes:
        """A line of any header and payload text under the key that is due."""
        signing_input = f"{encode(header)}.{encode(payload)}".encode()
        return signing_input + b"." + encode(ed25519.sign(self.seeds[len(self.lines)], signing_input)).encode()

    @property
    def first_key(self) -> bytes:
        return ed25519.public(self.seeds[0])

    def header(self, **changes: Any) -> bytes:
        kid = ed25519.thumbprint(ed25519.public(self.seeds[len(self.lines)]))
        return json.dumps({"alg": "Ed25519", "kid": kid, "typ": "rpm-fault+jws", **changes}).encode()


def checkpoint_over(lines: list[bytes], origin: str, seed: bytes) -> bytes:
    tree = Tree()
    for line in lines:
        tree.add(line)
    return notes.sign_checkpoint(Checkpoint(origin, tree.size, tree.root()), ed25519.SoftKey(seed))


class StillClock:
    """A clock that does not move; waiting costs nothing."""

    def mono_ns(self) -> int:
        return 5_000_000_000

    def wall_ns(self) -> int:
        return 1_795_456_800_000_000_000

    def trust(self) -> Trust:
        return Trust("ntp", 40)

    async def sleep(self, seconds: float) -> None:
        import asyncio

        await asyncio.sleep(0)


@dataclass
class Place:
    """A directory with one ledger and its key file, outside the house."""

    directory: Path
    first_key: bytes = b""
    seeds: list[bytes] = field(default_factory=list)     # every private seed ever made here, in order

    def __post_init__(self) -> None:
        self.keys = RecordKeys(self.directory / "record.key")
        self.first_key = self.keys.create()
        first = self.keys.find(self.first_key)
        assert first is not None
        self.seeds.append(first)

    def new_seed(self) -> bytes:
        self.seeds.append(new_seed())
        return self.seeds[-1]

    async def open(self, keys: Any = None) -> Ledger:
        return await Ledger.open(
            self.directory / "ledger.db", ORIGIN, self.first_key, keys or self.keys, self.new_seed
        )


def lines_of(database: Path) -> list[bytes]:
    import sqlite3

    with sqlite3.connect(database) as connection:
        return [row[0] for row in connection.execute("SELECT line FROM record ORDER BY seq")]


def files_holding(directory: Path, secret: bytes) -> list[str]:
    """Names of files anywhere under the directory that hold these bytes."""
    return [str(path) for path in directory.rglob("*") if path.is_file() and secret in path.read_bytes()]
