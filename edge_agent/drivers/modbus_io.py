"""An I/O module as an instrument of the post: beams, loops and buttons by name, doors, mains and battery as health.

    [modbus]
    word_order = "high-first"
    [[modbus.input]]
    name = "front"                  # what [lane.occupancy] of another lane calls it
    table = "discrete"
    address = 0
    inverted = true                 # fail-safe: a broken beam, a cut wire, a lamp without power all read 0

It counts nothing: its lane has mode = "continuous" and judges nothing.  Read only; lamps are another matter (hands/lamps.py).
"""

from __future__ import annotations

from edge_agent.drivers.modbus_map import MapDecoder, polls, record_type
from edge_agent.words.driver import Driver

DRIVER = Driver(
    title="I/O module on Modbus",
    decoder=MapDecoder,
    status="third-party: Moxa's addresses by way of another's map, ADAM's from its manual; never yet on hardware",
    links=("modbus-tcp", "modbus-rtu", "modbus-rtu-tcp"),
    record_type=record_type,
    polls=polls,
    tells_passages=False,
)
