"""From standing faults to findings: which class first, which part, how sure.  Pure; the knowledge is data (words.guide)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from edge_agent.tools import gravity
from edge_agent.words.guide import Cause, Finding

NEAR = 10.0             # weights so near each other: not sure, confirm first
ORDER = {"FAIL": 0, "LOOK": 1}
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Found:
    """One finding, with what speaks for it."""

    id: str
    title: str
    verdict: str                        # "FAIL" or "LOOK"
    signs: Mapping[str, str]            # fault -> its words
    follows: Mapping[str, str]          # faults that follow from it
    causes: Sequence[Cause]             # the likeliest first; none: it is not in the guide
    sources: str = ""

    @property
    def subjects(self) -> list[str]:
        """Panels and tubes it is about."""
        return sorted({name.partition(":")[2] for name in self.signs if ":" in name and not name.startswith("line:")})

    @property
    def danger(self) -> bool:
        """Whether people must keep away: told before everything else, whatever else stands."""
        return any(map(gravity.danger, self.signs))

    @property
    def sure(self) -> bool:
        """Whether one cause stands out."""
        return len(self.causes) < 2 or self.causes[0].weight - self.causes[1].weight > NEAR


def diagnose(faults: Mapping[str, str], guide: Sequence[Finding], over: str = "") -> list[Found]:
    """`faults`: those that stand, name -> words; trouble of a line as line:KIND.  Danger to people first,
    then FAIL, then in the order of the guide.
    `over`: the kind of the lane's link; a serial lane has no network to be at fault, one over TCP no adapter."""
    found = [one for one in (_match(finding, faults, over) for finding in guide) if one]
    found = _without_consequences(found)
    told = {name for one in found for name in (*one.signs, *one.follows)}
    rest = [Found(UNKNOWN, "not in the guide", "LOOK", {name: words}, {}, ()) for name, words in faults.items()
            if name not in told and not name.startswith("line:")]
    return sorted([*found, *rest], key=lambda one: (not one.danger, one.id == UNKNOWN, ORDER[one.verdict]))


def _match(finding: Finding, faults: Mapping[str, str], over: str) -> Found | None:
    signs = {name: faults[name] for name in _any(finding.signs, faults)}
    if finding.details:
        signs = {name: words for name, words in signs.items() if any(part in words for part in finding.details)}
    if len({_subject(name) or name for name in signs}) < finding.at_least or any(True for _ in _any(finding.without, faults)):
        return None
    if finding.beside and not any(True for _ in _any(finding.beside, faults)):
        return None
    about = {_subject(name) for name in signs}
    follows = {name: faults[name] for name in _any(finding.explains, faults)
               if name not in signs and (not _subject(name) or about == {""} or _subject(name) in about)}
    possible = [cause for cause in finding.cause if not over or not cause.over or over in cause.over]
    causes = sorted(possible or finding.cause, key=lambda cause: -cause.weight)
    return Found(finding.id, finding.title, finding.verdict, signs, follows, causes, finding.sources)


def _without_consequences(found: list[Found]) -> list[Found]:
    """A finding all of whose signs follow from an earlier one, or are its signs, is not told by itself."""
    kept: list[Found] = []
    for one in found:
        taken = {name for earlier in kept if earlier.danger or not one.danger for name in (*earlier.follows, *earlier.signs)}
        worse = [other for other in found if ORDER[other.verdict] < ORDER[one.verdict]
                 and not all(name in taken or name in one.follows for name in other.signs)]
        later = {name for other in worse if other.danger or not one.danger for name in other.follows}
        if not all(name in taken or name in later for name in one.signs):
            kept.append(one)
    return kept


def _subject(name: str) -> str:
    """The panel or tube a fault is of: a dead panel explains its own share, not that of another."""
    return name.partition(":")[2]


def _any(patterns: Sequence[str], names: Mapping[str, str]) -> Iterator[str]:
    return (name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns))
