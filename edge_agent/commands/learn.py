"""`edge-agent learn`: a lane's shadow model from its own clean passages; shows before and after, asks, writes a file."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from edge_agent.commands import options
from edge_agent.tools import alarm_text, answer_checks, source_place
from edge_agent.words.errors import EdgeAgentError, SettingsError
from edge_agent.words.language import mark, tr, worded

BUDGET = 1e-4           # false alarms per passage where the site states none
BUDGET_MOST = 0.1       # as judgement/learning_tail.py
LENGTHS = (mark("below 6 m"), mark("6 to 9 m"), mark("above 9 m"))
LEFT = (        # why a passage is not learned from
    mark("alarmed", about="left out"), mark("not seen whole", about="left out"), mark("no speed", about="left out"),
    mark("no background", about="left out"), mark("damaged", about="left out"), mark("of another lane", about="left out"),
    mark("another panel map", about="left out"), mark("a panel without background", about="left out"),
    mark("a panel far from its background", about="left out"), mark("damaged: counts", about="left out"),
    mark("damaged: speed", about="left out"), mark("damaged: background", about="left out"),
    mark("damaged: times", about="left out"), mark("damaged: counting time", about="left out"),
    mark("too little background", about="left out"), mark("too long", about="left out"),
    mark("too few counts", about="left out"), mark("no panel in place", about="left out"),
    mark("two bodies or a stop", about="left out"), mark("refused by the kernel", about="left out"),
    mark("no design", about="left out"),
)


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "learn", "Learn a lane's shadow model from its own clean passages.", "edge-agent learn 2 --out lane-2.model.json"
    )
    made.add_argument("lane", help="name of the lane")
    made.add_argument("--out", type=Path, required=True, metavar="FILE", help="model file to write, beside the configuration")
    made.add_argument("--budget", type=float, default=BUDGET, help=f"false alarms per passage (default {BUDGET:g})")
    made.add_argument("--history", type=Path, metavar="FILE", help="history.db elsewhere than in the state directory")
    made.add_argument("--less-sensitive", action="store_true",
                      help="take thresholds that see less than those in force, where these passages ask for them")
    made.add_argument("--yes", action="store_true", help="write without asking")
    options.config(made)
    options.as_json(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.doors.files import write_whole
    from edge_agent.house import lessons
    from edge_agent.house.configuration import load
    from edge_agent.judgement.learning import LearningRefused

    configuration = load(chosen.config)
    lane = next((lane for lane in configuration.settings.lane if lane.name == chosen.lane), None)
    if lane is None:
        names = ", ".join(lane.name for lane in configuration.settings.lane)
        raise SettingsError(worded("no lane is called {lane!r}; there are: {lanes}", lane=chosen.lane, lanes=names))
    if not 0.0 < chosen.budget <= BUDGET_MOST:
        raise SettingsError(worded(
            "--budget {budget:g}: expected above 0 and at most {budget_most:g} false alarms per passage.\n"
            "  Leave it out for {usual:g}, one in {passages:.0f} passages.",
            budget=chosen.budget, budget_most=BUDGET_MOST, usual=BUDGET, passages=1 / BUDGET))
    if chosen.out.exists():
        raise SettingsError(worded(
            "{out} exists, and may be the model in force: it is never written over.\n"
            "  Give another name, for example with the date in it.",
            out=chosen.out))
    history = chosen.history or Path(configuration.settings.portal.state) / "history.db"
    try:
        proposal = lessons.propose(configuration, lane, history, chosen.budget, less_sensitive=chosen.less_sensitive)
    except LearningRefused as problem:
        raise EdgeAgentError(worded(
            "lane {name} cannot be learned yet: {problem}.\n  Nothing was written; the rules in force go on.",
            name=lane.name, problem=problem)) from None
    print(json.dumps(_plain(proposal), indent=1) if chosen.json else "\n".join(_page(proposal)))
    if not chosen.yes and not _agreed():
        _say(chosen, tr("nothing written"))
        return 1
    write_whole(chosen.out, json.dumps(proposal.plain).encode())
    _say(chosen, tr("{file}: written, sha256 {digest}...", file=chosen.out, digest=proposal.plain["sha256"][:16]))
    _say(chosen, tr('To use it:  model = "{file}" in [[lane]] {lane}, edge-agent config check, then restart the core.',
             file=chosen.out.name, lane=lane.name))
    _say(chosen, tr("The change is written to the record and seen at the centre."))
    return 0


def _agreed() -> bool:
    """Nobody to ask (no terminal, its end) is a no.  The question is for a person: never in what --json prints."""
    print(tr("Write this model? yes/no: "), end="", file=sys.stderr, flush=True)
    try:
        return answer_checks.in_english(input().strip()) == "yes"
    except EOFError:
        return False


def _say(chosen: argparse.Namespace, text: str) -> None:
    print(text, file=sys.stderr if chosen.json else sys.stdout)


def _plain(proposal: Any) -> dict[str, Any]:
    return {
        "learned_from": dict(zip(LENGTHS, proposal.learned_from, strict=True)),
        "left_out": dict(proposal.left_out), "sha256": proposal.plain["sha256"],
        "thresholds": {
            rule: {"threshold": found.threshold, "measured": found.measured, "floor": found.floor,
                   "false_alarms_at_present": found.rate_at_present, "less_sensitive": found.less_sensitive,
                   "asked": proposal.asked[rule].threshold}
            for rule, found in proposal.calibrations.items()
        },
        "doubts": [doubt.plain() for doubt in proposal.doubts],
        "suspects": [{"id": found.id, "at": found.at, "statistic": found.statistic, "behind_m": found.behind_m,
                      "across_m": found.across_m} for found in proposal.suspects],
    }


def _now(rule: str, found: dict[str, Any]) -> str:
    rate = found["false_alarms_at_present"]
    return tr("not armed now") if rule == "glrt" and not rate else tr("now {rate:.1e} false alarms per passage", rate=rate)


def _page(proposal: Any) -> list[str]:
    plain = _plain(proposal)
    lines = [tr("clean passages: {counts}", counts=", ".join(f"{tr(name)} {n}" for name, n in plain["learned_from"].items()))]
    left = ", ".join(f"{tr(why, about='left out')} {count}" for why, count in plain["left_out"].items())
    lines.append(tr("left out: {counts}", counts=left or tr("none", about="passages")))
    for rule, found in plain["thresholds"].items():
        kept = found["asked"] > found["threshold"]
        note = tr("   LESS SENSITIVE than now") if found["less_sensitive"] else tr(
            "   HELD: {asked:.2f} was asked for and would see less", asked=found["asked"]) if kept else ""
        lines.append(tr(
            "{rule:6} threshold {threshold:.2f} sigma (this site {measured:.2f}, floor {floor:.2f}); {now}{note}", rule=rule,
            threshold=found["threshold"], measured=found["measured"], floor=found["floor"], now=_now(rule, found), note=note,
        ))
    return lines + (_doubted(proposal) if proposal.doubts else [])


def _doubted(proposal: Any) -> list[str]:
    lines = [tr("WARNING: these passages may not be clean. A weak source that comes again and again looks so, and vehicles the "
                "model does not know:")]
    for doubt in proposal.doubts:
        values = {name: tr(value) if isinstance(value, str) else value for name, value in doubt.values.items()}
        lines.append("   " + tr(doubt.text, **values))
    lines.append(tr("Look at these passages first (whose, which cargo, who searched them):"))
    lines += [tr("   {at}  occupancy {id}: {sigma:.2f} sigma, {place}", at=found.at, id=found.id, sigma=found.statistic,
                 place=alarm_text.place(source_place.placed({"behind_m": found.behind_m, "across_m": found.across_m})))
              for found in proposal.suspects]
    return [*lines, tr("Thresholds are held where these passages ask for ones that see less; if nothing is found, "
                       "--less-sensitive takes what they ask for.")]
