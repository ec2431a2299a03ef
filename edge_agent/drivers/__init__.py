"""Portal families, one file each: bytes in, readings out.  Pure; third parties add theirs by entry point."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from edge_agent.doors.files import shipped_config
from edge_agent.words.driver import Driver
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded

GROUP = "edge_agent.drivers"        # entry points of other packages


def names() -> list[str]:
    """Families of this package and of installed third parties."""
    return sorted(_ours() | {entry.name for entry in importlib.metadata.entry_points(group=GROUP)})


def find(name: str) -> Driver:
    """The driver called `name`; SettingsError names those there are, or says why one of another package cannot be had."""
    if name in _ours():
        driver = importlib.import_module(f"{__name__}.{name}").DRIVER
    else:
        entry = _theirs(name)
        try:
            driver = entry.load()
        except Exception as problem:        # another's code: whatever it does, a person is told which package it is
            told = f"driver {name!r} of {_package(entry)} cannot be loaded: {problem!r}.\n  Ask who wrote it"
            raise SettingsError(told) from None
    if not isinstance(driver, Driver):
        raise SettingsError(worded(
            "driver {name!r}: {driver!r} is no Driver (docs/writing-a-driver.md)", name=name, driver=driver))
    return driver


def known() -> Iterator[tuple[str, Driver]]:
    """Every driver that can be had; one that cannot must not keep the others from being looked for."""
    for name in names():
        with contextlib.suppress(SettingsError):
            yield name, find(name)


def profile_file(name: str, driver: str) -> Path:
    """The shipped profile called `name`; of another package's driver, that beside its module, where it brings it."""
    ours = shipped_config() / "profiles" / f"{name}.toml"
    if ours.exists() or driver in _ours():
        return ours
    spec = importlib.util.find_spec(_theirs(driver).module)
    return Path(spec.origin).parent / f"{name}.toml" if spec and spec.origin else ours


def _ours() -> set[str]:
    return {module.name for module in pkgutil.iter_modules(__path__)}


def _theirs(name: str) -> importlib.metadata.EntryPoint:
    entries = importlib.metadata.entry_points(group=GROUP, name=name)
    if not entries:
        raise SettingsError(worded("no driver is called {name!r}; there are: {names}", name=name, names=", ".join(names())))
    return next(iter(entries))


def _package(entry: importlib.metadata.EntryPoint) -> str:
    return f"package {entry.dist.name}" if entry.dist else entry.module
