"""setup's question about panels: unverified, named by a source, or in an order somebody knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.doors.files import read_text, write_whole
from edge_agent.house import asked, panel_naming
from edge_agent.house.configuration import Configuration
from edge_agent.tools import lane_edit
from edge_agent.tools.panel_naming import given
from edge_agent.words.errors import EdgeAgentError
from edge_agent.words.language import mark, tr

if TYPE_CHECKING:
    from edge_agent.house.setup_parts import Asker

UNVERIFIED, SOURCE = "unverified", "source"
QUESTION = mark(
    "Panels of lane {lane}, in the order of its wire, are taken as {panels}.\n"
    "  source: hold a check source at each in turn; {panels}: the order, if somebody has proved it;\n"
    "  unverified: every record says so"
)


class PanelNames:
    def __init__(self, asker: Asker, by: str, config: Path) -> None:
        self._asker, self._by, self._config = asker, by, config

    def lane(self, found: Configuration, number: int, lane: str) -> bool:
        """Whether the configuration was changed."""
        panels = panel_naming.names_of(found, lane)
        if not panels:
            return False

        def check(text: str) -> str | list[str]:
            return text if text in (UNVERIFIED, SOURCE) else given(text, panels)

        answer = self._asker.ask(f"lane.{number}.panels", tr(QUESTION, lane=lane, panels=" ".join(panels)), UNVERIFIED, check)
        if answer == UNVERIFIED:
            self._asker.say(tr("  --   lane {lane}: panels unverified; later: edge-agent panel name {lane}", lane=lane))
            return False
        order = self._by_source(found, lane, panels) if answer == SOURCE else list(answer)
        if not order:
            return False
        write_whole(self._config, lane_edit.with_panels(read_text(self._config, "the configuration"), lane, order).encode())
        self._asker.say(tr("  ok   lane {lane}: panels verified, in the order of the wire {panels}", lane=lane,
                           panels=" ".join(order)))
        return True

    def _by_source(self, found: Configuration, lane: str, panels: list[str]) -> list[str]:
        """The order; [] where it could not be told: setup goes on, and they stay unverified."""
        with asked.under(found, self._by, "maintenance", lane, panel_naming.REASON):
            try:
                return panel_naming.name(found, lane, panels, self._asker.say, self._asker.enter)
            except EdgeAgentError as problem:
                self._asker.say(tr("  FAIL {problem}", problem=problem))
                return []
