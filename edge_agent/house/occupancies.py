"""[lane.occupancy] held against what there is: the module's lane, its inputs, a pair of beams."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge_agent import drivers
from edge_agent.judgement.modes import CONTINUOUS
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded
from edge_agent.words.settings import Profile, Settings

POLL_MAX_S = 0.5        # six askings within judgement.gate.SILENT_NS; a vehicle at 8 km/h is 1.1 m further after one


def check(settings: Settings, profiles: Mapping[str, Profile], path: Path) -> None:
    """SettingsError names lane, key and remedy."""
    modules = {name: [each.name for each in profile.modbus.input] for name, profile in profiles.items()
               if profile.modbus and profile.modbus.input}
    for lane in settings.lane:
        wanted = lane.occupancy
        if wanted is None:
            continue
        where = f"{path}: lane {lane.name}: occupancy"
        if lane.mode == CONTINUOUS:
            raise SettingsError(worded(
                '{where}: mode = "continuous" knows no vehicles.\n'
                "  Take one of the two out.",
                where=where))
        if drivers.find(lane.driver).tells_passages and profiles[lane.name].modbus is None:
            raise SettingsError(worded(
                "{where}: {driver} sends other records while a vehicle is there, it tells by itself.\n"
                "  Take [lane.occupancy] out.",
                where=where, driver=lane.driver))
        if wanted.module not in modules:
            known = ", ".join(modules) or 'no lane has inputs: add the I/O module as a lane with driver = "modbus_io"'
            raise SettingsError(worded(
                "{where}.module = {module!r}: expected the lane of an I/O module.\n  There are: {known}",
                where=where, module=wanted.module, known=known))
        asked = profiles[wanted.module].modbus
        if asked is not None and asked.poll_s > POLL_MAX_S:
            raise SettingsError(worded(
                "{where}.module: lane {module} is asked every {poll_s:g} s, vehicles are missed.\n"
                "  Set poll_s in its profile to {poll_max_s:g} or less",
                where=where, module=wanted.module, poll_s=asked.poll_s, poll_max_s=POLL_MAX_S))
        inputs = modules[wanted.module]
        strange = next((name for name in wanted.inputs if name not in inputs), None)
        if strange is not None:
            raise SettingsError(worded(
                "{where}.inputs: {strange!r} is none of lane {module}.\n  There are: {inputs}",
                where=where, strange=strange, module=wanted.module, inputs=", ".join(inputs)))
        if not wanted.inputs or len(set(wanted.inputs)) != len(wanted.inputs):
            raise SettingsError(worded(
                "{where}.inputs: expected one input or more, each once.\n  There are: {inputs}",
                where=where, inputs=", ".join(inputs)))
        if wanted.spacing_m and len(wanted.inputs) != 2:
            raise SettingsError(worded(
                "{where}.spacing_m: a pair is two inputs, in driving order; there are {inputs}.\n"
                "  Name two, or set spacing_m = 0",
                where=where, inputs=len(wanted.inputs)))
