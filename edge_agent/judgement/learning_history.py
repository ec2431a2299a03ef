"""A site's own passages, judged again for learning: occupancy bodies in, designs and statistics out.

The same Rules and kernel as live: what is learned is what will be used.  Pure; numpy; the daemon never imports it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from edge_agent.judgement.clean_passage import why_not
from edge_agent.judgement.learning import Floats, Passage
from edge_agent.judgement.retrace import START_NS, Past, begun, past, samples
from edge_agent.judgement.rules import Rules
from edge_agent.tools.kernel_values import Design, Geometry, Refused, Why
from edge_agent.tools.model_file import ModelFile
from edge_agent.words.reading import Radiation, Sample
from edge_agent.words.settings import LaneSettings, Profile


def gather(
    bodies: Iterable[Mapping[str, Any]], lane: str, panels: Sequence[str], profile: Profile
) -> tuple[list[Past], Counter[str]]:
    """Clean passages, and how many were left out for which reason."""
    kept: list[Past] = []
    left: Counter[str] = Counter()
    for body in bodies:
        why = why_not(body, lane, panels, profile)
        if why:
            left[why] += 1
        else:
            kept.append(past(body, panels))
    return kept, left


class Seen(NamedTuple):
    """Largest FOCuS of a passage, and the shadow test at its end, in sigma (ea_shadow)."""

    focus: float
    glrt: float
    depth: float
    misfit: float
    behind_m: float = 0.0       # where its excess is largest
    across_m: float = 0.0


class Again:
    """Passages of one lane through the kernel again."""

    def __init__(self, lane: LaneSettings, profile: Profile, geometry: Geometry) -> None:
        self._lane, self._profile, self._geometry = lane, profile, geometry

    def design(self, found: Past) -> Design:
        """What the shadow test computes with."""
        return self._run(found, samples(found), None).design(self._geometry)

    def statistics(self, found: Past, model: ModelFile, counts: Floats | None = None) -> Seen | None:
        """Of the passage, or of other counts (panels x bins of the design); None where the shadow test is silent."""
        told = samples(found) if counts is None else self._drawn(found, counts)
        focus = 0.0
        rules = self._rules(found, model)
        for sample in told:
            focus = max([focus, *(seen.statistic or 0.0 for seen, _ in rules.judge(sample) if seen.rule.startswith("focus"))])
        rules.end(START_NS + found.length_ns)
        shadow = rules.shadow_seen()
        return None if shadow is None else Seen(
            focus, shadow.statistic, shadow.depth, shadow.misfit, shadow.behind_m, shadow.lateral_m)

    def _run(self, found: Past, told: Iterable[Sample], model: ModelFile | None) -> Rules:
        rules = self._rules(found, model)
        for sample in told:
            for _ in rules.judge(sample):
                pass
        rules.end(START_NS + found.length_ns)
        return rules

    def _rules(self, found: Past, model: ModelFile | None) -> Rules:
        return begun(self._lane, self._profile, found, model)

    def _drawn(self, found: Past, counts: Floats) -> Iterable[Sample]:
        design = self.design(found)
        for column, slot in enumerate(design.slot):
            at_ns = round((design.grid_s + (slot + 1) * design.bin_s) * 1e9)
            drawn = tuple(int(value) for value in counts[:, column])
            yield Sample(at_ns, Radiation.GAMMA, design.exposure_s[column], drawn, True)


NO_DESIGN = {               # why the kernel builds nothing of a passage, as it is counted
    Why.NO_PASSAGE: "not seen whole", Why.NO_BACKGROUND: "too little background", Why.NO_SPEED: "no speed",
    Why.NO_LENGTH: "too long", Why.FEW_BINS: "too few counts", Why.NO_GEOMETRY: "no panel in place",
    Why.INTERRUPTED: "two bodies or a stop",
}


def usable(again: Again, found: Iterable[Past], left: Counter[str]) -> list[tuple[Past, Passage]]:
    """Passages with what learning takes of them; those without are counted in `left` by reason."""
    kept = []
    for each in found:
        try:
            design = again.design(each)
        except Refused:
            left["refused by the kernel"] += 1
            continue
        learned = passage(design)
        if learned is None:
            left[NO_DESIGN.get(design.why, "no design")] += 1
        else:
            kept.append((each, learned))
    return kept


def passage(design: Design) -> Passage | None:
    """What learning takes of a design, its panels in service; None where the kernel had a reason not to build it."""
    if design.why is not Why.SEEN:
        return None
    panels = [number for number in range(len(design.background_cps)) if design.mask >> number & 1]
    exposure = np.array(design.exposure_s)
    return Passage(
        design.length_m, np.array([design.background_cps[p] for p in panels])[:, None] * exposure,
        np.array([design.counts[p] for p in panels], float), np.array([design.basis[p] for p in panels], float),
        design.common_var, np.array([design.own_var[p] for p in panels], float),
    )
