"""What may be judged again: recording of the wire, bare listing, daily file, CSV of counts.  Told apart by their first line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edge_agent import drivers
from edge_agent.judgement.rules import lane_detectors
from edge_agent.paths.replaying import wire_steps
from edge_agent.tools import capture, counts_file, daily_file
from edge_agent.tools.counts_file import CountsFile, Step
from edge_agent.words.driver import Driver
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded
from edge_agent.words.reading import Radiation
from edge_agent.words.settings import LaneSettings, LinkSettings, Profile

SILENT_INTERVALS = 3.5      # a slow instrument is silent when three of its lines are missing; never sooner than a fast one
SILENCE_S = 16.0            # as config/profiles/rapiscan.toml


@dataclass(frozen=True, slots=True)
class Held:
    """A file's lines, and what they are."""

    name: str
    lines: Sequence[str]
    form: str                       # "capture", "daily", "counts"
    driver: str = ""                # named in the header of a recording; "" where nothing names it
    means: str = ""                 # what its lane said counts mean, where the profile does not
    starts: bool = False            # stamps are those of the controller's clock, not from the recording's own zero

    def counts(self, renamed: Mapping[str, str]) -> CountsFile:
        return CountsFile(self.lines, self.name, renamed)

    def wire(self, driver: Driver, profile: Profile) -> list[Step]:
        """What the driver reads of the bytes; SettingsError where nothing of it is this protocol."""
        read = daily_file.read if self.form == "daily" else capture.read
        steps = list(wire_steps(read(self.lines, self.name), driver.decoder(profile)))
        if not any(driver.record_type(reading) for _, readings in steps for reading in readings):
            raise SettingsError(worded(
                "{name}: none of its {steps} lines is a record of {title}.\n"
                "  Another portal family? --driver {names}     A CSV of counts? docs/replay.md",
                name=self.name, steps=len(steps), title=driver.title, names="|".join(drivers.names())))
        return steps


def held(data: bytes, name: str, renamed: Mapping[str, str]) -> Held:
    """Tell what a file is; SettingsError for an empty one."""
    lines = data.decode("latin-1").split("\n")
    told = next((line for line in lines if line.strip()), "")
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    if not first:
        raise SettingsError(worded(
            "{name}: the file is empty.\n"
            "  Take a recording: edge-agent record LANE --seconds 60 --out FILE     Or give a daily file or a CSV.",
            name=name))
    if daily_file.looks_like(first):
        return Held(name, lines, "daily")
    if not told.startswith(capture.HEADER) and (counts_file.looks_like(first, renamed) or name.lower().endswith(".csv")):
        return Held(name, _text(data).split("\n"), "counts")
    driver, means, start_ns = (capture.said(told, what) for what in ("driver", "count_means", "start_ns"))
    return Held(name, lines, "capture", driver, means, bool(start_ns))


def _text(data: bytes) -> str:
    """Names of columns may be in any language; what is not UTF-8 is taken byte by byte."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def profile_of(file: CountsFile) -> Profile:
    """A profile for counts of an unknown instrument: its detectors by their columns, no hold-in, nothing of the past."""
    gamma, neutron = (list(file.detectors[kind]) for kind in (Radiation.GAMMA, Radiation.NEUTRON))
    return Profile(
        "counts", f"counts of {file.name}", gamma, neutron, gamma_interval_s=file.interval_s, hold_in_s=0.0,
        silence_s=max(SILENCE_S, SILENT_INTERVALS * file.interval_s),
        occupied_silence_s=max(SILENCE_S, SILENT_INTERVALS * file.interval_s), count_max=counts_file.COUNT_MAX,
        sums={"SUM": [gamma], "SINGLE": [[name] for name in gamma]},
    )


def lane_of(profile: Profile) -> LaneSettings:
    """A lane for it: the sums of its profile, everything else as shipped."""
    lane = LaneSettings("replay", profile.driver, LinkSettings("tcp"))
    return replace(lane, alarm=replace(lane.alarm, ksigma_sums=list(profile.sums)))


def counts_steps(file: CountsFile, lane: LaneSettings, profile: Profile) -> list[Step]:
    """The file's readings in the order of the lane's detectors."""
    return list(file.steps(lane_detectors(lane, profile)))
