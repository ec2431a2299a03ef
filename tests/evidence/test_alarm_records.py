"""Alarm records with and without explanations are both of the schema a centre holds."""

from __future__ import annotations

import json
from typing import Any

from edge_agent.tools import bodies, times
from edge_agent.words.event import Alarm, Judgement
from edge_agent.words.reading import Radiation

from .test_schemas import ROOT, VALIDATORS

NEW = {"side", "budget", "false_alarms_per_day", "confidence", "basis", "also"}


def record() -> dict[str, Any]:
    judgement = Judgement("focus/1", 5.3, 5.1, 1.0, 500, 400.0, 4.0, ("Aa1",))
    alarm = Alarm(10**9, "2", "QX/1/1", Radiation.GAMMA, judgement, {"Aa1": 100}, {"Aa1": 400.0}, None, None)
    body = bodies.of_event(alarm, bodies.Context(lambda at_ns: times.moment(at_ns, 1, 0, 0), "0.1.0", "x"))[1]
    t = {"wall": None, "boot": 1, "mono_ms": 1000, "src": "none", "unc_ms": None}
    return {"v": 1, "log": "a.example/portal/1", "seq": 0, "prev": None, "nk": "A" * 43, "t": t, **body}


def test_a_record_from_before_explanations_is_valid_and_one_with_them_too() -> None:
    new = record()
    old = {key: value for key, value in new.items() if key not in NEW}
    assert set(new) >= NEW
    assert [error.message for each in (old, new) for error in VALIDATORS["alarm"].iter_errors(each)] == []


def test_what_is_new_is_optional_and_held_to_its_form() -> None:
    schema = json.loads((ROOT / "edge_agent/words/schemas/alarm.schema.json").read_text())
    assert not NEW & set(schema["required"]) and set(schema["properties"]) >= NEW
    for wrong in ({"side": "port"}, {"confidence": "sure"}, {"false_alarms_per_day": -1.0}, {"also": [{"rule": "focus/1"}]}):
        assert list(VALIDATORS["alarm"].iter_errors({**record(), **wrong}))
