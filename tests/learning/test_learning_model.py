"""A model goes to plain values and back, is known by its hash, and the kernel takes it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
from edge_agent._kernel import lib

from edge_agent.judgement import learning_model
from edge_agent.judgement.learning import LearningRefused
from edge_agent.tools import model_file
from edge_agent.tools.kernel import KernelSettings, Lane
from tests.learning.passages import PANELS, truth

ROOT = Path(__file__).resolve().parents[2]
GEOMETRY = {
    "panels": PANELS, "lateral_m": [0.0, 0.8, -0.8], "source_height_m": 1.5, "along_m": [0.0] * 2,
    "across_m": [-2.5, 2.5], "height_m": [1.5] * 2, "response": [1.0] * 2, "assumed_mps": 0.0, "longest_m": 26.0, "gap_m": 0.5,
}
GENERIC = json.loads((ROOT / "config/models/generic.json").read_text(encoding="utf-8"))


def plain() -> dict:
    return learning_model.to_plain(GEOMETRY, (None, None, truth()), "a test", {"glrt": 4.2})


def test_there_and_back() -> None:
    text = json.dumps(plain())
    one, two, three = learning_model.from_plain(json.loads(text))
    assert one is None and two is None and three is not None
    assert np.allclose(three.mean, truth().mean, rtol=1e-8)
    assert np.allclose(three.covariance, truth().covariance, rtol=1e-7, atol=1e-15)


def test_the_daemon_reads_what_learning_writes() -> None:
    found = model_file.read(json.dumps(plain()), "model.json", PANELS)
    assert found.sha256 == plain()["sha256"] and found.thresholds == {"glrt": 4.2}


def test_the_kernel_takes_the_generic_prior_for_any_lane() -> None:
    assert lib.EA_BASIS == learning_model.BASIS
    for panels in (1, 2, 4, 16):
        place = GEOMETRY | {"panels": panels, "along_m": [0.5 * i for i in range(panels)], "height_m": [1.5] * panels,
                            "across_m": [2.5] * panels, "response": [1.0] * panels}
        made = learning_model.to_plain(place, learning_model.generic(GENERIC, panels), "generic")
        Lane(KernelSettings(panels)).learned(model_file.read(json.dumps(made), "generic", panels, armed=False).model)


def test_the_generic_prior_says_where_it_comes_from() -> None:
    assert "Lo Presti" in GENERIC["origin"] and "Ludlum" in GENERIC["origin"]


def test_a_changed_number_is_noticed() -> None:
    changed = plain()
    changed["classes"][2]["mean"][0] += 0.01
    with pytest.raises(LearningRefused, match="hash"):
        learning_model.from_plain(changed)


def _negative(p: dict) -> None:
    for i in range(10):
        p["classes"][2]["covariance"][i][i] = -1.0


SPOILED = {
    "another format": lambda p: p.update(format="x"),
    "a class missing": lambda p: p["classes"].pop(),
    "too few coefficients": lambda p: p["classes"][2]["mean"].pop(),
    "no covariance": lambda p: p["classes"][2].update(covariance=[]),
    "not a covariance": _negative,
    "text for a number": lambda p: p["classes"][2]["mean"].__setitem__(0, "x"),
    "no panels": lambda p: p["geometry"].pop("panels"),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_spoiled_model_with_a_right_hash_is_refused(what: str) -> None:
    spoiled = copy.deepcopy(plain())
    SPOILED[what](spoiled)
    spoiled["sha256"] = model_file.digest(spoiled)
    with pytest.raises(LearningRefused):
        learning_model.from_plain(spoiled)
