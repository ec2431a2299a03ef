"""The test of the way up as the configuration asks for it; with what the core says of its receipts at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from edge_agent.doors.own_certificates import OwnCertificates
from edge_agent.hands.asking import Core
from edge_agent.hands.way_test import Step, WayTest
from edge_agent.house.configuration import Configuration
from edge_agent.house.way_up import centre_of, own_files, proxy_of
from edge_agent.tools.notes import read_vkey
from edge_agent.words.errors import EdgeAgentError
from edge_agent.words.language import tr


def steps(configuration: Configuration) -> Iterator[Step]:
    """Each step as it is known.  SettingsError where the configuration names no centre."""
    centre, files = centre_of(configuration), own_files(configuration)
    origin, core = _core(configuration)
    yield from WayTest(
        centre.url, lambda: OwnCertificates(files.ca, files.certificate, files.key), origin, read_vkey(centre.vkey),
        proxy_of(centre, configuration.path), time.time_ns,
    ).steps()
    yield core


def _core(configuration: Configuration) -> tuple[str, Step]:
    """(the log that is written now, what the core says of delivery)."""
    portal = configuration.settings.portal
    try:
        with Core(Path(portal.sockets) / "control.sock") as core:
            found = core.ask("status")
    except EdgeAgentError as problem:
        return portal.origin, Step("records", None, str(problem))
    log, why = found["log"], found.get("fault_details", {}).get("centre-link", "")
    told = tr("{size} here, {receipted} receipted, {unreceipted} wait", size=log["size"], receipted=log["receipted"],
              unreceipted=log["unreceipted"]) + (f"; {why}" if why else "")
    return found["origin"], Step("records", None if why or "no-receipt" in found["faults"] else True, told)
