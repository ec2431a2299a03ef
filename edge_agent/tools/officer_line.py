"""One line for the officer at each lane, as a small display or a radio message takes it: what, where to look, how long ago.
Answers of the core in, words out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edge_agent.tools import acts, alarm_text, gravity, source_place
from edge_agent.tools.fault_names import fault_name
from edge_agent.words.language import mark, tr
from edge_agent.words.reading import Condition

WHAT = {"gamma": mark("ALARM GAMMA"), "neutron": mark("ALARM NEUTRON"), "gamma neutron": mark("ALARM GAMMA AND NEUTRON")}
RECENT_S = 300          # an alarm is the lane's line so long (and while its vehicle is inside): by then it is searched, or gone
# Nobody looks at this lane's vehicles, unless it is armed: then the fault is only held over, or of a record now and then.
BLIND = {"blind", "link", "silence", "gamma-silence", "unreadable", "instrument-refuses", "profile-mismatch"}
# It is looked at with less than it should be: a strong rise alone is seen, or one vehicle was hardly judged
HALF = {"occupancy-unknown", "occupancy-overdue", "vehicle-ksigma-only"}
INPUTS = {"modbus_io"}          # drivers of modules that watch nothing themselves: the lane that hears of them says what is lost
Body = Mapping[str, Any]


def lines(status: Body, alarms: Sequence[Body]) -> list[str]:
    """One for each lane; `alarms` are bodies of records, any order.  Those of an earlier start are not shown."""
    return [tr("Lane {name}: {what}", name=name, what=_lane(name, lane, status, alarms))
            for name, lane in status["lanes"].items()]


def unwatched() -> str:
    """Where no program answers at all."""
    return tr("NO LANE IS WATCHED: search every vehicle by hand, call repair")


def _lane(name: str, lane: Body, status: Body, alarms: Sequence[Body]) -> str:
    away = [tr("KEEP DISTANCE")] if any(map(gravity.danger, lane["faults"])) else []
    marks = [tr(acts.KINDS.get(act["kind"], act["kind"].upper())) for act in status.get("acts", [])
             if act["lane"] in (None, name)]
    inside = _inside(lane)
    recent = [alarm for alarm in alarms if alarm["lane"] == name and (
        0 <= _age_s(alarm, status["now"]) < RECENT_S or alarm["occupancy"] == inside is not None)]
    words = []
    if recent:
        words.append(_alarm(recent, status["now"], lane.get("found")))
    faults = [fault for fault in gravity.ordered(lane["faults"]) if not gravity.danger(fault)]
    if faults:
        told = ", ".join(map(fault_name, faults))
        unwatched = not lane["armed"] and BLIND.intersection(faults) and lane.get("driver") not in INPUTS
        words.append(tr("NOT WATCHED, search by hand, call repair: {faults}", faults=told) if unwatched else
                     tr("FAULT, search by hand, call repair: {faults}", faults=told) if HALF.intersection(faults) else
                     tr("FAULT, call repair: {faults}", faults=told))
    elif not lane["armed"]:
        words.append(tr("NOT READY"))
    return ", ".join([*away, *marks, *(words or ([] if away else [tr("ready")]))])


def _inside(lane: Body) -> str | None:
    """The vehicle that is in the lane now; one overdue has its passage written, and stands there."""
    found: Body = (lane.get("found") if Condition.OVERDUE.value in lane["faults"] else None) or {}
    return lane.get("passage") or found.get("occupancy")


def _alarm(recent: Sequence[Body], now: Body, found: Body | None) -> str:
    """The newest vehicle's: both radiations where both alarmed, and the place: of its whole passage (`found`), until that is
    known the newest that any of its rules has told."""
    newest = max(recent, key=lambda alarm: alarm["at"]["mono_ms"])
    vehicle = newest["occupancy"]                   # None: the vacant lane, whose alarms are each their own
    same = [newest] if vehicle is None else [alarm for alarm in recent if alarm["occupancy"] == vehicle]
    what = " ".join(sorted({alarm["radiation"] for alarm in same}))
    whole = found["sources"] if found and vehicle is not None and found["occupancy"] == vehicle else {}
    told = [source_place.best(whole), *sorted(same, key=lambda alarm: -alarm["at"]["mono_ms"])]
    where = next((place for each in told if (place := alarm_text.place(each))), "")
    age_s = max(_age_s(alarm, now) for alarm in same)
    ago = tr("{age:.0f} s ago", age=age_s) if age_s < 60 else tr("{age:.0f} min ago", age=age_s / 60)
    return ", ".join(part for part in (tr(WHAT.get(what, f"ALARM {what.upper()}")), where, ago) if part)


def _age_s(alarm: Body, now: Body) -> float:
    """Seconds since; negative where it was before this start of the controller, whose clock began anew."""
    return float(now["mono_ms"] - alarm["at"]["mono_ms"]) / 1000 if alarm["at"]["boot"] == now["boot"] else -1.0
