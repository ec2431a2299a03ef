"""The uplink: the only process with a way to the outside.  It holds no key but its TLS one."""

from __future__ import annotations

import contextlib
import functools
import logging
import resource
import signal
import time
from pathlib import Path
from types import FrameType

from edge_agent.doors.files import hold_read_only
from edge_agent.doors.systemd import notify
from edge_agent.hands.asking import Core
from edge_agent.house.configuration import Configuration
from edge_agent.house.way_up import own_files, way_up
from edge_agent.paths.certificates import CertificateWatch
from edge_agent.paths.forwarder import Forwarder
from edge_agent.words.errors import NotRunning

log = logging.getLogger("edge_agent.uplink")
CORE_AWAY_S = 1.0           # between tries while the core is not there
TIMEOUT_S = 120.0           # longer than any wait we ask for


def run(configuration: Configuration) -> None:
    """Deliver until a signal ends the process."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hold_read_only(configuration.path, "an uplink", "edge-agent-uplink")     # two would send everything twice, for ever
    settings = configuration.settings
    centre, files = way_up(configuration), own_files(configuration)
    watch = CertificateWatch(files.certificate, files.ca, settings.centre.url if settings.centre else "")
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    notify("READY=1")
    log.info("forwarding to %s", settings.centre.url if settings.centre else "")
    socket = Path(settings.portal.sockets) / "uplink.sock"
    while True:
        with contextlib.suppress(NotRunning), Core(socket, TIMEOUT_S) as core:
            Forwarder(core, centre, functools.partial(_alive, watch=watch, core=core)).run()
        _alive("the core is not running")
        time.sleep(CORE_AWAY_S)


def _alive(status: str, watch: CertificateWatch | None = None, core: Core | None = None) -> None:
    notify(f"WATCHDOG=1\nSTATUS={status}")
    if watch and core:
        watch.look(core, time.time(), time.monotonic())


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
