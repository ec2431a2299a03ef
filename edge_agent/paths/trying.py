"""Trials of a lane over act.sock: a test alarm, and the record of what was tried before work began."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from edge_agent import __version__
from edge_agent.paths.acting import Acting, person
from edge_agent.paths.lane import Lane
from edge_agent.paths.upkeeping import Upkeeping
from edge_agent.tools import acts, commissioning
from edge_agent.words.clock import Clock
from edge_agent.words.errors import EdgeAgentError, SettingsError
from edge_agent.words.event import Alarm, Event, Judgement
from edge_agent.words.language import worded
from edge_agent.words.reading import Radiation

TEST_RULE = "test/1"
Answer = dict[str, Any]


class Trying:
    """`publish`: shows an event at the lane and makes it a record; `upkeeping`: that it was done, for who is reminded."""

    def __init__(
        self, lanes: Sequence[Lane], acting: Acting, clock: Clock, cfg: str, submit: Callable[[str, Answer], None],
        moment: Callable[[int], Answer], new_id: Callable[[], str], publish: Callable[[Event], None],
        upkeeping: Upkeeping,
    ) -> None:
        self._upkeeping = upkeeping
        self._lanes, self._acting, self._clock, self._cfg = {lane.name: lane for lane in lanes}, acting, clock, cfg
        self._submit, self._moment, self._new_id, self._publish = submit, moment, new_id, publish

    def asks(self) -> dict[str, Callable[[Answer], Any]]:
        return {"test-alarm": self.test_alarm, "commissioned": self.commissioned, "source-checked": self.source_checked}

    async def test_alarm(self, request: Answer) -> Answer:
        """{"lane", "by", "radiation"}: an alarm from nowhere: lamp, record, link and centre are tried.  Only in an exercise, so
        that nobody takes it for real."""
        lane, by, radiation = self._lane(request), person(request), request.get("radiation", Radiation.GAMMA.value)
        if radiation not in [each.value for each in Radiation]:
            raise SettingsError(worded("radiation {radiation!r}: expected gamma or neutron", radiation=radiation))
        if not any(act["kind"] == "exercise" and act["lane"] in (None, lane.name) for act in self._acting.plain()):
            raise EdgeAgentError(worded(
                "no exercise is under way: a test alarm would be taken for real.\n"
                '  First: edge-agent exercise begin --reason "test alarm"'))
        name, nothing = self._new_id(), Judgement(TEST_RULE, None, None, 0.0, 0, None, None, ())
        self._publish(Alarm(
            self._clock.mono_ns(), lane.name, name, Radiation(radiation), nothing, {}, {}, None, None,
            (f"a test by {by.name}: no source, no vehicle",),
        ))
        return {"alarm": name}

    async def commissioned(self, request: Answer) -> Answer:
        """{"lane", "by", "steps", "text"}: what was tried (schema `commissioning`); whether it passed, the steps alone say."""
        lane, by = self._lane(request), person(request)
        steps = acts.steps(request.get("steps"))
        steps += commissioning.left_out(steps)          # a step that nobody names is none that passed
        passed = commissioning.passed(steps)
        now_ns, rules = self._clock.mono_ns(), lane.portal.rules
        rates = [rules.background_cps(radiation, now_ns) for radiation in Radiation]
        self._submit("commissioning", {
            "lane": lane.name, "by": {"name": by.name, "how": by.how}, "agent": __version__, "cfg": self._cfg,
            "steps": steps, "panels_verified": lane.portal.lane.panels_verified, "inventory": [],
            "background_cps": {name: rate for found in rates for name, rate in found.items() if rate is not None},
            "passed": passed, "text": acts.words(request.get("text", ""), "text", least=0), "at": self._moment(now_ns),
        })
        self._upkeeping.commissioned(lane.name, steps)
        return {"passed": passed}

    async def source_checked(self, request: Answer) -> Answer:
        """{"lane", "by", "check"}: what a check source gave at panels (schema `operator`, `check`)."""
        lane, by, check = self._lane(request), person(request), acts.check(request.get("check"))
        self._submit("operator", {"action": "source-check", "lane": lane.name, "by": {"name": by.name, "how": by.how},
                                  "check": check, "at": self._moment(self._clock.mono_ns())})
        if check["passed"]:
            self._upkeeping.done(lane.name, "source-check")
        return {"passed": check["passed"]}

    def _lane(self, request: Answer) -> Lane:
        name = request.get("lane")
        if name not in self._lanes:
            raise SettingsError(worded("no lane is called {lane!r}; there are: {lanes}", lane=name, lanes=", ".join(self._lanes)))
        return self._lanes[str(name)]
