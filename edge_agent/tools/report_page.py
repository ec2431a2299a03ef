"""What happened at a post, as a page to print: self-contained HTML, A4.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from edge_agent.tools import alarm_text, commissioning
from edge_agent.tools.fault_names import with_name
from edge_agent.tools.times import local
from edge_agent.words import language
from edge_agent.words.language import mark, tr, trn

Body = Mapping[str, Any]
ROWS_MAX = 400          # of one table: a month of a busy post; what is beyond is counted
STYLE = """body{font:10pt/1.35 sans-serif;margin:1.5cm;color:#000}h1{font-size:15pt;margin:0}
h2{font-size:11pt;margin:1.2em 0 .3em}
table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;padding:.15em .4em;text-align:left;vertical-align:top}
th{background:#eee}.bad{font-weight:bold}@page{size:A4;margin:1.5cm}tr{page-break-inside:avoid}.sign td{height:2.2em}"""
ACTS = {
    ("exercise", "begin"): mark("exercise begun ({id}): {text}"), ("exercise", "end"): mark("exercise ended ({id}): {text}"),
    ("maintenance", "begin"): mark("maintenance begun ({id}): {text}"),
    ("maintenance", "end"): mark("maintenance ended ({id}): {text}"),
}
OPERATOR = {
    "panel-out": mark("panel taken out: {text}"), "panel-in": mark("panel in the sums again: {text}"),
    "source-check": mark("source check: {text}"), "acknowledge": mark("acknowledged: {text}"),
    "note": mark("note: {text}"), "upkeep": mark("upkeep done: {text}"),
}
STEPS = (
    mark("background", about="step"), mark("balance", about="step"), mark("source-check", about="step"),
    mark("walk-through", about="step"), mark("tamper", about="step"), mark("mains", about="step"),
    mark("annunciator", about="step"),
    mark("alarm-receipt", about="step"), mark("speed", about="step"), mark("other", about="step"),
)
VERDICTS = (
    mark("pass", about="verdict"), mark("look", about="verdict"), mark("fail", about="verdict"),
    mark("left out", about="verdict"), mark("not fitted", about="verdict"),
)
OWN = {
    "boot": mark("started"), "config": mark("what is in force has changed"),
    "clock": mark("the wall clock stepped by {seconds:.1f} s"), "recovery": mark("a new log began"),
}


def page(origin: str, period: str, status: Body, records: Sequence[Body], findings: Mapping[str, Sequence[str]],
         due: Sequence[str] = ()) -> str:
    """`records`: payloads with "kind", oldest first; `findings`: place -> lines of diagnose; `due`: lines of upkeep."""
    parts = [
        f"<h1>{escape(origin)}</h1><p>{escape(_about(period, status))}</p>",
        *_section(tr("Lanes now"), (tr("lane"), tr("state"), tr("faults"), tr("without"), tr("vehicles since start")),
                  _lanes(status)),
        *_text(tr("Diagnosis now"), findings),
        *_text(tr("Upkeep that is due"), {"": due or [tr("none", about="rows")]}),
        *_section(tr("Alarms"), (tr("time (UTC)"), tr("lane"), tr("what"), tr("marked"), tr("record")), _alarms(records)),
        *_section(tr("Faults"), (tr("condition"), tr("lane"), tr("times"), tr("last begin (UTC)"), tr("last words")),
                  _faults(records)),
        *_section(tr("Exercises, repair work, acts of people"), (tr("time (UTC)"), tr("lane"), tr("who"), tr("what")),
                  _acts(records)),
        *_section(tr("Handhelds, backpacks, mobile systems"),
                  (tr("time (UTC)"), tr("instrument"), tr("nuclides"), tr("counts/s, dose")), _found(records)),
        *_section(tr("The agent itself"), (tr("time (UTC)"), tr("what")), _own(records)),
        f"<h2>{escape(tr('Read and agreed'))}</h2>", '<table class="sign"><tr>',
        *(f"<td>{escape(word)}</td>" for word in (tr("Name"), tr("Date"), tr("Signature"))), "</tr></table>",
    ]
    title = escape(f"{origin}, {period}")
    head = f'<!doctype html><html lang="{language.code()}"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return f"{head}<body>{''.join(parts)}</body></html>\n"


def _about(period: str, status: Body) -> str:
    return tr("{period}. Made {wall}, agent {agent}, configuration {cfg}, records {size}, receipted {receipted}.",
              period=period, wall=local(status["now"]["wall"]), agent=status["agent"], cfg=str(status["cfg"])[:12],
              size=status["log"]["size"], receipted=status["log"]["receipted"])


def _section(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    held = list(rows)
    yield f"<h2>{escape(title)}</h2>"
    if not held:
        yield f"<p>{escape(tr('none', about='rows'))}</p>"
        return
    yield "<table><tr>" + "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr>"
    for row in held[-ROWS_MAX:]:
        yield "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
    yield "</table>"
    if len(held) > ROWS_MAX:
        rest = trn("and {n} earlier one: edge-agent alarms, edge-agent verify",
                   "and {n} earlier ones: edge-agent alarms, edge-agent verify", len(held) - ROWS_MAX)
        yield f"<p>{escape(rest)}</p>"


def _text(title: str, findings: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield f"<h2>{escape(title)}</h2>"
    for lines in findings.values():
        yield f"<pre>{escape(chr(10).join(lines))}</pre>"


def _lanes(status: Body) -> Iterator[tuple[object, ...]]:
    for name, lane in status["lanes"].items():
        armed = tr("armed") if lane["armed"] else tr("NOT ARMED")
        faults = ", ".join(map(with_name, lane["faults"])) or tr("none", about="faults")
        yield (name, f"{tr(lane['state'], about='lane')}, {armed}", faults, ", ".join(lane["out_of_service"]) or "-",
               lane["counts"]["occupancies"])


def _time(body: Body) -> str:
    return local((body.get("at") or {}).get("wall") or body["t"]["wall"])


def _alarms(records: Sequence[Body]) -> Iterator[tuple[object, ...]]:
    for body in records:
        if body["kind"] == "alarm":
            marks = ", ".join(str(body[name]) for name in ("exercise", "maintenance") if body.get(name))
            what = f"{alarm_text.radiation(body)} {body['rule']}: {alarm_text.numbers(body)}"
            yield _time(body), body["lane"], what, marks, body["id"]


def _faults(records: Sequence[Body]) -> Iterator[tuple[object, ...]]:
    begun = [body for body in records if body["kind"] == "fault" and body["present"]]
    times = Counter((body["lane"], body["condition"]) for body in begun)
    last = {(body["lane"], body["condition"]): body for body in begun}
    for key, body in last.items():
        yield with_name(body["condition"]), body["lane"] or tr("controller"), times[key], _time(body), body["detail"]


def _acts(records: Sequence[Body]) -> Iterator[tuple[object, ...]]:
    for body in records:
        kind = body["kind"]
        if kind in ("exercise", "maintenance"):
            said = tr(ACTS[kind, body["phase"]], id=body["id"], text=body.get("done") or body["reason"])
            what = "; ".join([said, *map(_swapped, body.get("parts", []))])
        elif kind == "operator":
            what = tr(OPERATOR.get(body["action"], "{text}"), text=_operator(body))
        elif kind == "commissioning":
            steps = "; ".join(map(_step, body["steps"]))
            what = tr("commissioning passed: {steps}", steps=steps) if body["passed"] else tr(
                "commissioning NOT passed: {steps}", steps=steps)
        elif kind == "tamper":
            yield _time(body), body["lane"], "", tr("cabinet OPENED") if body["open"] else tr("cabinet closed")
            continue
        else:
            continue
        yield _time(body), body.get("lane") or tr("all", about="lanes"), body["by"]["name"], what


def _step(step: Body) -> str:
    return f"{commissioning.named([step])} {tr(str(step.get('verdict')), about='verdict')}"


def _swapped(part: Body) -> str:
    return tr("{part} {detector}: {old} out, {new} in", part=part["part"], detector=part["detector"] or "",
              old=part["old_serial"] or "?", new=part["new_serial"] or "?")


def _operator(body: Body) -> str:
    if body["action"] == "source-check":
        check = body["check"]
        panels = ", ".join(
            tr("{panel} good", panel=name) if one["passed"] else tr("{panel} FAIL", panel=name)
            for name, one in check["detectors"].items())
        return f"{check['nuclide']} {check['source'] or ''}: {panels}"
    detectors = ", ".join(body.get("detectors") or [])
    return ", ".join(filter(None, (detectors, body.get("alarm"), body.get("task"), body.get("text"))))


def _found(records: Sequence[Body]) -> Iterator[tuple[object, ...]]:
    for body in records:
        if body["kind"] == "instrument":
            about = body["instrument"]
            rate = ", ".join(f"{value:g} {unit}" for value, unit in (
                (body["gamma_cps"], tr("gamma/s")), (body["neutron_cps"], tr("neutron/s")),
                (body["dose_rate_usv_per_h"], "uSv/h")) if value is not None)
            yield (_time(body), f"{about['maker']} {about['model']} {about['serial'] or ''}",
                   ", ".join(one["name"] for one in body["nuclides"]) or tr("none", about="nuclides"), rate)


def _own(records: Sequence[Body]) -> Iterator[tuple[object, ...]]:
    for body in records:
        if body["kind"] in OWN:
            yield _time(body), tr(OWN[body["kind"]], seconds=body.get("step_ms", 0) / 1000)
