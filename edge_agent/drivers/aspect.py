"""Aspect / Yantar portal: one Modbus unit per pillar or portal, its registers as the profile `aspect` lists them.

    holding 100, 21 registers, 32-bit values low word first:
    0-1 time | 2 inputs | 3 gamma status | 4-5 count | 6-7 background | 8-9 variance | 10-16 the same of neutrons
    17 objects | 18 mark | 19 speed | 20 outputs

Source: the driver of a third party (OSCAR, sensorhub-driver-aspect); no vendor paper is public, and it was never tried on
hardware here.  Whether a count is per poll, per second or cumulative is not known: the lane must say (count_means).
"""

from __future__ import annotations

from edge_agent.drivers.modbus_map import MapDecoder, polls, record_type
from edge_agent.words.driver import Driver

DRIVER = Driver(
    title="Aspect / Yantar portal",
    decoder=MapDecoder,
    status="third-party",
    links=("modbus-tcp", "modbus-rtu", "modbus-rtu-tcp"),
    record_type=record_type,
    polls=polls,
)
