"""The guided swap test: two cables exchanged at one end, and whether the fault went with them says on which side it is.  Pure.

At the *inputs* (of the counter): a fault that goes with the cable is in the panel or its cable, one that stays is in the
input.  At the *panels*, the inputs back as they were: what goes is in the panel, what stays is in the cable.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from edge_agent.tools.diagnosis import Found
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import mark, tr, worded

ENDS = ("input", "panel")
WENT = {"input": ("panel", "cable"), "panel": ("panel",)}
STAYED = {"input": ("input",), "panel": ("cable",)}
SAID = {
    ("input", "went"): mark("the fault went with it to {good}: it is in the panel or its cable. Put the cables back, exchange "
                            "them at the panels instead, then --at panel: panel, or its cable?"),
    ("input", "stayed"): mark("the fault stayed at {bad}: it is in the input. Put the cables back. The input is at fault."),
    ("panel", "went"): mark("the fault went with it to {good}: it is in the panel. Put the cables back. The panel is at fault, "
                            "its cable and input are good."),
    ("panel", "stayed"): mark("the fault stayed at {bad}: it is in the cable. Put the cables back. The cable is at fault."),
}
SETTLES_MIN = 10        # a dead panel that counts again is told as such after a full background time; a share drifts longer
EARLY = mark("not yet: what stands now may be from before the cables were exchanged. Leave them so for {wait} minutes more, "
             "then ask again with --minutes {least}")
UNTIMED = mark("not known when the cables were exchanged: what stands now may be older. Leave them exchanged for {least} "
               "minutes, then ask again with --minutes {least}")
BOTH = mark("{bad} and {good} are both at fault now: put the cables back and look again")
GONE = mark("neither {bad} nor {good} is at fault now: a connector that was touched. Clean and secure all four, put the cables "
            "back, look again tomorrow")


@dataclass(frozen=True, slots=True)
class Swap:
    verdict: str                # "went", "stayed", "gone", "both"; "early": the test says nothing yet
    said: str                   # with {bad} and {good}
    bad: str
    good: str
    sides: tuple[str, ...]      # where the fault is; () where the test does not say
    wait: int = 0               # minutes, of an early one

    def text(self) -> str:
        """For whoever holds the cables."""
        return tr(self.said, bad=self.bad, good=self.good, wait=self.wait, least=SETTLES_MIN)


def pair(text: str, panels: Sequence[str]) -> tuple[str, str]:
    """(the panel that was bad, the good one it was exchanged with)."""
    if len(panels) < 2:
        raise SettingsError(worded(
            "this lane has no two panels to exchange.\n  What is wrong with it: edge-agent diagnose, without --swapped"))
    bad, _, good = text.partition(":")
    if bad not in panels or good not in panels or bad == good:
        raise SettingsError(worded(
            "--swapped {text}: expected BAD:GOOD, two of {panels}.\n  For example --swapped {one}:{other}",
            text=text, panels=", ".join(panels), one=panels[0], other=panels[1]))
    return bad, good


def early(bad: str, good: str, minutes: int | None) -> Swap | None:
    """What to wait for, where faults that stand may be those from before the swap: a good board was convicted by them."""
    if minutes is not None and minutes >= SETTLES_MIN:
        return None
    wait = SETTLES_MIN - (minutes or 0)
    return Swap("early", UNTIMED if minutes is None else EARLY, bad, good, (), wait)


def judge(bad: str, good: str, end: str, faulty: Collection[str]) -> Swap:
    """`faulty`: detectors with a fault now, by the name of their field; minutes after the swap, when faults have settled."""
    at_bad, at_good = bad in faulty, good in faulty
    if at_bad and at_good:
        return Swap("both", BOTH, bad, good, ())
    if not at_bad and not at_good:
        return Swap("gone", GONE, bad, good, ("cable",))
    verdict = "went" if at_good else "stayed"
    return Swap(verdict, SAID[end, verdict], bad, good, WENT[end] if at_good else STAYED[end])


def narrowed(found: Found, sides: Sequence[str]) -> Found:
    """The finding with only the causes on these sides; all of them where the guide knows none there."""
    causes = [cause for cause in found.causes if cause.side in sides]
    return replace(found, causes=causes) if causes else found
