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
from urllib.parse import urlsplit

from edge_agent.doors.dialling import Proxy
from edge_agent.doors.files import read_text
from edge_agent.doors.systemd import notify
from edge_agent.hands.asking import Core
from edge_agent.hands.centre import Centre
from edge_agent.house.configuration import Configuration
from edge_agent.paths.certificates import CertificateWatch
from edge_agent.paths.forwarder import Forwarder
from edge_agent.words.errors import NotRunning, SettingsError
from edge_agent.words.settings import CentreSettings

log = logging.getLogger("edge_agent.uplink")
CORE_AWAY_S = 1.0           # between tries while the core is not there
TIMEOUT_S = 120.0           # longer than any wait we ask for


def run(configuration: Configuration) -> None:
    """Deliver until a signal ends the process."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    settings = configuration.settings
    if settings.centre is None:
        raise SettingsError(
            f"{configuration.path}: there is no [centre]: records are kept and nothing is sent.\n"
            "  Add the table with url, vkey and ca from the centre's card."
        )
    tls = Path(settings.portal.state) / "uplink"
    certificate, ca = Path(settings.centre.cert or tls / "tls.crt"), _beside(configuration.path, settings.centre.ca)
    centre = Centre(
        settings.centre.url, ca, certificate, Path(settings.centre.cert_key or tls / "tls.key"),
        _proxy(settings.centre, configuration.path),
    )
    watch = CertificateWatch(certificate, ca)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    notify("READY=1")
    log.info("forwarding to %s", settings.centre.url)
    socket = Path(settings.portal.sockets) / "uplink.sock"
    while True:
        with contextlib.suppress(NotRunning), Core(socket, TIMEOUT_S) as core:
            Forwarder(core, centre, functools.partial(_alive, watch=watch, core=core)).run()
        _alive("the core is not running")
        time.sleep(CORE_AWAY_S)


def _proxy(settings: CentreSettings, file: Path) -> Proxy | None:
    """The site's proxy, its login read from a file of its own."""
    if not settings.proxy:
        if settings.proxy_auth:
            raise SettingsError(f"{file}: centre.proxy_auth is set but centre.proxy is not.\n  Add the proxy, or take it out.")
        return None
    parts = urlsplit(settings.proxy)
    login = ""
    if settings.proxy_auth:
        login = read_text(_beside(file, settings.proxy_auth), "the proxy's login").strip()
        if ":" not in login or not login.isprintable():
            raise SettingsError(f"{_beside(file, settings.proxy_auth)}: expected one line, user:password")
    return Proxy(parts.hostname or "", parts.port or 0, login)


def _beside(file: Path, name: str) -> Path:
    """A path in the configuration is meant beside the configuration where it is not absolute."""
    return file.parent / name


def _alive(status: str, watch: CertificateWatch | None = None, core: Core | None = None) -> None:
    notify(f"WATCHDOG=1\nSTATUS={status}")
    if watch and core:
        watch.look(core, time.time(), time.monotonic())


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
