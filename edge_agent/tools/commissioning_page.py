"""What was tried at a lane before work begins, as a page to print and sign: self-contained HTML, A4.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from edge_agent.tools import commissioning
from edge_agent.tools.commissioning import Step
from edge_agent.tools.report_page import STYLE
from edge_agent.words import language
from edge_agent.words.language import mark, tr

WORDS = {"pass": mark("pass", about="verdict"), "look": mark("look", about="verdict"), "fail": mark("fail", about="verdict"),
         "left out": mark("left out", about="verdict"), "not fitted": mark("not fitted", about="verdict")}


def page(origin: str, lane: str, by: str, cfg: str, steps: Sequence[Step], passed: bool, when: str) -> str:
    """What was kept from another time, and errors, are as the record has them, in English."""
    title = escape(tr("Commissioning of lane {lane}, {origin}", lane=lane, origin=origin))
    about = escape(tr("{when}, by {name}, configuration {cfg}.  The signed record is in the log (kind commissioning).", when=when,
                      name=by, cfg=cfg[:12]))
    heads = "".join(f"<th>{escape(head)}</th>" for head in (tr("step"), tr("verdict"), tr("found"), tr("numbers")))
    signed = "".join(f"<td>{escape(word)}</td>" for word in (tr("Name"), tr("Date"), tr("Signature")))
    return (
        f'<!doctype html><html lang="{language.code()}"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style><body>'
        f'<h1>{title}</h1><p>{about}</p><p class="{"" if passed else "bad"}">{escape(_verdict(steps, passed))}</p>'
        f"<table><tr>{heads}</tr>{''.join(map(_row, steps))}</table>"
        f'<h2>{escape(tr("Read and agreed"))}</h2><table class="sign"><tr>{signed}</tr></table></body></html>\n')


def _verdict(steps: Sequence[Step], passed: bool) -> str:
    missing, failed = (commissioning.named([step for step in steps if step["verdict"] == verdict])
                       for verdict in ("left out", "fail"))
    first = tr("Passed.") if passed else tr("NOT passed.") if failed else tr("NOT complete.")
    why = [tr("Failed: {steps}.", steps=failed)] if failed else []
    why += [tr("Left out: {steps}.", steps=missing)] if missing else []
    why += [tr("All that was tried passed.")] if missing and not failed else []
    return " ".join([first, *why])


def _row(step: Step) -> str:
    numbers = ", ".join(f"{name} {value:g}" for name, value in step["numbers"].items())
    cells = (tr(step["step"], about="step"), tr(WORDS[step["verdict"]], about="verdict"), commissioning.said(step), numbers)
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
