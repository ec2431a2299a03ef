"""One wire with instruments that are asked: RS-485 with several units, or a TCP connection.  One question at a time.

Every exchange, good or bad, goes to the lane of the unit it was with, as a chunk stamped when its last byte arrived.
After a question that was not answered in time nothing is said on a serial line until it is quiet, and the unit's next
question is one whose answer cannot be mistaken for the late one; only then is it believed again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.hands.links.errands import Errand, Errands
from edge_agent.hands.links.mailbox import Mailbox, Wire
from edge_agent.hands.links.turns import Turns, Unit
from edge_agent.tools.exchange import Exchange, pack
from edge_agent.words.clock import Clock
from edge_agent.words.dialect import Dialect, Found, Outcome
from edge_agent.words.driver import Poll
from edge_agent.words.errors import Deaf, LinkError
from edge_agent.words.reading import Chunk

log = logging.getLogger("edge_agent.bus")
DEAF_S = 60.0           # nothing at all from anyone on an open wire: it may be half-open, open it anew
LAST_LOOK_S = 0.002     # when we were kept from looking (a busy controller), the answer may have come in time
BROKEN_OFF_S = 0.1      # an answer that stopped comes no further: a frame has no gap of 1.5 characters (V1.02, 2.5.1.1), but
                        # converters behind a network hold bytes back for tens of ms
OWES_S = 3.0            # what has not come by then never will; a silent unit rests longer before its sixth question (turns.py)
QUIET_S = 0.02          # a line is quiet after this; USB adapters hold bytes back for 16 ms (FTDI's latency timer)
SOUND = (Outcome.ANSWER, Outcome.REFUSED, Outcome.LATE)     # whole frames
BITS_PER_BYTE = 11      # start, eight, parity or second stop, stop


@dataclass(frozen=True, slots=True)
class Pace:
    """Times of one wire."""

    answer_s: float             # how long the first byte of an answer may take
    gap_s: float                # silence before each question
    baud: int                   # 0: bytes take no time

    def bytes_s(self, count: int) -> float:
        return count * BITS_PER_BYTE / self.baud if self.baud else 0.0


class Bus:
    """Built once for a wire; opened by the first lane that comes, closed by the last that goes."""

    def __init__(self, wire: Wire, dialect: Callable[[], Dialect], pace: Pace, clock: Clock) -> None:
        self.name = wire.name
        self._wire, self._make_dialect, self.pace, self._clock = wire, dialect, pace, clock
        self._dialect = dialect()
        self._turns, self._errands = Turns(), Errands()
        self._lanes: dict[int, tuple[Unit, Mailbox]] = {}       # by id of the unit: those on the bus now
        self._task: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()
        self._heard_ns = 0

    async def join(self, unit: Unit, mailbox: Mailbox, *, may_write: bool = False) -> None:
        """LinkError when the wire cannot be opened.  `may_write`: an outlet's (outlet.py); a lane's never."""
        async with self._opening:
            if self._task is None:
                await self._wire.open()
                self._dialect, self._heard_ns = self._make_dialect(), self._clock.mono_ns()
                self._task = asyncio.create_task(self._run(), name=self.name)
            unit.begin(self._clock.mono_ns())
            self._lanes[id(unit)] = unit, mailbox
            self._turns.units.append(unit)
            if may_write:
                self._errands.allow(unit)

    def leave(self, unit: Unit) -> None:
        if self._lanes.pop(id(unit), None) is not None:
            self._turns.units = [each for each in self._turns.units if each is not unit]
            self._errands.leave(unit, f"{self.name} is closed")
        if not self._lanes:
            self._close()

    async def write(self, unit: Unit, question: bytes) -> tuple[Outcome, bytes]:
        """What came of it, at its turn.  LinkError when the bus ends before, or the unit may not be written to."""
        return await self._errands.put(unit, question)

    def _close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._wire.close()

    async def _run(self) -> None:
        """Ask until the wire breaks; then every lane learns why, and opens it again in its own time."""
        try:
            while True:
                await self._turn()
        except LinkError as problem:
            self._end(str(problem), type(problem))
        except Exception as problem:        # ours; lanes must not wait for a bus that no longer asks
            log.exception("%s stopped asking", self.name)
            self._end(f"{self.name}: {problem!r}")

    def _end(self, why: str, kind: type[LinkError] = LinkError) -> None:
        self._task = None
        self._wire.close()
        for unit, mailbox in list(self._lanes.values()):
            self.leave(unit)
            mailbox.end(why, kind)

    async def _turn(self) -> None:
        now_ns = self._clock.mono_ns()
        if now_ns - self._heard_ns > DEAF_S * 1e9:
            raise Deaf(f"{self.name}: nothing from any unit for a minute; opening it anew")
        if (errand := self._errands.next(now_ns)) is not None:
            await self._run_errand(errand)
            return
        turn = self._turns.next(now_ns)
        if isinstance(turn, int):
            await self._listen(min((turn - now_ns) / 1e9, self._errands.look_s))
        else:
            await self._ask(*turn)

    async def _listen(self, seconds: float) -> None:
        """Between questions nobody should speak; who does is late, or noise."""
        chunk = await self._wire.next(seconds)
        if chunk is not None:
            await self._stray(chunk)

    async def _stray(self, chunk: Chunk) -> None:
        """Bytes nobody waits for, to the end of them; the unit they seem to be of is told."""
        data, at_ns = chunk.data, chunk.at_ns
        while (more := await self._wire.next(QUIET_S)) is not None:
            data, at_ns = (data + more.data)[-1024:], more.at_ns
        if self._another_master(data, at_ns):
            await self._wire.next(self.pace.answer_s)       # the answer to him
            return
        for unit, _ in list(self._lanes.values()):
            question = unit.polls[0].question
            if self._dialect.quiet and self._dialect.mine(data, question):
                late = self._sound(data, question)
                unit.owed = max(0, unit.owed - late)
                found = self._dialect.take(data, question)
                outcome = found.outcome if found else self._dialect.rest(data, question)
                self._tell(unit, Chunk(at_ns, pack(Exchange(question, Outcome.LATE if late else outcome, data))))
                return

    def _another_master(self, data: bytes, at_ns: int) -> bool:
        """Somebody else asks: no unit is believed before it is sure again, for an answer to him looks like one to us."""
        lanes = list(self._lanes.values())
        if not lanes or not self._asked_by_another(data, lanes[0][0].polls[0].question):
            return False
        for unit, _ in lanes:
            unit.doubt = True
        self._tell(lanes[0][0], Chunk(at_ns, pack(Exchange(lanes[0][0].polls[0].question, Outcome.MASTER, data))))
        return True

    def _asked_by_another(self, data: bytes, question: bytes) -> bool:
        while (found := self._dialect.take(data, question)) is not None:
            if found.outcome is Outcome.MASTER:
                return True
            data = data[found.used :]
        return False

    def _sound(self, data: bytes, question: bytes) -> int:
        """Whole frames of it."""
        sound = 0
        while (found := self._dialect.take(data, question)) and found.outcome in SOUND:
            sound, data = sound + 1, data[found.used :]
        return sound

    # --- one question

    async def _run_errand(self, errand: Errand) -> None:
        began_ns = self._clock.mono_ns()
        await self._settle()
        outcome, body, _ = await self._exchange(errand.unit, errand.question)
        if outcome not in (Outcome.ANSWER, Outcome.REFUSED, Outcome.CHECKSUM):
            await self._missed(errand.unit, 0, began_ns, outcome in (Outcome.LENGTH, Outcome.FRAMING))
        self._errands.spent((self._clock.mono_ns() - began_ns) / 1e9)
        if not errand.done.done():
            errand.done.set_result((outcome, body))

    async def _ask(self, unit: Unit, which: int) -> None:
        question = unit.polls[which].question
        await self._settle()
        sure = self._dialect.sure(question) if unit.doubt else None     # what settled may have raised it
        began_ns = self._clock.mono_ns()
        if began_ns - unit.owed_ns > OWES_S * 1e9:
            unit.owed = 0
        unit.doubt = False                          # an exchange can raise it anew
        outcome, body, at_ns = await self._exchange(unit, sure or question)
        if sure is not None and outcome in (Outcome.ANSWER, Outcome.REFUSED):
            unit.misses = 0
            return                                  # it is itself again; its question is still due
        unit.doubt = unit.doubt or sure is not None
        self._tell(unit, Chunk(at_ns, pack(Exchange(sure or question, outcome, body))))
        match outcome:
            case Outcome.ANSWER | Outcome.REFUSED:
                unit.owed = 0
                self._turns.answered(unit, which, at_ns)
            case Outcome.CHECKSUM:
                self._turns.spoiled(unit, which, at_ns)
            case Outcome.MASTER:
                for each, _ in self._lanes.values():
                    each.doubt = True
                await self._wire.next(self.pace.answer_s)   # the answer to him, or to us
                self._turns.spoiled(unit, which, at_ns)
            case _:
                await self._missed(unit, which, began_ns, outcome in (Outcome.LENGTH, Outcome.FRAMING))

    async def _settle(self) -> None:
        """Silence before a question; what still comes is stray."""
        while (chunk := await self._wire.next(self.pace.gap_s)) is not None:
            await self._stray(chunk)

    async def _exchange(self, unit: Unit, question: bytes) -> tuple[Outcome, bytes, int]:
        """Ask, and wait for the answer: (outcome, its bytes, when the last of them came)."""
        frame = self._dialect.frame(question)
        self._wire.write(frame)
        wait_s = self.pace.bytes_s(len(frame)) + self.pace.answer_s + self.pace.bytes_s(self._dialect.longest(question))
        end_ns = self._clock.mono_ns() + round(wait_s * 1e9)
        waiting = b""
        while True:
            left_s = (end_ns - self._clock.mono_ns()) / 1e9
            begun = self._begun(waiting, question)
            chunk = await self._wire.next(max(min(left_s, BROKEN_OFF_S) if begun else left_s, LAST_LOOK_S))
            if chunk is None and (begun or left_s <= LAST_LOOK_S):
                break
            if chunk is None:
                continue
            waiting += chunk.data
            while (found := self._dialect.take(waiting, question)) is not None:
                if not self._is_late(found, unit):
                    self._heard_ns = chunk.at_ns
                    if found.outcome is not Outcome.CHECKSUM:
                        self._another_master(waiting[found.used :], chunk.at_ns)
                    return found.outcome, found.body, chunk.at_ns
                waiting = waiting[found.used:]
                owner = self._whose(found.body, unit)
                owner.owed = max(0, owner.owed - 1)
                self._tell(owner, Chunk(chunk.at_ns, pack(Exchange(question, Outcome.LATE, found.body))))
        return self._dialect.rest(waiting, question), waiting, self._clock.mono_ns()

    def _is_late(self, found: Found, unit: Unit) -> bool:
        """Of an earlier question.  All refusals look alike: while the unit owes answers, one is of the oldest of them."""
        return found.outcome is Outcome.LATE or (found.outcome is Outcome.REFUSED and self._dialect.quiet and unit.owed > 0)

    def _begun(self, waiting: bytes, question: bytes) -> bool:
        """Whether some of an answer, and not only our own echo, has come on a serial line."""
        return self._dialect.quiet and self._dialect.rest(waiting, question) is not Outcome.SILENCE

    async def _missed(self, unit: Unit, which: int, began_ns: int, broken: bool) -> None:
        """No answer: on a serial line wait for it a little longer, so that it does not run into the next one's; one that
        came `broken` is over as soon as the line is quiet."""
        for each in self._same(unit):
            if not broken:
                each.owed, each.owed_ns = each.owed + 1, began_ns
            each.doubt = each.doubt or self._dialect.quiet
        if self._dialect.quiet:
            chunk = await self._wire.next(QUIET_S if broken else self.pace.answer_s)
            if chunk is not None:
                await self._stray(chunk)
        now_ns = self._clock.mono_ns()
        self._turns.missed(unit, which, now_ns, (now_ns - began_ns) / 1e9)

    def _same(self, unit: Unit) -> list[Unit]:
        """All that ask this address: inputs for a lane and outputs for the lamps may be of one module, and answers of one are
        like those of the other."""
        own = unit.polls[0].question
        return [unit, *(each for each, _ in self._lanes.values()
                        if each is not unit and self._dialect.mine(each.polls[0].question, own))]

    def _whose(self, body: bytes, asked: Unit) -> Unit:
        """The unit a frame is of by its address; the one asked where it is nobody's."""
        return next((unit for unit, _ in self._lanes.values() if self._dialect.mine(body, unit.polls[0].question)), asked)

    def _tell(self, unit: Unit, chunk: Chunk) -> None:
        lane = self._lanes.get(id(unit))
        if lane is not None:
            lane[1].keep(chunk)


class BusLink:
    """The link of one lane whose instrument is asked on a bus."""

    def __init__(self, bus: Bus, address: int, polls: tuple[Poll, ...], clock: Clock) -> None:
        self.name = f"{bus.name} unit {address}" if address else bus.name
        self._bus, self._unit, self._clock = bus, Unit(polls), clock
        self._mailbox = Mailbox(clock)

    async def open(self) -> None:
        self.close()
        self._mailbox = Mailbox(self._clock)
        await self._bus.join(self._unit, self._mailbox)

    async def next(self, timeout_s: float) -> Chunk | None:
        return await self._mailbox.next(timeout_s)

    def close(self) -> None:
        self._bus.leave(self._unit)
