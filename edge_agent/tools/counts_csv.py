"""The counts of one vehicle as the CSV that `replay` reads (docs/replay.md), for spreadsheets and other programs.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded

Body = Mapping[str, Any]


def table(occupancy: Body) -> str:
    """One line per gamma interval; neutrons stand in the first line that ends with or after theirs."""
    gamma, neutron = (occupancy["series"].get(radiation) for radiation in ("gamma", "neutron"))
    if not gamma or not gamma["counts"]:
        raise SettingsError(worded(
            "occupancy {occupancy} has no gamma counts on record.\n"
            "  The wire of that time: edge-agent record LANE --from TIME --out FILE",
            occupancy=occupancy["id"]))
    begin_ms, end_ms = occupancy["begin"]["mono_ms"], occupancy["end"]["mono_ms"]
    times_ms = _ends_ms(gamma)
    told = _neutrons(neutron, times_ms) if neutron and neutron["counts"] else {}
    names = [f"gamma_{name}" for name in gamma["counts"]] + [f"neutron_{name}" for name in (neutron or {"counts": {}})["counts"]]
    lines = [
        f"# occupancy {occupancy['id']} of lane {occupancy['lane']}, {occupancy['begin']['wall']} to {occupancy['end']['wall']}",
        "# one vehicle, without the empty lane before it: to judge it again, edge-agent record LANE --from TIME --out FILE",
        *_backgrounds(occupancy), ",".join(["time_s", "interval_s", *names, "neutron_interval_s", "occupied", "speed_mps"]),
    ]
    for number, at_ms in enumerate(times_ms):
        interval_s, counts = told.get(number, ("", [""] * (len(names) - len(gamma["counts"]))))
        inside = begin_ms <= at_ms <= end_ms
        cells = [f"{(at_ms - times_ms[0]) / 1000 + gamma['interval_s']:.3f}", f"{gamma['interval_s']:g}",
                 *(str(column[number]) for column in gamma["counts"].values()), *counts, interval_s, str(int(inside)),
                 f"{occupancy['speed_mps']:g}" if inside and occupancy["speed_mps"] else ""]
        lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def _ends_ms(series: Body) -> list[int]:
    bins = len(next(iter(series["counts"].values())))
    return [round(series["begin"]["mono_ms"] + number * series["interval_s"] * 1000) for number in range(bins)]


def _neutrons(series: Body, times_ms: list[int]) -> dict[int, tuple[str, list[str]]]:
    """Line -> (seconds counted, counts); bins that fall into one line are summed, those after the last line go into it."""
    held: dict[int, list[int]] = {}
    bins: dict[int, int] = {}
    for number, at_ms in enumerate(_ends_ms(series)):
        line = next((line for line, end_ms in enumerate(times_ms) if end_ms >= at_ms), len(times_ms) - 1)
        counts = [column[number] for column in series["counts"].values()]
        held[line] = [a + b for a, b in zip(held.get(line, [0] * len(counts)), counts, strict=True)]
        bins[line] = bins.get(line, 0) + 1
    return {line: (f"{bins[line] * series['interval_s']:g}", list(map(str, counts))) for line, counts in held.items()}


def _backgrounds(occupancy: Body) -> list[str]:
    return [f"# background {radiation}, counts/s: " + ", ".join(f"{name} {rate:g}" for name, rate in found["cps"].items())
            for radiation, found in occupancy.get("background", {}).items()]
