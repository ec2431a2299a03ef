"""A commissioning that is put on record: its steps alone say whether the lane passed."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edge_agent.paths.lane import Lane
from edge_agent.paths.trying import Trying
from edge_agent.tools import commissioning
from edge_agent.tools.commissioning import Step, step

ALL = [step(name, "pass", "") for name in commissioning.LEFT]


class Core:
    """What Trying needs of it."""

    def __init__(self) -> None:
        rules = SimpleNamespace(background_cps=lambda radiation, at_ns: {})
        self.lane = SimpleNamespace(name="2", portal=SimpleNamespace(rules=rules, lane=SimpleNamespace(panels_verified=True)))
        self.records: list[dict[str, Any]] = []
        self.upkept: list[list[Step]] = []

    def commissioned(self, **request: Any) -> dict[str, Any]:
        none = cast(Any, None)
        trying = Trying(
            [cast(Lane, self.lane)], none, cast(Any, SimpleNamespace(mono_ns=lambda: 0)), "cfg",
            lambda kind, body: self.records.append(body), lambda at_ns: {}, none, none,
            cast(Any, SimpleNamespace(commissioned=lambda lane, steps: self.upkept.append(steps))))
        return asyncio.run(trying.commissioned({"lane": "2", "by": "R. Kazlauskas", **request}))


@pytest.mark.parametrize("steps", [
    [*ALL[1:], step(ALL[0]["step"], "fail", "not as expected")],
    ALL[1:],                                                            # a step that is not named at all
])
def test_who_asks_cannot_say_passed_of_steps_that_did_not(steps: list[Step]) -> None:
    """`passed` was taken from the request and signed as it came; `status` and upkeep went by the steps."""
    core = Core()
    assert core.commissioned(steps=steps, passed=True) == {"passed": False}
    record, = core.records
    assert record["passed"] is False and {one["step"] for one in record["steps"]} == set(commissioning.LEFT)
    assert core.upkept == [record["steps"]], "what is reminded of is what is on record"


def test_steps_that_all_passed_are_a_lane_that_passed() -> None:
    core = Core()
    assert core.commissioned(steps=ALL) == {"passed": True} and core.records[0]["passed"] is True
