"""Trials of the lanes of a core, put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edge_agent.paths.trying import Trying

if TYPE_CHECKING:
    from edge_agent.house.core import Core


def asks(core: Core) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """What act.sock may ask besides acts."""
    return Trying(
        core.lanes, core.acting, core.clock, core.configuration.hash, core.scribe.submit, core.moment, core.new_id, core.publish,
        core.upkeeping,
    ).asks() | core.upkeeping.asks()
