"""`edge-agent center`: the reference centre.  Arguments here; the work is in edge_agent.center."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from edge_agent.commands import center_admission as admission
from edge_agent.commands import options

PORT = 8443
DIR = "/var/lib/edge-center"


def add(sub: Any) -> None:
    """Register the command and its own commands."""
    center = sub.add_parser("center", help="reference centre: receives, verifies, gives receipts",
                            description="A country's reference centre: receives what portals send, verifies it, gives receipts.")
    commands = center.add_subparsers(dest="center_command", metavar="COMMAND", required=True)
    init = _command(commands, "init", _init, "make keys, certificate and database",
                    f"init {DIR} --name centre.example.gov/rpm --host centre.example.gov,192.0.2.7")
    init.add_argument("--name", required=True, help="name of the receipt key; no spaces, no +")
    init.add_argument("--host", required=True, help="names and addresses portals reach it by, with commas between")
    card = _command(commands, "card", _card, "what a portal needs to know of this centre, as a file",
                    f"card {DIR} --url https://centre.example.gov:8443 --out card.json")
    card.add_argument("--url", help=f"default: https://<first host of the certificate>:{PORT}")
    card.add_argument("--out", required=True, type=Path, help="the card to carry to the portals")
    _add_admission(commands)
    run = _command(commands, "run", _run, "receive, until SIGTERM", f"run {DIR} --listen 0.0.0.0:8443")
    run.add_argument("--listen", default=f"127.0.0.1:{PORT}", metavar="HOST:PORT", help="port 0 takes a free one")
    run.add_argument("--mqtt", type=Path, metavar="FILE",
                     help="listen at an MQTT 5 broker too; FILE (TOML) has url, ca, credentials, cert, cert_key")
    run.add_argument("--verbose", action="store_true", help="receipts too")
    shown = _command(commands, "alarms", _alarms, "alarms received", f"alarms {DIR} --last 20")
    shown.add_argument("--last", type=int, default=50, metavar="N", help="the newest so many")
    shown.add_argument("--json", action="store_true", help="one JSON object or array instead of text")
    status = _command(commands, "status", _status, "how each log stands", f"status {DIR}")
    status.add_argument("--json", action="store_true", help="one JSON object or array instead of text")
    report = _command(commands, "report", _report, "what is proven against a log, what is asked of it, what was answered",
                      f"report {DIR} --closed 20")
    report.add_argument("--closed", type=int, default=5, metavar="N", help="newest answered questions of each log")
    report.add_argument("--json", action="store_true", help="one JSON object or array instead of text")
    answer = _command(commands, "answer", _answer, "a person answers an open question of the report",
                      f'answer {DIR} 12 --by "A. Person" --why "power cut in the valley, confirmed by telephone"')
    answer.add_argument("number", type=int, help="of the question, as center report shows it")
    answer.add_argument("--by", required=True, metavar="NAME", help="who answers; it stays on record")
    answer.add_argument("--why", required=True, metavar="TEXT", help="what was found out, and how")
    export = _command(commands, "export", _export, "lines and newest receipt of a log, as files",
                      f"export {DIR} rpm.example.gov/portal/QX-0042 --out log.ndjson --note receipt.txt")
    export.add_argument("origin", help="of the log, as center status shows it")
    export.add_argument("--out", required=True, type=Path, help="file of the lines, one record each")
    export.add_argument("--note", type=Path, help="file of the newest receipt")
    export.add_argument("--blobs", type=Path, metavar="DIR", help="documents its records name, as files named by their SHA-256")
    broker = _command(commands, "broker", _broker, "files a mosquitto broker needs: certificates and access list of the portals",
                      f"broker {DIR} --out /etc/mosquitto/rpm")
    broker.add_argument("--out", required=True, type=Path, metavar="DIRECTORY", help="made, or its files replaced")
    asked = _command(commands, "witness", _witness, "ask a witness of another agency to cosign every receipt, from its card",
                     f"witness {DIR} agency.card.json")
    asked.add_argument("card", type=Path, help="of edge-agent witness card, from the agency")
    compared = _command(commands, "compare", _compare,
                        "whether centres and witnesses were shown one history: directories, or cards of those far away",
                        f"compare {DIR} /mnt/agency/witness other-centre.card.json --out /var/tmp/proofs")
    compared.add_argument("others", type=Path, nargs="+", metavar="DIR|CARD", help="what to compare with")
    compared.add_argument("--log-key", type=Path, action="append", default=[], metavar="VKEY",
                          help="of a log that no directory here knows")
    compared.add_argument("--cert", type=Path, metavar="PEM", help="certificate registered at the centres far away")
    compared.add_argument("--cert-key", type=Path, metavar="PEM", help="its private key")
    compared.add_argument("--out", type=Path, metavar="DIR", help="where to keep both sides of two histories")
    compared.add_argument("--json", action="store_true", help="one JSON object or array instead of text")
    _command(commands, "verify", _verify, "check every log from first to last", f"verify {DIR}")


def _add_admission(commands: Any) -> None:
    """Who may send."""
    enrol = _command(commands, "enrol", admission.enrol, "register a portal from its enrolment file, once digits are compared",
                     f"enrol {DIR} QX-0042.enrolment.json")
    enrol.add_argument("file", type=Path, help="what edge-agent enrol --out made at the portal")
    enrol.add_argument("--fingerprint", metavar="DIGITS",
                       help="the thirty digits that the person at the portal read; without it they are shown here and asked for")
    confirm = _command(commands, "confirm", admission.confirm, "a person has compared the fingerprint of a continuation log",
                       f"confirm {DIR} rpm.example.gov/portal/QX-0042/2")
    confirm.add_argument("origin", help="of the continuation log, as center status shows it")
    revoke = _command(commands, "revoke", admission.revoke, "take every TLS certificate of a portal but its newest",
                      f"revoke {DIR} rpm.example.gov/portal/QX-0042")
    revoke.add_argument("origin", help="of the portal's log, as center status shows it")
    revoke.add_argument("--all", action="store_true", help="the newest too: the portal is shut out until it is enrolled anew")
    withdraw = _command(commands, "withdraw", admission.withdraw, "take back an enrolment of which nothing has come yet",
                        f'withdraw {DIR} rpm.example.gov/portal/QX-0042 --by "A. Person" --why "the portal reads other digits"')
    withdraw.add_argument("origin", help="of the portal's log, as center status shows it")
    withdraw.add_argument("--by", required=True, metavar="NAME", help="who takes it back; it stays on record")
    withdraw.add_argument("--why", required=True, metavar="TEXT", help="what was found out, and how")


def _command(commands: Any, name: str, run: Any, about: str, example: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=about, description=about, epilog=f"example:\n  edge-agent center {example}",
        formatter_class=options.Help,
    )
    parser.add_argument("dir", type=Path, metavar="DIR", help="the centre's directory")
    parser.set_defaults(run=run)
    return parser


def _init(args: argparse.Namespace) -> int:
    from edge_agent.center import directory

    key = directory.create(args.dir, args.name, [host.strip() for host in args.host.split(",")])
    print(f"A centre is in {args.dir}.\n  receipts are signed by  {key.text()}")
    print(f"  for the portals:        edge-agent center card {args.dir} --out card.json\n"
          f"  to receive:             edge-agent center run {args.dir} --listen 0.0.0.0:{PORT}")
    return 0


def _card(args: argparse.Namespace) -> int:
    from edge_agent.center import card, directory

    directory.replace(args.out, card.make(args.dir, args.url, PORT))
    print(f"{args.out}: carry it to the portal; it holds no secret, but must not be exchanged on the way")
    return 0


def _run(args: argparse.Namespace) -> int:
    from edge_agent.center import house
    from edge_agent.words.errors import SettingsError

    host, _, port = args.listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise SettingsError(f"--listen {args.listen}: HOST:PORT is expected, for example 0.0.0.0:{PORT}")
    return house.run(house.Place(args.dir, host.strip("[]"), int(port), args.verbose, args.mqtt))


def _alarms(args: argparse.Namespace) -> int:
    from edge_agent.center import report, store

    with store.opened(args.dir) as db:
        found = report.alarm_list(db, max(args.last, 0))
    if args.json:
        print(json.dumps(found))
        return 0
    print("\n".join(map(report.alarm_line, found)) or "no alarms")
    return 0


def _status(args: argparse.Namespace) -> int:
    from edge_agent.center import report, store

    with store.opened(args.dir) as db:
        found = report.log_list(db, _now_ms())
    if args.json:
        print(json.dumps(found))
        return 0
    print("\n".join(line for status in found for line in report.log_lines(status)) or "no portal is registered")
    return 0


def _report(args: argparse.Namespace) -> int:
    from edge_agent.center import dossier, store
    from edge_agent.words.errors import EvidenceError

    with store.opened(args.dir) as db:
        found = dossier.dossier(db, max(args.closed, 0))
    if args.json:
        print(json.dumps(found))
    else:
        print("\n".join(line for log in found for line in dossier.page(log)) or "no portal is registered")
    if any(log["proofs"] for log in found):
        return EvidenceError.exit_code
    return 1 if any(one["closed"] is None for log in found for one in log["questions"]) else 0


def _answer(args: argparse.Namespace) -> int:
    from edge_agent.center import casebook, store

    with store.opened(args.dir) as db, store.writing(db):
        origin = casebook.answer(db, args.number, args.by, args.why, _now_ms())
    print(f"{origin}: question {args.number} is answered by {args.by}")
    return 0


def _export(args: argparse.Namespace) -> int:
    from edge_agent.center import audit, blobs, directory, registry, shelves, store

    with store.opened(args.dir) as db, store.reading(db):
        log = registry.find(db, args.origin)
        newest = shelves.newest_receipt(db, log)
        count = directory.replace_lines(args.out, audit.lines(db, log))
        documents = blobs.export(args.dir, blobs.of_log(db, log), args.blobs) if args.blobs else []
    if args.note and newest:
        directory.replace(args.note, newest[1])
    print(f"{args.out}: {count} records" + (f"; receipt at {newest[0]}" if newest else "; no receipt yet"))
    print("".join(f"{line}\n" for line in documents), end="")
    return 0


def _broker(args: argparse.Namespace) -> int:
    from edge_agent.center import broker_files, directory, store

    args.out.mkdir(parents=True, exist_ok=True)
    with store.opened(args.dir) as db, store.reading(db):
        directory.replace(args.out / "portals.pem", broker_files.portals_pem(db))
        directory.replace(args.out / "acl", broker_files.acl(db))
    print(f"{args.out}/portals.pem  cafile of the portals' listener    {args.out}/acl  acl_file")
    print("  after every enrolment: write both again, then systemctl restart mosquitto (docs/mqtt.md)")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from edge_agent.center import audit, blobs, directory, shelves, store
    from edge_agent.words.errors import EvidenceError

    good = True
    with store.opened(args.dir) as db:
        for log in shelves.logs(db):
            with store.reading(db):
                report = audit.verify(db, log, directory.public_key(args.dir))
                report.problems += blobs.problems(args.dir, blobs.of_log(db, log))
            good = good and report.whole
            print("\n    ".join([audit.verdict(log, report), *report.problems]))
    return 0 if good else EvidenceError.exit_code


def _witness(args: argparse.Namespace) -> int:
    from edge_agent.center import store, submitting

    card = submitting.Card.read(_file(args.card), str(args.card))
    with store.opened(args.dir) as db:
        submitting.register(db, card)
    print(f"{card.key.name}: asked to cosign from now on, at {card.url}.  It needs the log key of every portal:")
    print("  at the witness: edge-agent witness know DIR ENROLMENT.json")
    return 0


def _compare(args: argparse.Namespace) -> int:
    from edge_agent.center import comparing, enrolment
    from edge_agent.words.errors import EvidenceError

    sources = [args.dir, *args.others]
    keys = comparing.log_keys_of(sources)
    keys |= {key.name: key for key in (enrolment.log_key_of(path, _file(path)) for path in args.log_key)}
    client = (args.cert, args.cert_key) if args.cert and args.cert_key else None
    verdicts = comparing.compare([view for source in sources for view in comparing.views_of(source, keys, client)])
    kept = comparing.keep(args.out, verdicts) if args.out else []
    if args.json:
        print(json.dumps([{"log": one.origin, "verdict": one.verdict, "text": one.text} for one in verdicts]))
    else:
        print("\n".join(f"{one.origin}: {one.verdict}\n    {one.text}" for one in verdicts) or "no log is known to two of them")
        print("".join(f"both sides are kept in {path}\n" for path in kept), end="")
    return EvidenceError.exit_code if any(one.verdict == comparing.FORK for one in verdicts) else 0


def _file(path: Path) -> bytes:
    return options.read_bytes(path)


def _now_ms() -> int:
    return time.time_ns() // 10**6
