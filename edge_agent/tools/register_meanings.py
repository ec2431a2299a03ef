"""What the counts of a register map mean: said by its profile, or by the person who watched the instrument."""

from __future__ import annotations

from dataclasses import replace

from edge_agent.words.register_map import UNKNOWN, CountRegister
from edge_agent.words.settings import Profile


def settle(profile: Profile, means: str) -> Profile:
    """The profile with counts of unknown meaning taken to mean this; unchanged where nothing is said."""
    if profile.modbus is None or not means:
        return profile
    return replace(profile, modbus=replace(profile.modbus, count=[_settled(count, means) for count in profile.modbus.count]))


def _settled(count: CountRegister, means: str) -> CountRegister:
    return replace(count, means=means) if count.means == UNKNOWN else count
