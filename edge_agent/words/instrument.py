"""What a handheld, backpack or mobile system measured, as far as its document says so."""

from __future__ import annotations

from dataclasses import dataclass, field

CLASSES = ("handheld", "backpack", "mobile", "spectroscopic portal", "other")


@dataclass(frozen=True, slots=True)
class Nuclide:
    name: str                           # as the instrument wrote it
    confidence: float | None = None     # 0 to 100, the instrument's own
    category: str | None = None         # "medical", "industrial", "norm", "snm", "other"


@dataclass(frozen=True, slots=True)
class Measured:
    """One document.  None: it does not say."""

    form: str                           # "N42.42-2012" or "N42.42-2006"
    uuid: str | None
    kind: str                           # one of CLASSES
    maker: str
    model: str
    serial: str | None
    measured: str | None                # by the instrument's own clock, as it wrote it
    real_s: float | None = None         # of the foreground
    gamma_cps: float | None = None      # of all gamma detectors together
    neutron_cps: float | None = None
    dose_rate_usv_per_h: float | None = None
    nuclides: tuple[Nuclide, ...] = ()
    alarms: tuple[str, ...] = ()        # what alarmed by itself: "gamma", "neutron", ..., each once
    position: tuple[float, float] | None = None     # latitude, longitude, degrees
    doubts: tuple[str, ...] = field(default=())     # what stood there and could not be read, each once
