"""What was tried at a lane before work begins, as a page to print and sign: self-contained HTML, A4.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from edge_agent.tools.report_page import STYLE

SIGNED = "<h2>Read and agreed</h2><table class=\"sign\"><tr><td>Name</td><td>Date</td><td>Signature</td></tr></table>"


def page(origin: str, lane: str, by: str, cfg: str, steps: Sequence[Mapping[str, Any]], passed: bool, when: str) -> str:
    title = escape(f"Commissioning of lane {lane}, {origin}")
    missing = ", ".join(step["step"] for step in steps if step["verdict"] == "left out")
    failed = ", ".join(step["step"] for step in steps if step["verdict"] == "fail")
    verdict = "Passed." if passed else "NOT passed." if failed else "NOT complete."
    why = "".join(f" {word}: {names}." for word, names in (("Failed", failed), ("Left out", missing)) if names)
    rows = "".join(
        f"<tr><td>{escape(step['step'])}</td><td>{escape(step['verdict'])}</td><td>{escape(step['text'])}</td>"
        f"<td>{escape(', '.join(f'{name} {value:g}' for name, value in step['numbers'].items()))}</td></tr>" for step in steps)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style><body>'
        f"<h1>{title}</h1><p>{escape(when)}, by {escape(by)}, configuration {escape(cfg[:12])}.  The signed record is in the log "
        f'(kind commissioning).</p><p class="{"" if passed else "bad"}">{escape(verdict + why)}</p>'
        f"<table><tr><th>step</th><th>verdict</th><th>found</th><th>numbers</th></tr>{rows}</table>{SIGNED}</body></html>\n")
