"""The shadow models of all lanes.  One that cannot be used leaves its lane without the shadow test and is told: k-sigma,
FOCuS, the portal's own alarms and every other lane go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from edge_agent.doors.files import read_text
from edge_agent.judgement.model_fit import home, misfit
from edge_agent.judgement.modes import UNUSABLE
from edge_agent.judgement.portal import Portal
from edge_agent.judgement.rules import lane_detectors
from edge_agent.tools import model_file
from edge_agent.tools.model_file import ModelFile
from edge_agent.words.errors import SettingsError
from edge_agent.words.event import Event
from edge_agent.words.language import mark, said_by, worded
from edge_agent.words.reading import Condition, Radiation
from edge_agent.words.settings import LaneSettings, Profile, Settings

LEARN = mark("Restore the file, learn again (edge-agent learn {lane} --out FILE), or take model out of the lane.")


def read(
    settings: Settings, profiles: dict[str, Profile], path: Path, runs: Callable[[LaneSettings, ModelFile | None], None]
) -> tuple[dict[str, ModelFile], dict[str, str]]:
    """Models by lane, and by lane why one cannot be used.  `runs`: raises SettingsError where a lane cannot run with a model."""
    models: dict[str, ModelFile] = {}
    unusable: dict[str, str] = {}
    for lane in settings.lane:
        try:
            model = _model(lane, profiles[lane.name], path.parent / lane.model, settings.portal.origin) if lane.model else None
            runs(lane, model)
        except SettingsError as problem:
            runs(lane, None)                # raises where it is not the model's fault
            unusable[lane.name] = first_line(problem)
            continue
        if model is not None:
            models[lane.name] = model
    return models, unusable


def _model(lane: LaneSettings, profile: Profile, file: Path, portal: str) -> ModelFile:
    if not file.exists():
        raise SettingsError(worded("{file} does not exist", file=file))
    panels = lane_detectors(lane, profile)[Radiation.GAMMA]
    found = model_file.read(read_text(file, "the model"), str(file), len(panels))
    other = misfit(found, lane, profile, home(portal, lane.name))
    if other:
        raise SettingsError(worded("{file} is not of this lane: {other}", file=file, other=other))
    return found


def without(portal: Portal, why: str, at_ns: int) -> Iterator[Event]:
    """A lane that is watched without its shadow test says so from its start on."""
    portal.looks.shadow_off = UNUSABLE
    lane = portal.lane.name
    told = worded("{why}; k-sigma, FOCuS and the portal's own alarms go on, the shadow test is off. {remedy}",
                  why=why, remedy=remedy(lane))
    yield from portal.faults.begin(at_ns, Condition.MODEL.value, told)


def remedy(lane: str) -> str:
    return worded(LEARN, lane=lane)


def first_line(problem: SettingsError) -> str:
    """Why, without the remedy of a command: the fault has its own."""
    whole = said_by(problem)
    first = whole.partition("\n")[0].rstrip(".")
    return whole if first == whole else first           # whole: it can be said in another language still
