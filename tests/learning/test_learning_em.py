"""EM finds the shadows it was drawn from, does not learn the background's error, and is hard to teach nonsense."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_agent.judgement import learning, learning_site
from edge_agent.judgement.learning import LearningRefused, Passage, Prior
from tests.learning.passages import EACH, PANELS, design, draw, generic, truth


def dip_moments(prior: Prior, length_m: float = 14.0) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sd of the dip itself, bin by bin of each panel, under the vehicle: what the counts can tell."""
    basis, _ = design(length_m)
    inside = basis[0, :, 0] > 0.5
    mean, sd = [], []
    for panel in range(PANELS):
        phi, rows = basis[panel, inside], slice(panel * EACH, (panel + 1) * EACH)
        mean.append(phi @ prior.mean[rows])
        sd.append(np.sqrt(np.einsum("bi,ij,bj->b", phi, prior.covariance[rows, rows], phi)))
    return np.array(mean), np.array(sd)


@pytest.fixture(scope="module")
def clean() -> list[Passage]:
    return draw(np.random.default_rng(1), 1500, truth())


def test_it_recovers_the_prior_the_passages_were_drawn_from(clean: list[Passage]) -> None:
    mean, sd = dip_moments(learning.learn(clean, generic()))
    true_mean, true_sd = dip_moments(truth())
    assert np.abs(mean - true_mean).max() < 5 * true_sd.max() / np.sqrt(len(clean))
    assert np.all(np.abs(sd / true_sd - 1) < 0.12), "1500 passages give an sd to 2 %, EM stops a little before"


def test_panels_that_shadow_together_are_learned_together(clean: list[Passage]) -> None:
    learned = learning.learn(clean, generic()).covariance
    between = learned[0, EACH] / np.sqrt(learned[0, 0] * learned[EACH, EACH])
    assert between == pytest.approx(0.7, abs=0.12)


def test_the_error_of_the_background_is_not_learned_as_a_shadow() -> None:
    passages = draw(np.random.default_rng(2), 1500, truth(), own_sd=0.03, common_sd=0.03)
    true = dip_moments(truth())[1]
    blind = [replace(p, common_var=0.0, own_var=np.zeros(PANELS)) for p in passages]
    told, untold = (dip_moments(learning.learn(each, generic()))[1] for each in (passages, blind))
    assert np.all(np.abs(told / true - 1) < 0.2)
    assert untold.mean() > 1.1 * told.mean()


def test_a_lane_of_empty_vehicles_learns_that_they_do_not_shadow() -> None:
    nothing = Prior(np.zeros(PANELS * EACH), np.eye(PANELS * EACH) * 1e-10, 0)
    mean, sd = dip_moments(learning.learn(draw(np.random.default_rng(3), 1500, nothing), generic()))
    assert np.abs(mean).max() < 0.003 and sd.max() < 0.008       # a tenth of what it was told to expect


TOO_WIDE = pytest.mark.xfail(strict=True, reason="28 % wider at the vehicle's end with six cosines: docs/decisions/0010")


@pytest.mark.parametrize("share", [0.02, pytest.param(0.05, marks=TOO_WIDE)])
def test_norm_left_in_hardly_widens_what_is_learned(clean: list[Passage], share: float) -> None:
    """Extended loads of 3-15 % of the background in a part of the passages: below what alarms."""
    rng = np.random.default_rng(4)
    loaded = [_with(p, rng, rng.uniform(0.03, 0.15), None) if rng.random() < share else p for p in clean]
    sd, true = dip_moments(learning.learn(loaded, generic(), _excess(loaded)))[1], dip_moments(truth())[1]
    assert np.all(sd / true < 1.25)


def test_a_smuggler_who_comes_often_teaches_little(clean: list[Passage]) -> None:
    """Every fiftieth passage carries the same sub-threshold source at the same place, for weeks."""
    rng = np.random.default_rng(5)
    taught = [_with(p, rng, 0.12, 0.4) if i % 50 == 0 else p for i, p in enumerate(clean)]
    mean, sd = dip_moments(learning.learn(taught, generic(), _excess(taught)))
    untaught_mean, untaught_sd = dip_moments(learning.learn(clean, generic(), _excess(clean)))
    assert np.abs(mean - untaught_mean).max() < 0.005, "a twenty-fifth of what he carries"
    assert np.all(sd / untaught_sd < 1.1)


def test_the_largest_one_per_cent_is_dropped() -> None:
    kept = learning.keeps(np.arange(1000.0))
    assert kept.sum() == 990 and not kept[990:].any()


def test_the_same_passages_give_the_same_model_to_the_bit(clean: list[Passage]) -> None:
    one, other = (learning.learn(clean[:300], generic()) for _ in range(2))
    assert np.array_equal(one.mean, other.mean) and np.array_equal(one.covariance, other.covariance)


def test_a_class_with_too_few_passages_is_not_learned(clean: list[Passage]) -> None:
    lesson = learning_site.lesson(clean[:300], [generic()] * 3, least=200)
    assert lesson.passages == (0, 0, 300)
    assert lesson.priors[:2] == (None, None) and lesson.priors[2] is not None


def test_passages_without_a_source_look_like_the_model(clean: list[Passage]) -> None:
    rng, prior = np.random.default_rng(6), truth()
    drawn = [replace(p, counts=learning_site.without_source(p, prior, rng)) for p in clean[:900]]
    real = np.array([(p.background - p.counts).sum() / p.background.sum() for p in clean[:900]])
    made = np.array([(p.background - p.counts).sum() / p.background.sum() for p in drawn])
    assert made.mean() == pytest.approx(real.mean(), abs=4 * real.std() / 30)
    assert made.std() == pytest.approx(real.std(), rel=0.15)


BAD = {
    "counts of another shape": lambda p: replace(p, counts=p.counts[:, :-1]),
    "no background": lambda p: replace(p, background=np.zeros_like(p.background)),
    "counts that are not numbers": lambda p: replace(p, counts=np.full_like(p.counts, np.nan)),
    "negative counts": lambda p: replace(p, counts=-p.counts - 1),
    "an infinite basis": lambda p: replace(p, basis=np.full_like(p.basis, np.inf)),
    "a negative variance": lambda p: replace(p, common_var=-1.0),
    "another number of panels": lambda p: replace(p, own_var=np.zeros(PANELS + 1)),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_passages_are_refused(clean: list[Passage], what: str) -> None:
    with pytest.raises(LearningRefused):
        learning.learn([clean[0], BAD[what](clean[1])], generic())


def test_nothing_and_a_wrong_start_are_refused(clean: list[Passage]) -> None:
    with pytest.raises(LearningRefused):
        learning.learn([], generic())
    with pytest.raises(LearningRefused):
        learning.learn(clean[:3], Prior(np.zeros(3), np.eye(3), 0))
    with pytest.raises(LearningRefused):
        learning.learn(clean[:3], generic(), np.array([1.0, np.nan, 2.0]))


def _with(p: Passage, rng: np.random.Generator, part: float, at: float | None) -> Passage:
    """A load over the whole vehicle, or a source at one place (0..1 of the passage), as a part of the background."""
    place = np.linspace(0, 1, p.counts.shape[1])
    shape = np.ones_like(place) if at is None else 1 / (1 + ((place - at) / 0.15) ** 2)
    return replace(p, counts=p.counts + rng.poisson(p.background * part * shape))


def _excess(passages: list[Passage]) -> np.ndarray:
    """A plain stand-in for T: the highest second of each passage over the median of it."""
    sums = [(p.counts / p.background).mean(0) for p in passages]
    return np.array([np.convolve(s, np.ones(5) / 5, "valid").max() - np.median(s) for s in sums])
