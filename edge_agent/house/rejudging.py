"""`edge-agent replay` put together: what was kept, a lane to judge it with, and one judging for each choice of settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edge_agent import drivers
from edge_agent.doors.files import read_text
from edge_agent.house import models
from edge_agent.house.configuration import load
from edge_agent.judgement.model_fit import misfit
from edge_agent.judgement.modes import CONTINUOUS
from edge_agent.judgement.rules import lane_detectors
from edge_agent.paths import gated, recordings
from edge_agent.paths.replaying import Replay, Summary
from edge_agent.tools import model_file, register_meanings, toml_settings
from edge_agent.tools.counts_file import CountsFile, Step
from edge_agent.tools.model_file import ModelFile
from edge_agent.words.driver import Driver
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import mark, tr, worded
from edge_agent.words.reading import Radiation
from edge_agent.words.settings import AlarmSettings, LaneSettings, LinkSettings, Profile

DRIVER = "rapiscan"             # of a recording whose header names none
# What a changed setting may be: a number, or names in quotes; nothing that TOML would take for something else
_PLAIN = re.compile(r"[-+0-9.eE]{1,24}|\[( *\"[A-Za-z0-9._-]{1,32}\" *,?)*\]")
VACANT = mark(
    "no column says when a vehicle is there: all of it is judged as a vacant lane; --continuous judges it as an instrument "
    "that is carried about"
)


ALONE = mark(
    "vehicles of this lane are told of by lane {module}, and without its recording none is known: --module FILE"
)
BURSTS = mark(
    "this wire counts in short intervals only while a vehicle is there: continuous mode, which needs counts all the time, sees\n"
    "less of passages than the usual mode"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asked for."""

    name: str                           # of the file, for messages
    config: Path | None = None          # with `lane`: a site's own
    lane: str | None = None
    driver: str | None = None
    profile: Path | None = None
    model: Path | None = None
    geometry: Mapping[str, str] = field(default_factory=dict)       # panel -> "along,across,height" in m
    changes: Sequence[str] = ()         # KEY=VALUE of the alarm settings
    columns: Mapping[str, str] = field(default_factory=dict)        # of a CSV: theirs -> ours
    continuous: bool = False            # as an instrument that knows no passages
    module: tuple[str, bytes] | None = None     # name and content: the recording of the I/O module that tells of vehicles


@dataclass(frozen=True, slots=True)
class Case:
    """A recording read once, and the lane that judges it."""

    lane: LaneSettings
    profile: Profile
    model: ModelFile | None
    driver: Driver | None               # None: a CSV, there is no wire
    steps: Sequence[Step]
    zero_s: float
    note: str = ""                      # what a person should know of this judging
    vacant: bool = False                # no passage can be in it

    def judge(self, changed: Mapping[str, float] | None = None) -> Summary:
        """The summary with some alarm settings changed."""
        if changed and "shadow_threshold" in changed and self.model is None:
            raise SettingsError(worded(
                "--sweep shadow_threshold: there is no shadow model.\n  Give --model FILE, or a lane with one."))
        if changed and "focus_threshold" in changed and self.vacant:
            _refuse_focus("--sweep", self.profile)
        changes = [f"{key} = {_literal(key, value)}" for key, value in (changed or {}).items()]
        lane = replace(self.lane, alarm=with_changes(self.lane.alarm, changes, "--sweep"))
        return Replay(lane, self.profile, self.driver, self.model, self.zero_s).judge(self.steps)


def prepare(wanted: Wanted, data: bytes) -> Case:
    """Read the file and the lane; SettingsError names what a person must change."""
    held = recordings.held(data, wanted.name, wanted.columns)
    counts = held.counts(wanted.columns) if held.form == "counts" else None
    if wanted.columns and counts is None:
        raise SettingsError(worded(
            "{name}: --columns is for a CSV of counts; this is a recording of the wire.\n  Leave it out.",
            name=wanted.name))
    lane, profile, model = _lane(wanted, held, counts)
    mode = CONTINUOUS if wanted.continuous else lane.mode
    lane = replace(lane, alarm=with_changes(lane.alarm, wanted.changes, "--set"), mode=mode)
    model = _moved(_model(wanted, lane, profile) or model, wanted.geometry, lane, profile)
    vacant = mode == CONTINUOUS or (counts is not None and not counts.has_occupancy)
    changed = {change.partition("=")[0].strip() for change in wanted.changes}
    if vacant and "focus_threshold" in changed:
        _refuse_focus("--set", profile)
    if "shadow_threshold" in changed and model is None:
        raise SettingsError(worded("--set shadow_threshold: there is no shadow model.\n  Give --model FILE, or a lane with one."))
    if counts is not None:
        note = "" if counts.has_occupancy or mode == CONTINUOUS else VACANT
        told = recordings.counts_steps(counts, lane, profile)
        return Case(lane, profile, model, None, told, float(counts.zero_s), note, vacant)
    driver = drivers.find(lane.driver)
    steps = held.wire(driver, profile)
    zero_s = -steps[0][0] / 1e9 if held.starts else 0.0     # a recording shows seconds since its begin, whatever its clock says
    if wanted.module is not None:
        steps = _gated(wanted, lane, steps, held.starts)
    elif lane.occupancy is not None and mode != CONTINUOUS:
        return Case(lane, profile, model, driver, steps, zero_s, tr(ALONE, module=lane.occupancy.module))
    return Case(lane, profile, model, driver, steps, zero_s, BURSTS if mode == CONTINUOUS else "", vacant)


def _gated(wanted: Wanted, lane: LaneSettings, steps: Sequence[Step], starts: bool) -> list[Step]:
    """With vehicles as the module's recording tells of them."""
    if wanted.config is None or lane.occupancy is None:
        raise SettingsError(worded("--module is for a lane with [lane.occupancy].\n  Name it: --config FILE --lane NAME"))
    assert wanted.module is not None
    name, data = wanted.module
    module = recordings.held(data, name, {})
    if not (module.starts and starts):
        raise SettingsError(worded(
            "--module {name}: two files belong together by the controller's clock, and it is not in both.\n"
            "  Give recordings of edge-agent record",
            name=name))
    configuration = load(wanted.config)
    settings = next(each for each in configuration.settings.lane if each.name == lane.occupancy.module)
    told = module.wire(drivers.find(settings.driver), configuration.profiles[settings.name])
    return list(gated.steps(steps, told, lane.occupancy))


def _refuse_focus(option: str, profile: Profile) -> None:
    raise SettingsError(worded(
        "{option} focus_threshold: it is of passages, and there is none here: a vacant lane has its own "
        "({focus_vacant_threshold:g} sigma).\n"
        "  Change focus_vacant_threshold in a profile: --profile FILE",
        option=option, focus_vacant_threshold=profile.focus_vacant_threshold))


def with_changes(alarm: AlarmSettings, changes: Sequence[str], option: str) -> AlarmSettings:
    """Alarm settings with KEY=VALUE changes, held to the same limits as the configuration."""
    given: dict[str, str] = {}
    for change in changes:
        name, equals, value = (part.strip() for part in change.partition("="))
        if not (equals and re.fullmatch(r"[a-z_]+", name) and _PLAIN.fullmatch(value)):
            raise SettingsError(worded(
                "{option} {given}: expected KEY=VALUE, a number or a list of names.\n"
                "  For example --set ksigma_n=8, or --set 'ksigma_sums=[\"SUM\"]'",
                option=option, given=ascii(change)[1:-1]))
        if name in given:
            raise SettingsError(worded(
                "{option} {name} is given twice.\n  Give it once, or {replace} it.",
                option=option, name=name, replace=option.replace("set", "sweep")))
        given[name] = value
    read = toml_settings.read(AlarmSettings, "".join(f"{name} = {value}\n" for name, value in given.items()), option)
    return replace(alarm, **{name: getattr(read, name) for name in given})


def _lane(wanted: Wanted, held: recordings.Held, counts: CountsFile | None) -> tuple[LaneSettings, Profile, ModelFile | None]:
    if wanted.config is not None:
        configuration = load(wanted.config)
        lane = next((lane for lane in configuration.settings.lane if lane.name == wanted.lane), None)
        if lane is None:
            names = ", ".join(lane.name for lane in configuration.settings.lane)
            raise SettingsError(worded(
                "{config}: no lane is called {lane!r}.\n  There are: {names}",
                config=wanted.config, lane=wanted.lane, names=names))
        if lane.name in configuration.unusable and wanted.model is None:
            raise SettingsError(worded(
                "{unusable}.\n  {remedy}",
                unusable=configuration.unusable[lane.name], remedy=models.remedy(lane.name)))
        return lane, configuration.profiles[lane.name], configuration.models.get(lane.name)
    if counts is not None and wanted.profile is None and wanted.driver is None:
        profile = recordings.profile_of(counts)
        return recordings.lane_of(profile), profile, None
    name = wanted.driver or held.driver or DRIVER
    driver = drivers.find(name)
    file = wanted.profile or drivers.profile_file(name, name)
    what = "the profile"            # of an error: stays English
    profile = register_meanings.settle(toml_settings.read(Profile, read_text(file, what), str(file)), held.means)
    mode = "occupancy" if driver.tells_passages else "continuous"
    return LaneSettings("replay", name, LinkSettings(driver.links[0]), mode=mode), profile, None


def _model(wanted: Wanted, lane: LaneSettings, profile: Profile) -> ModelFile | None:
    path = wanted.model
    if path is None:
        return None
    panels = len(lane_detectors(lane, profile)[Radiation.GAMMA])
    found = model_file.read(read_text(path, "the shadow model"), str(path), panels)      # of an error: stays English
    other = "" if wanted.geometry else misfit(found, lane, profile)
    if other:
        raise SettingsError(worded(
            "{path} is not of this lane: {other}.\n  Say where the panels stood: --geometry NAME=ALONG,ACROSS,HEIGHT",
            path=path, other=other))
    return found


def _moved(model: ModelFile | None, places: Mapping[str, str], lane: LaneSettings, profile: Profile) -> ModelFile | None:
    """The model with panels stood elsewhere; what it learned of shadows stays as it is."""
    if not places:
        return model
    if model is None:
        raise SettingsError(worded(
            "--geometry moves the panels of a shadow model, and there is none.\n  Give --model FILE, or a lane with one."))
    panels = lane_detectors(lane, profile)[Radiation.GAMMA]
    g = model.model.geometry
    rows = [list(row) for row in zip(g.along_m, g.across_m, g.height_m, strict=True)]
    for name, text in places.items():
        if name not in panels:
            raise SettingsError(worded(
                "--geometry {name}={text}: no panel is called {name!r}.\n  There are: {panels}",
                name=name, text=text, panels=", ".join(panels)))
        rows[panels.index(name)] = _place(name, text)
    along, across, height = (tuple(column) for column in zip(*rows, strict=True))
    return replace(model, model=replace(model.model, geometry=replace(g, along_m=along, across_m=across, height_m=height)))


def _place(name: str, text: str) -> list[float]:
    try:
        along, across, height = map(float, text.split(","))
    except ValueError:
        raise SettingsError(worded(
            "--geometry {name}={text}: expected three numbers in m.\n  For example --geometry {name}=0,-2.5,2.4",
            name=name, text=text)) from None
    return [along, across, height]


def _literal(key: str, value: float) -> str:
    """As TOML writes it: a whole number for a setting that is one; a fraction is refused there."""
    whole = str({field: about.type for field, about in AlarmSettings.__dataclass_fields__.items()}[key]) == "int"
    return f"{value:g}" if whole and value == int(value) else repr(float(value))
