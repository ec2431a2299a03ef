"""Questions a log raises, and what answers them.  Pure: records in order, times as values.

A *proof* is a contradiction the portal signed, or a line nobody can have signed (judge.py).  A *question* is what honest
portals do too and a person should know of: it opens, and closes by itself or by a person's answer, and is kept for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from edge_agent.center.silence import PERIODS, beat_of, wall_ms_of
from edge_agent.center.values import Commitment, NewLine, plain
from edge_agent.tools.bracket import SLACK_MS, UNCERTAIN_MAX_MS

SILENCE, CADENCE, CLOCK, CONTINUATION, FEWER, POWER_OFF = (
    "silence", "cadence", "clock", "continuation", "fewer-records", "power-off",
)
NEXT = {
    SILENCE: "is there power at the post, is the line to it well?  Ask by telephone",
    CADENCE: "ask the post whether the controller hung, was paused, or its disk failed",
    CLOCK: "ask the post to look at the controller's clock: timedatectl",
    CONTINUATION: "compare the fingerprint over the telephone, then: edge-agent center confirm",
    FEWER: "ask what was done to the controller's storage: a copy put back, a card replaced?",
    POWER_OFF: "ask the post when the controller was off, and why",
}
ReceiptTime = Callable[[dict[str, Any]], int | None]    # a heartbeat's `receipt` -> the centre's own time of it, s


@dataclass(frozen=True, slots=True)
class Opened:
    kind: str
    key: str                        # one question per (log, kind, key)
    text: str


@dataclass(frozen=True, slots=True)
class Closed:
    kind: str
    key: str                        # "" closes every open one of the kind
    answer: str


Change = Opened | Closed


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of a log from one batch to the next."""

    boot: int | None = None
    mono_ms: int | None = None      # of the last line, of this boot
    wall_ms: int | None = None      # the portal's clock at the last line that had one
    uptime_s: float | None = None   # of the last heartbeat of this boot
    receipt_s: int | None = None    # when the centre gave the newest receipt the log has named
    clock: str = ""                 # keys of the questions this fold itself has to close
    cadence: str = ""
    power_off: str = ""


def follow(
    memory: Memory, lines: Sequence[NewLine], now_ms: int, receipt_time: ReceiptTime,
    held_before: Callable[[str], int | None] = lambda origin: None,
) -> tuple[Memory, list[Change]]:
    """The memory after the lines, and what they open and close.  `held_before`: records known of another log."""
    changes: list[Change] = []
    for new in lines:
        stamp = new.payload.get("t")
        t = stamp if isinstance(stamp, dict) else {}
        for step in (_start, _running_time, _cadence, _bracket):
            memory, found = step(memory, new, t, now_ms, receipt_time)
            changes += found
        memory = replace(memory, wall_ms=wall_ms_of(new.payload) or memory.wall_ms)
        if new.kind == "recovery":
            changes += _recovered(new, held_before)
    return memory, changes


def early(commitment: Commitment | None, held: Sequence[Commitment]) -> list[Change]:
    """An express checkpoint smaller than one the portal vouched for before: it has fewer records than it had."""
    if commitment is None or not held or commitment.size >= held[-1].size:
        return []
    if any(commitment.size == known.size and commitment.root == known.root for known in held):
        return []                   # the same message a second time
    text = f"it vouches for {commitment.size} records; before, it had vouched for {held[-1].size}: it may be rolled back"
    return [Opened(FEWER, str(held[-1].size), text)]


def met(open_sizes: Sequence[int], size: int) -> list[Change]:
    """Lines have come in order as far as the portal had ever vouched for, and lead to the roots it named."""
    return [Closed(FEWER, str(due), f"all {due} records have come and are the ones vouched for")
            for due in open_sizes if due <= size]


def _start(memory: Memory, new: NewLine, t: dict[str, Any], now_ms: int, _: ReceiptTime) -> tuple[Memory, list[Change]]:
    """A boot record that is not the first: the portal was off."""
    if new.kind == "heartbeat" and memory.power_off:
        answer = "runs again; no record before or after is missing"
        return replace(memory, power_off=""), [Closed(POWER_OFF, memory.power_off, answer)]
    if new.kind != "boot" or memory.boot is None:
        return memory, []
    after, before = wall_ms_of(new.payload), memory.wall_ms
    length = f"{(after - before) / 1000:.0f} s by its own clock" if after is not None and before is not None else "a time unknown"
    what = {"reboot": "the controller was off or rebooted", "restart": "the program was restarted"}
    text = f"{what.get(str(new.payload.get('cause')), 'it started again')}: nothing recorded for {length} before record {new.seq}"
    changes: list[Change] = [Opened(POWER_OFF, str(new.seq), text)]
    if memory.power_off:
        changes.insert(0, Closed(POWER_OFF, memory.power_off, f"started again at record {new.seq}"))
    return replace(memory, power_off=str(new.seq), uptime_s=None), changes


def _running_time(
    memory: Memory, new: NewLine, t: dict[str, Any], now_ms: int, _: ReceiptTime
) -> tuple[Memory, list[Change]]:
    """`boot` and, within one, `mono_ms` only grow; no honest portal can do otherwise, so only a person answers this."""
    boot, mono = _number(t.get("boot")), _number(t.get("mono_ms"))
    text = ""
    if boot is not None and memory.boot is not None and boot < memory.boot:
        text = f"record {new.seq} is of start {boot}, the one before it of start {memory.boot}"
    elif boot == memory.boot and None not in (mono, memory.mono_ms) and mono < memory.mono_ms:      # type: ignore[operator]
        text = f"record {new.seq} was signed {(memory.mono_ms - mono) / 1000:.1f} s before the record it follows"  # type: ignore[operator]
    after = replace(memory, boot=boot if boot is not None else memory.boot, mono_ms=mono)
    return after, [Opened(CLOCK, f"order {new.seq}", text)] if text else []


def _cadence(memory: Memory, new: NewLine, t: dict[str, Any], now_ms: int, _: ReceiptTime) -> tuple[Memory, list[Change]]:
    """Heartbeats of one start, by the running time they were made at: a slow disk signs them late, and that is no gap."""
    if new.kind == "fault" and memory.cadence and new.payload.get("condition") == "queue-overflow":
        answer = "its disk refused for long, and records were lost from memory: it says so itself"
        return replace(memory, cadence=""), [Closed(CADENCE, memory.cadence, answer)]
    uptime = new.payload.get("uptime_s")
    if new.kind != "heartbeat" or isinstance(uptime, bool) or not isinstance(uptime, int | float):
        return memory, []
    before, period_s = memory.uptime_s, beat_of(new.seq, new.payload).period_s
    memory = replace(memory, uptime_s=float(uptime))
    if before is None or uptime - before <= PERIODS * period_s:
        return memory, []
    text = f"no heartbeat was made for {uptime - before:.0f} s before record {new.seq} while it ran; due each {period_s:g} s"
    return replace(memory, cadence=str(new.seq)), [Opened(CADENCE, str(new.seq), text)]


def _bracket(
    memory: Memory, new: NewLine, t: dict[str, Any], now_ms: int, receipt_time: ReceiptTime
) -> tuple[Memory, list[Change]]:
    """A record's clock lies between the newest receipt its log had named before it and its arrival here."""
    named = new.payload.get("receipt")
    if new.kind == "heartbeat" and isinstance(named, dict) and (given_s := receipt_time(named)) is not None:
        memory = replace(memory, receipt_s=max(given_s, memory.receipt_s or 0))
    wall = wall_ms_of(new.payload)
    if wall is None:
        return memory, []
    slack = SLACK_MS + min(max(_number(t.get("unc_ms")) or 0, 0), UNCERTAIN_MAX_MS)
    late, early_ms = wall - now_ms, (memory.receipt_s or 0) * 1000 - wall
    if late <= slack and early_ms <= slack:
        if new.kind == "heartbeat" and memory.clock:
            answer = f"its clock is right again at record {new.seq}"
            return replace(memory, clock=""), [Closed(CLOCK, memory.clock, answer)]
        return memory, []
    if memory.clock:
        return memory, []
    if late > slack:
        text = f"record {new.seq} says it was signed {late / 1000:.0f} s after it came here"
    else:
        text = f"record {new.seq} says it was signed {early_ms / 1000:.0f} s before a receipt its log already names"
    return replace(memory, clock=f"wall {new.seq}"), [Opened(CLOCK, f"wall {new.seq}", text)]


def _recovered(new: NewLine, held_before: Callable[[str], int | None]) -> list[Change]:
    """The first record of a continuation says how far the log before it went."""
    origin, size = new.payload.get("of"), _number(new.payload.get("size"))
    known = held_before(origin) if isinstance(origin, str) else None
    if known is None or (size is not None and size >= known):
        return []
    has = "it cannot read how many records" if size is None else f"it has {size} records"
    return [Opened(FEWER, f"of {plain(origin)}", f"{has} of {plain(origin)}; {known} came here or were vouched for")]


def _number(value: object) -> int | None:
    return value if type(value) is int else None
