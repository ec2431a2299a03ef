"""A history with a passage that a disk or another program has spoiled is still learned from, and says what was left out."""

from __future__ import annotations

import copy
import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.house import lessons
from edge_agent.house.configuration import load
from edge_agent.judgement.learning import LearningRefused
from tests.judgement.bench import PROFILE

Body = dict[str, Any]
TEXT = """version = 1
[portal]
origin = "test.example/portal/1"
[[lane]]
name = "2"
driver = "rapiscan"
link = { kind = "tcp", host = "x" }
"""
PANELS = ("Aa1", "Aa2", "Ba1", "Ba2")


def clean() -> Body:
    """A truck at 2.5 m/s that shadows a tenth."""
    return {
        "id": "1", "lane": "2", "alarms": [], "begin": {"mono_ms": 1_000_000}, "end": {"mono_ms": 1_008_600},
        "ended": "portal", "speed_mps": 2.5, "vendor": {"gamma": False, "neutron": False}, "notes": [],
        "background": {"gamma": {"cps": dict.fromkeys(PANELS, 250.0), "exposure_s": 60.0, "age_s": 5.0}},
        "series": {"gamma": {"interval_s": 0.2, "begin": {"mono_ms": 1_000_000},
                             "counts": {name: [45 + i % 7 for i in range(44)] for name in PANELS}}},
    }


def count(value: object) -> Callable[[Body], None]:
    return lambda body: body["series"]["gamma"]["counts"]["Aa1"].__setitem__(3, value)


def speed(value: object) -> Callable[[Body], None]:
    return lambda body: body.__setitem__("speed_mps", value)


def rate(value: object) -> Callable[[Body], None]:
    return lambda body: body["background"]["gamma"]["cps"].__setitem__("Aa1", value)


def background(key: str, value: object) -> Callable[[Body], None]:
    return lambda body: body["background"]["gamma"].__setitem__(key, value)


def all_counts(value: int) -> Callable[[Body], None]:
    return lambda body: body["series"]["gamma"]["counts"].__setitem__("Aa1", [value] * 44)


def turned(body: Body) -> None:
    counts = body["series"]["gamma"]["counts"]
    body["series"]["gamma"]["counts"] = {name: counts[name] for name in reversed(PANELS)}


SPOILED: list[tuple[Callable[[Body], None], str]] = [
    *((count(value), "damaged: counts") for value in (-5, float("nan"), 1e30, "7", None, 2**40, True, 1.5)),
    *((speed(value), "damaged: speed") for value in (0, -2, float("nan"), 1e9, "x")),
    *((rate(value), "damaged: background") for value in (-3, float("nan"), "x", float("inf"))),
    (rate(0), "a panel without background"),
    (background("exposure_s", 0), "damaged: background"),
    (background("age_s", -1e9), "damaged: background"), (background("age_s", 1e300), "damaged: background"),
    (all_counts(10**6), "damaged: counts"), (all_counts(5000), "a panel far from its background"),
    (all_counts(0), "a panel far from its background"),
    (lambda body: body.__setitem__("lane", "24"), "of another lane"),
    (lambda body: body["end"].__setitem__("mono_ms", 0), "damaged: times"),
    (lambda body: body["series"]["gamma"].__setitem__("interval_s", 0), "damaged: counting time"),
    (lambda body: body["series"]["gamma"]["counts"].__setitem__("Aa1", [50] * 5), "damaged: counts"),
    (lambda body: body.pop("series"), "damaged"),
    (turned, "another panel map"),
]


def history(where: Path, *found: Body) -> Path:
    with sqlite3.connect(where / "history.db") as database:
        database.execute("CREATE TABLE passage (id INTEGER PRIMARY KEY, lane TEXT, body BLOB)")
        database.executemany("INSERT INTO passage (lane, body) VALUES ('2', ?)", [(json.dumps(body).encode(),) for body in found])
    return where / "history.db"


def left_out(where: Path, *found: Body) -> str:
    """What a person reads who learns from this."""
    (where / "edge-agent.toml").write_text(TEXT)
    configuration = load(where / "edge-agent.toml")
    with pytest.raises(LearningRefused) as refused:
        lessons.propose(configuration, configuration.settings.lane[0], history(where, *found), 1e-3)
    return str(refused.value)


def test_a_clean_passage_is_taken(tmp_path: Path) -> None:
    assert "1 clean passages" in left_out(tmp_path, clean())


@pytest.mark.parametrize(("spoil", "why"), SPOILED)
def test_one_spoiled_passage_is_left_out_by_name(tmp_path: Path, spoil: Callable[[Body], None], why: str) -> None:
    """16 of 25 such passages ended the lesson with a traceback; a background of 0 and another lane's passage were clean."""
    body = copy.deepcopy(clean())
    spoil(body)
    told = left_out(tmp_path, clean(), body)
    assert "1 clean passages" in told and f"left out: 1 {why}," in told.replace(")", ",")


def test_a_passage_the_kernel_has_no_use_for_is_counted(tmp_path: Path) -> None:
    """After the background had begun anew three passages of 2300 were neither learned from nor left out."""
    body = clean()
    body["background"]["gamma"]["exposure_s"] = 1.0
    told = left_out(tmp_path, clean(), body)
    assert "1 clean passages" in told and "left out: 1 too little background" in told


def test_every_passage_is_either_learned_from_or_left_out() -> None:
    from edge_agent.judgement.learning_history import gather

    bodies = [clean() for _ in SPOILED]
    for body, (spoil, _) in zip(bodies, SPOILED, strict=True):
        spoil(body)
    kept, left = gather([clean(), *bodies], "2", PANELS, PROFILE)
    assert len(kept) == 1 and left == Counter(why for _, why in SPOILED)
