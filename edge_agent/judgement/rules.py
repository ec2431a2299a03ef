"""The kernel of one lane, spoken to in the profile's words: detectors by name, sums by name, judgements out."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from edge_agent.judgement import modes, neutron_place, thresholds
from edge_agent.judgement.passage import Counts
from edge_agent.tools import kernel
from edge_agent.tools.kernel_picture import Picture
from edge_agent.tools.model_file import ModelFile
from edge_agent.words.errors import SettingsError
from edge_agent.words.event import Judgement, VacantBackground
from edge_agent.words.language import worded
from edge_agent.words.reading import Radiation, Sample, VacantRate
from edge_agent.words.settings import LaneSettings, Profile

NOT_FITTED = "-"                                    # a field of the wire without a detector
VERSION = 1             # of the rules below: part of every alarm, raised when a rule would judge the same counts otherwise
FOCUS = f"focus/{VERSION}"


class Rules:
    """Every rule of one lane.  Times go to the kernel in seconds and never back."""

    def __init__(self, lane: LaneSettings, profile: Profile, model: ModelFile | None = None) -> None:
        self.detectors = lane_detectors(lane, profile)
        _check_outages(lane, self.detectors)
        self._vacant_exposure_s = profile.vacant_exposure_s
        groups = _masks(lane, profile, self.detectors[Radiation.GAMMA])
        self.sums = len(groups)                     # of the compatibility rule
        chosen = thresholds.in_force(lane, model)
        self.focus_alone_less = chosen.focus_alone_less
        try:
            self._kernel = kernel.Lane(
                modes.kernel_settings(
                    lane, profile, max(1, len(self.detectors[Radiation.GAMMA])), len(self.detectors[Radiation.NEUTRON]),
                    groups, chosen,
                )
            )
            self._kernel.learned(model.model if model else None)
        except kernel.Refused as problem:
            raise SettingsError(worded("lane {name}: {problem}", name=lane.name, problem=problem)) from None
        self._tubes = modes.tubes_place(lane, profile, self.detectors[Radiation.GAMMA])
        self._past_s = {Radiation.GAMMA: 0.0, Radiation.NEUTRON: profile.pre_samples * profile.gamma_interval_s}
        self._doubted = {radiation: tuple[str, ...]() for radiation in self.detectors}
        self._out = {radiation: frozenset[str]() for radiation in self.detectors}
        self._end_s = -profile.hold_in_s if lane.mode != modes.CONTINUOUS else 0.0      # the beam cleared before its end was told
        self._last_s: dict[str, float] = {}         # newest time given to each clock of the kernel

    def begin(self, at_ns: int, radiation: Radiation | None = None) -> None:
        """An occupancy begins with a sample of this radiation; gamma samples of the burst will lie before a neutron's."""
        past_ns = round(self._past_s[radiation] * 1e9) if radiation else 0
        self._kernel.beam(self._time("beam", at_ns - past_ns), True)

    def end(self, at_ns: int) -> None:
        self._kernel.beam(self._time("beam", at_ns), False)

    def speed(self, at_ns: int, speed_mps: float) -> None:
        """Speed of the vehicle in the lane; the shadow test needs it for the vehicle's length."""
        self._kernel.speed(at_ns / 1e9, speed_mps)

    def look(self) -> tuple[Judgement, bool] | None:
        """What the shadow test thinks of the vehicle in the lane, or of the last one; None while it cannot say."""
        seen = self._kernel.shadow()
        if not seen.armed:
            return None
        names = tuple(name for i, name in enumerate(self.detectors[Radiation.GAMMA]) if seen.mask >> i & 1)
        place = {"behind_m": seen.behind_m, "across_m": seen.lateral_m, "length_m": seen.length_m,
                 "speed_mps": seen.speed_mps, "source_cps": seen.source_cps, "source_sd": seen.source_sd}
        judgement = Judgement(
            f"shadow/{VERSION}", seen.statistic, seen.threshold, seen.window_s, round(seen.counts), seen.expected, None,
            names, {name: float(f"{value:.4g}") for name, value in place.items()},
        )
        return judgement, seen.crossed

    def neutron_look(self, counted: Counts | None = None) -> tuple[Judgement, bool] | None:
        """What the neutron template thinks of the same vehicle; None while it cannot say.  Where the source is comes from the
        vehicle's whole counts, when it has left: what crosses before that is the first moment that will do, not the best."""
        names = self.detectors[Radiation.NEUTRON]
        if not names or self._tubes is None:
            return None
        seen = self._kernel.neutron_source(self._tubes)
        if not seen.armed:
            return None
        place = self._neutron_place(seen, counted) if seen.finished and counted else {}
        judgement = Judgement(
            f"neutron-template/{VERSION}", seen.statistic, seen.threshold, seen.window_s, round(seen.counts), seen.expected,
            None, names, {name: float(f"{value:.4g}") for name, value in place.items()},
        )
        return judgement, seen.crossed

    def _neutron_place(self, seen: kernel.NeutronSource, counted: Counts) -> dict[str, float]:
        """Empty where the speed is not measured, or the vehicle did not simply drive through."""
        assert self._tubes is not None
        on_s, off_s = seen.at_s - seen.after_on_s, self._last_s.get("beam", 0.0) + self._end_s
        served = [i for i, name in enumerate(counted.detectors) if name not in self._out[Radiation.NEUTRON]]
        if not seen.speed_measured or not seen.window_s:
            return {}
        found = neutron_place.fit(neutron_place.Counted(
            counted.begin_ns / 1e9 - counted.interval_s, counted.interval_s * counted.samples_per_bin,
            [sum(each[i] for i in served) for each in counted.bins], seen.expected / seen.window_s,
        ), on_s, off_s, seen.speed_mps, self._tubes)
        if found is None:
            return {}
        return {"behind_m": found.behind_m, "speed_mps": seen.speed_mps, "source_cps": found.source_cps,
                "source_sd": found.source_sd}

    def looks(self, neutrons: Counts | None = None) -> Iterator[tuple[Radiation, Judgement, bool]]:
        """The tests of the whole vehicle that can say something; `neutrons`: what was counted of it."""
        for radiation, found in ((Radiation.GAMMA, self.look()), (Radiation.NEUTRON, self.neutron_look(neutrons))):
            if found:
                yield radiation, *found

    def relearn(self, at_ns: int, stuck: bool) -> None:
        """The beam is stuck, or came back: the background is learned anew, of a lane with vehicles in it or without."""
        self._kernel.relearn(at_ns / 1e9, modes.PLACE_SD if stuck else 0.0)

    def shadow_seen(self) -> kernel.Shadow | None:
        """The shadow test's numbers, armed or not; None where there are none."""
        seen = self._kernel.shadow()
        return seen if seen.why is kernel.Why.SEEN else None

    def picture(self) -> Picture | None:
        """The shadow test bin by bin, for drawing; None where it has nothing to say."""
        return self._kernel.picture()

    def design(self, geometry: kernel.Geometry) -> kernel.Design:
        """What the shadow test computes with, for learning."""
        return self._kernel.design(geometry)

    def learn(self, rate: VacantRate) -> Iterator[tuple[Judgement, bool]]:
        """A vacant rate of the portal's own: judged, and fed to the background with the exposure it stands for."""
        if self.detectors[rate.radiation]:          # a portal without tubes sends neutron records all the same
            t_s = self._time(f"rate {rate.radiation.value}", rate.at_ns)
            yield from self._judged(rate.radiation, self._kernel.vacant_rate(
                rate.radiation, t_s, self._vacant_exposure_s, rate.rates_cps
            ))

    def as_sample(self, rate: VacantRate) -> Sample:
        """A vacant rate as the counts it stands for."""
        counts = tuple(round(cps * self._vacant_exposure_s) for cps in rate.rates_cps)
        return Sample(rate.at_ns, rate.radiation, self._vacant_exposure_s, counts, False)

    def judge(self, sample: Sample) -> Iterator[tuple[Judgement, bool]]:
        """What each armed rule thinks of the sample, and whether it crossed."""
        if not self.detectors[sample.radiation]:
            return
        step = self._kernel.gamma if sample.radiation is Radiation.GAMMA else self._kernel.neutron
        yield from self._judged(sample.radiation, step(
            self._time(f"sample {sample.radiation.value}", sample.at_ns), sample.interval_s, sample.counts
        ))

    def _judged(self, radiation: Radiation, look: kernel.Look) -> Iterator[tuple[Judgement, bool]]:
        for rule, score in zip(look._fields, look, strict=True):
            if score.armed:
                yield self._judgement(f"{rule}/{VERSION}", radiation, score), score.crossed

    def doubt(self, radiation: Radiation, channels: Collection[int]) -> None:
        """Of the next sample or rate the state of health passes over these channels; no rule does."""
        names = self.detectors[radiation]
        if names:
            self._doubted[radiation] = tuple(names[i] for i in channels)
            self._kernel.doubt(radiation, sum(1 << i for i in channels))

    def doubted(self, radiation: Radiation) -> tuple[str, ...]:
        """Channels of its newest sample or rate whose count may be the line's."""
        return self._doubted[radiation]

    def health(self, radiation: Radiation, at_ns: int, lost: bool = False) -> kernel.Health:
        """What the counts say of the detectors themselves."""
        return self._kernel.health(radiation, at_ns / 1e9, lost)

    def serve(self, radiation: Radiation, out: Collection[str]) -> None:
        """These detectors are in no sum from the next sample on; all others are."""
        names = self.detectors[radiation]
        self._out[radiation] = frozenset(out)
        self._kernel.in_service(radiation, sum(1 << i for i, name in enumerate(names) if name not in out))

    def vendor(self, sample: Sample) -> Judgement:
        """The portal's own alarm: its rule and threshold are not on the wire."""
        names = self.detectors[sample.radiation]
        return Judgement("vendor", None, None, sample.interval_s, sum(sample.counts), None, None, names)

    def background_cps(self, radiation: Radiation, at_ns: int) -> dict[str, float]:
        """Background per detector now; empty until there is one."""
        background = self.background(radiation, at_ns)
        if background is None:
            return {}
        names = self.detectors[radiation]
        return {name: round(rate, 3) for name, rate in zip(names, background.rate_cps, strict=True)}

    def background(self, radiation: Radiation, at_ns: int) -> kernel.Background | None:
        found = self._kernel.background(radiation, at_ns / 1e9) if self.detectors[radiation] else None
        return found if found is not None and found.exposure_s > 0 else None

    def backgrounds(self, at_ns: int) -> dict[str, VacantBackground]:
        """What a vehicle that comes now is compared with, by radiation."""
        found = {}
        for radiation in self.detectors:
            known = self.background(radiation, at_ns)
            if known is not None:
                found[radiation.value] = VacantBackground(
                    self.background_cps(radiation, at_ns), round(known.exposure_s, 3), round(known.age_s, 3)
                )
        return found

    def put_background(
        self, radiation: Radiation, at_ns: int, age_s: float, exposure_s: float, rate_cps: tuple[float, ...]
    ) -> None:
        """Take back a background kept over a restart; its error has grown with its age."""
        self._kernel.put_background(radiation, at_ns / 1e9, age_s, exposure_s, rate_cps)

    def put_trouble(self, radiation: Radiation, at_ns: int, silent: Collection[str], stuck: Collection[str]) -> None:
        """Take back, beside its background, which channels had failed: out until they have counted for long."""
        names = self.detectors[radiation]
        masks = (sum(1 << i for i, name in enumerate(names) if name in found) for found in (silent, stuck))
        self._kernel.put_trouble(radiation, at_ns / 1e9, *masks)

    def _time(self, clock: str, at_ns: int) -> float:
        """Seconds, never back on the same clock of the kernel: a stamp that would go back stands still."""
        t_s = max(at_ns / 1e9, self._last_s.get(clock, 0.0))
        self._last_s[clock] = t_s
        return t_s

    def _judgement(self, rule: str, radiation: Radiation, score: kernel.Score) -> Judgement:
        names = tuple(name for i, name in enumerate(self.detectors[radiation]) if score.mask >> i & 1)
        return Judgement(
            rule, score.statistic, score.threshold, score.window_s, round(score.counts), score.expected,
            score.expected_sd, names,
        )


def _check_outages(lane: LaneSettings, detectors: dict[Radiation, tuple[str, ...]]) -> None:
    names = [name for of_one in detectors.values() for name in of_one]
    unknown = [name for name in lane.out_of_service if name not in names]
    if unknown:
        raise SettingsError(worded(
            "lane {name}: out_of_service names {unknown!r}; this lane has {names}",
            name=lane.name, unknown=unknown[0], names=", ".join(names)))
    twice = next((name for name in lane.out_of_service if lane.out_of_service.count(name) > 1), None)
    if twice:       # one of the two would stay when it is taken back
        raise SettingsError(worded(
            "lane {name}: out_of_service names {twice!r} twice.\n  Name it once.",
            name=lane.name, twice=twice))


def lane_detectors(lane: LaneSettings, profile: Profile) -> dict[Radiation, tuple[str, ...]]:
    """Names of a lane's detectors, in the order of their counts."""
    return {
        Radiation.GAMMA: _names(lane.gamma, profile.gamma, f"lane {lane.name}: gamma"),
        Radiation.NEUTRON: _names(lane.neutron, profile.neutron, f"lane {lane.name}: neutron"),
    }


def _names(of_lane: list[str], of_profile: list[str], where: str) -> tuple[str, ...]:
    """Detectors in wire order; the lane's own map, where given, names the same fields."""
    if of_lane and len(of_lane) != len(of_profile):
        raise SettingsError(worded(
            "{where} names {of_lane} detectors, the profile {of_profile}: name each field",
            where=where, of_lane=len(of_lane), of_profile=len(of_profile)))
    names = tuple(name for name in of_lane or of_profile if name != NOT_FITTED)
    if len(set(names)) != len(names):
        raise SettingsError(worded("{where} names a detector twice: {names}", where=where, names=", ".join(names)))
    return names


def _masks(lane: LaneSettings, profile: Profile, panels: tuple[str, ...]) -> tuple[int, ...]:
    """Bit masks of the sums the compatibility rule looks at, each once."""
    places = _places(lane, profile, panels)
    masks: dict[int, None] = {}
    for name in lane.alarm.ksigma_sums:
        if name not in profile.sums:
            raise SettingsError(worded(
                "lane {name}: ksigma_sums names {name2!r}; the profile knows {sums}",
                name=lane.name, name2=name, sums=", ".join(profile.sums)))
        for group in profile.sums[name]:
            mask = sum(1 << place for place in {places[panel] for panel in group} if place is not None)
            if mask:
                masks[mask] = None
    return tuple(masks) or ((1 << max(1, len(panels))) - 1,)      # of a dose rate there are no panels, and nothing is judged


def _places(lane: LaneSettings, profile: Profile, panels: tuple[str, ...]) -> dict[str, int | None]:
    """Where each panel that a sum of the profile names stands among the lane's; None: not fitted.

    A name the lane uses is that panel (its map may turn them round); one it does not use is the field it gave a new name.
    """
    fields = dict(zip(profile.gamma, lane.gamma or profile.gamma, strict=True))
    renamed = {name: mine for name, mine in fields.items() if mine not in profile.gamma}
    named = dict.fromkeys(panel for groups in profile.sums.values() for group in groups for panel in group)
    unknown = [panel for panel in named if panel not in (*profile.gamma, *panels)]
    if len(unknown) > profile.gamma.count(NOT_FITTED):      # of a portal with fewer panels the sums may stay as they were
        raise SettingsError(worded(
            "lane {name}: a sum of the profile names {unknown!r}; its panels are {gamma}.\n"
            "  Correct [sums] in the profile.",
            name=lane.name, unknown=unknown[0], gamma=", ".join(profile.gamma)))
    mine = {panel: panel if panel in panels else renamed.get(panel, NOT_FITTED) for panel in named}
    return {panel: panels.index(name) if name in panels else None for panel, name in mine.items()}
