"""What a question about kept blocks asks for: of which lane, from when to when, beyond which block."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded

EVER_S = 1 << 40                # a time beyond every clock; SQLite holds 63 bits


@dataclass(frozen=True, slots=True)
class AskedSpan:
    lane: str
    begin_s: int                # UTC, both ends are in it
    end_s: int
    after: int                  # id of the last block of the answer before; 0: from the first


def read(request: Mapping[str, Any], lanes: Collection[str]) -> AskedSpan:
    """SettingsError names the lanes there are; ValueError or TypeError for what are no numbers, which the socket tells."""
    name = str(request.get("lane"))
    if name not in lanes:
        raise SettingsError(worded(
            "no lane is called {lane!r}; there are: {lanes}", lane=request.get("lane"), lanes=", ".join(lanes)))
    begin_s, end_s = (max(-EVER_S, min(EVER_S, int(request.get(key, other)))) for key, other in
                      (("begin_s", -EVER_S), ("end_s", EVER_S)))
    return AskedSpan(name, begin_s, end_s, max(0, min(EVER_S, int(request.get("after", 0)))))
