"""The fault guide as values: what repair staff know, written as data (config/guide)."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.words.key import key


@dataclass(frozen=True, slots=True)
class Cause:
    """One way a finding comes about."""

    what: str = key("what is broken, in words")
    weight: float = key("of 100 such faults, about so many", low=0, high=100)
    confirm: str = key("how to tell it from the others", "")
    repair: str = key("what to do", "")
    part: str = key("what to bring", "")
    over: list[str] = key(
        "kinds of link it can be on; empty: any", [],
        choices=("tcp", "serial", "modbus-tcp", "modbus-rtu", "modbus-rtu-tcp", "tcp-listen"),
    )
    side: str = key("where the swap test finds it", "", choices=("", "panel", "cable", "input"))


@dataclass(frozen=True, slots=True)
class Finding:
    """What looks alike from the data: one class, its causes in order."""

    id: str = key("short name; the same id in a later file replaces it", pattern=r"[a-z0-9-]+", form="small letters, digits, -")
    title: str = key("one line for a person")
    verdict: str = key("FAIL: does not do its work; LOOK: not as it should", choices=("FAIL", "LOOK"))
    signs: list[str] = key("faults, one of which must stand; * for any ending")
    cause: list[Cause] = key("causes, one table each")
    details: list[str] = key("words, one of which the sign's own text must hold; empty: any", [])
    without: list[str] = key("none of these may stand", [])
    beside: list[str] = key("one of these must stand too; empty: none need", [])
    explains: list[str] = key("faults that follow from it", [])
    at_least: int = key("how many signs of one kind must stand", 1, low=1, high=100)
    sources: str = key("where weights and steps come from", "")


@dataclass(frozen=True, slots=True)
class Guide:
    """One file of it."""

    finding: list[Finding] = key("findings, one table each")
