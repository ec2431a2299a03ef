"""`edge-agent witness`: a second agency that cosigns checkpoints of portals without seeing a record."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from edge_agent.commands import options

PORT = 8444
DIR = "/var/lib/edge-witness"


def add(sub: Any) -> None:
    """Register the command and its own commands."""
    witness = sub.add_parser("witness", help="a second agency: cosigns checkpoints, sees no record", description=__doc__)
    commands = witness.add_subparsers(dest="witness_command", metavar="COMMAND", required=True)
    init = _command(commands, "init", _init, "make key, certificate and database",
                    f"init {DIR} --name agency.example/witness --host witness.example,192.0.2.9")
    init.add_argument("--name", required=True, help="name of the witness's key; no spaces, no +")
    init.add_argument("--host", required=True, help="names and addresses it is reached by, with commas between")
    know = _command(commands, "know", _know, "cosign for a log from now on, by its enrolment file or log key",
                    f"know {DIR} QX-0042.enrolment.json")
    know.add_argument("file", type=Path, help="the portal's enrolment file, or a file with its log key alone")
    card = _command(commands, "card", _card, "what a centre needs to know of this witness, as a file",
                    f"card {DIR} --url https://witness.example:{PORT} --out agency.card.json")
    card.add_argument("--url", help=f"default: https://<first host of the certificate>:{PORT}")
    card.add_argument("--out", required=True, type=Path)
    run = _command(commands, "run", _run, "cosign, until SIGTERM", f"run {DIR} --listen 0.0.0.0:{PORT}")
    run.add_argument("--listen", default=f"127.0.0.1:{PORT}", metavar="HOST:PORT", help="port 0 takes a free one")
    status = _command(commands, "status", _status, "what was cosigned of each log, and forks", f"status {DIR}")
    status.add_argument("--json", action="store_true")


def _command(commands: Any, name: str, run: Any, about: str, example: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=about, description=about, epilog=f"example:\n  edge-agent witness {example}",
        formatter_class=options.Help,
    )
    parser.add_argument("dir", type=Path, metavar="DIR", help="the witness's directory")
    parser.set_defaults(run=run)
    return parser


def _init(args: argparse.Namespace) -> int:
    from edge_agent.center import directory, witness

    hosts = [host.strip() for host in args.host.split(",")]
    key = directory.create(args.dir, args.name, hosts, witness.make_store, witness.NAME)
    print(f"A witness is in {args.dir}.\n  it cosigns by       {key.text()}")
    print(f"  for the centre:     edge-agent witness card {args.dir} --out agency.card.json")
    print(f"  for each portal:    edge-agent witness know {args.dir} ENROLMENT.json")
    return 0


def _know(args: argparse.Namespace) -> int:
    from edge_agent.center import enrolment, store, witness

    key = enrolment.log_key_of(args.file, options.read_bytes(args.file))
    db = _opened(args.dir)
    with store.writing(db):
        origin = witness.add_log(db, key.text())
    print(f"{origin}: its checkpoints are cosigned from now on")
    return 0


def _card(args: argparse.Namespace) -> int:
    from edge_agent.center import card, directory

    directory.replace(args.out, card.make(args.dir, args.url, PORT, ("https",)))
    print(f"{args.out}: carry it to the centre: edge-agent center witness DIR {args.out}")
    return 0


def _run(args: argparse.Namespace) -> int:
    from edge_agent.center import witness_server
    from edge_agent.words.errors import SettingsError

    host, _, port = args.listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise SettingsError(f"--listen {args.listen}: HOST:PORT is expected, for example 0.0.0.0:{PORT}")
    return witness_server.run(args.dir, host.strip("[]"), int(port))


def _status(args: argparse.Namespace) -> int:
    from edge_agent.words.errors import EvidenceError

    db = _opened(args.dir)
    logs = [dict(row) for row in db.execute(
        "SELECT origin, size, time_s, (SELECT count(*) FROM fork WHERE fork.id = log.id) AS forks FROM log ORDER BY origin")]
    if args.json:
        print(json.dumps(logs))
    else:
        print("\n".join(_words(log) for log in logs) or "no log is known; edge-agent witness know DIR ENROLMENT.json")
    return EvidenceError.exit_code if any(log["forks"] for log in logs) else 0


def _words(log: dict[str, Any]) -> str:
    from datetime import UTC, datetime

    when = f", {datetime.fromtimestamp(log['time_s'], UTC):%Y-%m-%d %H:%M:%S} UTC" if log["time_s"] else ""
    told = f"\n    TWO HISTORIES, both signed by the log, {log['forks']} times; both sides are in witness.db"
    return f"{log['origin']}: cosigned at {log['size']}{when}{told if log['forks'] else ''}"


def _opened(path: Path) -> Any:
    from edge_agent.center import directory, witness

    directory.public_key(path)          # a directory that is no witness is named before anything is made in it
    return witness.open_store(path)
