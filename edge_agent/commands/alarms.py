"""`edge-agent alarms`: the last alarms in words and numbers; `alarms show ID` all about one; `alarms export ID` as evidence."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from edge_agent.commands import options
from edge_agent.words import language
from edge_agent.words.errors import EvidenceError, NotRunning, SettingsError
from edge_agent.words.language import mark, tr, worded

PICTURES = (".svg", ".html")


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "alarms", "The last alarms in words and numbers; one alarm and its picture; one alarm as evidence for a court.",
        "edge-agent alarms --last 5\n  edge-agent alarms show QX-0042/3/17 --plot alarm.svg\n"
        "  sudo -u edge-agent edge-agent alarms export QX-0042/3/17 --exhibit /tmp/alarm.html\n"
        "  edge-agent alarms export 3/17 --exhibit alarm.html --ledger log.ndjson --receipt receipt.txt "
        "--log-key portal.vkey --centre-key centre.vkey",
    )
    made.add_argument("what", nargs="?", choices=("list", "show", "export"), default="list",
                      help="list (default), show one, or export one as evidence")
    made.add_argument("id", nargs="?", help="name of the alarm, or its end: 3/17")
    options.config(made)
    options.as_json(made)
    made.add_argument("--last", type=options.at_least_one, default=20, metavar="N", help="how many to list (default 20)")
    made.add_argument("--plot", type=Path, metavar="FILE", help="draw counts, background, shadow, source; FILE.svg or FILE.html")
    made.add_argument("--ledger", type=Path, metavar="FILE", help="a STATE/logs/N/ledger.db or a copied log, not the core")
    made.add_argument("--model", type=Path, metavar="FILE", help="shadow model to draw with (default: the lane's own)")
    exhibit = made.add_argument_group("export")
    exhibit.add_argument("--n42", type=Path, metavar="FILE.n42", help="an ANSI N42.42 document, for InterSpec, Cambio, OSCAR")
    exhibit.add_argument("--csv", type=Path, metavar="FILE.csv", help="counts of the vehicle as a table that replay reads")
    exhibit.add_argument("--exhibit", type=Path, metavar="FILE.html", help="the file: alarm, proofs, a page to read")
    exhibit.add_argument("--receipt", type=Path, action="append", default=[], metavar="FILE", help="receipt note from elsewhere")
    exhibit.add_argument("--log-key", type=Path, metavar="FILE", help="verifier key of a log: .vkey, enrolment, log.json")
    exhibit.add_argument("--centre-key", type=Path, action="append", default=[], metavar="FILE",
                         help="verifier key of a centre: .vkey or card (default: the configuration's)")
    exhibit.add_argument("--key", type=Path, metavar="JWK", help="public key of record 0, where a copied log's alarm follows it")
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    if chosen.what == "export":
        return _export(chosen)
    if chosen.exhibit or chosen.receipt or chosen.log_key or chosen.centre_key or chosen.key:
        raise SettingsError(worded("--exhibit and its keys belong to evidence: edge-agent alarms export ID --exhibit FILE.html"))
    if chosen.n42 or chosen.csv:
        raise SettingsError(worded("--n42 and --csv write one alarm to a file: edge-agent alarms export ID --n42 FILE.n42"))
    if chosen.what == "show":
        return _show(chosen)
    if chosen.id or chosen.plot or chosen.ledger or chosen.model:
        raise SettingsError(worded("--plot, --ledger and --model belong to one alarm: edge-agent alarms show ID"))
    return _list(chosen)


def _list(chosen: argparse.Namespace) -> int:
    from edge_agent.hands.asking import Core
    from edge_agent.house.configuration import load
    from edge_agent.tools import alarm_text, jws

    settings = load(chosen.config).settings
    with Core(Path(settings.portal.sockets) / "control.sock") as core:
        found = core.ask("alarms", last=chosen.last)
    alarms = [jws.take_apart(line.encode()).payload for line in found["lines"]]
    for alarm in alarms:
        alarm["receipted"] = alarm["seq"] < found["receipted"]
    if chosen.json:
        print(json.dumps({"alarms": alarms}, indent=1))
        return 0
    for alarm in alarms:
        print("\n".join(alarm_text.story(alarm)))
    if not alarms:
        print(tr("no alarm on record"))
    return 0


def _show(chosen: argparse.Namespace) -> int:
    from edge_agent.house import looking_back
    from edge_agent.tools import alarm_page

    if not chosen.id:
        raise SettingsError(worded("which alarm?  edge-agent alarms show ID; the names are in: edge-agent alarms"))
    if chosen.plot and chosen.plot.suffix.lower() not in PICTURES:
        raise SettingsError(worded(
            "--plot {plot}: a picture is {pictures}.\n"
            "  Name it {stem}.svg; browsers show and print it.",
            plot=chosen.plot, pictures=" or ".join(PICTURES), stem=chosen.plot.stem))
    configuration = _configuration(chosen)
    found = _find(chosen, configuration)
    picture, why = looking_back.picture(found, configuration, chosen.model)
    if chosen.json:
        print(json.dumps({"alarm": found.alarm, "occupancy": found.occupancy, "others": found.others,
                          "signed": {"after_s": found.bracket.after_s, "before_s": found.bracket.before_s}}, indent=1))
    else:
        print("\n".join(alarm_page.page(found.alarm, found.occupancy, found.others, picture, why, found.bracket)))
    if chosen.plot:
        _plot(chosen, found, picture)
    return 0


def _configuration(chosen: argparse.Namespace) -> Any:
    """The site's settings; None where a copied log is looked at elsewhere and there are none."""
    from edge_agent.house.configuration import load

    if chosen.ledger and chosen.config == options.CONFIG and not chosen.config.exists():
        return None
    return load(chosen.config)


def _find(chosen: argparse.Namespace, configuration: Any) -> Any:
    from edge_agent.hands.asking import Core
    from edge_agent.house import looking_back

    if chosen.ledger:
        return looking_back.in_file(chosen.ledger, chosen.id)
    portal = configuration.settings.portal
    try:
        with Core(Path(portal.sockets) / "control.sock") as core:
            return looking_back.in_core(core, chosen.id)
    except NotRunning as problem:
        raise NotRunning(worded(
            "{problem}\n"
            "  Without it: edge-agent alarms show {id} --ledger {state}/logs/1/ledger.db",
            problem=problem, id=chosen.id, state=portal.state)) from None


def _plot(chosen: argparse.Namespace, found: Any, picture: Any) -> None:
    from edge_agent.doors.files import write_whole
    from edge_agent.tools import alarm_picture, svg

    alarm = found.alarm
    if found.occupancy is None or alarm["radiation"] not in found.occupancy["series"]:
        raise SettingsError(worded(
            "{alarm}: there are no counts on record to draw: the lane was vacant, or the vehicle is still in it.\n"
            "  Counts of a vacant lane are in a recording: edge-agent record LANE --out FILE",
            alarm=alarm["id"]))
    drawing = alarm_picture.draw(alarm, found.occupancy, picture)
    html = chosen.plot.suffix.lower() == ".html"
    write_whole(chosen.plot, (svg.page(tr("alarm {id}", id=alarm["id"]), drawing) if html else drawing).encode())
    print(tr("{file}: written", file=chosen.plot))


def _export(chosen: argparse.Namespace) -> int:
    wanted = [write for file, write in ((chosen.n42, _export_n42), (chosen.csv, _export_csv), (chosen.exhibit, _export_exhibit))
              if file]
    if not chosen.id or not wanted or (chosen.exhibit and chosen.exhibit.suffix.lower() != ".html"):
        raise SettingsError(worded(
            "edge-agent alarms export ID --exhibit FILE.html: the name of one alarm, and of a file to write.\n"
            "  Or --n42 FILE.n42, --csv FILE.csv"))
    if chosen.plot:
        raise SettingsError(worded("--plot belongs to: edge-agent alarms show ID.  An exhibit has its picture inside."))
    if chosen.json and len(wanted) > 1:
        raise SettingsError(worded("--json tells of one file: one of --exhibit, --n42, --csv at a time"))
    return max(write(chosen) for write in wanted)


def _export_exhibit(chosen: argparse.Namespace) -> int:
    from edge_agent.doors.files import write_whole
    from edge_agent.house import exhibiting
    from edge_agent.tools import exhibit_page

    configuration = _configuration(chosen)
    given = exhibiting.Given(
        chosen.ledger, tuple(map(options.read_bytes, chosen.receipt)), _vkey(chosen.log_key, "log_key"), _jwk(chosen.key),
        tuple(key for path in chosen.centre_key if (key := _vkey(path, "vkey"))),
    )
    exhibit, found = exhibiting.make(chosen.id, given, configuration)
    drawing, why = _drawing(found, configuration, chosen.model)
    page = exhibit_page.page(exhibit, drawing, exhibiting.programs())
    write_whole(chosen.exhibit, page.encode())
    if chosen.json:
        print(json.dumps({"file": str(chosen.exhibit), **exhibiting.summary(exhibit)}, indent=1))
        return 0
    none = [tr("  no picture: {why}", why=tr(why))] if why else []
    print("\n".join([tr("{file}: written", file=chosen.exhibit), *exhibiting.told(exhibit), *none]))
    return 0


def _export_n42(chosen: argparse.Namespace) -> int:
    from edge_agent.doors.files import write_whole
    from edge_agent.tools import n42

    found = _find(chosen, _configuration(chosen))
    write_whole(chosen.n42, n42.document(found.alarm, found.occupancy, found.others))
    if chosen.json:
        print(json.dumps({"file": str(chosen.n42), "alarm": found.alarm["id"], "occupancy": found.alarm["occupancy"]}, indent=1))
    else:
        print(tr("{file}: written.  Evidence is the record: edge-agent alarms export {id} --exhibit FILE.html",
                 file=chosen.n42, id=found.alarm["id"]))
    return 0


def _export_csv(chosen: argparse.Namespace) -> int:
    from edge_agent.doors.files import write_whole
    from edge_agent.tools import counts_csv

    found = _find(chosen, _configuration(chosen))
    if found.occupancy is None:
        raise SettingsError(worded(
            "{alarm}: the lane was vacant, or the vehicle is still in it.\n"
            "  What came then: edge-agent record {lane} --from TIME --out FILE",
            alarm=found.alarm["id"], lane=found.alarm["lane"]))
    write_whole(chosen.csv, counts_csv.table(found.occupancy).encode())
    if chosen.json:
        print(json.dumps({"file": str(chosen.csv), "alarm": found.alarm["id"], "occupancy": found.alarm["occupancy"]}, indent=1))
    else:
        print(tr("{file}: written.  Its form: docs/replay.md", file=chosen.csv))
    return 0


@language.english()
def _drawing(found: Any, configuration: Any, model: Path | None) -> tuple[str, str]:
    """The picture, or why there is none: an exhibit is written without it too."""
    from edge_agent.house import looking_back
    from edge_agent.tools import alarm_picture, exhibit_page

    try:
        if found.occupancy is None or found.alarm["radiation"] not in found.occupancy["series"]:
            return "", mark("there are no counts of the passage on record")
        picture, _ = looking_back.picture(found, configuration, model)
        return alarm_picture.draw(exhibit_page.tame(found.alarm), exhibit_page.tame(found.occupancy), picture), ""
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
        return "", mark("these records hold no counts in a form that can be drawn")


def _vkey(path: Path | None, member: str) -> Any:
    """A verifier key from a file of one, or from the enrolment, log.json or card that names it."""
    from edge_agent.tools import notes, strict_json

    if path is None:
        return None
    data = options.read_bytes(path)
    try:
        is_json = data.lstrip()[:1] == b"{"
        return notes.read_vkey(str(strict_json.load_object(data).get(member)) if is_json else data.decode("utf-8", "replace"))
    except EvidenceError as problem:
        raise EvidenceError(worded("{path}: {problem}", path=path, problem=problem)) from None


def _jwk(path: Path | None) -> bytes | None:
    from edge_agent.tools.verify import read_jwk

    if path is None:
        return None
    try:
        return read_jwk(options.read_bytes(path))
    except EvidenceError as problem:
        raise EvidenceError(worded("{path}: {problem}", path=path, problem=problem)) from None
