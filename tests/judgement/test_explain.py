"""Alarms explain themselves: the rates they state are those that clean counts give, and the words are the numbers'."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from edge_agent.judgement.explain import (
    Explainer,
    Pace,
    confidence,
    focus_per_s,
    normal_tail,
    predictive_tail,
    side_of,
)
from edge_agent.tools import alarm_text, model_file
from edge_agent.tools.kernel import KernelSettings, Lane
from edge_agent.words.event import Judgement
from edge_agent.words.reading import Radiation, Sample

from .bench import Watched, end, four

G, N = Radiation.GAMMA, Radiation.NEUTRON
RATES = (250.0, 250.0)


def judged(rule: str, statistic: float, threshold: float, **more: float) -> Judgement:
    counts, expected = int(more.get("counts", 100)), more.get("expected", 50.0)
    return Judgement(f"{rule}/1", statistic, threshold, 1.0, counts, expected, 0.0, ("A",))


def clean(passages: int, seconds: float, seed: int) -> list[list[tuple[float, float]]]:
    """(FOCuS, k-sigma) of every look of passages without a source, by the kernel; 100 s of vacancy behind each."""
    dice = np.random.default_rng(seed)
    found = []
    for _ in range(passages):
        lane = Lane(KernelSettings(2, focus_threshold=4.0, ksigma_n=3.5))
        lane.put_background(G, 999.0, 1.0, 100.0, dice.poisson(100 * np.array(RATES)) / 100.0)
        lane.beam(1000.0, True)
        looks = [lane.gamma(1000.0 + 0.2 * i, 0.2, counts) for i, counts in enumerate(
            dice.poisson(0.2 * np.array(RATES), (round(seconds / 0.2), 2)).tolist(), 1)]
        found.append([(look.focus.statistic, look.ksigma.statistic) for look in looks])
    return found


def test_clean_passages_cross_as_often_as_the_laws_say() -> None:
    """3000 passages of 10 s; Poisson limits of 1 in 10 000 around the law (FOCuS), a bound that is not idle (k-sigma)."""
    found = clean(3000, 10.0, 7)
    focus = sum(max(look[0] for look in looks) >= 4.0 for looks in found)
    wanted = focus_per_s(4.0) * 30_000
    assert abs(focus - wanted) <= 4 * math.sqrt(wanted)
    crossed = sum(max(look[1] for look in looks) >= 3.5 for looks in found)
    counts = math.ceil(500 + 3.5 * math.sqrt(500))
    bound = predictive_tail(counts, 500.0, 100.0) * 3000 * 50
    assert 0.1 * bound < crossed <= bound + 4 * math.sqrt(bound)


def test_chance_of_counts_is_exact() -> None:
    dice = np.random.default_rng(3)
    rate = dice.gamma(200 + 1, 1 / 20.0, 400_000)           # 200 counts in 20 s of vacancy
    drawn = dice.poisson(rate * 2.0)
    for counts in (25, 32, 38):
        share = float(np.mean(drawn >= counts))
        assert predictive_tail(counts, 20.0, 10.0) == pytest.approx(share, abs=5 * math.sqrt(share / 400_000) + 1e-6)
    assert predictive_tail(0, 20.0, 10.0) == 1.0 and predictive_tail(10_000, 20.0, 10.0) == 0.0
    assert normal_tail(6.0) == pytest.approx(9.8659e-10, rel=1e-4)


def explained(rule: str, statistic: float, threshold: float, model: model_file.ModelFile | None = None, **more: float) -> tuple:
    """Of a lane watched for 10 hours with 1000 vehicles of 10 s."""
    explainer = Explainer(model, 9, bool(more.get("own_shadow")))
    explainer.pace.heard(0)
    explainer.pace.samples.update({G: 50_000, N: 10_000})
    explainer.pace.counting_s.update({G: 10_000.0, N: 10_000.0})
    sample = Sample(36_000 * 10**9, N if rule == "neutron" else G, 1.0 if rule == "neutron" else 0.2, (1,), True)
    found = explainer.explain(judged(rule, statistic, threshold, **more), sample, 1000, 100.0)
    return found.budget, found.false_alarms_per_day, found.confidence


def test_each_rule_states_a_rate_of_its_own() -> None:
    budget, per_day, sure = explained("focus", 5.1, 5.1)
    assert budget == pytest.approx(4.9e-5, rel=0.02) and sure == "medium"
    assert per_day == pytest.approx(2400 * 4.9e-5, rel=0.05)            # 2400 passages a day, each of 10 s
    assert explained("neutron", 4.7534, 4.7534)[:2] == (pytest.approx(1e-5, rel=0.02), pytest.approx(24_000e-6, rel=0.05))
    budget, per_day, sure = explained("ksigma", 7.0, 7.0, counts=565, expected=420.0)
    assert budget is None and per_day is not None and per_day < 1e-4 and sure == "very high"
    assert explained("vendor", 1.0, 1.0) == (None, None, None)


def test_a_lane_that_has_learned_uses_its_own_tail() -> None:
    shadow = model_file.ShadowModel(None, (None,) * 3)  # type: ignore[arg-type]
    model = model_file.ModelFile(shadow, {}, "", {"glrt": model_file.TailLaw(2.0, 0.1, 3.0)}, {"glrt": 7e-5})
    statistic = math.sqrt(4.0 + 3.0 * math.log(0.1 / 7e-5))
    budget, per_day, sure = explained("shadow", statistic, 4.9, model)
    assert budget == 7e-5 and per_day == pytest.approx(2400 * 7e-5, rel=0.02) and sure == "medium"
    assert explained("shadow", 5.0, 3.0, model, own_shadow=1.0)[0] == pytest.approx(0.1 * math.exp(-5 / 3), rel=0.02)
    assert explained("shadow", 5.0, 4.0) == (None, None, None)          # a model from before tails were kept


def test_rarer_than_anything_measured_is_not_boasted_of() -> None:
    assert explained("focus", 30.0, 5.1)[1:] == (1e-6, "very high")


def test_a_lane_watched_for_a_minute_is_taken_as_busy() -> None:
    pace = Pace()
    pace.heard(10**12)
    assert pace.passages(1, 10**12 + 60 * 10**9) == 1000.0
    assert pace.passages(100, 10**12 + 7200 * 10**9) == 1200.0


def test_an_alarm_just_after_the_start_looks_no_surer_than_it_is() -> None:
    """21 s after the start a FOCuS of 6.909 was "less than once in 1000 years": 3310 s of counting a day, a 26th of it."""
    explainer = Explainer(None, 9, False)
    explainer.pace.heard(0)
    explainer.pace.samples[G], explainer.pace.counting_s[G] = 21, 21.0
    for at_s, occupancies in ((21, 0), (21, 1), (20 * 3600, 0)):           # a vacant lane is counted all day, later too
        found = explainer.explain(judged("focus", 6.909, 5.6), Sample(at_s * 10**9, G, 1.0, (1,), False), occupancies, 100.0)
        assert found.false_alarms_per_day == pytest.approx(1.2e-5, rel=0.05) and "8.64e+04 s" in found.basis


def test_an_alarm_of_the_vacant_lane_has_no_budget_a_passage() -> None:
    explainer = Explainer(None, 9, False)
    for rule in ("focus", "neutron"):
        assert explainer.explain(judged(rule, 6.9, 5.6), Sample(10**12, G, 1.0, (1,), False), 0, 100.0).budget is None


def test_the_neutron_template_says_how_sure_it_is_as_far_as_it_is_measured() -> None:
    budget, per_day, sure = explained("neutron-template", 4.25, 4.25)
    assert budget == 2.2e-4 and per_day == pytest.approx(2400 * 2.2e-4, rel=0.02) and sure == "medium"
    assert explained("neutron-template", 20.0, 4.25)[1:] == (pytest.approx(0.024), "high")


@pytest.mark.parametrize(("per_day", "word"), [(None, None), (5.0, "low"), (1.0, "medium"), (0.03, "high"), (1e-4, "very high")])
def test_confidence_is_a_word_for_rarity(per_day: float | None, word: str | None) -> None:
    assert confidence(per_day) == word


@pytest.mark.parametrize(("across", "side"), [(None, None), (-0.8, "left"), (0.0, "middle"), (0.8, "right"), (0.3, "middle")])
def test_the_side_is_as_driven(across: float | None, side: str | None) -> None:
    assert side_of(across) == side


def test_an_alarm_says_what_had_fired_before_it() -> None:
    lane = Watched()
    begin = lane.vacant(seconds=120)
    lane.scan(begin, 1.0)
    lane.say(begin + 1.0, four("GA", 50))
    lane.scan(begin + 1.2, 2.0, gamma=90)
    lane.say(begin + 4.0, end())
    vendor, *ours = lane.alarms
    assert vendor.judgement.rule == "vendor" and vendor.also == () and vendor.explanation.confidence is None
    assert {alarm.judgement.rule for alarm in ours} == {"focus/1", "ksigma/1"}
    assert ("vendor", "gamma") in ours[0].also and len(ours[1].also) == 2
    assert all(alarm.explanation.confidence == "very high" and alarm.explanation.basis for alarm in ours)


RECORD = {
    "at": {"wall": "2026-11-24T11:18:02.250Z"}, "lane": "2", "radiation": "gamma", "rule": "shadow/1", "id": "QX/1/7",
    "statistic": 6.3, "threshold": 4.9, "window_s": 2.0, "counts": 1480, "expected": 1210.0, "expected_sd": None,
    "detectors": {"Aa1": {"counts": 60, "bkg": 250.0}}, "notes": [], "seq": 12, "receipted": True,
}


def test_the_story_tells_a_guard_where_to_look_and_how_sure_it_is() -> None:
    more = {"place": {"behind_m": 6.04, "across_m": -0.8}, "side": "left", "false_alarms_per_day": 0.0008,
            "confidence": "high", "budget": 7e-5, "also": [{"rule": "vendor", "radiation": "gamma"}]}
    text = "\n".join(alarm_text.story({**RECORD, **more}))
    assert "6.0 m behind the front bumper, left side as driven" in text
    assert "sure it is not chance: clean traffic here would do this about once in 3 years" in text
    assert "the portal's own electronics (gamma)" in text and "7e-05 false alarms a passage" in text


def test_a_record_from_before_explanations_is_still_told() -> None:
    text = "\n".join(alarm_text.story(RECORD))
    assert "6.3 sigma, threshold 4.9: 1480 counts" in text and "where" not in text and "chance" not in text
    json.dumps(RECORD)


def test_a_test_alarm_is_not_called_the_portals_own() -> None:
    text = "\n".join(alarm_text.story(RECORD | {"rule": "test/1", "statistic": None, "counts": 0, "window_s": 0.0}))
    assert "the portal's own" not in text and "a test alarm: it says nothing of the lane" in text


@pytest.mark.parametrize(("per_day", "says"), [
    (50, "about 50 times a day"), (1.0, "about once a day"), (0.5, "about once in 2 days"), (0.033, "about once a month"),
    (1 / 730, "about once in 2 years"), (1e-6, "less than once in 1000 years"), (0.0, "less than once in 1000 years"),
])
def test_a_rate_is_told_as_people_say_it(per_day: float, says: str) -> None:
    assert alarm_text.often(per_day) == says
