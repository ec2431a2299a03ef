"""A few strokes of SVG, enough for a chart that prints: text, lines, areas, an axis with round numbers.  Self-contained."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from edge_agent.words import language

INK, FAINT = "#1a1a1a", "#8a8a8a"
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight map of values [low, high] onto pixels [begin, end]."""

    low: float
    high: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low
        return self.begin + (value - self.low) / span * (self.end - self.begin) if span else self.begin

    def ticks(self, about: int) -> list[float]:
        """About so many round numbers within."""
        span = self.high - self.low
        if not span > 0:
            return [self.low]
        step = _round_step(span / about)
        first = math.ceil(self.low / step - 1e-9)
        return [number * step for number in range(first, math.floor(self.high / step + 1e-9) + 1)]


def document(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """A whole SVG file on white; `title` is read out and shown by browsers."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}" '
        f'font-family="DejaVu Sans, Verdana, Arial, sans-serif" fill="{INK}">\n<title>{escape(title)}</title>\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{chr(10).join(parts)}\n</svg>\n'
    )


def page(title: str, drawing: str) -> str:
    """The same as an HTML page that prints on one sheet."""
    inside = drawing.partition("\n")[2]
    return (
        f'<!DOCTYPE html>\n<html lang="{language.code()}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>body{{margin:0}}svg{{max-width:100%;height:auto}}</style></head><body>\n{inside}</body></html>\n"
    )


def text(x: float, y: float, words: str, size: float = 12, anchor: str = "start", more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"{more}>{escape(words)}</text>'


def line(a: Point, b: Point, colour: str = FAINT, width: float = 1, dash: str = "") -> str:
    pattern = f' stroke-dasharray="{dash}"' if dash else ""
    ends = f'x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width:g}"{pattern}/>'


def path(points: Sequence[Point], colour: str, width: float = 1.5, dash: str = "") -> str:
    pattern = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{_points(points)}" fill="none" stroke="{colour}" stroke-width="{width:g}"{pattern}/>'


def area(points: Sequence[Point], fill: str, opacity: float = 1.0) -> str:
    return f'<polygon points="{_points(points)}" fill="{fill}" fill-opacity="{opacity:g}" stroke="none"/>'


def box(x: float, y: float, width: float, height: float, fill: str = "none", colour: str = FAINT, more: str = "") -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" stroke="{colour}"{more}/>'


def dot(x: float, y: float, radius: float, fill: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{fill}"/>'


def hatch(name: str, colour: str) -> str:
    """A pattern to fill with, url(#name): seen without colour too."""
    return (
        f'<defs><pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<line x1="0" y1="0" x2="0" y2="6" stroke="{colour}" stroke-width="2.4"/></pattern></defs>'
    )


def number(value: float) -> str:
    """A tick's label."""
    return f"{value:.10g}" if abs(value) < 1e6 else f"{value:.3g}"


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, at least this."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(float(f"{factor * power:.6g}") for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
