"""The inboxes and N42 streams of a controller, each with what it needs of the core."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from edge_agent.hands.links.tcp import TcpLink
from edge_agent.paths.inbox import Inbox, Store
from edge_agent.paths.n42_stream import Stream

if TYPE_CHECKING:
    from edge_agent.house.core import Core


def tasks(core: Core) -> dict[str, Coroutine[Any, Any, None]]:
    """Name -> what runs until cancelled."""
    async def named(sha256: str) -> bool:
        return any([await shelf.blob_delivered(sha256) is not None for shelf in core.books.shelves])

    def submit(kind: str, body: dict[str, Any]) -> None:
        core.scribe.submit(kind, core.positioning.mark(kind, body))

    store = Store(core.keep_blob, named, submit, core.report, core.moment)
    return {
        **{f"inbox {settings.directory}": Inbox(settings, core.clock, store).run() for settings in core.settings.inbox},
        **{f"stream {settings.name}": Stream(settings, TcpLink(settings.host, settings.port, core.clock), core.clock, store).run()
           for settings in core.settings.stream},
    }
