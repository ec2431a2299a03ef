"""Where the shadow test is silent FOCuS has the whole budget; a model that no longer fits its traffic is found out."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator

from edge_agent.judgement.alarm_book import AlarmBook
from edge_agent.judgement.faults import FaultBook
from edge_agent.judgement.health import Health
from edge_agent.judgement.looks import Looks
from edge_agent.judgement.passage import Passage
from edge_agent.judgement.rules import FOCUS, Rules
from edge_agent.judgement.tally import Tally
from edge_agent.judgement.thresholds import in_force
from edge_agent.judgement.traffic import Traffic
from edge_agent.tools.kernel_values import Geometry, Shadow, ShadowClass, ShadowModel, Why
from edge_agent.tools.model_file import ModelFile
from edge_agent.words.event import Alarm, Judgement
from edge_agent.words.reading import Radiation, Sample
from edge_agent.words.settings import AlarmSettings
from tests.judgement.bench import LANE, PROFILE

LEARNED = {"tail": 2.5, "depth_mean": 0.1, "depth_sd": 0.9, "misfit_mean": -0.2, "misfit_sd": 1.1}
NOTHING = ShadowClass(0, 5.0)
PLACE = Geometry((0.0,) * 4, (-2.5, -2.5, 2.5, 2.5), (2.4, 0.8, 2.4, 0.8), (1.0,) * 4)
MODEL = ModelFile(
    ShadowModel(PLACE, (NOTHING, NOTHING, NOTHING)), {"glrt": 4.8, "focus": 5.4, "focus_alone": 4.9}, "0" * 64, traffic=LEARNED
)


def at_end(statistic: float, model: ModelFile | None, alarm: AlarmSettings | None = None) -> list[Alarm]:
    """A passage in which FOCuS was so high, and the shadow test had nothing to say."""
    lane = dataclasses.replace(LANE, alarm=alarm or AlarmSettings())
    rules, faults, tally = Rules(lane, PROFILE, model), FaultBook("2"), Tally()
    book = AlarmBook(lane, rules, Health(lane, PROFILE, rules, faults), tally, lambda: "x/1/1", model)
    sample = Sample(10**9, Radiation.GAMMA, 0.2, (60, 60, 60, 60), True)
    passage = Passage("x/1/0", 10**9, False)
    passage.add(sample, rules.detectors[Radiation.GAMMA])
    threshold = in_force(lane, model).focus
    passage.saw(Judgement(FOCUS, statistic, threshold, 1.0, 240, 170.0, 2.0, ("Aa1",)))
    events = Looks(lane, rules, faults, book, tally, model).at_end(2 * 10**9, passage, {Radiation.GAMMA: sample})
    found = [event for event in events if isinstance(event, Alarm)]
    assert tally.shadow_silent == (model is not None)
    return found


def test_a_vehicle_the_shadow_test_is_silent_about_has_the_whole_budget() -> None:
    (alarm,) = at_end(5.0, MODEL)
    assert alarm.judgement.rule == FOCUS and alarm.judgement.threshold == 4.9
    assert at_end(4.8, MODEL) == []


def test_a_site_that_states_its_own_threshold_keeps_it() -> None:
    assert at_end(5.0, MODEL, AlarmSettings(focus_threshold=5.4)) == [] == at_end(5.0, None)


def passages(seed: int, depth: float = 0.1, misfit: float = -0.2) -> Iterator[Shadow]:
    dice = random.Random(seed)
    for _ in range(20_000):
        statistic = dice.gauss(0.7, 1.4)        # one in ten above 2.5
        fitted = dice.gauss(misfit, 1.1), dice.gauss(depth, 0.9)
        yield Shadow(Why.SEEN, True, False, True, 0, 50, 15, True, statistic, 4.8, *fitted, *[0.0] * 12)


def flagged_after(found: Iterator[Shadow]) -> tuple[int | None, str]:
    traffic = Traffic(LEARNED)
    return next(((number, what) for number, seen in enumerate(found, 1) if (what := traffic.passed(seen))), (None, ""))


def test_the_traffic_it_was_learned_on_is_no_change() -> None:
    assert flagged_after(passages(1)) == (None, "")


def test_deeper_and_shallower_shadows_are_told_apart_within_a_hundred_vehicles() -> None:
    for depth, said in ((1.0, "deeper"), (-0.8, "shallower")):
        number, what = flagged_after(passages(2, depth=depth))
        assert number is not None and number < 100 and said in what


def test_shadows_of_another_shape_are_told() -> None:
    number, what = flagged_after(passages(3, misfit=0.7))
    assert number is not None and number < 150 and "other shapes" in what
