"""`edge-agent learn` put together: history in, a proposal out, a model file when a person agrees.

Never loaded by the daemon (numpy).  Reads the history beside a running core; changes nothing there.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_agent.doors.files import read_text, reading_uri, shipped_config
from edge_agent.house.configuration import Configuration
from edge_agent.judgement import learning_model, learning_site
from edge_agent.judgement.learning import LEAST_PASSAGES, Floats, LearningRefused, Passage
from edge_agent.judgement.learning_doubts import Doubt, Suspect, doubts, held, suspects
from edge_agent.judgement.learning_history import Again, Seen, gather, usable
from edge_agent.judgement.learning_tail import Calibration, tail
from edge_agent.judgement.model_fit import home
from edge_agent.judgement.retrace import Past
from edge_agent.judgement.rules import NOT_FITTED, lane_detectors
from edge_agent.judgement.thresholds import in_force
from edge_agent.tools import model_file
from edge_agent.tools.kernel_values import Geometry
from edge_agent.words.errors import SettingsError, StorageError
from edge_agent.words.language import worded
from edge_agent.words.reading import Radiation
from edge_agent.words.settings import LaneSettings, Profile

LATERAL_M = (0.0, 0.8, -0.8)    # places across the lane that are tried (docs/decisions/0003)
SOURCE_HEIGHT_M = 1.5
LONGEST_M = 26.0                # road trains of 25.25 m are the longest (EU directive 96/53)
SEED = 1                        # of the simulated passages: the same history gives the same proposal
NOT_ARMED = float("inf")        # without a model nothing alarms by the shadow test


@dataclass(frozen=True, slots=True)
class Proposal:
    """What learning found, to be shown before it is used."""

    plain: dict[str, Any]               # the model file
    learned_from: tuple[int, ...]       # passages by length class
    left_out: Counter[str]
    calibrations: dict[str, Calibration]
    asked: dict[str, Calibration]       # what the passages alone ask for, where a person has not agreed to see less
    doubts: list[Doubt]                 # why the passages may not be clean
    suspects: list[Suspect]             # those to look at first


def read_history(path: Path, lane: str) -> Iterator[dict[str, Any]]:
    """Passages of a lane, oldest first."""
    if not path.exists():
        raise SettingsError(worded(
            "there is no history at {path}.\n  Has the core run with this configuration? Or give --history FILE",
            path=path))
    try:
        database = sqlite3.connect(reading_uri(path), uri=True)
        try:
            for row in database.execute("SELECT body FROM passage WHERE lane = ? ORDER BY id", (lane,)):
                try:
                    body = json.loads(row[0])
                except (ValueError, RecursionError):
                    body = {}               # spoiled by the disk: gather counts it as damaged
                yield body if isinstance(body, dict) else {}
        finally:
            database.close()
    except sqlite3.Error as problem:
        raise StorageError(worded("cannot read {path}: {problem}", path=path, problem=problem)) from None


def propose(
    configuration: Configuration, lane: LaneSettings, history: Path, budget: float, least: int = LEAST_PASSAGES,
    less_sensitive: bool = False,
) -> Proposal:
    """Learn a lane's shadow model and thresholds from its own clean passages; LearningRefused when they do not suffice.

    `less_sensitive`: a person agrees to thresholds that see less than those in force, or than a clean lane would need.
    """
    profile = configuration.profiles[lane.name]
    panels = [name for name in lane.gamma or profile.gamma if name != NOT_FITTED]
    found, left = gather(read_history(history, lane.name), lane.name, panels, profile)
    geometry = _geometry(lane, profile, panels)
    site = _Site(lane, profile, geometry, found, left)
    plain = site.model(_generic(len(panels)), {}, "generic")
    for number in (1, 2):               # the first lesson drops by the generic prior's statistic, the second by its own
        lesson = learning_site.lesson(site.passages, learning_model.generic(_shipped(), len(panels)), site.shadows(plain), least)
        _suffices(lesson, left, least)
        plain = site.model(lesson.priors, {}, f"lesson {number} of lane {lane.name}")
    asked, traffic, why, first = site.calibrate(plain, budget, _present(lane, configuration.models.get(lane.name)))
    calibrations = asked if less_sensitive else held(asked, bool(why))
    rounded = {rule: round(found.threshold, 3) for rule, found in calibrations.items()}
    origin = f"lane {lane.name}, {len(site.passages)} clean passages, budget {budget:g}"
    plain = site.model(lesson.priors, rounded, origin, learning_model.calibrated(calibrations) | {
        "traffic": traffic, "home": home(configuration.settings.portal.origin, lane.name)})
    return Proposal(plain, lesson.passages, left, calibrations, asked, why, first)


def _present(lane: LaneSettings, model: model_file.ModelFile | None) -> dict[str, float]:
    """Thresholds in force now."""
    now = in_force(lane, model)
    shadow = now.shadow if model and now.shadow else NOT_ARMED
    return {"glrt": shadow, "focus": now.focus, "focus_alone": now.focus - now.focus_alone_less}


def _suffices(lesson: learning_site.Lesson, left: Counter[str], least: int) -> None:
    if any(lesson.priors):
        return
    have = ", ".join(f"{count} {name}" for name, count in zip(learning_model.CLASSES, lesson.passages, strict=True))
    out = ", ".join(f"{count} {why}" for why, count in left.items()) or "none"
    raise LearningRefused(worded(
        "{clean} clean passages ({have}; left out: {out}), {least} of one length are needed",
        clean=sum(lesson.passages), have=have, out=out, least=least))


class _Site:
    """The clean passages of a lane with their designs."""

    def __init__(
        self, lane: LaneSettings, profile: Profile, geometry: Geometry, found: list[Past], left: Counter[str]
    ) -> None:
        self._again, self._geometry = Again(lane, profile, geometry), geometry
        self._names = list(lane_detectors(lane, profile)[Radiation.GAMMA])
        built = usable(self._again, found, left)
        self._past = [each for each, _ in built]
        self.passages: list[Passage] = [learned for _, learned in built]

    def model(
        self, priors: Any, thresholds: dict[str, float], origin: str, calibration: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        g = self._geometry
        geometry = {
            "panels": len(g.along_m), "lateral_m": list(g.lateral_m), "source_height_m": g.source_height_m,
            "along_m": list(g.along_m), "across_m": list(g.across_m), "height_m": list(g.height_m),
            "response": list(g.response), "assumed_mps": g.assumed_mps, "longest_m": g.longest_m,
            "gap_m": g.gap_m, "names": self._names,
        }
        return learning_model.to_plain(geometry, priors, origin, thresholds, calibration)

    def shadows(self, plain: dict[str, Any]) -> Floats:
        """The shadow test of every passage under a model; 0 where its class is not learned."""
        file = self._file(plain)
        found = (self._again.statistics(each, file) for each in self._past)
        return np.array([0.0 if each is None else each.glrt for each in found])

    def calibrate(
        self, plain: dict[str, Any], budget: float, present: dict[str, float]
    ) -> tuple[dict[str, Calibration], dict[str, float], list[Doubt], list[Suspect]]:
        """Thresholds from the site's passages, and from passages drawn from the model itself; what its traffic is like; why
        it may not be clean, and by which passages."""
        file, priors, dice = self._file(plain), learning_model.from_plain(plain), np.random.default_rng(SEED)
        seen, null, names = [], [], []
        for each, learned in zip(self._past, self.passages, strict=True):
            prior = priors[learning_model.length_class(learned.length_m)]
            if prior is None:
                continue
            found = self._again.statistics(each, file)
            if found is not None:
                seen.append(found)
                names.append((each.id, each.at))
            null.append(self._again.statistics(each, file, learning_site.without_source(learned, prior, dice)))
        columns, drawn = _columns(seen), _columns(null)
        thresholds = learning_site.thresholds(columns, drawn, present, budget)
        why = doubts(columns, drawn, thresholds["glrt"], tail(drawn["glrt"]))
        return thresholds, learning_site.traffic(columns, thresholds["glrt"]), why, suspects(names, columns, why) if why else []

    def _file(self, plain: dict[str, Any]) -> model_file.ModelFile:
        return model_file.read(json.dumps(plain), "the lesson", len(self._geometry.along_m), armed=False)


def _columns(found: Sequence[Seen | None]) -> dict[str, Floats]:
    rows = np.array([each for each in found if each is not None], float).reshape(-1, len(Seen._fields))
    return {name: rows[:, number] for number, name in enumerate(Seen._fields)}


def _generic(panels: int) -> Any:
    return learning_model.generic(_shipped(), panels)


def _shipped() -> dict[str, Any]:
    file = shipped_config() / "models/generic.json"
    found = json.loads(read_text(file, "the generic shadow"))
    assert isinstance(found, dict)
    return found


def _geometry(lane: LaneSettings, profile: Profile, panels: list[str]) -> Geometry:
    """Where the panels stand; SettingsError names the panel that stands nowhere."""
    places = lane.geometry or profile.geometry
    missing = [name for name in panels if len(places.get(name, [])) != 3]
    if missing:
        raise SettingsError(worded(
            "lane {name}: geometry of {missing} is missing.\n"
            "  Measure along, across and height in m and write them under [lane.geometry].",
            name=lane.name, missing=", ".join(missing)))
    along, across, height = zip(*(places[name] for name in panels), strict=True)
    return Geometry(
        along, across, height, (1.0,) * len(panels), LATERAL_M, SOURCE_HEIGHT_M, assumed_mps=0.0, longest_m=LONGEST_M
    )
