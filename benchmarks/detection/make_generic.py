"""Writes config/models/generic.json: the shadow prior of day one, from what the literature says and nothing else.

    python -m benchmarks.detection.make_generic

No simulator and no site is behind it: depths as published, shapes unknown.  It carries a lane until the site's own
passages have been learned from (detection.md 3.4).
"""

from __future__ import annotations

import json
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / "config/models/generic.json"
#         name          depth: published range of the sum
RANGES = (
    ("below 6 m", 0.02, 0.12),
    ("6 to 9 m", 0.02, 0.25),       # no figure of its own: the least of cars, the most of trucks
    ("above 9 m", 0.10, 0.25),
)
REPORTED_MAX = 0.40                 # Ludlum 4525/4530 manual: "by up to 40 %"
SOURCE = (
    "Depths: cars 2-12 %, trucks 10-25 %, up to 40 % reported (detection.md 1; Ludlum 4525/4530 manuals; Lo Presti 2006, "
    "NIM A 562:281: each portal has its own signature, sides and heights differ). The published range is taken as mean "
    "+- one sd, and a truck's sd so that 40 % is two sd away. Shape along the vehicle: not published; each cosine term "
    "k has sd depth / (2 k). Between panels a correlation of one half, because signatures differ by panel and nothing "
    "says how much. Constant: 0.6 %, the background's level (algorithms.md 4.1). No simulator and no site is in it."
)


def generic() -> dict:
    classes = []
    for name, low, high in RANGES:
        depth, sd = 0.5 * (low + high), 0.5 * (high - low)
        if high >= 0.25:
            sd = max(sd, 0.5 * (REPORTED_MAX - depth))
        cosines = [round(0.5 * depth / k, 6) for k in range(1, 6)]
        classes.append({"name": name, "depth": round(depth, 6), "depth_sd": round(sd, 6), "cosine_sd": cosines})
    return {
        "format": "edge-agent generic shadow/1", "origin": SOURCE, "between_panels": 0.5, "constant_sd": 0.006,
        "classes": classes,
    }


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(generic(), indent=2) + "\n", encoding="utf-8")
    print(TARGET)
