"""The minutes of a lane, asked of the running core and unpacked here: for trend, and for diagnose."""

from __future__ import annotations

import base64
import time
from typing import Any

from edge_agent.hands.asking import Core
from edge_agent.tools import history_signs, minute_block
from edge_agent.words.errors import EdgeAgentError, NotRunning
from edge_agent.words.minute import Minute

UNREADABLE = "history-unreadable"
DIAGNOSED_S = 30 * 86400        # a panel that drifts does so over weeks; unpacked in about a second


def fetch(core: Core, lane: str, begin_s: int, end_s: int) -> tuple[list[Minute], int]:
    """Minutes in the order of their time, and how many blocks could not be read."""
    minutes: list[Minute] = []
    spoiled, after = 0, 0
    while True:
        answer: dict[str, Any] = core.ask("minutes", lane=lane, begin_s=begin_s, end_s=end_s, after=after)
        for block in answer["blocks"]:
            try:
                minutes += minute_block.unpack(base64.b64decode(block))
            except ValueError:
                spoiled += 1
        if answer["next"] is None:
            minutes = [minute for minute in minutes if begin_s <= minute.begin_s < end_s]
            return sorted(minutes, key=lambda minute: minute.begin_s), spoiled
        after = answer["next"]


def signs(core: Core, lane: str) -> dict[str, str]:
    """What its last weeks show, for the fault guide.  A disk that does not give them is a sign itself: whoever looks for what is
    wrong must not be refused because of it."""
    try:
        now_s = int(core.ask("minutes", lane=lane, begin_s=0, end_s=0)["now_s"])
        minutes, spoiled = fetch(core, lane, now_s - DIAGNOSED_S, now_s)
    except NotRunning:
        raise
    except EdgeAgentError as problem:
        return {UNREADABLE: str(problem).partition("\n")[0]}
    found = history_signs.signs(minutes, when)
    return found | ({UNREADABLE: f"{spoiled} damaged blocks"} if spoiled else {})


def when(at_s: float) -> str:
    """Local time with UTC beside."""
    here = time.strftime("%Y-%m-%d %H:%M", time.localtime(at_s))
    zone = time.strftime("%Z", time.localtime(at_s))
    return f"{here} {zone}" if zone == "UTC" else f"{here} ({time.strftime('%H:%M', time.gmtime(at_s))} UTC)"
