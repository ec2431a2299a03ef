"""A shadow model in a lane: one that cannot be used is told and takes nothing else down; one of other panels is never used."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.commands import main
from edge_agent.house.configuration import load
from edge_agent.house.models import without
from edge_agent.judgement import learning_model
from edge_agent.judgement.portal import Portal
from edge_agent.tools import model_file
from edge_agent.words.errors import SettingsError
from tests.replay.test_alarms_show import CONFIG, GEOMETRY, generic_model

PANELS = ["Aa1", "Aa2", "Ba1", "Ba2"]
Model = dict[str, Any]


def learned(**changes: Any) -> Model:
    """As learn writes it: with names, and where it was learned."""
    plain = generic_model({**GEOMETRY, "names": PANELS}) | {"home": "test.example/portal/1 lane 2"} | changes
    return {**plain, "sha256": model_file.digest(plain)}


def site(where: Path, model: object, more: str = "") -> Path:
    (where / "edge-agent.toml").write_text(CONFIG.format(sockets=where / "run") + more)
    if model is not None:
        (where / "m.json").write_text(model if isinstance(model, str) else json.dumps(model))
    return where / "edge-agent.toml"


def trouble(where: Path, model: object, more: str = "") -> str:
    configuration = load(site(where, model, more))
    assert set(configuration.unusable) | set(configuration.models) == {"2"} and len(configuration.models) + len(
        configuration.unusable) == 1
    return configuration.unusable.get("2", "")


def test_a_model_as_learn_writes_it_is_used(tmp_path: Path) -> None:
    assert not trouble(tmp_path, learned())


@pytest.mark.parametrize(("model", "why"), [
    (None, "does not exist"), ("", "no JSON"), (json.dumps(learned()).replace("4.5", "4.6"), "changed by hand or damaged"),
])
def test_a_model_missing_or_damaged_leaves_the_lane_watched(tmp_path: Path, model: object, why: str) -> None:
    """The core ended with code 3 at its next start, and no lane was watched at all."""
    assert why in trouble(tmp_path, model)
    configuration = load(tmp_path / "edge-agent.toml")
    lane = configuration.settings.lane[0]
    portal = Portal(lane, configuration.profiles["2"], str, configuration.models.get("2"))
    fault, = without(portal, configuration.unusable["2"], 5)
    assert fault.condition == "model-unusable" and fault.present and why in fault.detail
    assert "the shadow test is off" in fault.detail and "edge-agent learn 2" in fault.detail and "example" not in fault.detail
    assert portal.looks.shadow_off == "its model cannot be used" and portal.faults.holds("model-unusable")


def test_config_check_names_the_model_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = site(tmp_path, None)
    assert main(["config", "check", "--config", str(path)]) == 1
    told = capsys.readouterr().out
    assert "a shadow model cannot be used" in told and "shadow test off: its model cannot be used" in told
    assert "m.json does not exist" in told and "edge-agent learn 2" in told
    assert main(["config", "check", "--json", "--config", str(path)]) == 1
    assert "does not exist" in json.loads(capsys.readouterr().out)["unusable_models"]["2"]


def test_config_check_says_from_what_a_model_was_learned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", "--config", str(site(tmp_path, learned(origin="lane 2, 2300 clean passages")))]) == 0
    assert "lane 2, 2300 clean passages" in capsys.readouterr().out


def test_replay_never_leaves_a_model_out_silently(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.capture").write_text("0.5 GB,000250,000250,000250,000250\\r\\n\n")
    assert main(["replay", str(tmp_path / "x.capture"), "--config", str(site(tmp_path, None)), "--lane", "2"]) == 3
    assert "m.json does not exist" in capsys.readouterr().err


MAP = 'gamma = ["Ba1", "Ba2", "Aa1", "Aa2"]\n'
TURNED = "[lane.geometry]\n" + "".join(f"{name} = [0.0, {2.5 if name < 'B' else -2.5}, {2.4 if '1' in name else 0.8}]\n"
                                       for name in PANELS)


@pytest.mark.parametrize(("more", "why"), [
    (MAP, "in the order of the wire they are now Ba1"), (TURNED, "Aa1 at 0, -2.5, 2.4 m, now it is at 0, 2.5, 2.4 m"),
])
def test_a_model_of_another_panel_map_or_place_is_not_used(tmp_path: Path, more: str, why: str) -> None:
    """It was used without a word, and named the wrong side of the truck."""
    assert why in trouble(tmp_path, learned(), more)


def test_a_model_without_names_is_known_by_its_places(tmp_path: Path) -> None:
    assert "now it is at" in trouble(tmp_path, generic_model(GEOMETRY), MAP)
    assert not trouble(tmp_path, generic_model(GEOMETRY))


def test_a_model_of_another_lane_or_portal_is_not_used(tmp_path: Path) -> None:
    assert "learned at test.example/portal/9 lane 99" in trouble(tmp_path, learned(home="test.example/portal/9 lane 99"))


def spread(factor: float) -> Callable[[Model], None]:
    def change(model: Model) -> None:
        for kind in model["classes"]:
            kind["covariance"] = [[factor * value for value in row] for row in kind["covariance"]]
    return change


def asymmetric(model: Model) -> None:
    model["classes"][2]["covariance"][0][1] += 0.001


def mean(model: Model) -> None:
    model["classes"][2]["mean"][0] = 0.9


def heap(model: Model) -> None:
    model["geometry"].update(across_m=[0.0] * 4, height_m=[1.0] * 4)


@pytest.mark.parametrize(("change", "why"), [
    (lambda model: model.update(thresholds={}), "no threshold of glrt"),
    *((lambda model, value=value: model["thresholds"].update(glrt=value), "threshold of glrt = ")
      for value in (0, 25, 2.0, True, "4.9", -1, float("inf"))),
    (lambda model: model["thresholds"].update(other=5), "a threshold of 'other'"),
    (spread(1e6), "covariance"), (spread(0.0), "variance 1 = 0"), (asymmetric, "not symmetric"), (mean, "mean = 0.9"),
    (heap, "panels 1 and 2 stand in one place"),
    (lambda model: model.update(budgets={"glrt": 5}), "budget of glrt = 5"),
    (lambda model: model.update(budgets={"glrt": -1}), "budget of glrt = -1"),
    (lambda model: model.update(traffic={"depth": 1}), "traffic has depth"),
])
def test_numbers_no_model_has_are_refused_by_name(change: Callable[[Model], None], why: str) -> None:
    """With a hash made anew every one of them was "good, shadow test on": some never alarm, one blinds the test."""
    plain = copy.deepcopy(learned())
    change(plain)
    try:
        text = json.dumps({**plain, "sha256": model_file.digest(plain)})
    except ValueError:                  # not a number of JSON
        return
    with pytest.raises(SettingsError, match="not a shadow model") as refused:
        model_file.read(text, "m.json", 4)
    assert why in str(refused.value)


def test_the_shipped_generic_prior_can_be_used_for_one_to_sixteen_panels() -> None:
    generic = learning_model.generic(json.loads(Path("config/models/generic.json").read_text()), 16)
    places = {"along_m": [0.5 * i for i in range(16)], "across_m": [2.5] * 16, "height_m": [1.0] * 16, "response": [1.0] * 16}
    made = learning_model.to_plain({**GEOMETRY, "panels": 16, **places}, generic, "generic", {"glrt": 4.5})
    assert model_file.read(json.dumps(made), "m.json", 16).thresholds == {"glrt": 4.5}


@pytest.mark.parametrize(("table", "why"), [
    ("X = [0.0, 0.0, 0.0]", "there is no such panel"), ("Aa1 = [0.0, 0.0]", "has 2 numbers"),
    ("Aa1 = [0.0, -2.5, -5.0]", "below the ground"), ("Aa1 = [0.0, -2.5, 2.4]", "geometry of Aa2, Ba1, Ba2 is missing"),
    ("\n".join(f"{name} = [0.0, 0.0, 0.0]" for name in PANELS), "stand in one place"),
    ("Aa1 = [0.0, 0.2, 2.4]\nAa2 = [0.0, 0.2, 0.8]\nBa1 = [0.0, 5.2, 2.4]\nBa2 = [0.0, 5.2, 0.8]",
     "two pillars on one side of the lane"),
])
def test_config_check_says_where_panels_cannot_stand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str, why: str
) -> None:
    """All of it was "good"."""
    path = site(tmp_path, None, f"[lane.geometry]\n{table}\n")
    path.write_text(path.read_text().replace('model = "m.json"\n', ""))
    assert main(["config", "check", "--config", str(path)]) == 1
    told = capsys.readouterr().out
    assert why in told and "panels cannot stand as it says" in told


def test_config_check_says_what_hardly_ever_alarms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alarm = "[lane.alarm]\nksigma_n = 20.0\nfocus_threshold = 20.0\nneutron_p = 1e-15\nksigma_sums = []\n"
    path = site(tmp_path, learned(), alarm)
    assert main(["config", "check", "--config", str(path)]) == 0
    told = capsys.readouterr().out
    assert all(f"{key}: so high that" in told for key in ("ksigma_n = 20", "focus_threshold = 20", "neutron_p = 1e-15"))
    assert "ksigma_sums is empty" in told


@pytest.mark.parametrize(("key", "limit"), [("arm_exposure_s", "1 to 60 s"), ("neutron_arm_s", "1 to 300 s")])
def test_a_limit_in_a_message_is_the_real_one(tmp_path: Path, key: str, limit: str) -> None:
    """600 was inside the limits of the message and outside the kernel's, which answered with all its settings."""
    with pytest.raises(SettingsError, match=limit):
        load(site(tmp_path, learned(), f"[lane.alarm]\n{key} = 600.0\n"))
    load(site(tmp_path, learned(), f"[lane.alarm]\n{key} = {limit.split()[2]}.0\n"))


def test_no_answer_to_learn_is_a_no(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """From cron, or by ssh -n, minutes of work ended with a traceback."""
    from edge_agent.commands.learn import _agreed

    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert not _agreed()
    assert capsys.readouterr().out == ""            # the question is no part of what --json prints


def test_a_pipe_is_refused_as_a_device_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """replay waited for ever."""
    os.mkfifo(tmp_path / "fifo.csv")
    assert main(["replay", str(tmp_path / "fifo.csv")]) == 3
    assert "a pipe" in capsys.readouterr().err


def test_a_setting_that_changes_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sweep of focus_threshold over a vacant lane showed the same alarms in every row."""
    rows = "".join(f"{i},{50 + i % 7}\n" for i in range(1, 200))
    (tmp_path / "x.csv").write_text("time_s,gamma\n" + rows)
    once = ["--set", "focus_threshold=4"]
    for more in (["--sweep", "focus_threshold=3:8:1"], once, ["--continuous", *once]):
        assert main(["replay", str(tmp_path / "x.csv"), *more]) == 3
        assert "a vacant lane has its own (5.6 sigma)" in capsys.readouterr().err
    assert main(["replay", str(tmp_path / "x.csv"), "--set", "shadow_threshold=8"]) == 3
    assert "there is no shadow model" in capsys.readouterr().err


def test_counts_of_a_hundredth_of_a_second_are_read(tmp_path: Path) -> None:
    """"expected 0.01 to 600 s", it said of 0.01."""
    rows = "".join(f"{i / 100:.2f},0.01,{i % 7}\n" for i in range(1, 900))
    (tmp_path / "x.csv").write_text("time_s,interval_s,gamma\n" + rows)
    assert main(["replay", str(tmp_path / "x.csv"), "--json"]) == 0


def test_a_model_that_is_there_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The model in force was replaced without a word, and the core did not start with it any more."""
    path = site(tmp_path, learned())
    before = (tmp_path / "m.json").read_bytes()
    assert main(["learn", "2", "--out", str(tmp_path / "m.json"), "--yes", "--config", str(path)]) == 3
    assert "never written over" in capsys.readouterr().err and (tmp_path / "m.json").read_bytes() == before


def test_config_check_says_where_silence_is_shorter_than_a_sample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    text = Path("config/profiles/rapiscan.toml").read_text().splitlines(keepends=True)
    kept = [line for line in text if line.split(" ")[0] not in ("gamma_interval_s", "occupied_silence_s")]
    (profiles / "rapiscan.toml").write_text("gamma_interval_s = 2.0\noccupied_silence_s = 1.0\n" + "".join(kept))
    assert main(["config", "check", "--config", str(site(tmp_path, learned()))]) == 0
    assert "silence between every two samples" in capsys.readouterr().out


def test_naming_panels_anew_says_that_the_model_is_of_the_old_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = site(tmp_path, learned())
    monkeypatch.setattr("edge_agent.house.panel_naming.names_of", lambda *_: PANELS)
    monkeypatch.setattr("edge_agent.house.panel_naming.name", lambda *_: ["Ba1", "Ba2", "Aa1", "Aa2"])
    monkeypatch.setattr("edge_agent.house.asked.under", lambda *_: contextlib.nullcontext())
    assert main(["panel", "name", "2", "--by", "R. K.", "--config", str(path)]) == 0
    told = capsys.readouterr().out
    assert "the shadow model of lane 2 cannot be used" in told and "now Ba1" in told and "edge-agent learn 2" in told
