"""Names of faults as an officer reads them.  In English, in records and on technicians' screens they stay as they are."""

from __future__ import annotations

from edge_agent.words.language import mark, tr

FAULT = "fault"
NAMES = (
    mark("tamper", about="fault"), mark("high-background", about="fault"), mark("low-background", about="fault"),
    mark("silence", about="fault"), mark("gamma-silence", about="fault"), mark("neutron-silence", about="fault"),
    mark("link", about="fault"), mark("unreadable", about="fault"), mark("spoiled-counts", about="fault"),
    mark("occupancy-counter-gap", about="fault"),
    mark("portal-restart", about="fault"), mark("pre-samples", about="fault"), mark("late-delivery", about="fault"),
    mark("missing-samples", about="fault"), mark("vehicle-half-seen", about="fault"), mark("duplicate-samples", about="fault"),
    mark("profile-mismatch", about="fault"), mark("traffic-changed", about="fault"), mark("occupancy-overdue", about="fault"),
    mark("model-unusable", about="fault"), mark("vehicle-ksigma-only", about="fault"),
    mark("mains-lost", about="fault"), mark("battery-low", about="fault"), mark("portal-error", about="fault"),
    mark("not-ready", about="fault"), mark("over-range", about="fault"), mark("instrument-alarm", about="fault"),
    mark("occupancy-unknown", about="fault"), mark("beam-missing", about="fault"), mark("speed-sensor", about="fault"),
    mark("beam-stuck", about="fault"), mark("beam-flickers", about="fault"), mark("beams-crossed", about="fault"),
    mark("tamper-bounces", about="fault"), mark("module-restarts", about="fault"),
    mark("portal-judges-nothing", about="fault"),
    mark("dose-rate-high", about="fault"), mark("instrument-refuses", about="fault"), mark("overload", about="fault"),
    mark("blind", about="fault"), mark("neutron-blind", about="fault"), mark("out-of-service", about="fault"),
    mark("dead", about="fault"), mark("stuck", about="fault"), mark("noisy", about="fault"), mark("smooth", about="fault"),
    mark("share", about="fault"), mark("deaf", about="fault"), mark("loud", about="fault"), mark("spike", about="fault"),
)


def fault_name(name: str) -> str:
    """dead:Aa1 keeps its panel."""
    bare, colon, panel = name.partition(":")
    return f"{tr(bare, about=FAULT)}{colon}{panel}"


def with_name(name: str) -> str:
    """For a page to print: in words, and as it is looked up in docs and records: neveikia:Aa1 (dead:Aa1)."""
    said = fault_name(name)
    return name if said == name else f"{said} ({name})"
