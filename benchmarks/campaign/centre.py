"""The reference centre's own desk in one process: its judging, its database (on a tmpfs), a clock of ours."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path
from typing import Any

from benchmarks.campaign.time import Time
from edge_agent.center import casebook, dossier, enrolment, registry, shelves, silence, store
from edge_agent.center.desk import Desk
from edge_agent.center.directory import ReceiptKey
from edge_agent.center.kinds import Bodies
from edge_agent.center.values import Answer, Log
from edge_agent.tools import ed25519, strict_json

CERTIFICATE = b"the portal's client certificate"


class Centre:
    """One centre with its database file."""

    def __init__(self, where: Path, time: Time, name: str = "centre.test/rpm") -> None:
        where.mkdir(parents=True, exist_ok=True)
        self.where, self._clock = where, time.of_centre()
        self.key = ReceiptKey(name, ed25519.SoftKey(name.encode().ljust(32, b"k")[:32]))
        shutil.copy(_empty(where.parent.parent), where / store.NAME)
        self._open()

    def _open(self) -> None:
        db = store.open_store(self.where)
        shelves.check_heads(db)
        watch = silence.Watch()
        silence.resume(db, watch, self._clock.mono_ns())
        self.desk = Desk(db, self.key, self._clock, watch, Bodies({}))

    def enrol(self, public: dict[str, Any]) -> None:
        """What `center enrol` does, but for reading an X.509 certificate."""
        wanted = enrolment.read(strict_json.dumps(public), certificate=False)
        with store.writing(self.desk.db):
            shelves.add_log(self.desk.db, wanted, CERTIFICATE, None, self.now_ms())

    def entries(self, origin: str, lines: list[bytes], note: bytes) -> Answer:
        return self.desk.entries(enrolment.log_id(origin), CERTIFICATE, b"".join(line + b"\n" for line in lines) + b"\n" + note)

    def now_ms(self) -> int:
        return self._clock.wall_ns() // 10**6

    def logs(self) -> list[Log]:
        return shelves.logs(self.desk.db)

    def confirm_all(self) -> None:
        """A person compares the fingerprint of every continuation."""
        for log in self.logs():
            if not log.confirmed:
                registry.confirm(self.desk.db, log.origin, self.now_ms())

    def answer(self, kind: str, why: str) -> None:
        """A person answers every open question of a kind."""
        with store.writing(self.desk.db):
            for found in dossier.dossier(self.desk.db, 0):
                for one in found["questions"]:
                    if one["kind"] == kind:
                        casebook.answer(self.desk.db, one["number"], "campaign", why, self.now_ms())

    def proofs(self) -> list[str]:
        return [f"{proof['what']}: {proof['text']}" for log in dossier.dossier(self.desk.db, 0) for proof in log["proofs"]]

    def asked(self) -> int:
        """Questions asked so far."""
        return int(self.desk.db.execute("SELECT coalesce(max(number), 0) FROM question").fetchone()[0])

    def questions(self, *, since: int = 0, still_open: bool = False) -> list[str]:
        """Kinds of questions asked after the first `since`, or only those of them that stand."""
        return [one["kind"] for log in dossier.dossier(self.desk.db, 10**6) for one in log["questions"]
                if one["number"] > since and (one["closed"] is None or not still_open)]

    def keep_copy(self) -> Path:
        """A backup of the database as it is now."""
        copy = self.where / "copy.db"
        self.desk.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(self.where / store.NAME, copy)
        return copy

    def restore(self, copy: Path) -> None:
        """The centre comes back from a backup."""
        self.close()
        for path in self.where.glob(f"{store.NAME}*"):
            path.unlink()
        shutil.copy(copy, self.where / store.NAME)
        self._open()

    def close(self) -> None:
        self.desk.close()


@functools.cache
def _empty(where: Path) -> Path:
    """A database with the schema, made once; a copy is quicker than forty CREATE statements."""
    made = where / "empty-centre"
    made.mkdir(exist_ok=True)
    if not (made / store.NAME).exists():
        store.create(made)
    return made / store.NAME
