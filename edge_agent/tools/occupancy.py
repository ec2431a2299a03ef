"""The occupancy table: what is in the lane, from what the wire says.  Every pair of state and input is written out.

The portal decides when a vehicle is there; the table decides what to think when its words do not follow each other:
a background record in mid-occupancy means the end was lost, a settings dump means the portal started anew.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class State(enum.Enum):
    UNKNOWN = "unknown"             # since the wire was opened, nothing has told
    VACANT = "vacant"
    OCCUPIED = "occupied"


class Input(enum.Enum):
    SCAN = "scan"                   # a record that is sent only while occupied
    BACKGROUND = "background"       # a record that is sent only while vacant
    END = "end"
    RESTART = "restart"             # the portal's electronics started anew
    LOST = "lost"                   # the wire broke or fell silent


class Move(enum.Enum):
    NOTHING = "nothing"
    BEGIN = "begin"
    JOIN = "join"                   # begin, but we came in the middle
    CLOSE = "close"
    EMPTY = "empty"                 # an end without a beginning: an occupancy none of whose scans reached us


@dataclass(frozen=True, slots=True)
class Step:
    state: State
    move: Move
    reason: str = ""                # why an occupancy closed


_U, _V, _O = State.UNKNOWN, State.VACANT, State.OCCUPIED
TABLE = {
    (_U, Input.SCAN): Step(_O, Move.JOIN),
    (_U, Input.BACKGROUND): Step(_V, Move.NOTHING),
    (_U, Input.END): Step(_V, Move.EMPTY, "portal"),
    (_U, Input.RESTART): Step(_U, Move.NOTHING),
    (_U, Input.LOST): Step(_U, Move.NOTHING),
    (_V, Input.SCAN): Step(_O, Move.BEGIN),
    (_V, Input.BACKGROUND): Step(_V, Move.NOTHING),
    (_V, Input.END): Step(_V, Move.EMPTY, "portal"),
    (_V, Input.RESTART): Step(_U, Move.NOTHING),
    (_V, Input.LOST): Step(_U, Move.NOTHING),
    (_O, Input.SCAN): Step(_O, Move.NOTHING),
    (_O, Input.BACKGROUND): Step(_V, Move.CLOSE, "background-seen"),
    (_O, Input.END): Step(_V, Move.CLOSE, "portal"),
    (_O, Input.RESTART): Step(_U, Move.CLOSE, "portal-restart"),
    (_O, Input.LOST): Step(_U, Move.CLOSE, "silence"),
}
