"""No alarm means nothing where a vehicle was not seen: panels dead under it, a file that ends, times that run backwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_agent.commands import main
from hardware_mocks import rapiscan, scenes

CLEAN_S, INSIDE_S = 120.0, 10.0
Cell = Callable[[float, int], int]          # (s since the vehicle came, count) -> count


def counts(path: Path, *, lines: int | None = None, panels: int = 4, cell: Cell = lambda at_s, count: count) -> Path:
    """Four panels, two minutes of background, then a vehicle."""
    chance, rows = np.random.default_rng(3), ["time_s,interval_s," + ",".join(f"gamma_P{n}" for n in range(panels)) + ",occupied"]
    for number in range(1, round((CLEAN_S + INSIDE_S + 20) / 0.2) + 1):
        since_s = 0.2 * number - CLEAN_S
        inside = 0 < since_s <= INSIDE_S
        row = [cell(since_s, int(count)) if inside else int(count) for count in chance.poisson(200, panels)]
        rows.append(f"{0.2 * number:.1f},0.2,{','.join(map(str, row))},{int(inside)}")
    path.write_text("\n".join(rows[:lines]) + "\n")
    return path


def judged(file: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object], str]:
    code = main(["replay", "--json", str(file)])
    told = capsys.readouterr()
    return code, json.loads(told.out) if told.out else {}, told.err


def test_a_vehicle_under_which_all_panels_were_dead_is_not_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, said = judged(counts(tmp_path / "dead.csv", cell=lambda at_s, count: 0), capsys)
    assert code == 3 and found["occupancies_unjudged"] == 1 and "every gamma detector was out of service" in said


def test_a_file_that_ends_in_a_vehicle_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, said = judged(counts(tmp_path / "cut.csv", lines=603), capsys)
    assert code == 3 and found["ends_in_vehicle"] and "the file ends while it is in the lane" in said
    whole = judged(counts(tmp_path / "whole.csv"), capsys)
    assert whole[0] == 0 and not whole[1]["ends_in_vehicle"] and whole[1]["occupancies_unjudged"] == 0


def test_an_alarm_of_a_vehicle_that_was_cut_off_is_an_alarm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, _ = judged(counts(tmp_path / "cut.csv", lines=620, cell=lambda at_s, count: 2 * count), capsys)
    assert code == 0 and found["alarms"] and found["occupancies_unjudged"] == 0


def test_times_that_run_backwards_are_named_by_their_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wire = rapiscan.wire(scenes.load("five"), 1)
    listing = [f"{at_s:.3f} {line}" for at_s, data in wire for line in data.decode().splitlines()]
    (tmp_path / "back.txt").write_text("\n".join(reversed(listing)) + "\n")
    code, _, said = judged(tmp_path / "back.txt", capsys)
    assert code == 3 and ", line " in said and "before the line above it" in said and "in order" in said


def test_one_column_twice_in_another_case_and_too_many_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = counts(tmp_path / "good.csv").read_text()
    (tmp_path / "twice.csv").write_text(text.replace("gamma_P1", "gamma_p0", 1))
    assert "one column for gamma_p0, not two" in judged(tmp_path / "twice.csv", capsys)[2]
    said = judged(counts(tmp_path / "many.csv", panels=17), capsys)[2]
    assert "many.csv, line 1" in said and "16 and 8 at most" in said


def test_a_model_that_is_no_text_has_a_next_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model.json").write_bytes(b"\xff\xfe\x00")
    assert main(["replay", str(counts(tmp_path / "good.csv")), "--model", str(tmp_path / "model.json")]) == 3
    assert "Is it the right file?" in capsys.readouterr().err
