"""Passages through the C kernel: the largest statistic of each rule, and what learning needs.  No rule is copied here.

The contract's functions are called directly (edge_agent._kernel): hundreds of samples a passage and a hundred
thousand passages leave no time for values in between.  Settings are made by the agent's own binding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from edge_agent._kernel import ffi, lib

from benchmarks.detection import models as plain
from benchmarks.detection.models import passage as learnable
from benchmarks.detection.models import work
from benchmarks.detection.scenarios import WIRE, WIRE_PRE
from edge_agent.judgement import learning_model, learning_site
from edge_agent.judgement.learning import Passage
from edge_agent.tools.kernel import KernelSettings, Lane
from hardware_mocks.passages import Batch, Site

NEVER = 900.0                           # a threshold nothing reaches: the study applies its own
WIRE_EVERY_S, WIRE_EXPOSURE_S = 5, 1.0
SETTINGS = KernelSettings(4, groups=(15,), focus_threshold=NEVER, focus_vacant_threshold=NEVER, ksigma_n=NEVER)


@dataclass(frozen=True)
class Seen:
    """Per passage: the largest value of each rule; nan where the shadow test had a reason not to speak."""

    ksigma: np.ndarray
    focus: np.ndarray
    glrt: np.ndarray                    # passages x models
    depth: np.ndarray                   # the same: ea_shadow
    misfit: np.ndarray
    passages: tuple[Passage | None, ...] = ()   # None: nothing to learn from it


class Feeder:
    """One lane, begun anew for each passage."""

    def __init__(self, form: str, mask: int, site: Site, models: Sequence[object] = ()) -> None:
        self.form, self.mask, self._models = form, mask, models
        late_s = WIRE_PRE * site.interval_s                  # the burst that opens an occupancy holds the past
        own = {"hold_in_s": site.hold_in_s}
        theirs = {"begin_offset_s": late_s, "end_offset_s": -site.hold_in_s}
        self._lane = Lane(replace(SETTINGS, **(theirs if form == WIRE else own)))
        self._ptr, self._settings = self._lane._lane, self._lane._settings
        self._work, self._memory = work()
        self._first: list[float] = []           # of each model: the vehicle before, where two made one row
        self._shadow, self._design = ffi.new("ea_shadow *"), ffi.new("ea_design *")
        self._looks = ffi.new("ea_look[]", 4096)
        self._view = np.frombuffer(ffi.buffer(self._looks), _look_type())

    def begin(self) -> None:
        lib.ea_lane_init(self._ptr, self._settings)
        lib.ea_in_service(self._ptr, lib.EA_GAMMA, self.mask)
        self._first = []

    def vacancy(self, ends_s: Sequence[float], rates: np.ndarray) -> None:
        at, each = ffi.from_buffer("double[]", rates), rates.shape[1]
        for k, t_s in enumerate(ends_s):
            if self.form != WIRE or (k + 1) % WIRE_EVERY_S == 0:
                lib.ea_vacant_rate(self._ptr, lib.EA_GAMMA, t_s, WIRE_EXPOSURE_S, at + k * each, self._looks)

    def drive(
        self, ends_s: Sequence[float], counts: np.ndarray, on: int, off: int, speed_mps: float, between: Sequence[int]
    ) -> tuple[float, float]:
        """Largest k-sigma and FOCuS of the occupancy.  `on`, `off`: samples at which the beam changes; `between`: it is clear."""
        at, each, ptr, looks = ffi.from_buffer("uint32_t[]", counts), counts.shape[1], self._ptr, self._looks
        wire = self.form == WIRE
        begins, step = on - WIRE_PRE if wire else on, ends_s[1] - ends_s[0]
        clears = len(ends_s) - 1 if wire else off            # the portal's own hold-in is inside its occupancy
        for k, t_s in enumerate(ends_s):
            if wire and k < begins:
                continue
            if k == begins:
                lib.ea_beam(ptr, t_s, 1)
                lib.ea_speed(ptr, t_s, speed_mps)
            if k == clears and not wire:
                lib.ea_beam(ptr, t_s, 0)
            elif between and not wire and begins < k < clears:
                self._gap(t_s, k not in between, speed_mps)
            lib.ea_gamma(ptr, t_s, step, at + k * each, looks + k)
            if k == clears and wire:
                lib.ea_beam(ptr, t_s, 0)
        seen = self._view[begins:len(ends_s)]
        return float(seen["ksigma"].max()), float(seen["focus"].max())

    def _gap(self, t_s: float, broken: bool, speed_mps: float) -> None:
        """A gap that outlasts the hold-in ends an occupancy and begins another."""
        change = lib.ea_clock(self._ptr, t_s)
        if change & lib.EA_ENDED:
            self._first = [self._look(model)[0] for model in self._models]
        if lib.ea_beam(self._ptr, t_s, broken) & lib.EA_BEGAN:
            lib.ea_speed(self._ptr, t_s, speed_mps)

    def looks(self) -> np.ndarray:
        """Of each model statistic (the largest at the end of a vehicle), depth and misfit; nan where there is none."""
        last = np.array([self._look(model) for model in self._models]).reshape(-1, 3)
        if self._first:
            last[:, 0] = np.fmax(last[:, 0], self._first)
        return last

    def _look(self, model: object) -> tuple[float, float, float]:
        status = lib.ea_passage_look(self._ptr, model, self._work, self._shadow)
        if status != lib.EA_OK:
            raise RuntimeError(f"ea_passage_look: {status}")
        s = self._shadow
        return (s.statistic, s.depth, s.misfit) if s.why == lib.EA_SEEN else (np.nan,) * 3

    def design(self, geometry: object) -> Passage | None:
        lib.ea_passage_design(self._ptr, geometry, 0.0, self._design)
        return learnable(self._design)


    def rows(self, ends_s: Sequence[float]) -> np.ndarray:
        """Which sample each bin of the design is."""
        d = self._design
        ends = d.grid_s + (np.array(list(d.slot[0:d.bins])) + 1) * d.bin_s
        return np.rint((ends - ends_s[0]) / (ends_s[1] - ends_s[0])).astype(int)


def judge(
    batch: Batch, vacant: np.ndarray, counts: np.ndarray, form: str, mask: int, priors: Sequence[dict],
    learn: bool = False,
) -> Seen:
    """`priors`: models as plain values (edge_agent.judgement.learning_model)."""
    shadows = [plain.in_c(prior) for prior in priors]
    feeder = Feeder(form, mask, batch.site, shadows)
    geometry = plain.geometry_in_c(plain.GEOMETRY) if learn else None
    n, between = len(batch), gaps(batch)
    ksigma, focus, looks, found = np.empty(n), np.empty(n), np.full((n, len(shadows), 3), np.nan), []
    rates, shots = np.ascontiguousarray(vacant, dtype=np.float64), np.ascontiguousarray(counts, dtype=np.uint32)
    ends, vacant_ends = (batch.end_s + 1000.0).tolist(), (batch.vacant_end_s + 1000.0).tolist()
    for i in range(n):
        end = int(batch.end[i])
        feeder.begin()
        feeder.vacancy(vacant_ends[i], rates[i])
        ksigma[i], focus[i] = feeder.drive(
            ends[i][:end], shots[i], int(batch.on[i]), int(batch.off[i]), float(batch.speed_mps[i]), between[i]
        )
        looks[i] = feeder.looks()
        if learn:
            found.append(feeder.design(geometry))
    return Seen(ksigma, focus, looks[:, :, 0], looks[:, :, 1], looks[:, :, 2], tuple(found))


def drawn(batch: Batch, form: str, mask: int, plain_model: dict, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Shadow test and FOCuS of passages like these drawn from the model itself, as `edge-agent learn` sets its floor by."""
    priors, geometry = learning_model.from_plain(plain_model), plain.geometry_in_c(plain.GEOMETRY)
    feeder, between, found = Feeder(form, mask, batch.site, [plain.in_c(plain_model)]), gaps(batch), []
    rates, shots = np.ascontiguousarray(batch.vacant, dtype=np.float64), np.ascontiguousarray(batch.counts, dtype=np.uint32)
    ends, vacant_ends = (batch.end_s + 1000.0).tolist(), (batch.vacant_end_s + 1000.0).tolist()
    for i in range(len(batch)):
        end = int(batch.end[i])
        way = (ends[i][:end], int(batch.on[i]), int(batch.off[i]), float(batch.speed_mps[i]), between[i])
        feeder.begin()
        feeder.vacancy(vacant_ends[i], rates[i])
        feeder.drive(way[0], shots[i], *way[1:])
        like = feeder.design(geometry)
        prior = None if like is None else priors[learning_model.length_class(like.length_m)]
        if like is None or prior is None:
            continue
        counts = shots[i].copy()
        counts[feeder.rows(way[0])] = learning_site.without_source(like, prior, rng).T
        feeder.begin()
        feeder.vacancy(vacant_ends[i], rates[i])
        focus = feeder.drive(way[0], counts, *way[1:])[1]
        found.append((feeder.looks()[0, 0], focus))
    glrt, focus_all = np.array(found).reshape(-1, 2).T
    return glrt, focus_all


def gaps(batch: Batch) -> list[range]:
    """Samples in which the beam is clear between two bodies."""
    at, length = batch.vehicles.body_at_m, batch.vehicles.body_m
    clear = (batch.front_m > length[:, [0]]) & (batch.front_m < at[:, [1]]) & (length[:, [1]] > 0)
    ends = [(int(row.argmax()), int(row.sum())) for row in clear]
    return [range(first, first + n) for first, n in ends]


def _look_type() -> np.dtype:
    score, statistic = ffi.sizeof("ea_score"), ffi.offsetof("ea_score", "statistic")
    return np.dtype({
        "names": ["ksigma", "focus"], "formats": ["f8", "f8"],
        "offsets": [lib.EA_RULE_KSIGMA * score + statistic, lib.EA_RULE_FOCUS * score + statistic],
        "itemsize": ffi.sizeof("ea_look"),
    })
