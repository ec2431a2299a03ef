"""TLS as this portal speaks it: its own certificate shown, the peer's held to one file, 1.3 or nothing."""

from __future__ import annotations

import ssl
from pathlib import Path

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded


def trusting(ca: Path) -> ssl.SSLContext:
    """A context that believes this file and nothing else; SettingsError when it cannot be used."""
    try:
        return ssl.create_default_context(cafile=str(ca))
    except (OSError, ssl.SSLError) as problem:
        raise SettingsError(worded(
            "centre.ca: cannot use {ca}: {strerror}.\n"
            "  It must be the PEM file from the centre's card.",
            ca=ca, strerror=problem.strerror or problem)) from None


def client_context(ca: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """SettingsError names the file that cannot be used."""
    context = trusting(ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_cert_chain(certificate, key)
    except PermissionError:
        raise SettingsError(worded(
            "this account may not read this portal's TLS key {key}.\n"
            "  The uplink's may: put sudo -u edge-agent-uplink before the command",
            key=key)) from None
    except (OSError, ssl.SSLError) as problem:
        raise SettingsError(worded(
            "cannot use this portal's TLS certificate {certificate} with {key}: {problem}.\n"
            "  Make both anew: edge-agent enrol --renew-tls --out FILE; enrol FILE at the centre",
            certificate=certificate, key=key, problem=problem)) from None
    return context


def pairs(certificate: Path, key: Path) -> list[tuple[Path, Path]]:
    """The pair in force and those it replaced (tls-1.crt, ...), newest first: a centre that does not know the new one yet
    knows the one before."""
    older = [path for path in certificate.parent.glob(f"{certificate.stem}-*{certificate.suffix}")
             if path.stem.rpartition("-")[2].isdecimal()]
    older.sort(key=lambda path: int(path.stem.rpartition("-")[2]), reverse=True)
    return [(certificate, key), *((path, path.with_suffix(key.suffix)) for path in older)]
