"""`edge-agent exercise`: alarms from here on are marked as an exercise; still signed, still sent, still at the lamp."""

from __future__ import annotations

from edge_agent.commands import acting, options


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "exercise", "Begin or end an exercise: alarms between are marked with it, signed and sent like any other.",
        'edge-agent exercise begin --reason "drill with a Cs-137 source"\n  edge-agent exercise end',
    )
    phases = made.add_subparsers(dest="phase", metavar="PHASE", required=True)
    begin = options.parser(phases, "begin", "Alarms are marked from now on.",
                           'edge-agent exercise begin --lane 2 --minutes 30 --reason "drill, source in a car"')
    begin.add_argument("--reason", required=True, help="why, for the record")
    begin.add_argument("--minutes", type=options.at_least_one, help="it ends by itself then (default 60, at most a day)")
    end = options.parser(phases, "end", "Alarms are real again.", "edge-agent exercise end")
    for phase in (begin, end):
        phase.add_argument("--lane", help="of one lane (default: all of this controller)")
        acting.common(phase)
    begin.set_defaults(run=lambda chosen: acting.begin(chosen, "exercise", chosen.lane))
    end.set_defaults(run=lambda chosen: acting.end(chosen, "exercise", chosen.lane, {}))
