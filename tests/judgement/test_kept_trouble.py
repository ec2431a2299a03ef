"""What a test had taken out before a restart is out from the start on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest

from edge_agent.hands.history import History
from edge_agent.judgement.portal import Portal
from edge_agent.paths.keeping import Keeping
from edge_agent.paths.lane import Lane
from edge_agent.words.event import Fault
from edge_agent.words.reading import Radiation
from tests.evidence.bench import StillClock

from .bench import Watched, ns
from .test_health import vacant_noise


class _Named:
    name = "2"

    def __init__(self, portal: Portal) -> None:
        self.portal = portal


@pytest.mark.parametrize(("spoilt", "what"), [(0, "dead"), (250, "stuck")])
def test_a_panel_a_test_took_out_is_out_from_the_start_on_until_it_has_counted_for_long(spoilt: int, what: str) -> None:
    """It was back in every sum after a restart, until it was found again."""
    before = Watched()
    until = vacant_noise(before, 0.0, 300.0)
    until = vacant_noise(before, until, 180.0, spoil={1: spoilt})
    assert before.portal.health.out_of_service == ["Aa2"]
    kept = before.portal.rules.background(Radiation.GAMMA, ns(until))
    assert kept is not None
    rates = before.portal.health.lasting_rates(Radiation.GAMMA, ns(until), kept.rate_cps)
    failed = before.portal.health.failed(Radiation.GAMMA, ns(until))
    after = Watched()
    after.portal.rules.put_background(Radiation.GAMMA, ns(until + 20.0), 20.0, kept.exposure_s, rates)
    after.portal.rules.put_trouble(Radiation.GAMMA, ns(until + 20.0), **failed)
    after.tick(until + 20.0)
    assert after.portal.health.out_of_service == ["Aa2"] and after.faults("out-of-service:Aa2") == [True]
    told = next(fault.detail for fault in after.of(Fault) if fault.condition == f"{what}:Aa2")
    assert "before the agent's last start" in told
    at_s = vacant_noise(after, until + 20.0, 60.0, seed=2)
    assert after.portal.health.out_of_service == ["Aa2"]
    vacant_noise(after, at_s, 120.0, seed=3)
    assert after.portal.health.out_of_service == [] and after.faults(f"{what}:Aa2") == [True, False]


def test_what_failed_is_kept_over_a_restart_with_the_background(tmp_path: Path) -> None:
    async def run() -> list[str]:
        clock = StillClock()
        history = await History.open(tmp_path / "history.db")
        before, after = Watched(), Watched()
        until = vacant_noise(before, 0.0, 300.0)
        until = vacant_noise(before, until, 60.0, spoil={1: 0})
        keeping = Keeping(history, clock)
        await keeping.backgrounds([cast(Lane, _Named(before.portal))], ns(until))
        await keeping.put_back([cast(Lane, _Named(after.portal))])
        after.tick(clock.mono_ns() / 1e9 + 1)
        await keeping.close()
        return after.portal.health.out_of_service

    assert asyncio.run(run()) == ["Aa2"]
