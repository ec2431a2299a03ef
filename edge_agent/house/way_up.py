"""The way up the configuration asks for: HTTPS to the centre, or a broker between.  Only the one in use is loaded."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edge_agent.doors.dialling import Proxy
from edge_agent.doors.files import read_secret, read_text
from edge_agent.doors.own_certificates import OwnCertificates
from edge_agent.doors.tls import trusting
from edge_agent.house.configuration import Configuration
from edge_agent.tools.envelope import read_login
from edge_agent.tools.notes import read_vkey
from edge_agent.words.delivery import WayUp
from edge_agent.words.errors import EvidenceError, SettingsError
from edge_agent.words.language import worded
from edge_agent.words.settings import CentreSettings


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What TLS is spoken with, whatever the way."""

    ca: Path                    # the peer's certificate must come from it, or be it
    certificate: Path
    key: Path


def own_files(configuration: Configuration) -> TlsFiles:
    own, centre = Path(configuration.settings.portal.state) / "uplink", centre_of(configuration)
    return TlsFiles(
        beside(configuration.path, centre.ca), Path(centre.cert or own / "tls.crt"), Path(centre.cert_key or own / "tls.key"),
    )


def check_trust(configuration: Configuration) -> None:
    """SettingsError when the file of the centre's certificate cannot be used."""
    if configuration.settings.centre is not None:
        try:
            trusting(beside(configuration.path, configuration.settings.centre.ca))
        except SettingsError as problem:
            raise SettingsError(worded("{path}: {problem}", path=configuration.path, problem=problem)) from None


def way_up(configuration: Configuration) -> WayUp:
    """SettingsError names the key, the file and what to do."""
    file, centre = configuration.path, centre_of(configuration)
    files, proxy = own_files(configuration), proxy_of(centre, file)
    if urlsplit(centre.url).scheme == "https":
        from edge_agent.hands.centre import Centre

        return Centre(centre.url, files.ca, files.certificate, files.key, proxy)
    if importlib.util.find_spec("paho") is None:
        raise SettingsError(worded(
            "{file}: centre.url = {url!r}: the package paho-mqtt is not installed.\n"
            "  Install it: pip install 'edge-agent[mqtt]'",
            file=file, url=centre.url))
    from edge_agent.hands.broker import Broker

    return Broker(
        centre.url, configuration.settings.portal.origin, read_vkey(centre.vkey).key,
        OwnCertificates(files.ca, files.certificate, files.key), _login(centre, file), proxy,
    )


def centre_of(configuration: Configuration) -> CentreSettings:
    if configuration.settings.centre is None:
        raise SettingsError(worded(
            "{path}: there is no [centre]: records are kept and nothing is sent.\n"
            "  Add the table with url, vkey and ca from the centre's card.",
            path=configuration.path))
    return configuration.settings.centre


def beside(file: Path, name: str) -> Path:
    """A path in the configuration is meant beside the configuration where it is not absolute."""
    return file.parent / name


def _login(centre: CentreSettings, file: Path) -> tuple[str, str] | None:
    """User and password at the broker."""
    if not centre.credentials:
        return None
    path = beside(file, centre.credentials)
    text = read_secret(path, f"{file}: centre.credentials")
    try:
        return read_login(text)
    except EvidenceError as problem:
        raise SettingsError(worded(
            "{file}: centre.credentials: {path}: {problem}.\n"
            "  Write user and password of this portal at the broker, with a colon between.",
            file=file, path=path, problem=problem)) from None


def proxy_of(settings: CentreSettings, file: Path) -> Proxy | None:
    """The site's proxy, its login read from a file of its own."""
    if not settings.proxy:
        if settings.proxy_auth:
            raise SettingsError(worded(
                "{file}: centre.proxy_auth is set but centre.proxy is not.\n  Add the proxy, or take it out.",
                file=file))
        return None
    parts = urlsplit(settings.proxy)
    login = ""
    if settings.proxy_auth:
        login = read_text(beside(file, settings.proxy_auth), "the proxy's login").strip()
        if ":" not in login or not login.isprintable():
            raise SettingsError(worded("{beside}: expected one line, user:password", beside=beside(file, settings.proxy_auth)))
    return Proxy(parts.hostname or "", parts.port or 0, login)
