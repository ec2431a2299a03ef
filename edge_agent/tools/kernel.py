"""The alarm kernel in Python: one lane in C (native/ea_kernel.h), its settings and what it saw as plain values.

Nothing is decided here.  Constants and types come from the header; buffers are made once and used again.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NoReturn

from edge_agent._kernel import ffi, lib
from edge_agent.tools import kernel_health, kernel_picture, kernel_shadow
from edge_agent.tools.kernel_health import Health
from edge_agent.tools.kernel_values import (
    UNSEEN,
    Background,
    Change,
    Design,
    Geometry,
    KernelSettings,
    Look,
    ModelRefused,
    NeutronSource,
    Refused,
    SampleRefused,
    Score,
    SettingsRefused,
    Shadow,
    ShadowClass,
    ShadowModel,
    State,
    StateRefused,
    Tally,
    TimeRefused,
    Why,
)
from edge_agent.words.reading import Radiation

__all__ = [
    "UNSEEN", "Background", "Change", "Design", "Geometry", "Health", "KernelSettings", "Lane", "Look", "ModelRefused",
    "NeutronSource", "Refused", "SampleRefused", "Score", "SettingsRefused", "Shadow", "ShadowClass",
    "ShadowModel", "State", "StateRefused", "Tally", "TimeRefused", "Why",
]

_CODE = {Radiation.GAMMA: lib.EA_GAMMA, Radiation.NEUTRON: lib.EA_NEUTRON}


_REFUSALS: dict[int, type[Refused]] = {
    lib.EA_BAD_SETTINGS: SettingsRefused,
    lib.EA_BAD_SAMPLE: SampleRefused,
    lib.EA_BAD_TIME: TimeRefused,
    lib.EA_BAD_STATE: StateRefused,
    lib.EA_BAD_MODEL: ModelRefused,
}


_CHANGES = tuple(Change(bits) for bits in range(4))


def _score_format() -> struct.Struct:
    """How struct reads an ea_score, made from what the compiler laid out."""
    codes = {"uint32_t": "I", "double": "d"}
    text, at = "=", 0
    for name, field in ffi.typeof("ea_score").fields:
        code = codes[field.type.cname]
        text += f"{field.offset - at}x"
        if name in ("crossed", "armed"):
            code = "?3x" if sys.byteorder == "little" else "3x?"
        text += code
        at = field.offset + ffi.sizeof(field.type)
    return struct.Struct(text + f"{ffi.sizeof('ea_score') - at}x")


_SCORE = _score_format()
_KSIGMA_AT, _FOCUS_AT, _NEUTRON_AT = (
    _SCORE.size * rule for rule in (lib.EA_RULE_KSIGMA, lib.EA_RULE_FOCUS, lib.EA_RULE_NEUTRON)
)


def _settings_in_c(settings: KernelSettings) -> Any:
    groups = settings.groups or ((1 << settings.panels) - 1,)
    if len(groups) > lib.EA_GROUP_MAX:
        raise SettingsRefused(f"{len(groups)} panel sums; the kernel takes {lib.EA_GROUP_MAX}")
    out = ffi.new("ea_settings *")
    try:
        for field in fields(settings):
            if field.name != "groups":
                setattr(out, field.name, getattr(settings, field.name))
        out.groups = len(groups)
        out.group_mask[0 : len(groups)] = groups
    except (OverflowError, TypeError) as problem:
        raise SettingsRefused(f"kernel settings: {problem}") from None
    return out


def _lane_memory() -> Any:
    return ffi.new("double[]", lib.ea_lane_size() // ffi.sizeof("double") + 1)      # double: aligned


class Lane:
    """The kernel's state of one lane.  Times are seconds of one monotonic clock; one thread at a time."""

    def __init__(self, settings: KernelSettings) -> None:
        if not 1 <= settings.panels <= lib.EA_GAMMA_MAX or not 0 <= settings.tubes <= lib.EA_NEUTRON_MAX:
            raise SettingsRefused(
                f"{settings.panels} panels and {settings.tubes} neutron channels; "
                f"the kernel takes 1-{lib.EA_GAMMA_MAX} and 0-{lib.EA_NEUTRON_MAX}"
            )
        self.settings = settings
        self._settings = _settings_in_c(settings)
        self._memory = _lane_memory()
        self._lane = ffi.cast("ea_lane *", self._memory)
        self._counts = ffi.new("uint32_t[]", lib.EA_GAMMA_MAX)
        self._look = ffi.new("ea_look *")
        self._seen = ffi.buffer(self._look)
        self._model: Any = None
        if lib.ea_lane_init(self._lane, self._settings) != lib.EA_OK:
            raise SettingsRefused(f"a value out of range (limits: native/settings.c) in {settings}")

    def gamma(self, t_s: float, interval_s: float, counts: Sequence[int]) -> Look:
        """Judge one interval ending at `t_s`, one count per panel; while vacant also learn from it."""
        self._put_counts(counts, self.settings.panels)
        status = lib.ea_gamma(self._lane, t_s, interval_s, self._counts, self._look)
        if status:
            self._refuse(status, f"gamma sample at {t_s} s of {interval_s} s")
        return self._seen_gamma()

    def neutron(self, t_s: float, interval_s: float, counts: Sequence[int]) -> Look:
        """The same for neutrons."""
        self._put_counts(counts, self.settings.tubes)
        status = lib.ea_neutron(self._lane, t_s, interval_s, self._counts, self._look)
        if status:
            self._refuse(status, f"neutron sample at {t_s} s of {interval_s} s")
        return Look(UNSEEN, UNSEEN, Score._make(_SCORE.unpack_from(self._seen, _NEUTRON_AT)))

    def vacant_rate(self, radiation: Radiation, t_s: float, exposure_s: float, rate_cps: Sequence[float]) -> Look:
        """Judge and learn from a rate the portal computed itself while vacant; it stands for `exposure_s` of counting."""
        rates = self._rates(radiation, rate_cps)
        status = lib.ea_vacant_rate(self._lane, _CODE[radiation], t_s, exposure_s, rates, self._look)
        if status:
            self._refuse(status, f"vacant {radiation.value} rate {tuple(rate_cps)} at {t_s} s of {exposure_s} s")
        if radiation is Radiation.GAMMA:
            return self._seen_gamma()
        return Look(UNSEEN, UNSEEN, Score._make(_SCORE.unpack_from(self._seen, _NEUTRON_AT)))

    def relearn(self, t_s: float, place_sd: float = 0.0) -> None:
        """Forget every background: the lane is vacant, but not as it was learned; `place_sd`: its relative error from now on."""
        status = lib.ea_relearn(self._lane, t_s, place_sd)
        if status:
            self._refuse(status, f"learning anew at {t_s} s, lane {self.state.name.lower()}")

    def beam(self, t_s: float, occupied: bool) -> Change:
        """One reading of the occupancy sensor."""
        return self._change(lib.ea_beam(self._lane, t_s, occupied), t_s)

    def clock(self, t_s: float) -> Change:
        """Time has passed: a hold-in may have run out."""
        return self._change(lib.ea_clock(self._lane, t_s), t_s)

    @property
    def state(self) -> State:
        return State(lib.ea_occupancy(self._lane))

    def background(self, radiation: Radiation, t_s: float) -> Background:
        """The background as it would be compared with at `t_s`."""
        out = ffi.new("ea_background *")
        status = lib.ea_background_now(self._lane, _CODE[radiation], t_s, out)
        if status:
            self._refuse(status, f"background of {radiation.value} at {t_s} s")
        rates = tuple(out.rate_cps[0 : self._channels(radiation)])
        return Background(rates, out.exposure_s, out.age_s, out.relative_sd, out.slope_per_min, bool(out.armed))

    def put_background(
        self, radiation: Radiation, t_s: float, age_s: float, exposure_s: float, rate_cps: Sequence[float]
    ) -> None:
        """Put back a background kept over a restart: `exposure_s` of vacancy that ended `age_s` before `t_s`."""
        rates = self._rates(radiation, rate_cps)
        status = lib.ea_background_put(self._lane, _CODE[radiation], t_s, age_s, exposure_s, rates)
        if status == lib.EA_BAD_STATE:
            raise StateRefused(f"the lane has a {radiation.value} background of its own; a kept one comes before it")
        if status:
            self._refuse(status, f"kept background of {radiation.value}, {exposure_s} s, {age_s} s old")

    def put_trouble(self, radiation: Radiation, t_s: float, silent: int, stuck: int) -> None:
        """Put back, beside its background, which channels had failed (masks)."""
        status = lib.ea_trouble_put(self._lane, _CODE[radiation], t_s, silent, stuck)
        if status:
            self._refuse(status, f"{radiation.value} channels in trouble {silent:#b}, {stuck:#b}")

    def doubt(self, radiation: Radiation, mask: int) -> None:
        """Channels of the next sample or vacant rate that only the state of health shall pass over."""
        status = lib.ea_doubt(self._lane, _CODE[radiation], mask)
        if status:
            self._refuse(status, f"{radiation.value} channels doubted {mask:#b}")

    def in_service(self, radiation: Radiation, mask: int) -> None:
        """Channels that count, bit 0 the first; others leave every sum from the next sample on."""
        status = lib.ea_in_service(self._lane, _CODE[radiation], mask) if 0 <= mask < 2**32 else lib.EA_BAD_SAMPLE
        if status:
            self._refuse(status, f"{radiation.value} channels in service {mask:#b}")

    def health(self, radiation: Radiation, t_s: float, lost: bool = False) -> Health:
        """What the counts say of the channels themselves; asked about once a second.  `lost`: the wire broke."""
        status, found = kernel_health.look(self._lane, _CODE[radiation], t_s, lost, self._channels(radiation))
        if found is None:
            self._refuse(status, f"state of health of {radiation.value} at {t_s} s")
        return found

    def speed(self, t_s: float, speed_mps: float) -> None:
        """Speed of the vehicle in the lane, any time until the next one begins."""
        status = lib.ea_speed(self._lane, t_s, speed_mps)
        if status:
            self._refuse(status, f"speed {speed_mps} m/s at {t_s} s")

    def learned(self, model: ShadowModel | None) -> None:
        """Use this shadow model from the next look on; None: none."""
        self._model = None if model is None else kernel_shadow.checked(self._lane, model, self.settings.panels)

    def shadow(self) -> Shadow:
        """The shadow test of the vehicle in the lane or the last one; a question, any number of times."""
        return kernel_shadow.look(self._lane, self._model, self.settings)

    def picture(self) -> kernel_picture.Picture | None:
        """The same look bin by bin, for drawing; None where it has no statistic."""
        return kernel_picture.picture(self._lane, self._model, self.settings)

    def neutron_source(self, geometry: Geometry) -> NeutronSource:
        """The neutron template over the same vehicle; a question too."""
        return kernel_shadow.neutron_look(self._lane, geometry, self.settings.panels)

    def design(self, geometry: Geometry, length_m: float = 0.0) -> Design:
        """What the shadow test computes with, for learning; `length_m` 0: as measured."""
        return kernel_shadow.design(self._lane, geometry, self.settings.panels, length_m)

    def tally(self, t_s: float) -> Tally:
        """What the kernel did on its own account."""
        out = ffi.new("ea_tally *")
        status = lib.ea_tally_now(self._lane, t_s, out)
        if status:
            self._refuse(status, f"tally at {t_s} s")
        return Tally(
            (bool(out.suspect[0]), bool(out.suspect[1])), (out.suspect_s[0], out.suspect_s[1]),
            (out.relearned[0], out.relearned[1]), out.hull_blocks, out.hull_overflows, out.neutron_clips,
        )

    def save(self) -> bytes:
        """The whole state; only for this build, these settings and this boot (its times go on)."""
        return bytes(ffi.buffer(self._lane, lib.ea_lane_size()))

    def restore(self, saved: bytes) -> None:
        """Go on from saved bytes, to the bit."""
        if len(saved) != lib.ea_lane_size():
            raise StateRefused(f"saved kernel state of {len(saved)} bytes; this build has {lib.ea_lane_size()}")
        memory = _lane_memory()
        lane = ffi.cast("ea_lane *", memory)
        ffi.memmove(lane, saved, len(saved))
        if lib.ea_lane_check(lane, self._settings) != lib.EA_OK:
            raise StateRefused("saved kernel state is of another build or of other settings, or damaged")
        self._memory, self._lane = memory, lane

    def _seen_gamma(self) -> Look:
        return Look(
            Score._make(_SCORE.unpack_from(self._seen, _KSIGMA_AT)), Score._make(_SCORE.unpack_from(self._seen, _FOCUS_AT)),
            UNSEEN,
        )

    def _channels(self, radiation: Radiation) -> int:
        return self.settings.panels if radiation is Radiation.GAMMA else self.settings.tubes

    def _put_counts(self, counts: Sequence[int], channels: int) -> None:
        if len(counts) != channels:
            raise SampleRefused(f"{len(counts)} counts for {channels} channels")
        try:
            self._counts[0:channels] = counts
        except (OverflowError, TypeError) as problem:
            raise SampleRefused(f"counts {tuple(counts)}: {problem}") from None

    def _rates(self, radiation: Radiation, rate_cps: Sequence[float]) -> Any:
        if len(rate_cps) != self._channels(radiation):
            raise SampleRefused(f"{len(rate_cps)} {radiation.value} rates for {self._channels(radiation)} channels")
        try:
            return ffi.new("double[]", [float(rate) for rate in rate_cps] or [0.0])
        except (OverflowError, TypeError) as problem:
            raise SampleRefused(f"{radiation.value} rates {tuple(rate_cps)}: {problem}") from None

    def _change(self, status: int, t_s: float) -> Change:
        if status < 0:
            self._refuse(status, f"occupancy sensor at {t_s} s")
        return _CHANGES[status]

    def _refuse(self, status: int, what: str) -> NoReturn:
        refusal = _REFUSALS[status]
        raise refusal(f"{what}: {(refusal.__doc__ or '').rstrip('.')}")
