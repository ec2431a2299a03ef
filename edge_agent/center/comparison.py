"""The digits a person heard on the telephone against those of an enrolment file.  Pure."""

from __future__ import annotations

import re
from pathlib import Path

from edge_agent.words.errors import EvidenceError, SettingsError

_GAPS = re.compile(r"[\s.,-]+")
NEXT = ("  Let the person at the portal read all six groups once more.  Different again: this file is not what the portal made.\n"
        "  Keep it, tell who is responsible for the keys, have it made anew (at the portal: edge-agent enrol --out FILE) and\n"
        "  brought another way")


def compare(file: Path, digits: str, heard: str) -> None:
    """EvidenceError when they differ, SettingsError when what was typed is not thirty digits."""
    typed = _GAPS.sub("", heard)
    if not re.fullmatch("[0-9]{30}", typed):
        raise SettingsError(
            f"--fingerprint {heard!r}: six groups of five digits are expected, this has {len(typed)} characters.\n"
            "  Type what the person at the portal reads, for example --fingerprint \"12345 67890 12345 67890 12345 67890\"")
    told, ours = [typed[at : at + 5] for at in range(0, 30, 5)], digits.split()
    if told != ours:
        differ = ", ".join(str(at + 1) for at in range(6) if told[at] != ours[at])
        raise EvidenceError(refusal(file, f"{' '.join(told)} was heard, {digits} is in the file: groups {differ} differ"))


def refusal(file: Path, how: str) -> str:
    return f"{file} is not registered: {how}.\n{NEXT}"
