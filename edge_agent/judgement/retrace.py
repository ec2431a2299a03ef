"""A passage of the record judged again: occupancy body in, the lane's rules with its counts in them out.

For learning and for pictures.  The record rounds background rates to 0.001 counts/s and times to milliseconds, so numbers
come back near the alarm's own, not to the bit; `edge-agent replay` of a recording gives those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.judgement.rules import Rules
from edge_agent.tools.kernel_picture import Picture
from edge_agent.tools.model_file import ModelFile
from edge_agent.words.reading import Radiation, Sample
from edge_agent.words.settings import LaneSettings, Profile

NS_PER_MS = 1_000_000
START_NS = 10**15           # where a retraced passage lies on the kernel's clock: late enough for any background's age


@dataclass(frozen=True, slots=True)
class Past:
    """One occupancy as history holds it; times in ns after its begin."""

    length_ns: int
    first_ns: int                       # end of the first interval
    interval_s: float
    speed_mps: float
    counts: tuple[tuple[int, ...], ...]     # interval by interval
    rates_cps: tuple[float, ...]
    exposure_s: float
    age_s: float
    id: str = ""                        # for people
    at: str = ""


def past(body: Mapping[str, Any], panels: Sequence[str]) -> Past:
    """The passage of an occupancy body; KeyError where its panels are not these."""
    series, background = body["series"]["gamma"], body["background"]["gamma"]
    begin_ms = body["begin"]["mono_ms"]
    return Past(
        (body["end"]["mono_ms"] - begin_ms) * NS_PER_MS, (series["begin"]["mono_ms"] - begin_ms) * NS_PER_MS,
        series["interval_s"], body["speed_mps"], tuple(zip(*(series["counts"][name] for name in panels), strict=True)),
        tuple(background["cps"][name] for name in panels), background["exposure_s"], background["age_s"],
        str(body.get("id", "")), str(body["begin"].get("wall", "")),
    )


def begun(lane: LaneSettings, profile: Profile, found: Past, model: ModelFile | None) -> Rules:
    """Rules with the passage's background, its vehicle in the beam."""
    rules = Rules(lane, profile, model)
    rules.put_background(Radiation.GAMMA, START_NS, found.age_s, found.exposure_s, found.rates_cps)
    rules.begin(START_NS)
    rules.speed(START_NS, found.speed_mps)
    return rules


def samples(found: Past) -> Iterable[Sample]:
    """Its counts as they came."""
    step_ns = round(found.interval_s * 1e9)
    for number, counts in enumerate(found.counts):
        yield Sample(START_NS + found.first_ns + number * step_ns, Radiation.GAMMA, found.interval_s, counts, True)


def picture(lane: LaneSettings, profile: Profile, model: ModelFile, body: Mapping[str, Any]) -> Picture | None:
    """The shadow test of an occupancy body, bin by bin, times from its begin; None where it has nothing to say."""
    rules = Rules(lane, profile, model)
    panels = rules.detectors[Radiation.GAMMA]
    if body["speed_mps"] is None or not {"gamma"} <= body["series"].keys() & body.get("background", {}).keys():
        return None
    if set(body["series"]["gamma"]["counts"]) != set(panels):
        return None                     # recorded with another panel map
    found = past(body, panels)
    rules = begun(lane, profile, found, model)
    for sample in samples(found):
        for _ in rules.judge(sample):
            pass
    rules.end(START_NS + found.length_ns)
    return rules.picture()
