"""Whether this installation works on this machine: each part does a small piece of its work, away from the portal's files."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from edge_agent import drivers
from edge_agent.doors.files import read_text, shipped_config
from edge_agent.doors.sqlite import Database
from edge_agent.tools import ed25519, toml_settings
from edge_agent.tools.kernel import KernelSettings, Lane
from edge_agent.words.reading import Radiation
from edge_agent.words.settings import Profile

QUIET, SOURCE, INTERVAL_S = 50, 90, 0.2         # counts of a panel in an interval; 90 beside 50 in four panels is 11 sigma


def results() -> Iterator[tuple[str, str]]:
    """(part, "" or what is wrong with it), as they are tried."""
    for part, attempt in PARTS.items():
        try:
            attempt()
        except Exception as problem:        # whatever it is, a technician has to read it
            yield part, f"{type(problem).__name__}: {problem}"
        else:
            yield part, ""


def _kernel() -> None:
    """A minute of background, then a source: silent before, alarmed by then."""
    lane = Lane(KernelSettings(4))
    for i in range(1, 301):
        if lane.gamma(INTERVAL_S * i, INTERVAL_S, [QUIET] * 4).focus.crossed:
            raise ArithmeticError("it alarms on its own background")
    lane.beam(60.0, True)
    looks = [lane.gamma(60.0 + INTERVAL_S * i, INTERVAL_S, [SOURCE] * 4).focus.crossed for i in range(1, 6)]
    if not looks[-1]:
        raise ArithmeticError("it does not see a source")
    if lane.health(Radiation.GAMMA, 61.0).silent:
        raise ArithmeticError("it calls sound panels dead")


def _signatures() -> None:
    seed, message = secrets.token_bytes(32), b"edge-agent selftest"
    signature = ed25519.sign(seed, message)
    key = ed25519.public(seed)
    if not ed25519.verifies(key, message, signature) or ed25519.verifies(key, message + b".", signature):
        raise ArithmeticError("a signature is not verified as it should be")


def _database() -> None:
    async def kept(path: Path) -> list[int]:
        database = await Database.open(path, ("CREATE TABLE IF NOT EXISTS kept (number INTEGER)",))
        try:
            await database.write([("INSERT INTO kept VALUES (?)", (42,))])
            return [row[0] for row in await database.rows("SELECT number FROM kept")]
        finally:
            await database.close()

    with tempfile.TemporaryDirectory(prefix="edge-agent-") as where:
        if asyncio.run(kept(Path(where) / "selftest.db")) != [42]:
            raise ArithmeticError("what was written is not read again")


def _drivers() -> None:
    for name in drivers.names():
        drivers.find(name)


def _profiles() -> None:
    found = sorted((shipped_config() / "profiles").glob("*.toml"))
    if not found:
        raise FileNotFoundError(shipped_config() / "profiles")
    for file in found:
        profile = toml_settings.read(Profile, read_text(file, "a shipped profile"), str(file))
        drivers.find(profile.driver)        # what a lane must still say of it is no fault of the installation


PARTS: dict[str, Callable[[], None]] = {
    "kernel": _kernel, "signatures": _signatures, "database": _database, "drivers": _drivers, "profiles": _profiles,
}
