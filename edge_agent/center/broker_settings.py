"""The file of `center run --mqtt FILE`: which broker, and who the centre is there.

    url = "mqtts://broker.example.gov:8883"
    ca = "broker-ca.pem"
    credentials = "broker.credentials"
"""

from __future__ import annotations

import importlib.util
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from edge_agent.tools import envelope, toml_settings
from edge_agent.words.errors import EvidenceError, SettingsError
from edge_agent.words.key import key

PORT = 8883


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Every key of the file; paths are beside it."""

    url: str = key("address of the broker", pattern=r"mqtts://[^\s/:@]+(:[1-9][0-9]{0,4})?/?")
    ca: str = key("PEM file the broker's TLS certificate must come from (or is)")
    cert: str = key("PEM file of a client certificate, where the broker asks for one; empty: none", "")
    cert_key: str = key("PEM file of its private key", "")
    credentials: str = key("file of one line, user:password, closed to others; empty: the certificate alone", "")


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker and who we are there, ready to be used."""

    url: str
    host: str
    port: int
    context: ssl.SSLContext
    login: tuple[str, str] | None = field(repr=False)


def load(file: Path) -> Broker:
    """Everything the file names, read and checked; SettingsError says which key and what to do."""
    if importlib.util.find_spec("paho") is None:
        raise SettingsError("--mqtt: the package paho-mqtt is not installed.\n  Install it: pip install 'edge-agent[mqtt]'")
    settings = toml_settings.read(BrokerSettings, _text(file, "the file of --mqtt"), str(file))
    try:
        context = ssl.create_default_context(cafile=str(file.parent / settings.ca))
        if settings.cert:
            context.load_cert_chain(file.parent / settings.cert, file.parent / (settings.cert_key or settings.cert))
    except (OSError, ssl.SSLError) as problem:
        raise SettingsError(f"{file}: ca, cert or cert_key cannot be used: {problem}.\n  Each names a PEM file.") from None
    parts = urlsplit(settings.url)
    return Broker(settings.url, parts.hostname or "", parts.port or PORT, context, _login(file, settings))


def _login(file: Path, settings: BrokerSettings) -> tuple[str, str] | None:
    if not settings.credentials:
        return None
    path = file.parent / settings.credentials
    text = _text(path, "credentials")
    if path.stat().st_mode & 0o007:
        raise SettingsError(f"{file}: credentials: every account can read {path}.\n  Close it: chmod o= {path}")
    try:
        return envelope.read_login(text)
    except EvidenceError as problem:
        raise SettingsError(f"{file}: credentials: {path}: {problem}.") from None


def _text(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{what}: cannot read {path}: {problem}.") from None
