"""A lane's recording beside that of the I/O module that tells of its vehicles: both as the core heard them, on its clock."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from edge_agent.judgement.gate import Gate
from edge_agent.tools.counts_file import Step
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded
from edge_agent.words.reading import Inputs, Reading
from edge_agent.words.settings import OccupancySettings

TICK_NS = 10**9         # how often a lane looks whether the module is silent (paths.lane)


def steps(lane: Sequence[Step], module: Sequence[Step], settings: OccupancySettings) -> Iterator[Step]:
    """The lane's steps with what the module's inputs make of them; SettingsError where the two are of different times."""
    if not module or not lane or module[0][0] > lane[-1][0] or module[-1][0] < lane[0][0]:
        raise SettingsError(worded(
            "--module: this recording of lane {module} is of another time, or of another start of the controller.\n"
            "  Take both from the same minutes: edge-agent record LANE --from TIME --seconds S",
            module=settings.module))
    gate, looked_ns = Gate(settings), lane[0][0]
    both = heapq.merge(((at_ns, 0, readings) for at_ns, readings in module), ((at_ns, 1, readings) for at_ns, readings in lane),
                       key=lambda step: step[:2])
    for at_ns, is_lane, readings in both:
        if not lane[0][0] <= at_ns <= lane[-1][0]:
            continue
        while looked_ns + TICK_NS < at_ns:
            looked_ns += TICK_NS
            yield looked_ns, tuple(gate.look(looked_ns))
        yield at_ns, tuple(_marked(gate, readings) if is_lane else _taken(gate, readings))
        looked_ns = at_ns
        yield at_ns, tuple(gate.look(at_ns))


def _marked(gate: Gate, readings: Sequence[Reading]) -> Iterator[Reading]:
    for reading in readings:
        yield from gate.mark(reading)


def _taken(gate: Gate, readings: Sequence[Reading]) -> Iterator[Reading]:
    for reading in readings:
        if isinstance(reading, Inputs):
            yield from gate.take(reading)
