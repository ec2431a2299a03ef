"""Where every way in asks the desk: what was raised is shown, and trouble of the disk is a 503 and one line."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.center.announce import Announcer
from edge_agent.center.desk import Desk
from edge_agent.center.values import Answer
from edge_agent.center.writer import URGENT, Writer
from edge_agent.words.errors import StorageError

RETRY_AFTER_S = 2


class Reception:
    def __init__(self, work: Writer, announcer: Announcer) -> None:
        self.work = work
        self._announcer = announcer

    async def ask(self, job: Callable[[Desk], Answer], priority: int = URGENT) -> Answer:
        try:
            answer = await self.work.do(job, priority)
        except StorageError as problem:
            self._announcer.say(f"STORAGE {problem}")
            return Answer(503, b"the centre cannot write now\n", retry_after_s=RETRY_AFTER_S)
        self._announcer.show(answer.raised)
        return answer
