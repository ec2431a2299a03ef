"""What happened at a post, as a page to print: self-contained HTML, A4.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from edge_agent.tools import alarm_text

Body = Mapping[str, Any]
ROWS_MAX = 400          # of one table: a month of a busy post; what is beyond is counted
STYLE = """body{font:10pt/1.35 sans-serif;margin:1.5cm;color:#000}h1{font-size:15pt;margin:0}
h2{font-size:11pt;margin:1.2em 0 .3em}
table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;padding:.15em .4em;text-align:left;vertical-align:top}
th{background:#eee}.bad{font-weight:bold}@page{size:A4;margin:1.5cm}tr{page-break-inside:avoid}.sign td{height:2.2em}"""


def page(origin: str, period: str, status: Body, records: Sequence[Body], findings: Mapping[str, Sequence[str]]) -> str:
    """`records`: payloads with "kind", oldest first; `findings`: place -> lines of diagnose."""
    parts = [
        f"<h1>{escape(origin)}</h1><p>{escape(period)}. Made {escape(str(status['now']['wall']))}, agent "
        f"{escape(str(status['agent']))}, configuration {escape(str(status['cfg'])[:12])}, records {status['log']['size']}, "
        f"receipted {status['log']['receipted']}.</p>",
        *_section("Lanes now", ("lane", "state", "faults", "without", "vehicles since start"), _lanes(status)),
        *_text("Diagnosis now", findings),
        *_section("Alarms", ("time (UTC)", "lane", "what", "marked", "record"), _alarms(records)),
        *_section("Faults", ("condition", "lane", "times", "last begin (UTC)", "last words"), _faults(records)),
        *_section("Exercises, repair work, acts of people", ("time (UTC)", "lane", "who", "what"), _acts(records)),
        *_section("Handhelds, backpacks, mobile systems", ("time (UTC)", "instrument", "nuclides", "counts/s, dose"),
                  _found(records)),
        *_section("The agent itself", ("time (UTC)", "what"), _own(records)),
        '<h2>Read and agreed</h2><table class="sign"><tr><td>Name</td><td>Date</td><td>Signature</td></tr></table>',
    ]
    title = escape(f"{origin}, {period}")
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return f"{head}<body>{''.join(parts)}</body></html>\n"


def _section(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    held = list(rows)
    yield f"<h2>{escape(title)}</h2>"
    if not held:
        yield "<p>none</p>"
        return
    yield "<table><tr>" + "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr>"
    for row in held[-ROWS_MAX:]:
        yield "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
    yield "</table>"
    if len(held) > ROWS_MAX:
        yield f"<p>and {len(held) - ROWS_MAX} earlier ones: edge-agent alarms, edge-agent verify</p>"


def _text(title: str, findings: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield f"<h2>{escape(title)}</h2>"
    for lines in findings.values():
        yield f"<pre>{escape(chr(10).join(lines))}</pre>"


def _lanes(status: Body) -> Iterator[tuple[object, ...]]:
    for name, lane in status["lanes"].items():
        yield (name, f"{lane['state']}, {'armed' if lane['armed'] else 'NOT ARMED'}", ", ".join(lane["faults"]) or "none",
               ", ".join(lane["out_of_service"]) or "-", lane["counts"]["occupancies"])


def _time(body: Body) -> str:
    return str((body.get("at") or {}).get("wall") or body["t"]["wall"] or "?")[:19].replace("T", " ")


def _alarms(records: Sequence[Body]) -> Iterator[tuple[object, ...]]:
    for body in records:
        if body["kind"] == "alarm":
            marks = ", ".join(str(body[name]) for name in ("exercise", "maintenance") if body.get(name))
            yield _time(body), body["lane"], f"{body['radiation']} {body['rule']}: {alarm_text.numbers(body)}", marks, body["id"]


def _faults(records: Sequence[Body]) -> Iterator[tuple[object, ...]]:
    begun = [body for body in records if body["kind"] == "fault" and body["present"]]
    times = Counter((body["lane"], body["condition"]) for body in begun)
    last = {(body["lane"], body["condition"]): body for body in begun}
    for key, body in last.items():
        yield body["condition"], body["lane"] or "controller", times[key], _time(body), body["detail"]


def _acts(records: Sequence[Body]) -> Iterator[tuple[object, ...]]:
    for body in records:
        kind = body["kind"]
        if kind in ("exercise", "maintenance"):
            what = "; ".join([f"{kind} {body['phase']} ({body['id']}): {body.get('done') or body['reason']}",
                              *map(_swapped, body.get("parts", []))])
        elif kind == "operator":
            what = f"{body['action']}: {_operator(body)}"
        elif kind == "commissioning":
            steps = "; ".join(f"{step.get('step')} {step.get('verdict')}" for step in body["steps"])
            what = f"commissioning {'passed' if body['passed'] else 'NOT passed'}: {steps}"
        elif kind == "tamper":
            yield _time(body), body["lane"], "", f"cabinet {'OPENED' if body['open'] else 'closed'}"
            continue
        else:
            continue
        yield _time(body), body.get("lane") or "all", body["by"]["name"], what


def _swapped(part: Body) -> str:
    return f"{part['part']} {part['detector'] or ''}: {part['old_serial'] or '?'} out, {part['new_serial'] or '?'} in"


def _operator(body: Body) -> str:
    if body["action"] == "source-check":
        check = body["check"]
        panels = ", ".join(f"{name} {'good' if one['passed'] else 'FAIL'}" for name, one in check["detectors"].items())
        return f"{check['nuclide']} {check['source'] or ''}: {panels}"
    return ", ".join(filter(None, (", ".join(body.get("detectors") or []), body.get("alarm"), body.get("text"))))


def _found(records: Sequence[Body]) -> Iterator[tuple[object, ...]]:
    for body in records:
        if body["kind"] == "instrument":
            about = body["instrument"]
            rate = ", ".join(f"{value:g} {unit}" for value, unit in (
                (body["gamma_cps"], "gamma/s"), (body["neutron_cps"], "neutron/s"), (body["dose_rate_usv_per_h"], "uSv/h"))
                if value is not None)
            yield (_time(body), f"{about['maker']} {about['model']} {about['serial'] or ''}",
                   ", ".join(one["name"] for one in body["nuclides"]) or "none", rate)


def _own(records: Sequence[Body]) -> Iterator[tuple[object, ...]]:
    words = {"boot": "started", "config": "what is in force has changed", "clock": "the wall clock stepped",
             "recovery": "a new log began"}
    for body in records:
        if body["kind"] in words:
            step = f" by {body['step_ms'] / 1000:.1f} s" if body["kind"] == "clock" else ""
            yield _time(body), words[body["kind"]] + step
