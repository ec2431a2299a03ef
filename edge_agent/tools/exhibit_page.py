"""The page of an exhibit, for a judge: what happened, when, what is proven and what not, how to check it.  Values in, HTML out.

Text of records reaches the page in two ways only: as a claim, `<b data-says="SEQ/POINTER">text</b>`, which every verifier
compares with the record; and in the explanation and the picture, escaped and shortened.  The policy in the head lets no script
run but ours, by its hash, and nothing be fetched, so a mistake in escaping would still give a record no say in the verdict.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from edge_agent.tools import alarm_text, exhibit_words
from edge_agent.tools.exhibit import ALARM, BOOT, CONFIG, HEARTBEAT, OCCUPANCY, Exhibit, block
from edge_agent.tools.jws import take_apart
from edge_agent.words import language

# what is invisible or turns a line around is written out, as the verifiers do
INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
                       "\U000e0000-\U000e0fff]")
LONGEST = 120           # characters of a record's text in prose and picture; the record itself is shown whole


@dataclass(frozen=True, slots=True)
class Programs:
    """What the page carries to check and show itself."""

    script: str
    style: str


def shown(text: str) -> str:
    return INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def tame(value: Any) -> Any:
    """A record's body whose text may stand in prose and picture."""
    if isinstance(value, str):
        text = shown(value)
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    if isinstance(value, Mapping):
        return {tame(name): tame(each) for name, each in value.items()}
    return [tame(each) for each in value] if isinstance(value, (list, tuple)) else value


def utc(time_s: int) -> str:
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S}"


@language.english()         # evidence, for a court of any country
def page(exhibit: Exhibit, drawing: str, programs: Programs) -> str:
    """The whole file.  `drawing`: SVG of the picture, "" where there is none."""
    alarm = exhibit.row(ALARM)
    assert alarm is not None
    body = take_apart(alarm.line).payload
    title = f"Exhibit: alarm of a radiation portal, record {alarm.seq} of {shown(exhibit.log_key.name)}"
    inside = [
        f"<h1>{escape(title)}</h1>",
        '<output id="verdict" data-state="unchecked"><strong>Not checked yet.</strong> This page checks itself where scripts '
        "may run. Where they may not, see “How to check”.</output>",
        *_drill(alarm.seq, body), *_what(exhibit, alarm.seq, body), *_when(exhibit, alarm.seq, body), *_numbers(alarm.seq, body),
        *_picture(drawing), *_vehicle(exhibit), *exhibit_words.proven(bool(exhibit.receipts), exhibit.earlier is not None),
        *_how(exhibit), *_records(exhibit),
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; script-src {_hash(programs.script)}; '
        f"style-src {_hash(programs.style)}; base-uri 'none'; form-action 'none'\">\n"
        f"<title>{escape(title)}</title>\n<style>{programs.style}</style></head>\n<body>\n{chr(10).join(inside)}\n"
        f'<script type="application/json" id="exhibit">{block(exhibit.plain())}</script>\n'
        f"<script>{programs.script}</script>\n</body></html>\n"
    )


# --- words that are held to the record

def says(of: str, text: str, tag: str = "b") -> str:
    return f'<{tag} data-says="{escape(of)}">{escape(text)}</{tag}>'


def member(seq: int, body: Mapping[str, Any], *path: str) -> str | None:
    """A member of a record as a claim; None where it is not there, null, or not a single value."""
    value: Any = body
    for name in path:
        if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, Mapping) and name in value:
            value = value[name]
        else:
            return None
    nameable = all(shown(name) == name for name in path)         # else it could not stand in a pointer
    if value is None or isinstance(value, (dict, list)) or not nameable:
        return None
    pointer = "/".join([str(seq), *(name.replace("~", "~0").replace("/", "~1") for name in path)])
    return says(pointer, shown(value) if isinstance(value, str) else json.dumps(value))


def _rows(rows: Iterable[tuple[str, str | None]]) -> list[str]:
    return ["<table>", *(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows if value), "</table>"]


def _beside(claim: str | None, words: str) -> str | None:
    return f"{claim} {words}" if claim else None


def _prose(body: Mapping[str, Any], *tell: Any) -> Iterator[str]:
    """Sentences of the explanation; another writer's records may lack what they need."""
    for each in tell:
        try:
            text = each(body)
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
            continue
        if text:
            yield f"<p>{escape(text)}</p>"


# --- the parts of the page

def _drill(seq: int, body: Mapping[str, Any]) -> Iterator[str]:
    for name in ("exercise", "maintenance"):
        if body.get(name) is not None:
            yield (f'<p class="drill">This alarm was given during {name} {member(seq, body, name) or ""}: somebody had announced '
                   "it before, in a record of its own. It is not the find of a real source.</p>")


def _what(exhibit: Exhibit, seq: int, body: Mapping[str, Any]) -> list[str]:
    kept = tame(body)
    rule = alarm_text.RULES.get(alarm_text.rule(kept), "") if isinstance(kept.get("rule"), str) else ""
    return [
        "<h2>What happened</h2>",
        "<p>A portal measures the radiation of what passes through it. Its controller decided that a reading was too high and "
        "wrote the record below. Words in dotted frames stand in a signed record exactly so; everything else explains them.</p>",
        *_rows([
            ("portal (name of its log)", says("log", shown(exhibit.log_key.name))),
            ("place in the log", f"record {seq}, counted from 0"),
            ("name of the alarm", member(seq, body, "id")), ("lane", member(seq, body, "lane")),
            ("kind of radiation", member(seq, body, "radiation")),
            ("rule that decided", _beside(member(seq, body, "rule"), escape(f"({rule})" if rule else ""))),
            ("where on the vehicle", _beside(member(seq, body, "place", "behind_m"), "m behind the front bumper")),
            ("side, as driven", member(seq, body, "side") if body.get("side") else None),
            ("confidence", member(seq, body, "confidence") if body.get("confidence") else None),
            ("program", _beside(member(seq, body, "agent"), "version; settings " + (member(seq, body, "cfg") or "not named"))),
        ]),
        *_prose(kept, alarm_text.where, alarm_text.sure, alarm_text.also),
    ]


def _when(exhibit: Exhibit, seq: int, body: Mapping[str, Any]) -> list[str]:
    heartbeat, receipts = exhibit.row(HEARTBEAT), exhibit.receipts
    lines = ["<h2>When</h2>", *_rows([
        ("by the portal's clock", member(seq, body, "at", "wall")),
        ("signed, by the portal's clock", member(seq, body, "t", "wall")),
        ("that clock was set by", _beside(member(seq, body, "t", "src"), "and is trusted to "
                                          + (member(seq, body, "t", "unc_ms") or "an unknown number of") + " ms")),
    ])]
    if receipts:
        centre = says("centre-0", shown(receipts[0].centre))
        before = (f"before {says('before', utc(receipts[0].time_s))} UTC: at that time the centre {centre} signed that it held "
                  "this record")
        after = "When at the earliest is not known from this file: no receipt that the portal had named before is in it"
        if exhibit.earlier and heartbeat:
            after = (f"after {says('after', utc(exhibit.earlier[1].time_s))} UTC: at that time the centre signed a receipt which "
                     f"record {heartbeat.seq}, written before the alarm, already names")
        lines.append("<p>By the centre's own clock, whatever the portal's clock said, the alarm was signed</p>"
                     f"<ul><li>{after};</li><li>{before}.</li></ul>")
    else:
        lines.append('<p class="drill">No centre has countersigned this record yet. Only the portal vouches for it and for its '
                     "time. Export it again when the centre has given its receipt.</p>")
    return lines


def _numbers(seq: int, body: Mapping[str, Any]) -> list[str]:
    detectors = body.get("detectors")
    names = [name for name in detectors if isinstance(detectors[name], dict)] if isinstance(detectors, dict) else []
    return [
        "<h2>What the numbers mean</h2>",
        *_rows(_dose(seq, body) if isinstance(body.get("dose_rate"), dict) else [
            ("counts", _beside(member(seq, body, "counts"),
                               f"in {member(seq, body, 'window_s') or '?'} s: flashes the detectors saw")),
            ("expected", _beside(member(seq, body, "expected"),
                                 f"without a source, known to ± {member(seq, body, 'expected_sd') or '?'}: natural radiation is "
                                 "always there, and this is how much of it was due")),
            ("statistic", _beside(member(seq, body, "statistic"), "standard deviations above what chance gives")),
            ("threshold", _beside(member(seq, body, "threshold"), "from which it is an alarm")),
            ("false alarms a day", _beside(member(seq, body, "false_alarms_per_day"),
                                           "of clean traffic that would be at least as high as this")),
            ("speed", _beside(member(seq, body, "speed_mps"), "m/s")),
            *((f"detector {escape(shown(name))}", _beside(
                member(seq, body, "detectors", name, "counts"), "counts in the last interval, background "
                + (member(seq, body, "detectors", name, "bkg") or "unknown") + " counts/s")) for name in names),
            *(("note", member(seq, body, "notes", str(number))) for number in range(_length(body.get("notes")))),
        ]),
        *_prose(tame(body), alarm_text.numbers),
    ]


def _dose(seq: int, body: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """Of an instrument that gives a dose rate and no counts; its unit is its own."""
    unit = member(seq, body, "dose_rate", "unit")
    return [
        ("dose rate", _beside(member(seq, body, "dose_rate", "value"), f"in {unit}, as the instrument gave it")),
        ("limit", _beside(member(seq, body, "dose_rate", "limit"),
                          "above which it is an alarm; none: the instrument alarmed by itself")),
        *(("note", member(seq, body, "notes", str(number))) for number in range(_length(body.get("notes")))),
    ]


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0


def _picture(drawing: str) -> list[str]:
    if not drawing:
        return []
    return ["<h2>Picture</h2>", drawing.partition("\n")[2],
            '<p class="quiet">Drawn from the records below by the program that made this file; a drawing is not signed.</p>']


def _vehicle(exhibit: Exhibit) -> list[str]:
    row, body = exhibit.row(OCCUPANCY), exhibit.body(OCCUPANCY)
    if row is None or body is None:
        return ["<h2>The vehicle or person</h2>", "<p>No record of the whole passage is in this file: the lane was vacant, the "
                "passage was not over, or its record was not yet under the receipt.</p>"]
    return ["<h2>The vehicle or person</h2>", *_rows([
        ("passage", member(row.seq, body, "id")), ("began", member(row.seq, body, "begin", "wall")),
        ("ended", member(row.seq, body, "end", "wall")), ("speed", _beside(member(row.seq, body, "speed_mps"), "m/s")),
        ("the portal maker's own electronics", _beside(
            member(row.seq, body, "vendor", "gamma"),
            "gamma alarm; neutron alarm " + (member(row.seq, body, "vendor", "neutron") or "?"))),
    ])]


def _how(exhibit: Exhibit) -> list[str]:
    keys: list[tuple[str, str | None]] = [(
        f"portal’s log key {escape(shown(exhibit.log_key.name))}, SHA-256",
        says("log-key", hashlib.sha256(exhibit.log_key.key).hexdigest(), "code"),
    )]
    for number, key in enumerate(exhibit.centres):
        text = says(f"centre-key-{number}", hashlib.sha256(key.key).hexdigest(), "code")
        keys.append((f"centre’s key {escape(shown(key.name))}, SHA-256", text))
    return [*exhibit_words.how(), *_rows(keys)]


def _records(exhibit: Exhibit) -> list[str]:
    parts: Sequence[str] = (ALARM, OCCUPANCY, HEARTBEAT, CONFIG, BOOT)
    found = [row for part in parts if (row := exhibit.row(part)) is not None]
    return [
        "<h2>The records as they were signed</h2>",
        *(f"<details><summary>record {row.seq}, {row.part}: {exhibit_words.PARTS[row.part]}</summary>"
          f"{says(str(row.seq), shown(_text(row.line)), 'pre')}</details>" for row in found),
    ]


def _text(line: bytes) -> str:
    from edge_agent.tools.base64url import decode

    return decode(line.split(b".")[1].decode()).decode()


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
