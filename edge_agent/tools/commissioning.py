"""The steps of a commissioning: what each found, and whether a lane may go to work.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from edge_agent.tools.alarm_text import RADIATIONS
from edge_agent.words.language import Worded, mark, shown, tr, worded

Step = dict[str, Any]
UNEQUAL = 2.0               # times the middle panel: walls and ground differ by less, a lost connector by more (estimate)
GOOD = ("pass", "not fitted")
SIGNS = {"pass": "ok  ", "fail": "FAIL", "look": "LOOK"}
LEFT = {                    # what only a person can do -> what it says where nobody did
    "source-check": mark("no source was measured at its panels", about="found"),
    "walk-through": mark("nobody carried a source through", about="found"),
    "speed": mark("nobody compared the speed", about="found"), "tamper": mark("nobody opened the cabinet", about="found"),
    "mains": mark("nobody switched the mains off", about="found"),
    "annunciator": mark("nobody looked at the lamp and heard the horn", about="found"),
}

NOT_HERE = {"gamma": mark("gamma: no source was here", about="found"),
            "neutron": mark("neutron: no source was here", about="found")}
NEVER = {                   # said by the person: no gap of that day, but one that stays until a source is brought
    "gamma": mark("no gamma check source is kept at this post", about="found"),
    "neutron": mark("no neutron check source is kept at this post", about="found"),
}
ONE = {"gamma": mark("gamma alarm {alarm} by {rule}", about="found"),
       "neutron": mark("neutron alarm {alarm} by {rule}", about="found")}
BOTH = mark("gamma and neutron alarm {alarm} by {rule}", about="found")
DATED = " (20"              # begins the day of what was kept from another time


def step(name: str, verdict: str, text: str, numbers: Mapping[str, float] | None = None, **more: Any) -> Step:
    """As the schema has it; `more`: check."""
    return {"step": name, "verdict": verdict, "text": text, "numbers": dict(numbers or {}), **more}


def left_out(done: Sequence[Step]) -> list[Step]:
    """The steps of a person that are not among these."""
    names = {one["step"] for one in done}
    return [step(name, "left out", why) for name, why in LEFT.items() if name not in names]


def passed(steps: Sequence[Step]) -> bool:
    return not missing(steps)


def missing(steps: Sequence[Step]) -> list[Step]:
    """What keeps a lane from passing."""
    return [one for one in steps if one["verdict"] not in GOOD]


def named(steps: Sequence[Mapping[str, Any]]) -> str:
    """The steps by name, and why where no second visit alone would mend it."""
    names = (tr(one["step"], about="step") + (f" ({said(one)})" if one.get("text") in NEVER.values() else "") for one in steps)
    return ", ".join(dict.fromkeys(names))


def title(name: str) -> str:
    """Of what a person does: "source-check gamma", a step and what it is of."""
    what, _, radiation = name.partition(" ")
    return " ".join(filter(None, (tr(what, about="step"), tr(RADIATIONS[radiation]) if radiation else "")))


def said(one: Mapping[str, Any]) -> str:
    """What it found, in the language spoken; what was kept with numbers and names from another time is as the record has it."""
    if isinstance(one["text"], Worded):
        return shown(one["text"])
    text, dated, day = str(one["text"]).partition(DATED)
    return tr(text, about="found") + dated + day


def line(lane: str, one: Step) -> str:
    """On the screen."""
    return tr("  {sign} lane {lane}: {step}: {found}", sign=SIGNS.get(one["verdict"], "--  "), lane=lane,
              step=tr(one["step"], about="step"), found=said(one))


def judged(rates: Mapping[str, float], panels: Sequence[str], patience_s: float) -> list[Step]:
    """Background and balance of panels; `rates`: counts/s of an empty lane by detector, nothing where there was none."""
    if not rates:
        return [step("background", "fail", worded("none within {seconds:.0f} s: is the lane empty, is a panel dead?",
                                                  about="found", seconds=patience_s)),
                step("balance", "left out", mark("there is no background", about="found"))]
    gamma = {name: rates[name] for name in panels if name in rates}
    dead = [name for name, rate in gamma.items() if not rate]       # a tube may count nothing for a minute, a panel never
    nothing = worded("{panels} counts nothing.  edge-agent diagnose", about="found", panels=", ".join(dead))
    background = step("background", "fail" if dead else "pass",
                      nothing if dead else mark("of every detector in service, counts/s", about="found"), rates)
    middle = median(gamma.values()) if gamma else 0.0
    if len(gamma) < 2 or not middle:
        return [background, step("balance", "left out" if len(panels) > 1 else "not fitted",
                                 mark("fewer than two panels that count", about="found"))]
    shares = {name: round(rate / middle, 3) for name, rate in gamma.items()}
    bad = [name for name, share in shares.items() if not 1 / UNEQUAL <= share <= UNEQUAL]
    text = (worded("{panels}: more than {times:g} times from the middle panel.  edge-agent diagnose", about="found",
                   panels=", ".join(bad), times=UNEQUAL) if bad else
            worded("{least:.2f} to {most:.2f} of the middle panel", about="found", least=min(shares.values()),
                   most=max(shares.values())))
    return [background, step("balance", "fail" if bad else "pass", text, shares)]


def alarmed(alarms: Sequence[Mapping[str, Any]], vehicles: int) -> Step:
    """The walk-through: records of alarms a carried source gave, and how many passed."""
    ours = [alarm for alarm in alarms if alarm["rule"] != "vendor"]
    if ours:
        best = max(ours, key=lambda alarm: alarm["statistic"] or 0.0)
        kinds = BOTH if len({alarm["radiation"] for alarm in ours}) > 1 else ONE[best["radiation"]]
        numbers = {name: float(best[name]) for name in ("statistic", "threshold") if best[name] is not None}
        return step("walk-through", "pass", worded(kinds, about="found", alarm=best["id"], rule=best["rule"]), numbers)
    if alarms:
        return step("walk-through", "fail", worded(
            "only the portal's own electronics alarmed ({alarm}).  edge-agent replay", about="found", alarm=alarms[0]["id"]))
    if not vehicles:
        return step("walk-through", "fail", mark(
            "nothing broke the beam.  Is the beam clear?  edge-agent diagnose", about="found"))
    return step("walk-through", "fail", worded(
        "{n} passed and none alarmed.  Is the source strong enough?  edge-agent diagnose", about="found", n=vehicles))
