"""The inboxes of a controller, each with what it needs of the core."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from edge_agent.paths.inbox import Inbox, Store

if TYPE_CHECKING:
    from edge_agent.house.core import Core


def tasks(core: Core) -> dict[str, Coroutine[Any, Any, None]]:
    """Name -> what runs until cancelled."""
    async def named(sha256: str) -> bool:
        return any([await shelf.blob_delivered(sha256) is not None for shelf in core.books.shelves])

    store = Store(core.keep_blob, named, core.scribe.submit, core.report, core.moment)
    return {f"inbox {settings.directory}": Inbox(settings, core.clock, store).run() for settings in core.settings.inbox}
