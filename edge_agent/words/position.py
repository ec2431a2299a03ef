"""Where a mobile system is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fix:
    """One position as a receiver gave it.  None: it does not say."""

    latitude: float                     # degrees, north positive, WGS 84
    longitude: float                    # degrees, east positive
    utc: str                            # time of day of the fix as sent, hhmmss.ss: tells a fix from its repetition
    speed_mps: float | None = None
    satellites: int | None = None
    hdop: float | None = None           # times about 3 m, of a plain receiver
    sentence: str = ""                  # "RMC" or "GGA"
