"""The scenes the rules are compared in.  Everything in a scene is stated here; the physics is hardware_mocks/passages."""

from __future__ import annotations

from dataclasses import dataclass, field

from hardware_mocks.passage_vehicles import Traffic
from hardware_mocks.passages import Batch, Conditions, Site

STEADY, WIRE = "steady", "wire"         # 0.2 s samples throughout; Rapiscan: integer GB of 1 s each 5 s, then GS
WIRE_PRE = 5
VARIED = Traffic(speed_kmh=(4.0, 16.0))
SWAYING = Traffic(speed_kmh=(4.0, 16.0), wobble=0.05)
QUEUE = Traffic(speed_kmh=(4.0, 16.0), wobble=0.05, stop_share=0.05, trailer_share=0.05, close_share=0.03)


@dataclass(frozen=True)
class Scene:
    name: str
    traffic: Traffic = field(default_factory=Traffic)
    conditions: Conditions = field(default_factory=Conditions)
    form: str = STEADY
    panels: int = 0b1111                # in service
    site: Site = field(default_factory=Site)
    # of the priors the "learned" rule used: the scene whose clean passages were learned from
    learned_on: str = ""
    share: float = 1.0                  # of the full number of passages

    @property
    def shadows(self) -> bool:
        return self.conditions.family != "none"


def begins(batch: Batch, i: int, scene: Scene) -> int:
    """First sample the portal gives of a passage: on the wire, the five of the past that open an occupancy."""
    return int(batch.on[i]) - WIRE_PRE if scene.form == WIRE else 0


NONE, SMOOTH = Conditions(family="none"), Conditions()
FREE = Conditions(family="none", anywhere=True)
SHADED = Conditions(anywhere=True)
BLOCKS = Conditions(family="blocks", anywhere=True)
SLOW = Traffic(speed_kmh=(2.0, 2.0))
STANDING = Traffic(mix=(1.0, 0.0, 0.0), stop_share=1.0, stop_s=(180.0, 180.0))

POWER = (
    Scene("centred, no shadow", conditions=NONE, learned_on="centred, no shadow"),
    Scene("centred, shadow", conditions=SMOOTH, learned_on="centred, shadow"),
    Scene("varied, no shadow", VARIED, FREE, learned_on="varied, no shadow"),
    Scene("varied, shadow", VARIED, SHADED, learned_on="varied, shadow"),
    Scene("varied, stepped shadow, prior of smooth", VARIED, BLOCKS, learned_on="varied, shadow", share=0.5),
    Scene("varied, stepped shadow, own prior", VARIED, BLOCKS, learned_on="varied, stepped shadow, own prior", share=0.5),
    Scene("varied, shadow, Rapiscan wire", VARIED, SHADED, WIRE, learned_on="varied, shadow, Rapiscan wire", share=0.5),
    Scene("varied, shadow, three panels", VARIED, SHADED, panels=0b0111, learned_on="varied, shadow", share=0.5),
    Scene("varied, shadow, speed sways 5 %", SWAYING, SHADED, learned_on="varied, shadow, speed sways 5 %", share=0.5),
    Scene("queue: stops, trailers, two close", QUEUE, SHADED, learned_on="queue: stops, trailers, two close", share=0.5),
    Scene("varied, shadow 1.5 x deeper than learned", VARIED, Conditions(anywhere=True, deeper=1.5),
          learned_on="varied, shadow", share=0.5),
    Scene("2 km/h, no shadow", SLOW, NONE, learned_on="centred, no shadow", share=0.25),
    Scene("2 km/h, shadow", SLOW, SMOOTH, learned_on="centred, shadow", share=0.25),
)
CHANGED = (
    Scene("shadows 1.2 x deeper", VARIED, Conditions(anywhere=True, deeper=1.2), learned_on="varied, shadow", share=0.1),
    Scene("shadows 1.5 x deeper", VARIED, Conditions(anywhere=True, deeper=1.5), learned_on="varied, shadow", share=0.1),
    Scene("shadows in steps", VARIED, BLOCKS, learned_on="varied, shadow", share=0.1),
    Scene("stops, trailers, two close", QUEUE, SHADED, learned_on="varied, shadow", share=0.1),
    Scene("rain at every passage", VARIED, Conditions(anywhere=True, rain_share=1.0), learned_on="varied, shadow", share=0.1),
)
STAND = Scene(
    "standing 180 s in drift of 0.3 %/min", STANDING,
    Conditions(family="none", slope_per_min=0.003, rain_share=0.0), learned_on="centred, no shadow",
)
NORM = tuple(
    Scene(f"varied, shadow, {share:.0%} of trucks NORM, medical 0.1 %", VARIED,
          Conditions(anywhere=True, norm_share=share, medical_share=0.001), learned_on="varied, shadow", share=0.5)
    for share in (0.02, 0.05)
)
