"""Acts of people as bodies of records, as a file between two starts, and as lines of a screen.  Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any

from edge_agent.words.act import Act, Person
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import mark, tr, worded

NAME_MAX, TEXT_MAX = 80, 500
KINDS = {"exercise": mark("EXERCISE"), "maintenance": mark("MAINTENANCE")}
PART_KEYS = ("detector", "old_serial", "new_serial")
LONGEST_S = {"exercise": 24 * 3600.0, "maintenance": 7 * 24 * 3600.0}      # a lane must not stay marked for good
USUAL_S = {"exercise": 3600.0, "maintenance": 4 * 3600.0}


def words(value: object, what: str, most: int = TEXT_MAX, *, least: int = 1) -> str:
    """A text a person gave; SettingsError where it is none, too long or not printable."""
    text = value.strip() if isinstance(value, str) else ""
    if not least <= len(text) <= most or (text and not text.isprintable()):
        raise SettingsError(worded("{what}: expected {least} to {most} printable characters", what=what, least=least, most=most))
    return text


def seconds(value: object, kind: str) -> float:
    """How long an act may last."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 60 <= value <= LONGEST_S[kind]:
        most = LONGEST_S[kind] / 3600
        raise SettingsError(worded(
            "for: {kind} lasts 1 minute to {most:g} hours.\n  Begin it again when it is over",
            kind=kind, most=most))
    return float(value)


def begin(act: Act, at: dict[str, Any], until: dict[str, Any]) -> dict[str, Any]:
    return {"phase": "begin", "id": act.id, "lane": act.lane, "by": asdict(act.by), "reason": act.reason, "until": until,
            "at": at}


def end(act: Act, by: Person, ended: str, at: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """`ended`: "person" or "time"; `more`: of maintenance, what was done."""
    body = {"phase": "end", "id": act.id, "lane": act.lane, "by": asdict(by), "reason": act.reason, "ended": ended,
            "alarms": act.alarms, "at": at}
    return body | ({"done": "", "parts": [], "void": []} | more if act.kind == "maintenance" else {})


def parts(given: object) -> list[dict[str, Any]]:
    """What was swapped: [{"part", "detector", "old_serial", "new_serial"}]."""
    if not isinstance(given, list) or len(given) > 50:
        raise SettingsError(worded("parts: expected a list of at most 50"))
    found = []
    for part in given:
        if not isinstance(part, dict):
            raise SettingsError(worded("parts: expected {part, detector, old_serial, new_serial}"))
        rest: dict[str, Any] = {name: words(part[name], name, NAME_MAX) if part.get(name) else None for name in PART_KEYS}
        found.append(rest | {"part": words(part.get("part"), "part", NAME_MAX)})
    return found


STEPS = ("background", "balance", "source-check", "walk-through", "tamper", "mains", "annunciator", "alarm-receipt", "speed",
         "other")
VERDICTS = ("pass", "look", "fail", "left out", "not fitted")        # of the schema: stays English
STEP_TEXT_MAX = 2000


def steps(given: object) -> list[dict[str, Any]]:
    """What was tried at commissioning: [{"step", "verdict", "text", "numbers"}], as the schema has it."""
    if not isinstance(given, list) or not 1 <= len(given) <= 50:
        raise SettingsError(worded("steps: expected a list of 1 to 50"))
    found = []
    for one in given:
        if not isinstance(one, dict) or one.get("step") not in STEPS or one.get("verdict") not in VERDICTS:
            raise SettingsError(worded(
                "steps: expected step of {steps} and verdict of {verdicts}",
                steps=", ".join(STEPS), verdicts=", ".join(VERDICTS)))
        text = words(one.get("text", ""), "text of a step", STEP_TEXT_MAX, least=0)     # an answer of the core: stays English
        more = {"check": check(one["check"])} if one.get("check") is not None else {}
        found.append({"step": one["step"], "verdict": one["verdict"], "text": text, "numbers": _numbers(one.get("numbers", {})),
                      **more})
    return found


def check(given: object) -> dict[str, Any]:
    """What a check source gave: {"nuclide", "source", "activity_bq", "detectors", "passed"}, as the schema has it."""
    if not isinstance(given, dict) or not isinstance(given.get("detectors"), dict) or not given["detectors"]:
        raise SettingsError(worded("check: expected nuclide, source, activity_bq, passed, and detectors"))
    detectors = {}
    for name, one in given["detectors"].items():
        if not isinstance(one, dict) or not isinstance(one.get("passed"), bool):
            raise SettingsError(worded("check: {name}: expected counts and passed", name=name))
        expected = one.get("expected_cps")
        held = _numbers({key: one.get(key) for key in ("background_cps", "source_cps", "seconds")})
        held |= _numbers({"expected_cps": expected}) if expected is not None else {"expected_cps": None}
        detectors[words(name, "detector", NAME_MAX)] = held | {"passed": one["passed"]}
    return {"nuclide": words(given.get("nuclide"), "nuclide", NAME_MAX), "source": words(given.get("source"), "source", NAME_MAX),
            "activity_bq": _numbers({"activity_bq": given.get("activity_bq")})["activity_bq"], "detectors": detectors,
            "passed": all(one["passed"] for one in detectors.values())}


def _numbers(given: object) -> dict[str, Any]:
    """Finite numbers from 0 on, by name."""
    if not isinstance(given, dict):
        raise SettingsError(worded("numbers: expected a table"))
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
            raise SettingsError(worded("{name}: expected a number from 0 on", name=name))
    return dict(given)


# --- between two starts

def dump(acts: Iterable[Act], out: dict[str, dict[str, str]]) -> bytes:
    """`out`: lane -> detector -> who took it out and why."""
    return json.dumps({"acts": [asdict(act) for act in acts], "out": out}, indent=1).encode()


def load(data: bytes, mono_ns: int, wall_ns: int) -> tuple[list[Act], dict[str, dict[str, str]]]:
    """The same again; what is left of each is by the wall clock, and never more than the longest of its kind.
    ValueError where the file is none of ours."""
    try:
        held = json.loads(data)
        acts = [_left(Act(**{**act, "by": Person(**act["by"])}), mono_ns, wall_ns) for act in held["acts"]]
        out = {str(lane): {str(name): str(why) for name, why in names.items()} for lane, names in held["out"].items()}
    except (TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise ValueError(f"not a file of acts: {problem!r}") from None
    return acts, out


def _left(act: Act, mono_ns: int, wall_ns: int) -> Act:
    left_ns = min(max(0, act.ends_wall_ns - wall_ns), round(LONGEST_S[act.kind] * 1e9))
    return replace(act, ends_ns=mono_ns + left_ns)


# --- for people

def plain(act: Act, now_ns: int) -> dict[str, Any]:
    """As status and heartbeat say it."""
    return {"kind": act.kind, "id": act.id, "lane": act.lane, "by": act.by.name, "reason": act.reason, "alarms": act.alarms,
            "left_s": max(0, (act.ends_ns - now_ns) // 10**9)}


def line(act: dict[str, Any]) -> str:
    """One line of a screen."""
    what = tr(KINDS.get(act["kind"], act["kind"].upper()))
    where = "" if act["lane"] is None else tr(" lane {name}", name=act["lane"])
    return tr("{what}{where}: {reason} ({by}), ends in {left} at the latest; alarms so far {alarms}, marked {id}",
              what=what, where=where, reason=act["reason"], by=act["by"], left=_duration(act["left_s"]), alarms=act["alarms"],
              id=act["id"])


def _duration(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return tr("{hours} h {minutes} min", hours=hours, minutes=minutes) if hours else tr("{minutes} min", minutes=minutes)
