"""Portal families, one file each: bytes in, readings out.  Pure; third parties add theirs by entry point."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil

from edge_agent.words.driver import Driver
from edge_agent.words.errors import SettingsError


def names() -> list[str]:
    """Families of this package and of installed third parties."""
    ours = [module.name for module in pkgutil.iter_modules(__path__)]
    theirs = [entry.name for entry in importlib.metadata.entry_points(group="edge_agent.drivers")]
    return sorted({*ours, *theirs})


def find(name: str) -> Driver:
    """The driver called `name`; SettingsError names those there are."""
    if name in {module.name for module in pkgutil.iter_modules(__path__)}:
        driver = importlib.import_module(f"{__name__}.{name}").DRIVER
    else:
        entries = importlib.metadata.entry_points(group="edge_agent.drivers", name=name)
        if not entries:
            raise SettingsError(f"no driver is called {name!r}; there are: {', '.join(names())}")
        driver = next(iter(entries)).load()
    assert isinstance(driver, Driver)
    return driver
