"""What the centre does with each request.  Runs in the writer's thread, one at a time; returns what to answer."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from sqlite3 import Connection

from edge_agent.center import alarms, blobs, body, casebook, enrolment, express, family, holes, judge, questions, shelves, silence
from edge_agent.center.directory import ReceiptKey
from edge_agent.center.express import Express
from edge_agent.center.kinds import Bodies
from edge_agent.center.questions import Closed, Opened
from edge_agent.center.store import writing
from edge_agent.center.values import Answer, BeginsLater, Early, Held, Log, Plan, Raised, Refusal, Unreadable, plain
from edge_agent.tools import merkle, notes
from edge_agent.tools.fingerprint import of_enrolment
from edge_agent.tools.piece import Piece
from edge_agent.words.clock import Clock
from edge_agent.words.errors import EvidenceError


class Desk:
    def __init__(self, db: Connection, key: ReceiptKey, clock: Clock, watch: silence.Watch, bodies: Bodies) -> None:
        self.db = db
        self._key = key
        self._clock = clock
        self._watch = watch
        self._bodies = bodies

    def entries(self, log_id: str, certificate: bytes, data: bytes) -> Answer:
        """POST entries."""
        log = self._admit(log_id, certificate)
        if isinstance(log, Answer):
            return log
        try:
            batch = body.split(data)
            with writing(self.db):
                log = shelves.log_of(self.db, log_id) or log        # the head as it is inside the transaction
                plan = judge.judge(batch, shelves.held(self.db, log), self._bodies.mark)
                raised = self._take_lines(log, plan)
        except Unreadable as problem:
            return _line(problem.status, str(problem))
        except BeginsLater:
            newest = shelves.newest_receipt(self.db, log)
            return Answer(409, newest[1] if newest else b"")
        except Refusal as problem:
            return self._refuse(log, problem)
        return self._receipt(log, plan, raised)     # the lines are on disk: only now may the receipt key sign

    def express(self, log_id: str, certificate: bytes, data: bytes) -> Answer:
        """POST express."""
        log = self._admit(log_id, certificate)
        if isinstance(log, Answer):
            return log
        try:
            sent = express.read(data)
        except Unreadable as problem:
            return _line(problem.status, str(problem))
        try:
            with writing(self.db):
                log = shelves.log_of(self.db, log_id) or log
                held = shelves.held(self.db, log)
                early = express.judge(sent, held)
                raised = self._take_early(log, early, held)
        except Refusal as problem:
            return self._refuse(log, problem, self._forked_alarm(log, sent) if problem.fork else ())
        state = b"chained" if early.chained else b"chain-pending"
        return Answer(202, b'{"state":"%s"}\n' % state, raised, "application/json")

    def rejoin(self, log_id: str, certificate: bytes, data: bytes) -> Answer:
        """PUT stump: this centre lost records that the portal has pruned."""
        log = self._admit(log_id, certificate)
        if isinstance(log, Answer):
            return log
        try:
            sent = holes.read(data)
            with writing(self.db):
                log = shelves.log_of(self.db, log_id) or log
                found = holes.judge(sent, shelves.held(self.db, log), self._key.public)
                raised = self._raise(log, holes.keep(self.db, log, found, self._now_ms()))
        except Unreadable as problem:
            return _line(problem.status, str(problem))
        except BeginsLater:
            newest = shelves.newest_receipt(self.db, log)
            return Answer(409, newest[1] if newest else b"")
        except Refusal as problem:
            return self._refuse(log, problem)
        return Answer(200, found.receipt.line, raised)

    def blob(self, certificate: bytes, read: Callable[[], Piece]) -> Answer:
        """PUT blob: a piece of a document that a record names."""
        try:
            return blobs.put(self.db, self._key, certificate, read(), self._now_ms())
        except EvidenceError as problem:
            return _line(400, str(problem))

    def checkpoint(self, log_id: str, certificate: bytes) -> Answer:
        """GET checkpoint: for the portal, and for whoever compares what two centres were shown."""
        if not shelves.is_registered(self.db, certificate):
            return _line(403, "this certificate is not registered here")
        log = shelves.log_of(self.db, log_id)
        newest = log and shelves.newest_receipt(self.db, log)
        return Answer(200, newest[1]) if newest else _line(404, "no receipt has been given for this log")

    def consistency(self, log_id: str, certificate: bytes, old: int, size: int) -> Answer:
        """GET consistency: proof that the tree of `size` begins with that of `old`, for whoever compares."""
        if not shelves.is_registered(self.db, certificate):
            return _line(403, "this certificate is not registered here")
        log = shelves.log_of(self.db, log_id)
        if log is None or not old <= size <= log.head.seq:
            return _line(404, "no tree of this size is here")
        try:
            proof = merkle.consistency(old, size, shelves.held(self.db, log).node)
        except Refusal as problem:
            return _line(404, str(problem))
        return Answer(200, b"".join(b64encode(step) + b"\n" for step in proof))

    def begin_continuation(self, log_id: str, certificate: bytes, data: bytes) -> Answer:
        """PUT log."""
        try:
            wanted = enrolment.read(data, certificate=False)
        except EvidenceError as problem:
            return _line(400, str(problem))
        if wanted.id != log_id:
            return _line(400, "the path is not the SHA-256 of this origin")
        with writing(self.db):
            return self._begin(wanted, certificate)

    def tick(self) -> tuple[Raised, ...]:
        """Every second: who has fallen silent."""
        overdue = self._watch.overdue(self._clock.mono_ns())
        if not overdue:
            return ()
        by_number = {log.number: log for log in shelves.logs(self.db)}
        with writing(self.db):
            due = [by_number[number] for number in overdue if number in by_number]      # one withdrawn is missed by nobody
            due = [log for log in due if not family.replaced(self.db, log)]
            fallen = [(log, silence.fall_silent(self.db, log)) for log in due]
            shown = tuple(new for log, event in fallen if event for new in self._fallen(log, event))
        self._watch.forget(overdue)
        return shown

    def close(self) -> None:
        self.db.close()

    def certificates(self) -> dict[bytes, bytes]:
        return shelves.certificates(self.db)

    def certificate(self, sha256: bytes) -> bytes | None:
        return shelves.certificate(self.db, sha256)

    def _admit(self, log_id: str, certificate: bytes) -> Log | Answer:
        log = shelves.log_of(self.db, log_id)
        if log is None:
            return _line(404, "no log of this id is registered here")
        if shelves.may_send(self.db, log, certificate):
            return log
        with writing(self.db):
            why = Raised("REFUSED", log.origin, "certificate", "a certificate of another log was used")
            return _line(403, "this certificate is not registered for this log", self._raise(log, why))

    def _take_lines(self, log: Log, plan: Plan) -> tuple[Raised, ...]:
        if not plan.lines:
            return ()
        now_ms = self._now_ms()
        early = [new.seq for new in plan.lines if new.kind == "heartbeat"]
        shelves.store(self.db, log, plan, now_ms)
        blobs.expect(self.db, log, plan.lines)
        self._watch.begin(log.number, self._clock.mono_ns())
        events: list[Raised] = []
        for new in plan.lines:
            if new.kind == "alarm":
                events.append(alarms.raised(log.origin, new.seq, new.payload, alarms.CHAINED))
            if new.mark is not None:
                events.append(Raised("MARKED", log.origin, str(new.seq), f"seq={new.seq} kind={new.kind} {new.mark}"))
        if early:
            last = next(new for new in plan.lines if new.seq == early[-1])
            events += self._beat(log, silence.beat_of(last.seq, last.payload))
        events += casebook.take_lines(self.db, log, plan, now_ms)
        return self._raise(log, *events)

    def _take_early(self, log: Log, early: Early, held: Held) -> tuple[Raised, ...]:
        shelves.keep_early(self.db, log, early, self._now_ms())
        self._watch.begin(log.number, self._clock.mono_ns())
        events: list[Raised] = []
        if early.kind == "alarm":
            state = alarms.CHAINED if early.chained else alarms.PENDING
            events.append(alarms.raised(log.origin, early.seq, early.payload, state))
        if early.kind == "heartbeat":
            events += self._beat(log, silence.beat_of(early.seq, early.payload))
        events += casebook.take_early(self.db, log, early.commitment, held.commitments, self._now_ms())
        return self._raise(log, *events)

    def _fallen(self, log: Log, event: Raised) -> tuple[Raised, ...]:
        casebook.apply(self.db, log, [Opened(questions.SILENCE, event.key, event.text)], self._now_ms())
        return self._raise(log, event)

    def _beat(self, log: Log, beat: silence.Beat) -> list[Raised]:
        freshest, again = silence.take_beat(self.db, log, beat, self._now_ms())
        if freshest:
            self._watch.heard(log.number, beat.period_s, self._clock.mono_ns())
        if again is None:
            return []
        casebook.apply(self.db, log, [Closed(questions.SILENCE, "", "heard again")], self._now_ms())
        return [again]

    def _receipt(self, log: Log, plan: Plan, raised: tuple[Raised, ...]) -> Answer:
        """The cosignature of the checkpoint sent, or the newest receipt when that is larger."""
        size = plan.checkpoint.size
        newest = shelves.newest_receipt(self.db, log)
        if newest is not None and newest[0] > size:
            return Answer(200, newest[1], raised)
        if newest is not None and newest[0] == size:
            return Answer(200, newest[1][len(plan.note):], raised)
        time_s = self._clock.wall_ns() // 10**9
        cosignature = notes.cosign(plan.checkpoint, self._key.name, self._key.signer, time_s)
        with writing(self.db):
            shelves.add_receipt(self.db, log, size, time_s, plan.note + cosignature)
        given = Raised("RECEIPT", log.origin, str(size), f"size={size} lines={len(plan.lines)}")
        return Answer(200, cosignature, (*raised, given))

    def _refuse(self, log: Log, problem: Refusal, others: tuple[Raised, ...] = ()) -> Answer:
        now_ms = self._now_ms()
        kind = "FORK" if problem.fork else "REFUSED"
        with writing(self.db):
            if problem.fork:
                shelves.keep_fork(self.db, log, problem.fork, now_ms)
            shown = self._raise(log, Raised(kind, log.origin, str(problem), str(problem)), *others)
        return _line(422, str(problem), shown)

    def _forked_alarm(self, log: Log, sent: Express) -> tuple[Raised, ...]:
        """An alarm on the other side of a fork is an alarm all the same."""
        parts = express.vouched(sent, shelves.held(self.db, log))
        if parts is None or parts.kind != "alarm":
            return ()
        return (alarms.raised(log.origin, sent.index, parts.payload, alarms.FORKED),)

    def _begin(self, wanted: enrolment.Enrolment, certificate: bytes) -> Answer:
        there = shelves.log_of(self.db, wanted.id)
        if there is not None and shelves.may_send(self.db, there, certificate):
            if (there.record_key, there.log_key) == (wanted.record_key, wanted.log_key):
                return _line(200, "registered already")
            why = Raised("REFUSED", there.origin, "keys", "a continuation log with other keys than before")
            return _line(409, "registered already with other keys", self._raise(there, why))
        base = None if there else self._continued(wanted.origin, certificate)
        if base is None:
            return _line(403, "this origin continues no log registered for this certificate")
        shelves.add_log(self.db, wanted, certificate, base, self._now_ms())
        digits = of_enrolment(wanted.origin, wanted.record_key, wanted.log_key.text(), certificate)
        text = f"unconfirmed, continues {base.origin}; compare {digits} over the telephone, then: center confirm"
        begun = Raised("CONTINUATION", wanted.origin, wanted.origin, text)
        if new := shelves.log_of(self.db, wanted.id):
            casebook.apply(self.db, new, [Opened(questions.CONTINUATION, wanted.origin, text)], self._now_ms())
        return _line(201, "registered, unconfirmed", self._raise(base, begun))

    def _continued(self, origin: str, certificate: bytes) -> Log | None:
        """The log enrolled by a person that `origin` continues, when the certificate is its own."""
        stem = enrolment.continued(origin)
        for log in shelves.logs(self.db) if stem else ():
            kin = log.origin == stem or enrolment.continued(log.origin) == stem     # enrolled late, it may be stem/2
            if kin and log.parent is None and shelves.may_send(self.db, log, certificate):
                return log
        return None

    def _raise(self, log: Log, *events: Raised) -> tuple[Raised, ...]:
        """Those not raised before."""
        now_ms = self._now_ms()
        return tuple(event for event in events if shelves.raise_event(self.db, log, event, now_ms))

    def _now_ms(self) -> int:
        return self._clock.wall_ns() // 10**6


def _line(status: int, text: str, raised: tuple[Raised, ...] = ()) -> Answer:
    return Answer(status, plain(text, 400).encode() + b"\n", raised)
