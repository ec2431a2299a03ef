"""A second decoder of a lane, for who listens in: made as the core makes the lane's own."""

from __future__ import annotations

from edge_agent import drivers
from edge_agent.house.configuration import Configuration
from edge_agent.paths.wiretap import Asked, Pushed
from edge_agent.tools import register_meanings
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded


def reader(configuration: Configuration, name: str, means: str) -> Pushed | Asked:
    """Takes the chunks of that lane.  `means`: what the core takes its counts for."""
    lane = next((lane for lane in configuration.settings.lane if lane.name == name), None)
    if lane is None:
        raise SettingsError(worded(
            "the core has a lane {name!r}, this configuration has not.\n  Is it the core's?  --config FILE",
            name=name))
    profile = register_meanings.settle(configuration.profiles[name], means) if means else configuration.profiles[name]
    driver = drivers.find(lane.driver)
    decoder = driver.decoder(profile)
    return Asked(decoder) if driver.polls(profile, lane.link) else Pushed(decoder)
