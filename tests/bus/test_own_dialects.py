"""Instruments asked in their own words over a real pty: found by probe, told apart from others, never a wrong count."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_agent import drivers
from edge_agent.doors.clock import RealClock
from edge_agent.hands.links import Links
from edge_agent.house import probing
from edge_agent.house.configuration import load
from edge_agent.words.errors import LinkError, SettingsError
from edge_agent.words.reading import DoseRate, Missed, Reading, Sample, Setup, Unreadable
from edge_agent.words.settings import LinkSettings
from hardware_mocks import ecotest_bdbg09, radpro
from hardware_mocks.slave import Manners
from hardware_mocks.slave_ends import SlavePty
from tests.test_captures import profile_of

LANE = """version = 1
[portal]
origin = "rpm.example.gov/portal/X"
{lanes}"""


@contextlib.asynccontextmanager
async def counter(tmp_path: Path, manners: Manners, step: int = 5) -> AsyncIterator[LinkSettings]:
    """A Rad Pro counter whose tube counts so many before each answer."""
    held = radpro.Counter(manners=manners, pulses=100)

    def count() -> None:
        held.pulses += step

    held.catch_up = count
    end = SlavePty(radpro.Speaker({1: held}, "rtu", random.Random(1)), tmp_path / "radpro")
    await end.open()
    yield LinkSettings("serial", device=str(tmp_path / "radpro"), baud=115200, answer_s=0.15)
    await end.close()


async def read(link: LinkSettings, seconds: float, interval_s: float = 0.1) -> list[Reading]:
    """What a lane of this driver reads; a wire that breaks is opened again, as a lane does."""
    import dataclasses

    driver = drivers.find("radpro")
    profile = dataclasses.replace(profile_of("radpro"), gamma_interval_s=interval_s)
    wire, decoder = Links(RealClock()).make(link, driver.polls(profile, link), driver.dialect), driver.decoder(profile)
    readings: list[Reading] = []
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        try:
            await wire.open()
            decoder.restart()
            while loop.time() < until:
                chunk = await wire.next(0.1)
                readings += decoder.feed(chunk) if chunk else []
        except LinkError:
            await asyncio.sleep(0.1)
    wire.close()
    return readings


def counts(readings: list[Reading]) -> list[int]:
    return [sample.counts[0] for sample in readings if isinstance(sample, Sample)]


def test_counts_come_whole_and_who_it_is(tmp_path: Path) -> None:
    async def run() -> None:
        async with counter(tmp_path, Manners()) as link:
            readings = await read(link, 2.0)
        found = counts(readings)
        assert len(found) > 8 and set(found) <= {5, 10}     # 10: the identity was asked in between
        assert [r.fields[0] for r in readings if isinstance(r, Setup)] == ["Rad Pro simulator"]

    asyncio.run(run())


def test_no_late_answer_becomes_a_count(tmp_path: Path) -> None:
    async def run() -> None:
        async with counter(tmp_path, Manners(late_s=0.25, late_every=3), 7) as link:
            readings = await read(link, 5.0)
        assert any(isinstance(r, Missed) for r in readings)
        assert counts(readings) and all(n % 7 == 0 and 0 < n <= 7 * 8 for n in counts(readings))

    asyncio.run(run())


def test_a_noisy_line_gives_unreadable_and_no_count_that_was_not_there(tmp_path: Path) -> None:
    async def run() -> None:
        async with counter(tmp_path, Manners(noise=0.2, cut=0.1)) as link:
            readings = await read(link, 6.0)
        assert any(isinstance(r, Unreadable) for r in readings)
        assert counts(readings) and max(counts(readings)) <= 200

    asyncio.run(run())


def test_a_counter_that_is_pulled_out_and_plugged_in_again_goes_on(tmp_path: Path) -> None:
    async def run() -> None:
        async def plug_again() -> None:
            async with counter(tmp_path, Manners()):
                await asyncio.sleep(1.0)
            await asyncio.sleep(0.5)
            async with counter(tmp_path, Manners()):
                await asyncio.sleep(2.0)

        link = LinkSettings("serial", device=str(tmp_path / "radpro"), baud=115200, answer_s=0.15)
        _, readings = await asyncio.gather(plug_again(), read(link, 3.3))
        stamps = [r.at_ns for r in readings if isinstance(r, Sample)]
        assert max(stamps) - min(stamps) > 1.7e9 and all(0 <= n <= 50 for n in counts(readings))

    asyncio.run(run())


def test_probe_asks_each_family_in_its_own_words(tmp_path: Path) -> None:
    async def run() -> list[probing.Found]:
        async with counter(tmp_path, Manners()) as link:
            return [found async for found in probing.asked(LinkSettings("serial", device=link.device), (1,), RealClock())]

    (found,) = asyncio.run(run())
    assert found.driver == "radpro" and found.link.baud == 115200 and "simulator" in found.evidence


def lane(name: str, driver: str, more: str = "", link: str = 'kind = "serial"\ndevice = "/dev/rp"\nbaud = 115200') -> str:
    return f'[[lane]]\nname = "{name}"\ndriver = "{driver}"\n{more}\n[lane.link]\n{link}\n'


CONTINUOUS = 'mode = "continuous"'


@pytest.mark.parametrize(("lanes", "told"), [
    (lane("1", "radpro"), 'mode = "continuous"'),
    (lane("1", "radpro", CONTINUOUS) + lane("2", "radpro", CONTINUOUS), "an address of its own"),
    (lane("1", "radpro", CONTINUOUS) + lane("2", "rapiscan"), "Give each its own wire"),
    (lane("1", "radpro", CONTINUOUS, 'kind = "tcp"\nhost = "10.0.0.7"'), "port is missing"),
])
def test_a_lane_that_cannot_work_is_told_before_it_runs(tmp_path: Path, lanes: str, told: str) -> None:
    (tmp_path / "edge-agent.toml").write_text(LANE.format(lanes=lanes))
    with pytest.raises(SettingsError, match=told):
        load(tmp_path / "edge-agent.toml")


def test_a_good_lane_is_good(tmp_path: Path) -> None:
    (tmp_path / "edge-agent.toml").write_text(LANE.format(lanes=lane("1", "radpro", CONTINUOUS)))
    assert load(tmp_path / "edge-agent.toml").profiles["1"].gamma == ["Aa1"]


def test_bdbg_units_share_a_line_with_a_dead_and_a_noisy_one(tmp_path: Path) -> None:
    """Every unit tells its own dose rate: a value of another's would show."""
    async def run() -> None:
        units = {unit: ecotest_bdbg09.Unit(usv_h=float(unit), manners=manners) for unit, manners in
                 {1: Manners(), 2: Manners(silent=True), 3: Manners(late_s=0.25, late_every=3), 4: Manners(noise=0.3)}.items()}
        end = SlavePty(ecotest_bdbg09.Line(dict(units), "rtu", random.Random(2)), tmp_path / "rs485")
        await end.open()
        driver, links = drivers.find("ecotest_bdbg09"), Links(RealClock())
        values: dict[int, list[float]] = {}

        async def one(unit: int) -> None:
            link = LinkSettings("serial", device=str(tmp_path / "rs485"), baud=19200, answer_s=0.15, unit=unit)
            wire, decoder = links.make(link, driver.polls(profile_of("ecotest_bdbg09"), link), driver.dialect), driver.decoder(
                profile_of("ecotest_bdbg09"))
            await wire.open()
            loop = asyncio.get_running_loop()
            until = loop.time() + 7.0
            while loop.time() < until:
                chunk = await wire.next(0.2)
                found = [r.value for r in decoder.feed(chunk) if isinstance(r, DoseRate)] if chunk else []
                values.setdefault(unit, []).extend(found)
            wire.close()

        await asyncio.gather(*(one(unit) for unit in units))
        await end.close()
        assert len(values[1]) >= 5 and values[3] and values[4] and not values[2]
        assert all(set(found) <= {float(unit)} for unit, found in values.items())

    asyncio.run(run())


def test_a_bdbg_without_an_address_is_refused(tmp_path: Path) -> None:
    (tmp_path / "edge-agent.toml").write_text(LANE.format(lanes=lane("1", "ecotest_bdbg09", CONTINUOUS)))
    with pytest.raises(SettingsError, match="unit = 0"):
        load(tmp_path / "edge-agent.toml")
